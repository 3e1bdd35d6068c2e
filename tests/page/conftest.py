"""A database with a hundred days of five scores, filled once: the page only reads."""

import datetime as dt
from collections.abc import Iterator

import factories_page
import psycopg2
import pytest
from psycopg2 import sql

from scoring.database import Connection
from scoring.page.partitions import Look, look
from scoring.page.reading import reading

LAST = dt.date(2025, 12, 31)
DAYS = 100


@pytest.fixture(scope="session")
def filled(server: str) -> str:
    """URI of the filled database."""
    connection = psycopg2.connect(server)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE DATABASE page_filled TEMPLATE template_scoring"))
    connection.close()
    url = server.replace("/postgres?", "/page_filled?")
    factories_page.fill(url, days=DAYS, last=LAST)
    return url


@pytest.fixture
def connection(filled: str) -> Iterator[Connection]:
    """A connection as the page has it."""
    with reading(filled) as opened:
        yield opened


@pytest.fixture
def churn(connection: Connection) -> Look:
    """All dates of the score "churn"."""
    return look(connection, "churn")
