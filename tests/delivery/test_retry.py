"""When a delivery is tried again."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.delivery.retry import LONGEST_ASKED, WAITS, Next, following, retry_after, wait_after

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
SECOND, MINUTE, HOUR = dt.timedelta(seconds=1), dt.timedelta(minutes=1), dt.timedelta(hours=1)
CHANCES = st.floats(min_value=0, max_value=1, exclude_max=True)

ANSWERS = [
    # status, attempt, asked, what follows, why
    (200, 1, None, Next("delivered"), "the CRM has it"),
    (204, 10, None, Next("delivered"), "even at the last try"),
    (202, 1, HOUR, Next("delivered"), "a success asks for nothing"),
    (410, 1, None, Next("pending"), "the CRM wants no more; nothing is dropped"),
    (410, 10, None, Next("pending"), "not even at the last try"),
    (429, 1, HOUR, Next("pending", HOUR), "too fast: it waits as asked"),
    (503, 1, HOUR, Next("pending", HOUR), "maintenance: it waits as asked"),
    (503, 1, 2 * SECOND, Next("pending", 5 * SECOND), "asked for less than the schedule's wait"),
    (503, 2, None, Next("pending", 5 * MINUTE), "nothing asked: by schedule"),
    (503, 10, HOUR, Next("dead"), "the last try"),
    (500, 1, HOUR, Next("pending", 5 * SECOND), "Retry-After means nothing here"),
    (400, 3, None, Next("pending", 30 * MINUTE), "a refusal may be the CRM's fault, mended later"),
    (301, 1, None, Next("pending", 5 * SECOND), "redirects are not followed"),
    (None, 9, None, Next("pending", 24 * HOUR), "no answer: by schedule"),
    (None, 10, None, Next("dead"), "no answer to the last try"),
    (401, 11, None, Next("dead"), "beyond the schedule"),
    (199, 1, None, Next("pending", 5 * SECOND), "just below success"),
    (300, 1, None, Next("pending", 5 * SECOND), "just above success"),
]


@pytest.mark.parametrize(("status", "attempt", "asked", "expected", "why"), ANSWERS)
def test_what_follows_an_answer(status, attempt, asked, expected, why):
    assert following(status, attempt, asked=asked, chance=0.0) == expected, why


HEADERS = [
    (None, None, "no header"),
    ("", None, "empty"),
    ("120", 2 * MINUTE, "seconds"),
    (" 0 ", dt.timedelta(), "at once"),
    ("9" * 5000, LONGEST_ASKED, "more than a number holds"),
    ("999999999", LONGEST_ASKED, "31 years"),
    ("00000000000120", 2 * MINUTE, "zeros in front do not count"),
    ("86399", LONGEST_ASKED - dt.timedelta(seconds=1), "just less than a day"),
    ("Mon, 23 Nov 2026 12:01:00 GMT", MINUTE, "an HTTP date"),
    ("Mon, 23 Nov 2026 12:01:00 -0000", MINUTE, "a date without a zone is UTC"),
    ("Mon, 23 Nov 2026 11:00:00 GMT", dt.timedelta(), "a date that has passed"),
    ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_ASKED, "never"),
    ("-5", None, "not a number of seconds"),
    ("1.5", None, "not a whole number"),
    ("²", None, "a digit, but not one of HTTP"),
    ("soon", None, "neither"),
]


@pytest.mark.parametrize(("header", "expected", "why"), HEADERS)
def test_what_a_retry_after_header_asks_for(header, expected, why):
    assert retry_after(header, NOW) == expected, why


@given(st.text())
def test_no_retry_after_header_breaks_or_exceeds_a_day(header):
    asked = retry_after(header, NOW)
    assert asked is None or dt.timedelta() <= asked <= LONGEST_ASKED


@given(st.integers(1, len(WAITS)), CHANCES)
def test_a_wait_is_that_of_the_schedule_and_up_to_a_fifth_longer(attempt, chance):
    assert WAITS[attempt - 1] <= wait_after(attempt, chance) <= WAITS[attempt - 1] * 1.2


def test_chance_spreads_the_tries_of_many_over_a_fifth_of_the_wait():
    assert wait_after(2, 0.0) == 5 * MINUTE
    assert wait_after(2, 0.5) == 5.5 * MINUTE


@given(st.integers(1, len(WAITS) - 1), CHANCES, CHANCES)
def test_a_later_wait_is_never_the_shorter_one(attempt, chance, other):
    assert wait_after(attempt, chance) <= wait_after(attempt + 1, other)
