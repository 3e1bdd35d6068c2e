"""Removes what was told long ago: deliveries with their tries, events, alerts; and outcomes of cohorts that are gone.

What is not delivered stays at any age. Totals are kept in ``retired_telling`` by the transaction that removes.
"""

import datetime as dt
from dataclasses import dataclass

from scoring.catalog import Catalog
from scoring.database import Connection, connect, execute, value
from scoring.maintain import observed, retirement
from scoring.maintain.report import Part, Removed
from scoring.maintain.rules import CohortSeen, Run, cutoff, outcomes_stay

# Whether a row e of event is under hold. Without any hold nothing is looked up.
_HELD = """(SELECT EXISTS (SELECT FROM scoring.legal_hold_in_force)) AND EXISTS (
    SELECT FROM scoring.legal_hold_in_force h
    WHERE e.as_of BETWEEN h.first AND h.last AND CASE h.kind
            WHEN 'score' THEN h.name = e.score WHEN 'customer' THEN h.name = e.customer_id
            ELSE EXISTS (SELECT FROM scoring.publication p JOIN scoring.snapshot n USING (snapshot_id)
                         WHERE p.score = e.score AND n.data_set = h.name) END)"""

_HELD_DELIVERY = f"""(SELECT EXISTS (SELECT FROM scoring.legal_hold_in_force)) AND EXISTS (
    SELECT FROM scoring.outbox o JOIN scoring.event e USING (event_id)
    WHERE o.delivery_id = d.delivery_id AND {_HELD})"""  # noqa: S608 - our own text

# A try leaves before its delivery, which says how many there were.
_OLD_ATTEMPTS = f"""
    FROM scoring.attempt a JOIN scoring.delivery d USING (delivery_id)
    WHERE a.attempted_at < %s AND d.state IN ('delivered', 'split', 'coalesced') AND NOT ({_HELD_DELIVERY})"""

_SOME_ATTEMPTS = f"""
    DELETE FROM scoring.attempt t USING (
        SELECT a.delivery_id, a.attempt {_OLD_ATTEMPTS} LIMIT %s FOR UPDATE OF a SKIP LOCKED) old
    WHERE t.delivery_id = old.delivery_id AND t.attempt = old.attempt"""  # noqa: S608

# One that was split leaves when its parts have left. One whose events were coalesced into others carries nothing.
_OLD_DELIVERIES = f"""
    FROM scoring.delivery d
    WHERE (d.state = 'delivered' AND d.delivered_at < %s OR d.state IN ('split', 'coalesced') AND d.created_at < %s)
        AND NOT EXISTS (SELECT FROM scoring.delivery part WHERE part.split_from = d.delivery_id)
        AND NOT ({_HELD_DELIVERY})"""

# The requests of a delivery count for the publication of its first event, as in scoring.delivery.summary; 0: a stream.
_SOME_DELIVERIES = f"""
    WITH old AS MATERIALIZED (
        SELECT d.delivery_id, d.endpoint, d.state, d.attempts {_OLD_DELIVERIES} LIMIT %s FOR UPDATE OF d SKIP LOCKED
    ), carried AS (
        DELETE FROM scoring.outbox o USING old WHERE o.delivery_id = old.delivery_id
        RETURNING o.delivery_id, o.event_id, old.endpoint, old.attempts
    ), tries AS (
        DELETE FROM scoring.attempt a USING old WHERE a.delivery_id = old.delivery_id
    ), counted AS (
        SELECT c.delivery_id, c.endpoint, c.attempts, coalesce(e.publication_id, 0) AS publication_id,
            count(*) AS events, min(e.event_id) AS first
        FROM carried c JOIN scoring.event e USING (event_id) GROUP BY 1, 2, 3, 4
    ), placed AS (
        SELECT *, row_number() OVER (PARTITION BY delivery_id ORDER BY first) = 1 AS carrier FROM counted
    ), kept AS (
        INSERT INTO scoring.retired_telling AS t (publication_id, endpoint, deliveries, events, requests)
        SELECT publication_id, endpoint, count(*) FILTER (WHERE carrier), sum(events),
            coalesce(sum(attempts) FILTER (WHERE carrier), 0)
        FROM placed GROUP BY publication_id, endpoint
        ON CONFLICT (publication_id, endpoint) DO UPDATE SET deliveries = t.deliveries + excluded.deliveries,
            events = t.events + excluded.events, requests = t.requests + excluded.requests
    )
    DELETE FROM scoring.delivery d USING old WHERE d.delivery_id = old.delivery_id"""  # noqa: S608

# An event stays as long as a request with it does, or one may still be made.
_OLD_EVENTS = f"""
    FROM scoring.event e
    WHERE e.created_at < %s AND NOT EXISTS (SELECT FROM scoring.outbox o WHERE o.event_id = e.event_id)
        AND NOT ({_HELD})"""

# The outbox has no index by event, which publishing would pay for: it is gone through once, not for every batch.
_LIST_EVENTS = f"CREATE TEMPORARY TABLE old_event AS SELECT e.event_id {_OLD_EVENTS}"

