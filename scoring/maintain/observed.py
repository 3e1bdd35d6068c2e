"""Reads what the rules decide by: which things there are, and who needs them. Only reads."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scoring.catalog import Catalog
from scoring.database import Connection, all_rows
from scoring.domain.horizon import BeyondCalendar
from scoring.domain.score import Score
from scoring.maintain.rules import CohortSeen, Needs, PublicationSeen, SnapshotSeen
from scoring.monitoring.learned import COHORTS

# A publication of a customer under hold is found in its own partition, by its key.
PUBLICATIONS = """
WITH running AS (
    SELECT experiment_id, score, started_at FROM scoring.experiment WHERE ended_at IS NULL
), tried AS (
    SELECT a.publication_id FROM scoring.arm a JOIN running USING (experiment_id)
    UNION SELECT s.publication_id FROM scoring.shadow s JOIN running USING (experiment_id)
    UNION SELECT (SELECT p.publication_id FROM scoring.publication p
                  WHERE p.score = r.score AND p.state = 'published' AND p.published_at < r.started_at
                  ORDER BY p.as_of DESC LIMIT 1) FROM running r
), waiting AS (
    SELECT DISTINCT e.publication_id FROM scoring.outbox o JOIN scoring.event e USING (event_id)
    WHERE o.delivery_id IS NULL
    UNION SELECT DISTINCT e.publication_id
    FROM scoring.delivery d JOIN scoring.outbox o USING (delivery_id) JOIN scoring.event e USING (event_id)
    WHERE d.state IN ('pending', 'dead')
), known AS (
    SELECT p.publication_id, row_number() OVER (PARTITION BY p.score ORDER BY p.as_of DESC) - 1 AS after
    FROM scoring.publication p
    WHERE p.state = 'published'
        AND EXISTS (SELECT FROM scoring.outcome o WHERE o.score = p.score AND o.as_of = p.as_of)
), taught AS (
    SELECT p.publication_id, row_number() OVER (PARTITION BY p.score, a.model_version ORDER BY p.as_of DESC) AS place
    FROM scoring.publication p JOIN scoring.arm a USING (publication_id)
    JOIN scoring.model_in_charge m ON m.model_name = a.model_name AND m.model_version = a.model_version
        AND m.until IS NULL
    WHERE p.state = 'published' AND EXISTS (
        SELECT FROM scoring.evaluation e WHERE e.publication_id = p.publication_id AND e.kind = 'realised' AND e.mature)
), newer AS (
    SELECT publication_id, row_number() OVER (PARTITION BY score ORDER BY as_of DESC) - 1 AS newer
    FROM scoring.publication WHERE state = 'published'
)
SELECT p.publication_id, p.score, p.as_of, p.state, coalesce(p.published_at, p.opened_at) AS since,
    coalesce(newer.newer, 0) AS newer,
    p.state = 'open' AND (n.state <> 'current' OR EXISTS (
        SELECT FROM scoring.publication q WHERE q.score = p.score AND q.as_of = p.as_of AND q.opened_at > p.opened_at
            AND q.state <> 'open')) AS overtaken,
    p.publication_id IN (SELECT publication_id FROM waiting WHERE publication_id IS NOT NULL) AS undelivered,
    EXISTS (SELECT FROM scoring.hold h WHERE h.publication_id = p.publication_id AND h.state = 'held') AS waits,
    p.publication_id IN (SELECT publication_id FROM tried WHERE publication_id IS NOT NULL) AS experiment,
    known.after AS cohorts_after,
    coalesce(taught.place <= %(teaching)s, false) AS teaches,
    (SELECT min(h.hold_id) FROM scoring.legal_hold_in_force h
     WHERE p.as_of BETWEEN h.first AND h.last AND CASE h.kind
            WHEN 'score' THEN h.name = p.score WHEN 'data_set' THEN h.name = n.data_set
            ELSE EXISTS (SELECT FROM scoring.score s
                         WHERE s.publication_id = p.publication_id AND s.customer_id = h.name) END) AS legal_hold,
    coalesce(p.rows, 0) AS rows,
    coalesce(pg_total_relation_size(to_regclass('scoring.score_' || p.publication_id)), 0)
        + coalesce(pg_total_relation_size(to_regclass('scoring.shadow_' || p.publication_id)), 0) AS bytes
