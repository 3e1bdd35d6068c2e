"""The estimator's record: how often what happened lay inside the interval that was estimated before."""

import datetime as dt
from dataclasses import dataclass

from scoring.database import Connection, all_rows
from scoring.page.partitions import Look


@dataclass(frozen=True)
class Estimate:
    """An estimate of a cohort beside what happened."""

    as_of: dt.date
    estimated: float
    low: float
    high: float
    realised: float
    inside: bool


_RECORD = """
    SELECT as_of, estimated, low, high, realised, inside FROM scoring.estimate_record
    WHERE publication_id = ANY(%(ids)s) AND metric = %(metric)s ORDER BY as_of"""


def record(connection: Connection, look: Look, metric: str) -> list[Estimate]:
    """The estimates of a metric that outcomes have judged, the oldest first."""
    return all_rows(connection, Estimate, _RECORD, {"ids": look.publication_ids, "metric": metric})
