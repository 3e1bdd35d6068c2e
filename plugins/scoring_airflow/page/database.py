"""The database as the API server reaches it: the connection ``scoring_db``, and never too many at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from airflow.models.connection import Connection as StoredConnection
from airflow.sdk.exceptions import AirflowNotFoundException
from pydantic import SecretStr

from scoring.database import Connection
from scoring.errors import TransientError
from scoring.page.reading import reading
from scoring.settings import Settings, load_settings
from scoring_airflow.connections import DATABASE, postgres_url

MOST = 8  # at a time: Airflow's API server has 40 threads for all its blocking routes
PATIENCE_SECONDS = 2.0

_slots = threading.BoundedSemaphore(MOST)


def page_settings() -> Settings:
    """The environment's settings, with the database of the connection ``scoring_db`` if there is one.

    Tasks ask for connections through their supervisor; the API server has none and reads Airflow's secrets itself:
    backends, environment variables and Airflow's own database.
    """
    settings = load_settings()
    try:
        found = StoredConnection.get_connection_from_secrets(DATABASE)
    except AirflowNotFoundException:
        return settings
    return settings.model_copy(update={"database_url": SecretStr(postgres_url(found))})


@contextmanager
def database(patience: float = PATIENCE_SECONDS) -> Iterator[Connection]:
    """A connection to read with, for one answer; waits for its turn up to ``patience`` seconds.

    Raises
    ------
    TransientError
        If ``MOST`` others are open and none ends in time; and errors as of :func:`scoring.page.reading.reading`.
    """
    if not _slots.acquire(timeout=patience):
        raise TransientError("Too many people load this page at the same time.", remedy="Load it again in a moment.")
    try:
        with reading(page_settings().database()) as connection:
            yield connection
    finally:
        _slots.release()