FROM scoring.publication p JOIN scoring.snapshot n USING (snapshot_id)
LEFT JOIN newer USING (publication_id) LEFT JOIN known USING (publication_id) LEFT JOIN taught USING (publication_id)
WHERE p.state <> 'retired' AND p.publication_id = coalesce(%(id)s, p.publication_id)
ORDER BY p.as_of, p.publication_id
"""

# A hold on a customer keeps the snapshots of its dates: nobody looks into each file whether the customer is in it.
SNAPSHOTS = """
WITH newer AS (
    SELECT snapshot_id, row_number() OVER (PARTITION BY data_set ORDER BY as_of DESC) - 1 AS newer
    FROM scoring.snapshot WHERE state = 'current'
)
SELECT n.snapshot_id, n.data_set, n.as_of, n.state, n.digest, n.location,
    coalesce(n.current_since, n.created_at) AS since,
    (SELECT count(*) FROM scoring.publication p WHERE p.snapshot_id = n.snapshot_id AND p.state <> 'retired')
        + (SELECT count(*) FROM scoring.publication_history b JOIN scoring.publication p USING (publication_id)
           WHERE b.snapshot_id = n.snapshot_id AND p.state <> 'retired') AS used,
    coalesce(newer.newer, 0) AS newer,
    (SELECT min(h.hold_id) FROM scoring.legal_hold_in_force h
     WHERE n.as_of BETWEEN h.first AND h.last AND CASE h.kind
            WHEN 'data_set' THEN h.name = n.data_set WHEN 'score' THEN EXISTS (
                SELECT FROM unnest(%(scores)s::text[], %(data_sets)s::text[]) AS s (score, data_set)
                WHERE s.score = h.name AND s.data_set = n.data_set)
            ELSE true END) AS legal_hold,
    n.accepted AS rows
FROM scoring.snapshot n LEFT JOIN newer USING (snapshot_id)
WHERE n.file = 'kept' AND n.snapshot_id = coalesce(%(id)s, n.snapshot_id)
ORDER BY n.as_of, n.snapshot_id
"""

# The cohorts of which outcomes were collected: their batches stay, also when the outcomes have gone.
COHORTS_SEEN = """
SELECT b.score, b.as_of, max(b.recorded_at) AS newest, sum(b.recorded)::bigint AS rows,
    EXISTS (SELECT FROM scoring.publication p
            WHERE p.score = b.score AND p.as_of = b.as_of AND p.state IN ('open', 'published')) AS used,
    (SELECT min(h.hold_id) FROM scoring.legal_hold_in_force h
     WHERE b.as_of BETWEEN h.first AND h.last AND CASE h.kind
            WHEN 'score' THEN h.name = b.score WHEN 'data_set' THEN EXISTS (
                SELECT FROM unnest(%(scores)s::text[], %(data_sets)s::text[]) AS s (score, data_set)
                WHERE s.score = b.score AND s.data_set = h.name)
            ELSE EXISTS (SELECT FROM scoring.outcome o
                         WHERE o.score = b.score AND o.as_of = b.as_of AND o.customer_id = h.name) END) AS legal_hold
FROM scoring.outcome_batch b
WHERE EXISTS (SELECT FROM scoring.outcome o WHERE o.score = b.score AND o.as_of = b.as_of)
GROUP BY b.score, b.as_of ORDER BY b.as_of, b.score
"""

# To be read from a later snapshot: cohorts of scores without a source of outcomes that nobody has collected.
_UNCOLLECTED = """
SELECT p.score, p.as_of FROM scoring.publication p
WHERE p.state = 'published' AND p.score = ANY(%(scores)s) AND NOT EXISTS (
    SELECT FROM scoring.outcome_batch b WHERE b.score = p.score AND b.as_of = p.as_of AND b.origin = 'system')
"""

_REFERRED = """
SELECT a.model_name, a.model_version FROM scoring.arm a JOIN scoring.publication p USING (publication_id)
WHERE p.state <> 'retired'
"""

_PROMOTED = """
SELECT model_name, model_version FROM (
    SELECT model_name, model_version, row_number() OVER (PARTITION BY model_name ORDER BY promotion_id DESC) AS place
    FROM scoring.promotion) newest WHERE place <= %(newest)s
