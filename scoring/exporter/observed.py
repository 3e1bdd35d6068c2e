"""Reads what is exported: what the page shows, and a few counts more; every query has a bound."""

import datetime as dt
from dataclasses import dataclass

from scoring.catalog import Catalog
from scoring.database import Connection, all_rows, column, value
from scoring.models import experiments
from scoring.page import newest, overview
from scoring.page.installation import MOST
from scoring.page.metric_names import metrics_of
from scoring.reconcile import undone
from scoring.reconcile.findings import Finding


@dataclass(frozen=True)
class Moved:
    """How far a column of a score moved since training; ``kind`` is feature, missing or score."""

    score: str
    column_name: str
    kind: str
    distance: float | None
    drifted: bool


@dataclass(frozen=True)
class Promoted:
    """How many versions of a model came into charge in one way."""

    model_name: str
    how: str
    count: int


@dataclass(frozen=True)
class Requests:
    """The requests to retrain a score's model."""

    score: str
    open: int
    newest: dt.datetime


@dataclass(frozen=True)
class Attempts:
    """Tries of the last hour at an endpoint by the class of their answer."""

    endpoint: str
    answer: str
    count: int


@dataclass(frozen=True)
class Observed:
    """Everything that is exported of one moment."""

    overview: overview.Overview
    snapshots: list[newest.Snapshot]
    realised: list[newest.Figure]
    estimated: list[newest.Figure]
    moved: list[Moved]
    promoted: list[Promoted]
    requests: list[Requests]
    experiments: dict[str, experiments.Experiment | None]
    attempts: list[Attempts]
    alerts_waiting: int
    streamed: dict[str, int]
    undone: undone.Seen
    findings: list[Finding]


# The publication of the newest verdict: while the monitor works on a newer one, its features have no figures yet.
_JUDGED = """
    SELECT v.publication_id
    FROM unnest(%(scores)s::text[]) AS s (score)
    CROSS JOIN LATERAL (
        SELECT v.publication_id FROM scoring.verdict v JOIN scoring.publication p USING (publication_id)
        WHERE v.score = s.score AND p.state = 'published' ORDER BY v.as_of DESC LIMIT 1) v"""

_MOVED = """
    SELECT score, column_name, kind, distance, drifted FROM scoring.current_drift
    WHERE publication_id = ANY(%s) AND against = 'training' AND segment = '' AND segment_value = ''"""

_PROMOTED = """
    SELECT model_name, how, count(*) AS count FROM scoring.promotion
    WHERE model_name = ANY(%s) GROUP BY model_name, how"""

_REQUESTS = """
    SELECT score, count(*) FILTER (WHERE state = 'open') AS open, max(requested_at) AS newest
    FROM scoring.retrain_request WHERE score = ANY(%s) GROUP BY score"""

# Found by index attempt_time; only so many are counted.
_ATTEMPTS = """
    SELECT d.endpoint, coalesce(a.status / 100 || 'xx', 'none') AS answer, count(*) AS count
    FROM (SELECT delivery_id, status FROM scoring.attempt WHERE attempted_at > %(since)s LIMIT %(most)s) a
    JOIN scoring.delivery d USING (delivery_id) GROUP BY 1, 2"""

_ALERTS = """
    SELECT (SELECT count(*) FROM (SELECT FROM scoring.alert WHERE routed_at IS NULL LIMIT %(most)s + 1) a)
         + (SELECT count(*) FROM (SELECT FROM scoring.alert_sending WHERE state = 'pending' LIMIT %(most)s + 1) s)"""

_STREAMED = """
    SELECT count(*) FROM (SELECT FROM scoring.streamed_score WHERE score = %(score)s LIMIT %(most)s + 1) s"""

RECENT = dt.timedelta(hours=1)


def observe(connection: Connection, catalog: Catalog, now: dt.datetime) -> Observed:
    """Everything that is exported, at the moment ``now`` (aware)."""
    scores = list(catalog.scores)
    pairs = [(score.name, metric) for score in catalog.scores.values() for metric in metrics_of(score)]
    seen = undone.observe(connection, catalog)
    streamed = [score.name for score in catalog.scores.values() if score.streamed]
    since = {"since": now - RECENT, "most": MOST}
    return Observed(
        overview=overview.overview(connection, catalog, now),
        snapshots=newest.snapshots(connection, list(catalog.data_sets)),
        realised=newest.figures_of(connection, "realised", pairs),
        estimated=newest.figures_of(connection, "estimated", pairs),
        moved=all_rows(connection, Moved, _MOVED, (column(connection, _JUDGED, {"scores": scores}),)),
        promoted=all_rows(connection, Promoted, _PROMOTED, ([score.model_name for score in catalog.scores.values()],)),
        requests=all_rows(connection, Requests, _REQUESTS, (scores,)),
        experiments={name: experiments.running(connection, name) for name in scores},
        attempts=all_rows(connection, Attempts, _ATTEMPTS, since),
        alerts_waiting=int(value(connection, _ALERTS, {"most": MOST})),
        streamed={name: int(value(connection, _STREAMED, {"score": name, "most": MOST})) for name in streamed},
        undone=seen,
        findings=undone.findings(seen, catalog, now),
    )
