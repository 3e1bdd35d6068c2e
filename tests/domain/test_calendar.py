"""Which as_of shows the outcome of another one."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.calendar import months_after


@pytest.mark.parametrize(
    ("as_of", "months", "expected"),
    [
        ("2005-05-31", 1, "2005-06-30"),
        ("2005-06-30", 1, "2005-07-31"),
        ("2005-01-31", 1, "2005-02-28"),
        ("2004-01-31", 1, "2004-02-29"),
        ("2005-02-28", 1, "2005-03-31"),
        ("2005-01-30", 1, "2005-02-28"),
        ("2005-01-15", 1, "2005-02-15"),
        ("2005-12-31", 1, "2006-01-31"),
        ("2005-11-30", 14, "2007-01-31"),
        ("2005-05-31", 0, "2005-05-31"),
    ],
)
def test_the_last_day_of_a_month_stays_the_last_day(as_of, months, expected):
    assert months_after(dt.date.fromisoformat(as_of), months).isoformat() == expected


@given(st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1)), st.integers(0, 60))
def test_the_month_is_always_the_one_asked_for(as_of, months):
    later = months_after(as_of, months)
    assert (later.year * 12 + later.month) - (as_of.year * 12 + as_of.month) == months
