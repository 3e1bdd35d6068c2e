"""The newest facts about each of several scores: one query per subject, each found by an index."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from scoring.database import Connection, all_rows


@dataclass(frozen=True)
class Published:
    """The newest publication of a score, with the rows of its snapshot."""

    score: str
    publication_id: int
    as_of: dt.date
    published_at: dt.datetime
    customers: int
    changed: int
    received: int
    accepted: int
    quarantined: int
    duplicates: int


@dataclass(frozen=True)
class Verdict:
    """The newest verdict on a score's model; ``because`` says why an update is needed."""

    score: str
    as_of: dt.date
    headline: str
    promised: float | None
    drifted_columns: int | None
    estimator_trusted: bool | None
    trust_reason: str
    update_needed: bool
    because: list[str]


@dataclass(frozen=True)
class Figure:
    """A metric of all customers with its 95 % interval; ``value`` is None where ``reason`` says why."""

    score: str
    as_of: dt.date
    metric: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    reason: str | None


@dataclass(frozen=True)
class InCharge:
    """The version in charge of a score's model, by the ledger: the next partition is scored with it."""

    score: str
    model_version: int
    since: dt.datetime


@dataclass(frozen=True)
class Rate:
    """Updates of a score's model in the last ``days``."""

    score: str
    days: int
    needed: int
    open: int
    dismissed: int
    done: int
    useful: int
    wasted: int


@dataclass(frozen=True)
class Held:
    """A publication that the CRM is not told of until a person decides."""

    score: str
    as_of: dt.date
    changed: int
    rows: int
    most_changed: float
    held_at: dt.datetime


@dataclass(frozen=True)
class Stopped:
    """The newest snapshot of a data set, if validation stopped it."""

    data_set: str
    as_of: dt.date
    stopped_because: str


@dataclass(frozen=True)
class Snapshot:
    """The newest snapshot of a data set; ``stopped_because`` is None if it may be scored."""

    data_set: str
    as_of: dt.date
    received: int
    accepted: int
    quarantined: int
    duplicates: int
    stopped_because: str | None


T = TypeVar("T", InCharge, Rate, Held)

_PUBLISHED = """
    SELECT p.score, p.publication_id, p.as_of, p.published_at, p.rows AS customers, p.changed,
        n.received, n.accepted, n.quarantined, n.duplicates
    FROM unnest(%(scores)s::text[]) AS s (score)
    CROSS JOIN LATERAL (SELECT * FROM scoring.publication p WHERE p.score = s.score AND p.state = 'published'
                        ORDER BY p.as_of DESC LIMIT 1) p
    JOIN scoring.snapshot n USING (snapshot_id)"""

_VERDICTS = """
    SELECT v.*
    FROM unnest(%(scores)s::text[]) AS s (score)
    CROSS JOIN LATERAL (
        SELECT v.score, v.as_of, v.headline, v.promised, v.drifted_columns, v.estimator_trusted, v.trust_reason,
            v.update_needed, v.because
        FROM scoring.verdict v JOIN scoring.publication p USING (publication_id)
        WHERE v.score = s.score AND p.seen ORDER BY v.as_of DESC LIMIT 1) v"""

# The evaluation that counts is that of view current_evaluation; the newest date is found by index.
_FIGURES = """
    WITH newest AS MATERIALIZED (  -- once for each score, however many metrics are asked for
        SELECT s.score, e.evaluation_id, e.as_of, e.reason,
            (SELECT CASE count(*) WHEN 1 THEN '' ELSE 'champion' END FROM scoring.arm a
             WHERE a.publication_id = e.publication_id) AS arm
        FROM (SELECT DISTINCT score FROM unnest(%(scores)s::text[]) AS u (score)) s
        CROSS JOIN LATERAL (
            SELECT e.evaluation_id, e.publication_id, e.as_of, e.reason
            FROM scoring.evaluation e JOIN scoring.publication p USING (publication_id)
            WHERE e.score = s.score AND e.kind = %(kind)s AND p.seen
                AND (e.mature OR e.kind = 'estimated')
                AND e.evaluation_id = (SELECT c.evaluation_id FROM scoring.current_evaluation c
                                       WHERE c.publication_id = e.publication_id AND c.kind = e.kind)
            ORDER BY e.as_of DESC LIMIT 1) e)
    SELECT e.score, e.as_of, s.metric, m.value, m.low, m.high, m.n, coalesce(m.reason, e.reason) AS reason
    FROM unnest(%(scores)s::text[], %(metrics)s::text[]) AS s (score, metric)
    JOIN newest e USING (score)
    LEFT JOIN scoring.metric m ON m.evaluation_id = e.evaluation_id AND m.segment = ''
        AND m.segment_value = '' AND m.metric = s.metric AND m.arm = e.arm"""

