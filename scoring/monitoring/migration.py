"""The table ``band_migration``: customers by band in a publication and in the one before it."""

import datetime as dt

from psycopg2 import sql

from scoring.database import Connection, execute, transaction, value
from scoring.domain.score import Score
from scoring.monitoring.performance import shown_at
from scoring.publishing import publications
from scoring.publishing.publications import rows_table
from scoring.settings import Settings

_COUNTED = """
    SELECT EXISTS (SELECT FROM scoring.band_migration WHERE publication_id = %s AND previous_publication_id = %s)"""

_COUNT = """
    INSERT INTO scoring.band_migration (publication_id, previous_publication_id, previous_band, band, customers)
    SELECT %s, %s, before.band, now.band, count(*)
    FROM {now} now JOIN {before} before USING (customer_id)
    WHERE now.band IS NOT NULL AND before.band IS NOT NULL
    GROUP BY before.band, now.band"""

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('band migration ' || %s, 0))"


def count_migration(settings: Settings, score: Score, as_of: dt.date) -> None:
    """Count who went from which band to which since the publication before. No-op if that was counted, or without one.

    Raises
    ------
    NotFound
        If nothing is published at ``as_of``.
    """
    if not score.bands:
        return
    with transaction(settings.database()) as connection:
        execute(connection, _LOCK, (score.name,))
        now = shown_at(settings, connection, score, as_of).publication
        before = publications.published_before(connection, score.name, as_of)
        if before is not None:
            _count(connection, now.publication_id, before.publication_id)


def _count(connection: Connection, now: int, before: int) -> None:
    if not value(connection, _COUNTED, (now, before)):
        statement = sql.SQL(_COUNT).format(now=rows_table(now), before=rows_table(before))
        execute(connection, statement, (now, before))
