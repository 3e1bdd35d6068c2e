"""Prints as JSON which partitions Airflow's timetable has, and when: by the schedules on standard input."""

import datetime as dt
import json
import sys

from airflow.timetables.trigger import CronPartitionTimetable
from scoring_airflow.schedules import by_clock


def partitions(schedule, zone, first, last):
    """Moment (UTC) and key of each partition between two moments."""
    begin, end = dt.datetime.fromisoformat(first), dt.datetime.fromisoformat(last)
    defined = by_clock(schedule, zone)
    # The scheduler's own class, of which a DAG file has only the description.
    timetable = CronPartitionTimetable(defined.expression, timezone=defined.timezone, key_format=defined.key_format)
    found = timetable.iter_partition_dagrun_infos(earliest=begin, latest=end)
    return [[one.run_after.astimezone(dt.UTC).isoformat(), one.partition_key] for one in found]


print(json.dumps([partitions(*case) for case in json.load(sys.stdin)]))  # noqa: T201