_SOME_EVENTS = """
    WITH piece AS MATERIALIZED (SELECT event_id FROM old_event LIMIT %s),
    taken AS (DELETE FROM old_event o USING piece WHERE o.event_id = piece.event_id)
    DELETE FROM scoring.event v USING piece WHERE v.event_id = piece.event_id"""

_OLD_ALERTS = """
    FROM scoring.alert a WHERE a.noted_at < %s AND a.routed_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM scoring.alert_sending s WHERE s.alert_id = a.alert_id AND s.state <> 'sent')"""

_SOME_ALERTS = f"""
    WITH old AS MATERIALIZED (SELECT a.alert_id {_OLD_ALERTS} LIMIT %s FOR UPDATE OF a SKIP LOCKED),
    tries AS (DELETE FROM scoring.alert_attempt t USING old WHERE t.alert_id = old.alert_id),
    sendings AS (DELETE FROM scoring.alert_sending s USING old WHERE s.alert_id = old.alert_id)
    DELETE FROM scoring.alert a USING old WHERE a.alert_id = old.alert_id"""  # noqa: S608

# The batches of a cohort stay: they say what was received, and that it was collected.
_SOME_OUTCOMES = """
    DELETE FROM scoring.outcome o USING (
        SELECT score, as_of, customer_id, outcome_id FROM scoring.outcome WHERE score = %s AND as_of = %s LIMIT %s) old
    WHERE o.score = old.score AND o.as_of = old.as_of AND o.customer_id = old.customer_id
        AND o.outcome_id = old.outcome_id"""

_REFUSED_OUTCOMES = """
    DELETE FROM scoring.outcome_refused r USING scoring.outcome_batch b
    WHERE r.batch_id = b.batch_id AND b.score = %s AND b.as_of = %s"""

# The answer under an Idempotency-Key stays as long as the API has promised.
_OLD_API_REQUESTS = "FROM scoring.api_request a WHERE a.started_at < %s AND a.keep_until < %s"
_SOME_API_REQUESTS = f"""
    DELETE FROM scoring.api_request WHERE ctid IN (SELECT a.ctid {_OLD_API_REQUESTS} LIMIT %s)"""  # noqa: S608


@dataclass(frozen=True)
class _Step:
    """Rows of one kind that leave: those of ``old`` (a FROM clause), by repeating ``some``, after ``first``."""

    kind: str
    old: str
    some: str
    before: list[dt.datetime]
    first: str = ""


def remove_told(url: str, run: Run) -> list[Part]:
    """Remove old tries, deliveries, events and alerts, in the order in which they refer to each other."""
    keep = run.keep
    tries, delivered, told, noted, asked = (
        [cutoff(days, run.now)]
        for days in (keep.attempts, keep.deliveries, keep.events, keep.alerts, keep.api_requests)
    )
    steps = [
        _Step("tries of deliveries", _OLD_ATTEMPTS, _SOME_ATTEMPTS, tries),
        _Step("deliveries", _OLD_DELIVERIES, _SOME_DELIVERIES, delivered * 2),
        _Step("events", _OLD_EVENTS, _SOME_EVENTS, told, first=_LIST_EVENTS),
        _Step("alerts", _OLD_ALERTS, _SOME_ALERTS, noted),
        _Step("API requests", _OLD_API_REQUESTS, _SOME_API_REQUESTS, [*asked, run.now]),
    ]
    with connect(url) as connection:
        return [_rows(connection, step, run) for step in steps]


def _rows(connection: Connection, step: _Step, run: Run) -> Part:
    part = Part(step.kind)
    connection.rollback()
    if run.dry_run:
        rows = int(value(connection, "SELECT count(*) " + step.old, step.before))
    elif step.first:
        with connection:
            execute(connection, step.first, step.before)
        rows = retirement.in_batches(connection, step.kind, run.now, step.some)
    else:
        rows = retirement.in_batches(connection, step.kind, run.now, step.some, step.before)
    if rows:
        part.removed.append(Removed("old rows", rows))
    return part


def remove_outcomes(url: str, catalog: Catalog, run: Run) -> Part:
    """Remove the outcomes of old cohorts whose publication is gone; the batches that brought them stay, as counts."""
    part = Part("outcomes")
    with connect(url) as connection:
        for cohort in observed.cohorts(connection, catalog):
            reason = outcomes_stay(cohort, run.keep, run.now)
            if reason is not None:
                part.stays[reason] += 1
                continue
            connection.rollback()
            rows = cohort.rows if run.dry_run else _forget(connection, cohort, run.now)
            part.removed.append(Removed(f"outcomes of {cohort.score} {cohort.as_of}", rows))
    return part


def _forget(connection: Connection, cohort: CohortSeen, now: dt.datetime) -> int:
    with connection:  # the trigger of the table lets only those delete who say that they forget
        execute(connection, "SET scoring.forgetting = 'on'")
        execute(connection, _REFUSED_OUTCOMES, (cohort.score, cohort.as_of))
    rows = retirement.in_batches(connection, "outcomes", now, _SOME_OUTCOMES, (cohort.score, cohort.as_of))
    with connection:
        execute(connection, "RESET scoring.forgetting")
    return rows
