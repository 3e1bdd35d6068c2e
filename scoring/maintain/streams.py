"""Removes what streams left behind: ranges of offsets, refusals that are dead-lettered, and updates that batches know.

A streamed score that holds stays at any age, and the update that it was made from.
"""

import datetime as dt

from scoring.catalog import Catalog
from scoring.database import Connection, all_rows, connect, value
from scoring.maintain import retirement
from scoring.maintain.report import Part, Removed
from scoring.maintain.rules import Run, cutoff

_OLD_RANGES = "FROM scoring.stream_range r WHERE r.committed_at < %s"
_SOME_RANGES = f"""
    DELETE FROM scoring.stream_range WHERE range_id IN (SELECT r.range_id {_OLD_RANGES} LIMIT %s)"""  # noqa: S608

_OLD_REFUSALS = """
    FROM scoring.stream_refusal r
    WHERE r.refused_at < %s AND r.dead_lettered_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM scoring.legal_hold_in_force h
        WHERE h.kind = 'data_set' AND h.name = r.data_set OR h.kind = 'customer' AND h.name = r.customer_id)"""
_SOME_REFUSALS = f"""
    DELETE FROM scoring.stream_refusal WHERE refusal_id IN (SELECT r.refusal_id {_OLD_REFUSALS} LIMIT %s)"""  # noqa: S608

_OLD_SCORES = """
    FROM scoring.streamed_score t
    WHERE t.scored_at < %s AND t.event_time < (
            SELECT (max(p.as_of) + 1)::timestamp AT TIME ZONE 'UTC' FROM scoring.publication p
            WHERE p.score = t.score AND p.state = 'published')
        AND NOT EXISTS (
            SELECT FROM scoring.legal_hold_in_force h
            WHERE h.kind = 'score' AND h.name = t.score OR h.kind = 'customer' AND h.name = t.customer_id)"""
_SOME_SCORES = f"""
    DELETE FROM scoring.streamed_score WHERE ctid IN (SELECT t.ctid {_OLD_SCORES} LIMIT %s)"""  # noqa: S608

# All streamed scores of the data set are published for a date that knows the update, so that an older one is outdated.
_OLD_UPDATES = """
    FROM scoring.customer_update u
    WHERE u.received_at < %s AND u.data_set = %s AND u.event_time < %s
        AND NOT EXISTS (SELECT FROM scoring.streamed_score t WHERE t.customer_id = u.customer_id AND t.score = ANY(%s))
        AND NOT EXISTS (
            SELECT FROM scoring.legal_hold_in_force h
            WHERE h.kind = 'data_set' AND h.name = u.data_set OR h.kind = 'customer' AND h.name = u.customer_id)"""
_SOME_UPDATES = f"""
    DELETE FROM scoring.customer_update WHERE ctid IN (SELECT u.ctid {_OLD_UPDATES} LIMIT %s)"""  # noqa: S608

_KNOWN = """
    SELECT score, (max(as_of) + 1)::timestamp AT TIME ZONE 'UTC' AS until FROM scoring.publication
    WHERE state = 'published' GROUP BY score"""


def remove_streamed(url: str, catalog: Catalog, run: Run) -> list[Part]:
    """Remove what is older than its limit, in the order in which things need each other."""
    keep = run.keep
    ranges, refused, superseded = (cutoff(days, run.now) for days in (keep.streams, keep.quarantine, keep.superseded))
    with connect(url) as connection:
        return [
            _part(connection, "ranges of streams", (_OLD_RANGES, _SOME_RANGES), [ranges], run),
            _part(connection, "refused messages", (_OLD_REFUSALS, _SOME_REFUSALS), [refused], run),
            _part(connection, "streamed scores", (_OLD_SCORES, _SOME_SCORES), [superseded], run),
            *(
                _part(connection, f"updates of {name}", (_OLD_UPDATES, _SOME_UPDATES), [superseded, name, *known], run)
                for name, *known in _known_updates(connection, catalog)
            ),
        ]


def _known_updates(connection: Connection, catalog: Catalog) -> list[tuple[str, dt.datetime, list[str]]]:
    """Data sets all of whose streamed scores are published, until when these know everything, and those scores."""
    until = {row["score"]: row["until"] for row in all_rows(connection, dict, _KNOWN)}
    found = []
    for name in catalog.data_sets:
        streamed = [score.name for score in catalog.scores_of(name) if score.streamed]
        if streamed and all(score in until for score in streamed):
            found.append((name, min(until[score] for score in streamed), streamed))
    return found


def _part(connection: Connection, kind: str, rows: tuple[str, str], given: list[object], run: Run) -> Part:
    """Remove rows of one kind: ``rows`` says which are old (a FROM clause), and deletes some of them."""
    part, (old, some) = Part(kind), rows
    connection.rollback()
    if run.dry_run:
        count = int(value(connection, "SELECT count(*) " + old, given))
    else:
        count = retirement.in_batches(connection, kind, run.now, some, given)
    if count:
        part.removed.append(Removed("old rows", count))
    return part
