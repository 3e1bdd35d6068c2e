"""When a data set is taken in: by its cron expression, or by hand. Airflow knows the latter by ``scoring_plugin``."""

import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from airflow.exceptions import InvalidPartitionKeyError
from airflow.sdk import CronPartitionTimetable
from airflow.timetables.base import DagRunInfo
from airflow.timetables.simple import NullTimetable

from scoring.domain.dataset import DataSet


class ByHand(NullTimetable):
    """Never by itself: a person or another system starts each run and says which partition it is about.

    Airflow's own ``PartitionedAtRuntime`` shows that name as the schedule, and its form begins with a logical date.
    """

    description = "Started by hand or by another system"
    partitioned = True

    @property
    def summary(self) -> str:
        """What the UI shows as the schedule."""
        return "By hand"

    def iter_partition_dagrun_infos(self, *, earliest: dt.datetime, latest: dt.datetime) -> Iterable[DagRunInfo]:
        """No run is ever due, so a backfill has none to make."""
        del earliest, latest
        return []

    def _decode_partition_date(self, partition_key: str) -> dt.datetime:
        """The key as a date (UTC); refuses at the trigger what the task would refuse later."""
        try:
            return dt.datetime.combine(dt.date.fromisoformat(partition_key), dt.time.min, dt.UTC)
        except ValueError as error:
            raise InvalidPartitionKeyError(f"{partition_key!r} is not a date like 2005-06-30.") from error


def schedule_of(data_set: DataSet) -> CronPartitionTimetable | ByHand:
    """The timetable of a data set's ingest; the day of the tick, in its zone, is the partition."""
    return ByHand() if data_set.schedule is None else by_clock(data_set.schedule, data_set.time_zone)


def by_clock(schedule: str, zone: str = "UTC") -> CronPartitionTimetable:
    """The timetable of a cron expression by the clocks of a zone; the day of the tick there is the partition."""
    return CronPartitionTimetable(schedule, timezone=zone, key_format="%Y-%m-%d")


def beginning_of(data_set: DataSet) -> dt.datetime:
    """The first moment of the first partition, by the data set's clocks."""
    return dt.datetime.combine(data_set.first_as_of, dt.time.min, ZoneInfo(data_set.time_zone))


def end_of(data_set: DataSet) -> dt.datetime | None:
    """The last moment of the last partition; None if there is no last one."""
    if data_set.last_as_of is None:
        return None
    return dt.datetime.combine(data_set.last_as_of, dt.time.max, ZoneInfo(data_set.time_zone))
