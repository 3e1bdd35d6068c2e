"""Tells one endpoint what holds now: the announcements as events, so that what keeps the last of each is complete.

An announcement that the newest event says goes out as this event. Else (the customer became known in silence, the score
moved in silence, the event is gone by age) it gets an event of its own with the next version: no other endpoint is told
of it, and sees a gap. Each score is one transaction under the lock of publishing: what was published before is in it,
and what is published afterwards finds the endpoint.
"""

from scoring.catalog import load_catalog
from scoring.database import Connection, execute, transaction, value
from scoring.errors import NotFound, PermanentError
from scoring.publishing import publications
from scoring.settings import Settings

_ADAPTER = "SELECT adapter FROM scoring.endpoint WHERE endpoint = %s"

# What no event says. Float64 values are compared as such: they were written from the same row.
_SILENT = """
    CREATE TEMPORARY TABLE silent ON COMMIT DROP AS
    SELECT a.customer_id
    FROM scoring.announcement a
    WHERE a.score = %(score)s AND NOT EXISTS (
        SELECT FROM scoring.event e
        WHERE e.score = a.score AND e.customer_id = a.customer_id AND e.version = a.version AND e.as_of = a.as_of
            AND e.value = a.value AND e.points IS NOT DISTINCT FROM a.points AND e.band IS NOT DISTINCT FROM a.band)"""

_NEXT_VERSION = """
    UPDATE scoring.announcement a SET version = a.version + 1
    FROM silent s WHERE a.score = %(score)s AND a.customer_id = s.customer_id"""

# The model of the value is that of its row; when the row is gone by age, the newest of the publication's.
_SAY = """
    INSERT INTO scoring.event (score, customer_id, version, as_of, publication_id, event_time, model_version, value,
        points, band)
    SELECT a.score, a.customer_id, a.version, a.as_of, a.publication_id, a.event_time,
        coalesce(r.model_version, a.model_version,
                 (SELECT max(model_version) FROM scoring.arm WHERE publication_id = a.publication_id), 0),
        a.value, a.points, a.band
    FROM silent s
    JOIN scoring.announcement a ON a.score = %(score)s AND a.customer_id = s.customer_id
    LEFT JOIN scoring.score r ON r.publication_id = a.publication_id AND r.customer_id = a.customer_id"""

_WAIT = """
    INSERT INTO scoring.outbox (endpoint, event_id)
    SELECT %(endpoint)s, e.event_id
    FROM scoring.announcement a
    JOIN scoring.event e ON e.score = a.score AND e.customer_id = a.customer_id AND e.version = a.version
    WHERE a.score = %(score)s
    ON CONFLICT DO NOTHING"""  # what waits already


def fill(settings: Settings, endpoint: str) -> dict[str, int]:
    """Let all announcements of the defined scores wait for an endpoint; returns how many by score.

    It can be repeated: the same is told again then. A killed run has done some of the scores.

    Raises
    ------
    NotFound
        If there is no endpoint of that name.
    PermanentError
        If it is no endpoint of Kafka.
    """
    filled = {}
    for score in sorted(load_catalog(settings.definitions).scores):
        with transaction(settings.database()) as connection:
            filled[score] = _fill(connection, endpoint, score)
    return filled


def _fill(connection: Connection, endpoint: str, score: str) -> int:
    publications.lock(connection, score)
    adapter = value(connection, _ADAPTER, (endpoint,))
    if adapter is None:
        raise NotFound(f"There is no endpoint {endpoint!r}.", remedy="`scoring endpoint list` names all.")
    if adapter != "kafka":
        raise PermanentError(f"{endpoint} keeps what it was told: it is told changes only, and cannot be filled.")
    names = {"endpoint": endpoint, "score": score}
    for statement in (_SILENT, _NEXT_VERSION, _SAY):
        execute(connection, statement, names)
    return execute(connection, _WAIT, names)
