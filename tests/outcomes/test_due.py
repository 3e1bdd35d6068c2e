"""Which cohorts a wake-up collects."""

import datetime as dt

import pytest
from factories import AUGUST, JULY, JUNE, MAY
from factories_outcomes import TOLD, cohort, deliver_outcomes, month_later
from shop_definitions import SPENDING

from scoring.domain.horizon import Horizon
from scoring.outcomes.collect import collect
from scoring.outcomes.due import delivered_is_due, derived_is_due
from scoring.outcomes.schedule import due

MONTH = Horizon(months=1)
TODAY = dt.date(2024, 12, 31)


@pytest.mark.parametrize(
    ("wake", "there", "wanted", "collected", "expected"),
    [
        (JULY, True, "a", None, True),  # the snapshot that tells it has come
        (JULY, True, "a", "a", True),  # it was collected: who listens is woken again
        (AUGUST, True, "a", None, True),  # an earlier wake-up was lost
        (AUGUST, True, "a", "b", True),  # the snapshot was revised
        (AUGUST, True, "a", "a", False),  # done
        (JULY, False, None, None, False),  # the snapshot was stopped
        (JUNE, False, None, None, False),  # its own snapshot: nothing can be known yet
    ],
)
def test_a_cohort_is_derived_when_its_later_snapshot_is_there_and_not_used(wake, there, wanted, collected, expected):
    assert derived_is_due(JUNE, MONTH, wake=wake, there=there, wanted=wanted, collected=collected) == expected


@pytest.mark.parametrize(
    ("wake", "today", "known", "expected"),
    [
        (JUNE, TODAY, 0, False),  # before the end of the horizon
        (JULY, JULY, 0, True),  # at its end
        (JULY, JULY - dt.timedelta(days=1), 0, False),  # a snapshot dated ahead of today
        (JULY, TODAY, 9, True),  # at its end, all known: who listens is woken again
        (AUGUST - dt.timedelta(days=1), TODAY, 8, True),  # one is missing
        (AUGUST, TODAY, 8, True),  # the last time
        (AUGUST + dt.timedelta(days=1), TODAY, 8, False),  # not for ever
        (AUGUST, TODAY, 9, False),  # all known
    ],
)
def test_a_source_is_read_from_the_end_of_the_horizon_until_all_is_known_or_another_has_passed(
    wake, today, known, expected
):
    assert delivered_is_due(JUNE, MONTH, wake=wake, today=today, customers=9, known=known) == expected


def test_what_is_due_is_found_from_what_is_published_and_collected(shop):
    for as_of in (MAY, JUNE, JULY):
        cohort(shop, 3, as_of=as_of)
    assert due(shop, SPENDING, JULY, today=TODAY) == [MAY, JUNE]
    collect(shop, SPENDING, MAY)
    assert due(shop, SPENDING, JULY, today=TODAY) == [JUNE]
    collect(shop, SPENDING, JUNE)
    assert due(shop, SPENDING, JULY, today=TODAY) == [JUNE]
    assert due(shop, SPENDING, AUGUST, today=TODAY) == []
    month_later(shop, {0: 7.0}, AUGUST)
    month_later(shop, {0: 9.0}, JULY)  # a revision
    assert due(shop, SPENDING, AUGUST, today=TODAY) == [JUNE, JULY]


def test_a_source_of_its_own_is_due_by_the_calendar_and_by_what_is_missing(shop):
    for as_of in (MAY, JUNE, JULY):
        cohort(shop, 2, as_of=as_of)
    assert due(shop, TOLD, JULY, today=TODAY) == [MAY, JUNE]
    deliver_outcomes(shop, "c0000,1,", "c0001,1,", as_of=MAY)
    deliver_outcomes(shop, "c0000,1,", as_of=JUNE)
    collect(shop, TOLD, MAY)
    collect(shop, TOLD, JUNE)
    assert due(shop, TOLD, JULY, today=TODAY) == [JUNE]
    assert due(shop, TOLD, AUGUST, today=TODAY) == [JUNE, JULY]
    assert due(shop, TOLD, JULY, today=JUNE) == []
