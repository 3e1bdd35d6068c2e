"""Which as_of shows the outcome of another one."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.calendar import DateNotConfirmed, doubt, months_after, require_plausible


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


DAY = dt.date(2024, 6, 30)
DOUBTS = {
    "today": (DAY, None),
    "tomorrow": (DAY + dt.timedelta(days=1), "after today"),
    "a typing error": (dt.date(2062, 6, 30), "after today"),
    "the first date": (dt.date(2024, 1, 31), None),
    "before the first date": (dt.date(2024, 1, 30), "before the first date"),
}


@pytest.mark.parametrize(("as_of", "expected"), DOUBTS.values(), ids=DOUBTS.keys())
def test_a_date_that_cannot_be_meant_is_doubted(as_of, expected):
    reason = doubt(as_of, today=DAY, first=dt.date(2024, 1, 31), last=None)
    assert expected in reason if expected else reason is None


@pytest.mark.parametrize(("as_of", "doubted"), [(dt.date(2005, 9, 30), False), (dt.date(2005, 10, 1), True)])
def test_the_last_date_of_a_bounded_data_set_is_the_last_plausible_one(as_of, doubted):
    reason = doubt(as_of, today=DAY, first=dt.date(2005, 5, 31), last=dt.date(2005, 9, 30))
    assert bool(reason) is doubted


def test_a_doubted_date_is_refused_until_it_is_confirmed():
    bounds = {"today": DAY, "first": dt.date(2024, 1, 31), "last": None}
    require_plausible(dt.date(2062, 6, 30), **bounds, confirmed=True)
    require_plausible(DAY, **bounds, confirmed=False)
    with pytest.raises(DateNotConfirmed) as refused:
        require_plausible(dt.date(2062, 6, 30), **bounds, confirmed=False)
    assert str(refused.value) == (
        "2062-06-30 is after today, 2024-06-30. Remedy: give the right date, or confirm this one with `--confirm-date`."
    )
    refused.value.read_in_airflow = True
    assert str(refused.value).endswith(
        "Remedy: trigger the DAG again with the right date, or tick *Confirm the date* in the form."
    )
    with pytest.raises(DateNotConfirmed, match="after the last date"):
        require_plausible(DAY, **bounds | {"last": dt.date(2024, 5, 31)}, confirmed=False)
