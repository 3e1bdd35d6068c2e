"""Which update counts: the order of information, and what a range of offsets came to."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.streams import day_of, is_newer, known_until
from scoring.streaming.order import At, Range, begin_at, is_outdated, outdated, ranges

JUNE, JULY = dt.date(2024, 6, 30), dt.date(2024, 7, 31)
MIDNIGHT = dt.datetime(2024, 7, 1, tzinfo=dt.UTC)
MOMENT = dt.timedelta(microseconds=1)


def at(minutes, offset=0, partition=0):
    return At(MIDNIGHT + dt.timedelta(minutes=minutes), offset, partition)


@pytest.mark.parametrize(
    ("event_time", "as_of", "expected"),
    [
        pytest.param(MIDNIGHT, None, True, id="nothing is published"),
        pytest.param(MIDNIGHT, JUNE, True, id="the first moment after the batch's day"),
        pytest.param(MIDNIGHT - MOMENT, JUNE, False, id="the last moment of the batch's day"),
        pytest.param(MIDNIGHT, JULY, False, id="a later batch"),
    ],
)
def test_a_batch_knows_what_happened_until_the_end_of_its_day(event_time, as_of, expected):
    assert is_newer(event_time, as_of) is expected


def test_the_day_of_an_update_is_that_of_utc():
    tokyo = dt.timezone(dt.timedelta(hours=9))
    assert day_of(dt.datetime(2024, 7, 1, 8, 59, tzinfo=tokyo)) == JUNE
    assert known_until(JUNE) == MIDNIGHT


@pytest.mark.parametrize(
    ("update", "newest", "published", "expected"),
    [
        pytest.param(at(1), None, [], False, id="the first of its customer"),
        pytest.param(at(2), at(1), [], False, id="a newer event time"),
        pytest.param(at(1), at(2), [], True, id="an older event time"),
        pytest.param(at(1, 5), at(1, 4), [], False, id="the same event time, a later offset"),
        pytest.param(at(1, 4), at(1, 5), [], True, id="the same event time, an earlier offset"),
        pytest.param(at(1, 4), at(1, 4), [], True, id="the very same message"),
        pytest.param(at(1, 4, 1), at(1, 4, 0), [], False, id="in another partition"),
        pytest.param(at(2, 4), at(1, 5), [], False, id="a newer event time before a later offset"),
        pytest.param(at(1), None, [JUNE], False, id="after the published date"),
        pytest.param(at(1), None, [JULY], True, id="the published date knows it"),
        pytest.param(at(1), None, [JULY, JUNE], False, id="one of two scores does not know it"),
        pytest.param(at(1), None, [JULY, None], False, id="one of two scores was never published"),
        pytest.param(at(1), at(2), [None], True, id="an older event time, and nothing is published"),
    ],
)
def test_an_update_is_outdated_when_something_newer_is_known(update, newest, published, expected):
    assert is_outdated(update, newest, published) is expected


def test_updates_are_judged_one_after_the_other():
    come = [("a", at(1, 0)), ("b", at(1, 1)), ("a", at(3, 2)), ("a", at(2, 3)), ("b", at(1, 4))]
    assert outdated(come, {"b": at(1, 0)}, []) == [False, False, False, True, False]


@given(
    come=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5))),
    cut=st.integers(0, 30),
)
def test_how_messages_are_batched_makes_no_difference(come, cut):
    placed = [(name, at(minutes, offset)) for offset, (name, minutes) in enumerate(come)]
    first, then = placed[:cut], placed[cut:]
    known = {name: max(one for who, one in first if who == name) for name, _ in first}
    assert outdated(placed, {}, []) == outdated(first, {}, []) + outdated(then, known, [])


def test_a_range_ends_after_its_last_message_and_counts_all_of_them():
    verdicts = [
        (0, 5, "accepted", MIDNIGHT),
        (1, 2, "outdated", MIDNIGHT - MOMENT),
        (0, 8, "quarantined", MIDNIGHT + MOMENT),
        (0, 6, "outdated", None),
        (1, 3, "accepted", None),
    ]
    found = ranges(verdicts, {0: 4, 1: 2, 2: 7})
    assert found == (
        Range(0, 4, 9, accepted=1, quarantined=1, outdated=1, newest_event_time=MIDNIGHT),
        Range(1, 2, 4, accepted=1, outdated=1, newest_event_time=MIDNIGHT - MOMENT),
    )
    assert [one.received for one in found] == [3, 2]


@pytest.mark.parametrize(
    ("start", "known", "expected"),
    [
        pytest.param("earliest", False, {0: 3, 1: 0}, id="all that the broker has"),
        pytest.param("latest", False, {0: 9, 1: 5}, id="only what comes from now on"),
        pytest.param("latest", True, {0: 3, 1: 0}, id="a partition that is new has only what came since"),
    ],
)
def test_where_the_reading_begins(start, known, expected):
    assert begin_at(start, {0: (3, 9), 1: (0, 5)}, topic_is_known=known) == expected
