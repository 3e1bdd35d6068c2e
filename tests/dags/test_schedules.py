"""The dates that the product expects are those that Airflow's scheduler makes partitions of, in every zone."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

from waiting import PATIENCE

from scoring.domain.calendar import last_ticks

TICKS = Path(__file__).parent / "tick_dates.py"
DAY = dt.timedelta(days=1)

# Zones with a summer time, one without, one of half an hour, and one whose clocks jump at midnight.
ZONES = (
    "UTC",
    "Europe/Madrid",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Asia/Tokyo",
)
SCHEDULES = ("30 2 * * *", "0 6 * * *", "30 0 * * *", "0 23 * * 1-5", "0 5 * * 1", "0 6 L * *", "15 */6 * * *")
SPANS = (
    ("2024-02-20", "2024-04-10"),  # a leap day; clocks go forward in Europe and America
    ("2024-10-20", "2024-11-10"),  # and back
)


def test_the_dates_of_a_schedule_are_the_partitions_of_airflow(airflow):
    cases = [
        (schedule, zone, f"{first}T00:00:00+00:00", f"{last}T00:00:00+00:00")
        for schedule in SCHEDULES
        for zone in ZONES
        for first, last in SPANS
    ]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(TICKS)],
        input=json.dumps(cases), env=airflow, capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    for (schedule, zone, first, last), theirs in zip(cases, json.loads(done.stdout), strict=True):
        by_date = {}
        for moment, key in theirs:
            by_date.setdefault(dt.date.fromisoformat(key), dt.datetime.fromisoformat(moment))
        begin, end = dt.datetime.fromisoformat(first), dt.datetime.fromisoformat(last)
        inside = [
            (begin + 2 * DAY).date(),
            (end - 2 * DAY).date(),
        ]  # the ends of such a span are the scheduler's business
        ours = last_ticks(schedule, end, first=inside[0], last=inside[1], dates=1000, zone=zone)
        assert ours == {date: at for date, at in by_date.items() if inside[0] <= date <= inside[1]}, (schedule, zone)
        assert len(ours) > 1 or schedule.startswith("0 6 L"), (schedule, zone)
