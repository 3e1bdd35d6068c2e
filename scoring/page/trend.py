"""One metric over time: what happened, what was estimated, and what was promised when the model was trained."""

import datetime as dt
from dataclasses import dataclass

from scoring.database import Connection, all_rows
from scoring.page.partitions import Look

Group = tuple[str, str]  # column and value of a segment; two empty strings for all customers
EVERYBODY: Group = ("", "")


@dataclass(frozen=True)
class Point:
    """A figure of one cohort, ``realised`` (mature ones only) or ``estimated``; None where ``reason`` says why."""

    as_of: dt.date
    kind: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str | None
    model_version: int | None


@dataclass(frozen=True)
class Promise:
    """What the model in charge at a date did at training, on customers that it had not learned from."""

    as_of: dt.date
    promised: float


@dataclass(frozen=True)
class Trend:
    """A metric over time."""

    metric: str
    points: list[Point]
    promises: list[Promise]


_POINTS = """
    SELECT as_of, kind, value, low, high, n, reason, model_version FROM scoring.current_metric
    WHERE publication_id = ANY(%(ids)s) AND arm = '' AND segment = %(segment)s AND segment_value = %(value)s
        AND metric = %(metric)s AND (mature OR kind = 'estimated')
    ORDER BY as_of, kind"""

_PROMISES = """
    SELECT as_of, promised FROM scoring.verdict
    WHERE publication_id = ANY(%(ids)s) AND headline = %(metric)s AND promised IS NOT NULL ORDER BY as_of"""


def trend(connection: Connection, look: Look, metric: str, group: Group = EVERYBODY) -> Trend:
    """A metric of all customers or of a segment at the dates that are looked at."""
    asked = {"ids": look.publication_ids, "metric": metric, "segment": group[0], "value": group[1]}
    promises = all_rows(connection, Promise, _PROMISES, asked) if group == EVERYBODY else []
    return Trend(metric, all_rows(connection, Point, _POINTS, asked), promises)
