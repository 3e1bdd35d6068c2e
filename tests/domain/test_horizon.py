"""Horizon: how long after as_of an outcome is known."""

import datetime as dt

import pytest
from factories_definitions import mistakes_of

from scoring.domain.horizon import BeyondCalendar, Horizon


@pytest.mark.parametrize(
    ("horizon", "after"),
    [
        (Horizon(days=10), "2026-02-10"),
        (Horizon(weeks=2), "2026-02-14"),
        (Horizon(months=1), "2026-02-28"),
        (Horizon(months=13), "2027-02-28"),
    ],
)
def test_an_outcome_is_known_when_the_horizon_has_passed(horizon: Horizon, after: str) -> None:
    assert horizon.after(dt.date(2026, 1, 31)).isoformat() == after


@pytest.mark.parametrize("horizon", [Horizon(days=10), Horizon(weeks=2), Horizon(months=1), Horizon(days=10**12)])
def test_a_horizon_that_ends_after_the_year_9999_is_said_so(horizon: Horizon) -> None:
    with pytest.raises(BeyondCalendar, match="The outcomes of 9999-12-31 would be known after the year 9999") as error:
        horizon.after(dt.date(9999, 12, 31))
    assert str(error.value).endswith("Remedy: Look at the date.")


@pytest.mark.parametrize("fields", [{}, {"days": 1, "months": 1}, {"weeks": 1, "days": 7}])
def test_a_horizon_is_exactly_one_of_days_weeks_and_months(fields: dict[str, int]) -> None:
    assert mistakes_of(lambda: Horizon(**fields)) == ["days, weeks, months: a horizon is exactly one of them"]