UNION SELECT model_name, champion FROM scoring.experiment WHERE ended_at IS NULL
UNION SELECT model_name, challenger FROM scoring.experiment WHERE ended_at IS NULL
UNION SELECT model_name, model_version FROM scoring.retrain_request WHERE state = 'open'
"""


@dataclass(frozen=True)
class SnapshotRow:
    """A snapshot as the table has it; what models and outcomes need is added by :func:`snapshots`."""

    snapshot_id: int
    data_set: str
    as_of: object
    state: str
    digest: str
    location: str
    since: object
    used: int
    newer: int
    legal_hold: int | None
    rows: int


def publications(connection: Connection, publication_id: int | None = None) -> list[PublicationSeen]:
    """All publications with rows, or the one of that id if it has them; the oldest dates first."""
    return all_rows(connection, PublicationSeen, PUBLICATIONS, {"id": publication_id, "teaching": COHORTS})


def needs_of(catalog: Catalog, one: PublicationSeen) -> Needs:
    """What the definition of a publication's score asks to keep of it."""
    score = catalog.scores.get(one.score)
    if score is None:
        return Needs(None, 0)
    horizon = score.target.horizon
    try:
        # Late outcomes are looked for one horizon longer (scoring.outcomes.due).
        until = horizon.after(horizon.after(one.as_of))
    except BeyondCalendar:
        return Needs(None, 0)
    return Needs(until, score.learning.cohorts + score.learning.held_out)


def snapshots(
    connection: Connection,
    catalog: Catalog,
    models: Mapping[tuple[str, str], str],
    snapshot_id: int | None = None,
) -> list[tuple[SnapshotSeen, SnapshotRow]]:
    """All snapshots with a file, or the one of that id if it has one; the oldest dates first.

    ``models`` are the kept model versions that learned from a snapshot, by its date and digest.
    """
    asked = {"id": snapshot_id, **scores_of(catalog)}
    shown = _shown(connection, list(catalog.scores.values()))
    found = []
    for row in all_rows(connection, SnapshotRow, SNAPSHOTS, asked):
        given = asdict(row)
        for name in ("digest", "location", "rows"):
            del given[name]
        model = models.get((str(row.as_of), row.digest))
        defined = row.data_set in catalog.data_sets and not catalog.problems
        shows = (row.data_set, row.as_of) in shown
        reach = max((one.reach for one in catalog.scores_of(row.data_set)), default=0)
        seen = SnapshotSeen(**given, model=model, shows_outcomes=shows, defined=defined, reach=reach)
        found.append((seen, row))
    return found


def rows(connection: Connection, query: str, arguments: Any = None) -> list[dict[str, Any]]:
    """The rows of a query by the names of their columns."""
    return all_rows(connection, dict, query, arguments)


def cohorts(connection: Connection, catalog: Catalog) -> list[CohortSeen]:
    """The cohorts with outcomes, the oldest first."""
    return all_rows(connection, CohortSeen, COHORTS_SEEN, scores_of(catalog))


def referred(connection: Connection, newest: int) -> set[tuple[str, int]]:
    """Model versions that publications, the ``newest`` promotions, running experiments or open requests refer to."""
    rows = all_rows(connection, dict, _REFERRED) + all_rows(connection, dict, _PROMOTED, {"newest": newest})
    return {(row["model_name"], row["model_version"]) for row in rows}


def _shown(connection: Connection, scores: Sequence[Score]) -> Collection[tuple[str, object]]:
    """The partitions of data sets from which outcomes are still to be read."""
    own = {score.name: score for score in scores if score.target.source is None}
    shown = set()
    for row in all_rows(connection, dict, _UNCOLLECTED, {"scores": list(own)}):
        score = own[row["score"]]
        try:
            shown.add((score.data_set, score.target.horizon.after(row["as_of"])))
        except BeyondCalendar:
            continue
    return shown


def scores_of(catalog: Catalog) -> dict[str, list[str]]:
    """The scores and, beside each, its data set: what statements need to know of the definitions."""
    scores = list(catalog.scores.values())
    return {"scores": [score.name for score in scores], "data_sets": [score.data_set for score in scores]}
