"""What the page reads with can only read, ends when a query takes too long, and says what to do."""

import psycopg2
import pytest

from scoring.database import execute, value
from scoring.errors import ConfigurationError, PermanentError, TransientError
from scoring.page.partitions import look
from scoring.page.reading import reading


def test_it_cannot_write(database_url: str) -> None:
    with pytest.raises(PermanentError, match="25006"), reading(database_url) as connection:
        execute(connection, "DELETE FROM scoring.publication")


def test_all_queries_of_an_answer_see_the_same_moment(database_url: str) -> None:
    with reading(database_url) as connection:
        before = value(connection, "SELECT count(*) FROM scoring.endpoint")
        other = psycopg2.connect(database_url)
        with other, other.cursor() as cursor:
            cursor.execute("INSERT INTO scoring.endpoint (endpoint) VALUES ('another')")
        other.close()
        assert value(connection, "SELECT count(*) FROM scoring.endpoint") == before


def test_a_query_that_takes_too_long_is_cut_off_with_a_remedy(database_url: str) -> None:
    with (
        pytest.raises(TransientError, match=r"longer than 0\.05 seconds.*Remedy: Choose fewer dates"),
        reading(database_url, seconds=0.05) as connection,
    ):
        execute(connection, "SELECT pg_sleep(60)")


def test_a_schema_that_is_too_old_is_named_with_the_command_that_renews_it(server: str) -> None:
    with pytest.raises(ConfigurationError, match="Remedy: Run `scoring migrate`"), reading(server) as connection:
        look(connection, "churn")
