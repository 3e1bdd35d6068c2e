"""Removes the rows of old publications. No reader is held up, and a kill at any moment leaves work for the next run.

Two steps. A transaction marks the publication as retired: from then on readers do not see it, and its row, with counts,
checksum and digests, stays. Then its partition is detached CONCURRENTLY and dropped. A plain DROP would wait for every
reader of the whole table and let new ones wait behind it; this waits for those of before alone, and nobody for it.
"""

import psycopg2
from psycopg2 import sql

from scoring.catalog import Catalog
from scoring.database import Connection, connect, execute, one_or_none, value
from scoring.maintain import observed, retirement
from scoring.maintain.report import Part, Removed
from scoring.maintain.rules import PublicationSeen, Run, publication_stays
from scoring.publishing.publications import rows_table, shadow_table

KIND = "publications"
PATIENCE = "60s"  # for readers that have begun before; only one partition of a table can be waited for at a time
HELD_UP = "readers that began before hold the table; the next run goes on"

_RETIRE = """
    UPDATE scoring.publication SET state = 'retired', retired_from = state, retired_at = now()
    WHERE publication_id = %s AND state IN ('published', 'superseded')"""

_DISCARD = "DELETE FROM scoring.publication WHERE publication_id = %s AND state = 'open'"

# Its figures stay. What they were counted from is large, and can be counted again only from rows that are gone.
_FORGET_COUNTS = """
    DELETE FROM scoring.profile f WHERE publication_id = %(id)s AND NOT EXISTS (
        SELECT FROM scoring.profile o WHERE o.bins_of = f.profile_id AND o.publication_id IS DISTINCT FROM %(id)s)"""

_FORGET_SHARDS = "DELETE FROM scoring.shard WHERE publication_id = %s"

_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('publication ' || %s, 0))"

_ATTACHED = """
    SELECT i.inhdetachpending AS pending, i.inhrelid IS NOT NULL AS attached
    FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE c.oid = to_regclass(%s)"""


def retire(url: str, catalog: Catalog, run: Run) -> Part:
    """Remove the rows of the publications that may go."""
    part = Part(KIND)
    with retirement.autocommitting(url) as connection:
        held_up = None if run.dry_run else _finish(connection)
        for one in observed.publications(connection):
            reason = _stays(catalog, run, one)
            if reason is not None:
                part.stays[reason] += 1
                continue
            why_not = held_up
            if not (run.dry_run or held_up):
                why_not = _remove(url, connection, catalog, run, one)
                held_up = why_not if why_not == HELD_UP else None
            part.removed.append(Removed(name_of(one), one.rows, one.bytes, why_not))
    return part


def name_of(one: PublicationSeen) -> str:
    """The publication's name in reports."""
    return f"{one.state} publication {one.publication_id} of {one.score} {one.as_of}"


def _remove(url: str, connection: Connection, catalog: Catalog, run: Run, one: PublicationSeen) -> str | None:
    """Mark a publication, then remove its tables; says why it is not done, if it is not."""
    with connect(url) as marking, retirement.not_under_hold(marking):
        if not value(marking, _LOCK, (one.score,)):
            return "its score is being published"
        (seen,) = observed.publications(marking, one.publication_id) or (None,)
        if seen is None or _stays(catalog, run, seen) is not None:
            return "it is needed again"
        _mark(marking, seen)
    return _drop(connection, one.publication_id)


def _stays(catalog: Catalog, run: Run, one: PublicationSeen) -> str | None:
    return publication_stays(one, observed.needs_of(catalog, one), run.keep, run.now)


def _mark(connection: Connection, one: PublicationSeen) -> None:
    retirement.begin(connection, KIND, str(one.publication_id), one.rows, one.bytes)
    # Deleting what belongs to a shard waits for one that is running: it locks its own row before it writes.
    execute(connection, _FORGET_SHARDS, (one.publication_id,))
    execute(connection, _FORGET_COUNTS, {"id": one.publication_id})
    execute(connection, _RETIRE if one.state != "open" else _DISCARD, (one.publication_id,))


def _finish(connection: Connection) -> str | None:
    """Remove the tables that an earlier run has left; says why not, if readers of before hold one."""
    for what in retirement.unfinished(connection, KIND):
        if why_not := _drop(connection, int(what)):
            return why_not
    return None


def _drop(connection: Connection, publication_id: int) -> str | None:
    """Drop the tables of a publication that nobody sees any more; says why not, if readers of before hold them."""
    execute(connection, "SELECT set_config('statement_timeout', %s, false)", (PATIENCE,))
    try:
        for parent, table in (("score", rows_table), ("shadow_score", shadow_table)):
            _drop_table(connection, sql.Identifier("scoring", parent), table(publication_id))
    except (psycopg2.errors.QueryCanceled, psycopg2.errors.LockNotAvailable):
        return HELD_UP
    retirement.end(connection, KIND, str(publication_id))
    return None


def _drop_table(connection: Connection, parent: sql.Composable, table: sql.Composed) -> None:
    state = one_or_none(connection, dict, _ATTACHED, (table.as_string(connection),))
    if state is None:
        return
    if state["attached"]:
        how = "FINALIZE" if state["pending"] else "CONCURRENTLY"
        statement = sql.SQL("ALTER TABLE {} DETACH PARTITION {} {}").format(parent, table, sql.SQL(how))
        execute(connection, statement)
    execute(connection, sql.SQL("DROP TABLE {}").format(table))
