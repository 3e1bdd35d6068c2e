"""How new a score is, by the schedule of its data set and its own deadline."""

import datetime as dt

import pytest

from scoring.page.freshness import Freshness, freshness

JUNE, JULY = dt.date(2024, 6, 30), dt.date(2024, 7, 31)
TICK = dt.datetime(2024, 7, 31, 6, tzinfo=dt.UTC)
HOURS = dt.timedelta(hours=4)
DEADLINE = TICK + HOURS


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((JUNE, False, None, None, TICK), Freshness("by hand")),
        ((None, False, None, None, TICK), Freshness("not published")),
        ((None, True, None, HOURS, TICK), Freshness("not started")),
        ((JUNE, True, None, HOURS, TICK), Freshness("up to date")),  # a date before the schedule begins
        ((JULY, True, (JULY, TICK), HOURS, DEADLINE), Freshness("up to date", JULY, DEADLINE)),
        ((JULY, True, (JULY, TICK), None, DEADLINE), Freshness("up to date", JULY)),
        ((JULY, True, (JUNE, TICK), None, TICK), Freshness("up to date", JUNE)),  # newer than the schedule
        ((JUNE, True, (JULY, TICK), HOURS, TICK), Freshness("due", JULY, DEADLINE)),
        ((JUNE, True, (JULY, TICK), HOURS, DEADLINE - dt.timedelta(microseconds=1)), Freshness("due", JULY, DEADLINE)),
        ((JUNE, True, (JULY, TICK), HOURS, DEADLINE), Freshness("overdue", JULY, DEADLINE)),
        ((None, True, (JULY, TICK), HOURS, DEADLINE), Freshness("overdue", JULY, DEADLINE)),
        ((None, True, (JULY, TICK), None, DEADLINE + 9000 * HOURS), Freshness("due", JULY)),
    ],
)
def test_a_score_is_as_new_as_its_schedule_says_or_late(asked, expected) -> None:
    newest, scheduled, tick, within, now = asked
    assert freshness(newest, scheduled=scheduled, tick=tick, within=within, now=now) == expected
