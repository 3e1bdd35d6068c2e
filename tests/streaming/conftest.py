"""The shop with streamed scores, before and after a first load."""

import psycopg2
import pytest
from factories import JUNE, customers, published, query, snapshot_of, value
from streamed_shop import LEAVING, SPENDING


@pytest.fixture
def streaming(shop):
    """The shop whose scores are streamed."""
    return shop.model_copy(update={"definitions": "streamed_shop"})


@pytest.fixture
def loaded(streaming):
    """Both scores are published for June; the events of that are gone."""
    snapshot_of(streaming, customers(20, spend=100.0), JUNE)
    for score in (LEAVING, SPENDING):
        published(streaming, score)
    query(streaming, "DELETE FROM scoring.outbox")
    query(streaming, "DELETE FROM scoring.event")
    return streaming


@pytest.fixture
def database_away(loaded, server):
    """Take the database away, and bring it back."""
    name = value(loaded, "SELECT current_database()")

    def execute(statement, *arguments):
        admin = psycopg2.connect(server)
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute(statement, arguments)
        admin.close()

    def away():
        execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", name)

    def back():
        execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")

    yield away, back
    back()
