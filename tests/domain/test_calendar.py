"""Which as_of shows the outcome of another one."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.calendar import (
    DateNotConfirmed,
    checked_zone,
    doubt,
    last_ticks,
    months_after,
    next_tick,
    previous_dates,
    require_plausible,
)


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


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2024-07-31T02:59:59+00:00", "2024-07-31T03:00:00+00:00"),
        ("2024-07-31T03:00:00+00:00", "2024-08-01T03:00:00+00:00"),
        ("2024-07-31T04:00:00+02:00", "2024-07-31T03:00:00+00:00"),
    ],
)
def test_the_next_tick_of_a_schedule(after, expected):
    found = next_tick("0 3 * * *", dt.datetime.fromisoformat(after))
    assert (found.isoformat(), found.utcoffset()) == (expected, dt.timedelta())


UTC = dt.UTC


@pytest.mark.parametrize(
    ("zone", "until", "expected"),
    [
        # clocks jump from 2:00 to 3:00: the tick of 2:30 comes at 3:30
        ("Europe/Madrid", "2024-03-31T01:30", {"2024-03-31": "2024-03-31T01:30", "2024-03-30": "2024-03-30T01:30"}),
        ("Europe/Madrid", "2024-03-31T01:29", {"2024-03-30": "2024-03-30T01:30", "2024-03-29": "2024-03-29T01:30"}),
        # 2:30 comes twice
        ("Europe/Madrid", "2024-10-27T01:30", {"2024-10-27": "2024-10-27T01:30", "2024-10-26": "2024-10-26T00:30"}),
        ("Europe/Madrid", "2024-10-27T01:29", {"2024-10-26": "2024-10-26T00:30", "2024-10-25": "2024-10-25T00:30"}),
        # a leap day; and a zone whose date is another than that of UTC
        ("UTC", "2024-03-01T02:29", {"2024-02-29": "2024-02-29T02:30", "2024-02-28": "2024-02-28T02:30"}),
        ("Asia/Tokyo", "2024-02-28T17:30", {"2024-02-29": "2024-02-28T17:30", "2024-02-28": "2024-02-27T17:30"}),
    ],
)
def test_the_dates_of_a_schedule_are_those_of_its_zone(zone, until, expected):
    at = dt.datetime.fromisoformat(until).replace(tzinfo=UTC)
    found = last_ticks("30 2 * * *", at, first=dt.date(2024, 1, 1), last=None, dates=2, zone=zone)
    assert {str(day): tick.replace(tzinfo=None).isoformat("T", "minutes") for day, tick in found.items()} == expected


def test_a_last_date_ends_with_its_day_in_the_zone():
    at = dt.datetime(2024, 2, 1, tzinfo=UTC)
    given = {"first": dt.date(2024, 1, 1), "last": dt.date(2024, 1, 10), "dates": 1}
    assert last_ticks("59 23 * * *", at, **given, zone="America/New_York") == {
        dt.date(2024, 1, 10): dt.datetime(2024, 1, 11, 4, 59, tzinfo=UTC)
    }


@pytest.mark.parametrize("zone", ["", "Europe/Nowhere", "../etc/passwd", "CEST+1x"])
def test_a_zone_that_there_is_not_is_refused(zone):
    with pytest.raises(ValueError, match="is not a time zone"):
        checked_zone(zone)


PREVIOUS = {
    "daily over a leap day": ("0 6 * * *", "2024-03-02", "2024-03-01 2024-02-29 2024-02-28"),
    "daily over the end of February of another year": ("0 6 * * *", "2023-03-02", "2023-03-01 2023-02-28 2023-02-27"),
    "daily over Europe's change of the clock: dates are UTC": (
        "30 2 * * *",
        "2024-04-01",
        "2024-03-31 2024-03-30 2024-03-29",
    ),
    "late in the evening": ("59 23 * * *", "2024-04-01", "2024-03-31 2024-03-30 2024-03-29"),
    "weekly": ("0 6 * * 1", "2024-03-11", "2024-03-04 2024-02-26 2024-02-19"),
    "weekly over a year": ("0 6 * * 1", "2024-01-08", "2024-01-01 2023-12-25 2023-12-18"),
    "month ends": ("0 6 L * *", "2024-03-31", "2024-02-29 2024-01-31 2023-12-31"),
    "from a day between month ends": ("0 6 L * *", "2024-03-15", "2024-02-29 2024-01-31 2023-12-31"),
    "quarters": ("0 8 L 2,5,8,11 *", "2024-02-29", "2023-11-30 2023-08-31 2023-05-31"),
    "leap days": ("0 0 29 2 *", "2024-02-29", "2020-02-29 2016-02-29 2012-02-29"),
    "each minute: a date counts once": ("* * * * *", "2024-01-02", "2024-01-01 2023-12-31 2023-12-30"),
    "not before the first date": ("0 6 L * *", "2010-02-28", "2010-01-31"),
    "none before the first date": ("0 6 L * *", "2010-01-31", ""),
    "a schedule that never ticks": ("0 0 30 2 *", "2024-01-31", ""),
}


@pytest.mark.parametrize("case", PREVIOUS)
def test_the_dates_before_are_those_of_the_schedule(case):
    schedule, as_of, expected = PREVIOUS[case]
    given = {"count": 3, "first": dt.date(2010, 1, 31)}
    known = {dt.date(2024, 1, 17)}  # without meaning for a data set with a schedule
    found = previous_dates(schedule, dt.date.fromisoformat(as_of), known=known, **given)
    assert " ".join(map(str, found)) == expected


def test_without_a_schedule_the_dates_before_are_those_with_a_snapshot():
    known = [dt.date(2024, 1, day) for day in (1, 9, 3, 20, 3, 15)]
    found = previous_dates(None, dt.date(2024, 1, 15), count=2, first=dt.date(2024, 1, 1), known=known)
    assert found == [dt.date(2024, 1, 9), dt.date(2024, 1, 3)]
    assert previous_dates(None, dt.date(2024, 1, 1), count=2, first=dt.date(2024, 1, 1), known=known) == []


SCHEDULES = st.sampled_from(["0 6 * * *", "0 6 L * *", "15 3 * * 1", "0 0 1,15 * *", "0 */6 * * *", "0 6 29 * *"])


@given(SCHEDULES, st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1)), st.integers(1, 20))
def test_the_dates_before_are_all_dates_of_ticks_before_the_date(schedule, as_of, count):
    first = as_of - dt.timedelta(days=900)
    found = previous_dates(schedule, as_of, count=count, first=first)
    until = dt.datetime.combine(as_of, dt.time(), dt.UTC) - dt.timedelta(microseconds=1)
    assert found == list(last_ticks(schedule, until, first=first, last=None, dates=count))
    assert all(first <= date < as_of for date in found)
