"""The tables ``verdict`` and ``retrain_request``: which models need an update, why, and what became of it."""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from scoring.database import Connection, all_rows, column, execute, one_or_none, value

RequestState = Literal["open", "done", "dismissed"]
NOBODY = "the monitor"  # who closes a request for which nothing speaks any more


@dataclass(frozen=True)
class Verdict:
    """A row of table ``verdict``."""

    publication_id: int
    score: str
    as_of: dt.date
    model_name: str
    model_version: int
    headline: str
    promised: float | None
    drifted_columns: int | None
    estimator_trusted: bool | None
    trust_reason: str
    update_needed: bool
    because: list[str]


@dataclass(frozen=True)
class Request:
    """A row of table ``retrain_request``; ``evidence`` has one entry for each publication that speaks for it."""

    request_id: int
    score: str
    model_name: str
    model_version: int
    as_of: dt.date
    evidence: list[dict[str, Any]]
    state: RequestState
    requested_at: dt.datetime
    done_version: int | None
    closed_at: dt.datetime | None
    closed_by: str | None
    reason: str | None
    useful: bool | None


_VERDICT = """
    SELECT publication_id, score, as_of, model_name, model_version, headline, promised, drifted_columns,
        estimator_trusted, trust_reason, update_needed, because
    FROM scoring.verdict WHERE publication_id = %s"""

_KEEP = """
    INSERT INTO scoring.verdict (publication_id, score, as_of, model_name, model_version, headline, promised,
        drifted_columns, estimator_trusted, trust_reason, update_needed, because)
    VALUES (%(publication_id)s, %(score)s, %(as_of)s, %(model_name)s, %(model_version)s, %(headline)s, %(promised)s,
        %(drifted_columns)s, %(estimator_trusted)s, %(trust_reason)s, %(update_needed)s, %(because)s)
    ON CONFLICT (publication_id) DO UPDATE SET headline = excluded.headline, promised = excluded.promised,
        drifted_columns = excluded.drifted_columns, estimator_trusted = excluded.estimator_trusted,
        trust_reason = excluded.trust_reason, update_needed = excluded.update_needed, because = excluded.because,
        judged_at = now()"""

_REQUESTS = """
    SELECT request_id, score, model_name, model_version, as_of, evidence, state, requested_at, done_version, closed_at,
        closed_by, reason, useful
    FROM scoring.retrain_request """

_OPEN = """
    INSERT INTO scoring.retrain_request (score, model_name, model_version, as_of, evidence)
    VALUES (%s, %s, %s, %s, %s) RETURNING request_id"""

_REOPEN = """
    UPDATE scoring.retrain_request SET state = 'open', closed_at = NULL, closed_by = NULL, reason = NULL
    WHERE request_id = %s"""

_SUCCESSOR = """
    SELECT a.model_version FROM scoring.publication p JOIN scoring.arm a USING (publication_id)
    WHERE p.state = 'published' AND p.score = %(score)s AND a.model_name = %(model_name)s AND a.arm = 'champion'
        AND a.model_version > %(model_version)s AND p.as_of >= %(as_of)s
        AND scoring.model_in_charge_at(a.model_name, 'infinity') IS DISTINCT FROM %(model_version)s AND NOT EXISTS (
            SELECT FROM scoring.publication q JOIN scoring.arm b USING (publication_id)
            WHERE q.state = 'published' AND q.score = p.score AND q.as_of > p.as_of AND b.model_name = a.model_name
                AND b.arm = 'champion' AND b.model_version = %(model_version)s)
    ORDER BY p.as_of, a.model_version LIMIT 1"""

_CLOSE_DONE = """
    UPDATE scoring.retrain_request SET state = 'done', done_version = %s, closed_at = now() WHERE request_id = %s"""

_SEEN = "SELECT publication_id FROM scoring.publication WHERE seen AND publication_id = ANY(%s)"

# A version that is in charge again, or that readers saw again after that, is not replaced.
_DONE = """
    UPDATE scoring.retrain_request r SET state = 'done', done_version = %(version)s, closed_at = now()
    WHERE r.score = %(score)s AND r.model_name = %(model)s AND r.model_version < %(version)s AND r.as_of <= %(as_of)s
        AND r.state = 'open' AND scoring.model_in_charge_at(r.model_name, 'infinity') IS DISTINCT FROM r.model_version
        AND NOT EXISTS (
            SELECT FROM scoring.publication q JOIN scoring.arm b USING (publication_id)
            WHERE q.state = 'published' AND q.score = r.score AND q.as_of > %(as_of)s AND b.model_name = r.model_name
                AND b.arm = 'champion' AND b.model_version = r.model_version)"""

_UNDONE = """
    UPDATE scoring.retrain_request SET state = 'open', done_version = NULL, closed_at = NULL, useful = NULL
    WHERE score = %s AND model_name = %s AND model_version = %s AND state = 'done' AND evidence <> '[]'"""