_IN_CHARGE = """
    SELECT s.score, m.model_version, m.since
    FROM unnest(%(scores)s::text[], %(models)s::text[]) AS s (score, model_name)
    JOIN scoring.model_in_charge m USING (model_name) WHERE m.until IS NULL"""

_RATES = """
    SELECT score, days, needed, open, dismissed, done, useful, wasted FROM scoring.update_rate
    WHERE score = ANY(%(scores)s) ORDER BY score, days"""

_HELD = """
    SELECT score, as_of, changed, rows, most_changed, held_at FROM scoring.hold
    WHERE state = 'held' AND score = ANY(%(scores)s) ORDER BY score, as_of DESC LIMIT 100"""

_SNAPSHOTS = """
    SELECT n.data_set, n.as_of, n.received, n.accepted, n.quarantined, n.duplicates, n.stopped_because
    FROM unnest(%(data_sets)s::text[]) AS d (data_set)
    CROSS JOIN LATERAL (SELECT * FROM scoring.snapshot n WHERE n.data_set = d.data_set AND n.state <> 'superseded'
                        ORDER BY n.as_of DESC, n.state = 'stopped' DESC, n.snapshot_id DESC LIMIT 1) n"""


def published(connection: Connection, scores: Sequence[str]) -> dict[str, Published]:
    """The newest publication of each score that has one."""
    found = all_rows(connection, Published, _PUBLISHED, {"scores": list(scores)})
    return {one.score: one for one in found}


def verdicts(connection: Connection, scores: Sequence[str]) -> dict[str, Verdict]:
    """The newest verdict on each score that has one."""
    found = all_rows(connection, Verdict, _VERDICTS, {"scores": list(scores)})
    return {one.score: one for one in found}


def figures(
    connection: Connection, kind: Literal["realised", "estimated"], headlines: dict[str, str]
) -> dict[str, Figure]:
    """The newest figure of each score's headline metric: of mature cohorts, or estimated."""
    return {one.score: one for one in figures_of(connection, kind, list(headlines.items()))}


def figures_of(
    connection: Connection, kind: Literal["realised", "estimated"], asked: Sequence[tuple[str, str]]
) -> list[Figure]:
    """The newest figure of each score and metric that is asked for: of mature cohorts, or estimated."""
    arguments = {"scores": [score for score, _ in asked], "metrics": [metric for _, metric in asked], "kind": kind}
    return all_rows(connection, Figure, _FIGURES, arguments)


def in_charge(connection: Connection, models: Mapping[str, str]) -> dict[str, InCharge]:
    """The version in charge of each score that has one; ``models`` are the names of the models by score."""
    found = all_rows(connection, InCharge, _IN_CHARGE, {"scores": list(models), "models": list(models.values())})
    return {one.score: one for one in found}


def rates(connection: Connection, scores: Sequence[str]) -> dict[str, list[Rate]]:
    """Updates of each score's model in the last 30, 90 and 365 days."""
    return _grouped(all_rows(connection, Rate, _RATES, {"scores": list(scores)}))


def held(connection: Connection, scores: Sequence[str]) -> dict[str, list[Held]]:
    """The publications of each score that wait for a person, the newest date first."""
    return _grouped(all_rows(connection, Held, _HELD, {"scores": list(scores)}))


def stopped(connection: Connection, data_sets: Sequence[str]) -> dict[str, Stopped]:
    """The data sets whose newest snapshot was stopped."""
    return {
        one.data_set: Stopped(one.data_set, one.as_of, one.stopped_because)
        for one in snapshots(connection, data_sets)
        if one.stopped_because is not None
    }


def snapshots(connection: Connection, data_sets: Sequence[str]) -> list[Snapshot]:
    """The newest snapshot of each data set that has one, stopped ones included."""
    return all_rows(connection, Snapshot, _SNAPSHOTS, {"data_sets": list(data_sets)})


def _grouped(rows: list[T]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {}
    for row in rows:
        found.setdefault(row.score, []).append(row)
    return found
