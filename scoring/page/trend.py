"""One metric over time: what happened, what was estimated, and what was promised when the model was trained."""

import datetime as dt
from dataclasses import dataclass

from scoring.database import Connection, all_rows, column
from scoring.page.partitions import Look

Group = tuple[str, str]  # column and value of a segment; two empty strings for all customers
EVERYBODY: Group = ("", "")


@dataclass(frozen=True)
class Point:
    """A figure of one cohort, ``realised`` (mature ones only) or ``estimated``; None where ``reason`` says why.

    ``threshold`` is that of a metric that depends on it; from ``at_least`` on an outcome is positive.
    """

    as_of: dt.date
    kind: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str | None
    model_version: int | None
    threshold: float | None = None
    at_least: float | None = None


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


_OF_ARM = """
    SELECT m.as_of, m.kind, m.value, m.low, m.high, m.n, m.reason, m.model_version,
        CASE WHEN m.metric IN ('precision', 'recall', 'f1') THEN e.threshold END AS threshold, e.at_least
    FROM scoring.current_metric m JOIN scoring.evaluation e USING (evaluation_id)
    WHERE m.publication_id = ANY({ids}) AND m.arm = {arm} AND m.segment = %(segment)s AND m.segment_value = %(value)s
        AND m.metric = %(metric)s AND (m.mature OR m.kind = 'estimated')"""

_POINTS = f"""
    {_OF_ARM.format(ids="%(alone)s::bigint[]", arm="''")}
    UNION ALL
    {_OF_ARM.format(ids="%(split)s::bigint[]", arm="'champion'")}
    ORDER BY as_of, kind"""

# In a split the model in charge is judged by its own customers; figures of a segment are of all of them.
_SPLIT = """
    SELECT publication_id FROM scoring.arm
    WHERE publication_id = ANY(%s) AND arm = 'challenger' AND %s = '' ORDER BY publication_id"""

_PROMISES = """
    SELECT as_of, promised FROM scoring.verdict
    WHERE publication_id = ANY(%(ids)s) AND headline = %(metric)s AND promised IS NOT NULL ORDER BY as_of"""


def trend(connection: Connection, look: Look, metric: str, group: Group = EVERYBODY) -> Trend:
    """A metric of all customers or of a segment at the dates that are looked at."""
    asked = {"ids": look.publication_ids, "metric": metric, "segment": group[0], "value": group[1]}
    promises = all_rows(connection, Promise, _PROMISES, asked) if group == EVERYBODY else []
    split = column(connection, _SPLIT, (look.publication_ids, group[0]))
    arms = {"split": split, "alone": [one for one in look.publication_ids if one not in set(split)]}
    return Trend(metric, all_rows(connection, Point, _POINTS, asked | arms), promises)