_DISMISS = """
    UPDATE scoring.retrain_request SET state = 'dismissed', closed_at = now(), closed_by = %s, reason = %s
    WHERE request_id = %s"""

_NEWEST_REALISED = """
    SELECT m.value FROM scoring.realised_metric m JOIN scoring.evaluation e USING (evaluation_id)
    WHERE m.score = %s AND m.model_version = %s AND m.metric = %s AND m.arm = '' AND m.segment = ''
        AND m.value IS NOT NULL AND e.threshold IS NOT DISTINCT FROM coalesce(%s, e.threshold)
    ORDER BY m.as_of DESC LIMIT 1"""


def keep(connection: Connection, verdict: Verdict) -> bool:
    """Record a verdict in place of the publication's last one; whether it says something else."""
    if one_or_none(connection, Verdict, _VERDICT, (verdict.publication_id,)) == verdict:
        return False
    execute(connection, _KEEP, vars(verdict))
    return True


def of_publication(connection: Connection, publication_id: int) -> Verdict | None:
    """What follows from all that is known of a publication."""
    return one_or_none(connection, Verdict, _VERDICT, (publication_id,))


def requests(connection: Connection, score: str | None = None) -> list[Request]:
    """All requests, or those of a score, the newest first."""
    condition = "WHERE score = coalesce(%s, score) ORDER BY request_id DESC"
    return all_rows(connection, Request, _REQUESTS + condition, (score,))


def find(connection: Connection, score: str, model_name: str, model_version: int) -> Request | None:
    """The request about a model version, locked until the transaction ends."""
    condition = "WHERE score = %s AND model_name = %s AND model_version = %s FOR UPDATE"
    return one_or_none(connection, Request, _REQUESTS + condition, (score, model_name, model_version))


def open_request(connection: Connection, verdict: Verdict, *, done_by: int | None = None) -> int:
    """Write down that a model version needs an update, or needed one that ``done_by`` is; returns the request's id."""
    evidence = json.dumps([evidence_of(verdict)])
    about = (verdict.score, verdict.model_name, verdict.model_version, verdict.as_of, evidence)
    request_id = int(value(connection, _OPEN, about))
    _close_done(connection, request_id, done_by)
    return request_id


def successor(connection: Connection, verdict: Verdict) -> int | None:
    """The version that readers see at the verdict's date or later in place of the one that it is about."""
    found = value(connection, _SUCCESSOR, vars(verdict))
    return None if found is None else int(found)


def evidence_of(verdict: Verdict) -> dict[str, Any]:
    """What a verdict says for an update."""
    return {
        "as_of": verdict.as_of.isoformat(), "publication_id": verdict.publication_id, "because": list(verdict.because)
    }  # fmt: skip


def set_evidence(connection: Connection, request_id: int, evidence: Sequence[dict[str, Any]]) -> None:
    """Record what speaks for a request now."""
    statement = "UPDATE scoring.retrain_request SET evidence = %s WHERE request_id = %s"
    execute(connection, statement, (json.dumps(list(evidence)), request_id))


def still_published(connection: Connection, evidence: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The evidence of publications that readers still see, or saw until they were retired."""
    seen = set(column(connection, _SEEN, ([one["publication_id"] for one in evidence],)))
    return [one for one in evidence if one["publication_id"] in seen]


def reopen(connection: Connection, request_id: int, *, done_by: int | None = None) -> None:
    """Open a request again that the monitor had dismissed; with ``done_by`` it is done at once."""
    execute(connection, _REOPEN, (request_id,))
    _close_done(connection, request_id, done_by)


def dismiss(connection: Connection, request_id: int, by: str, reason: str) -> None:
    """Close a request without an update."""
    execute(connection, _DISMISS, (by, reason, request_id))


def done(connection: Connection, score: str, model: str, version: int, as_of: dt.date) -> int:
    """Close what was requested of older versions: ``version`` is published at ``as_of``. Returns how many."""
    return execute(connection, _DONE, {"score": score, "model": model, "version": version, "as_of": as_of})


def undone(connection: Connection, score: str, model: str, version: int) -> int:
    """Open again what was requested of a version and is done, because that is in charge again. Returns how many."""
    return execute(connection, _UNDONE, (score, model, version))


def _close_done(connection: Connection, request_id: int, version: int | None) -> None:
    if version is not None:
        execute(connection, _CLOSE_DONE, (version, request_id))


def set_useful(connection: Connection, request_id: int, *, useful: bool) -> None:
    """Record whether an update made the score better, unless it was taken back meanwhile."""
    statement = "UPDATE scoring.retrain_request SET useful = %s WHERE request_id = %s AND state = 'done'"
    execute(connection, statement, (useful, request_id))


def newest_realised(
    connection: Connection, score: str, model_version: int, metric: str, threshold: float | None
) -> float | None:
    """A metric of the newest mature cohort of a model version that was evaluated at a threshold; None: at any."""
    found = value(connection, _NEWEST_REALISED, (score, model_version, metric, threshold))
    return None if found is None else float(found)
