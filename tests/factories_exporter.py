"""An exporter on the made-up customers of the page, and what Airflow sends to it."""

import datetime as dt
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Thread

import factories_page
import psycopg2
from prometheus_client.parser import text_string_to_metric_families
from psycopg2 import sql
from pydantic import SecretStr

from scoring.catalog import Catalog, load_catalog
from scoring.exporter.collector import Read
from scoring.exporter.exporter import listening
from scoring.exporter.server import Server
from scoring.settings import ExporterSettings

TOKEN = "a-token-that-nobody-guesses"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
DAYS = 70
Samples = dict[tuple[str, tuple[str, ...]], float]


def filled(server: str, name: str, *, last: dt.date) -> str:
    """URI of a new database with made-up customers, and a try of each kind within the last hour."""
    with closing(psycopg2.connect(server)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template_scoring").format(sql.Identifier(name)))
    url = server.replace("/postgres?", f"/{name}?")
    factories_page.fill(url, days=DAYS, last=last)
    change(
        url,
        """
        INSERT INTO scoring.attempt (delivery_id, attempt, attempted_at, status, error, seconds)
        SELECT (SELECT delivery_id FROM scoring.delivery WHERE state = 'dead' LIMIT 1), row_number() OVER (),
            now() - age, status, CASE WHEN status IS NULL THEN 'no answer' END, 0.1
        FROM (VALUES (204, interval '1 minute'), (200, '2 minutes'), (500, '3 minutes'), (NULL, '4 minutes'),
                     (429, '2 hours')) AS a (status, age)
        """,
    )
    change(
        url,
        """
        UPDATE scoring.stream_offset SET looked_at = now() - (5 + partition_id) * interval '1 second', moved_at = now(),
            oldest_at = oldest_at - oldest_at + now() - interval '90 seconds';
        UPDATE scoring.stream_refusal SET refused_at = now() - (100 - message_offset) * interval '2 minutes';
        """,
    )
    return url


def change(url: str, statement: str) -> None:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)


def catalog() -> Catalog:
    return load_catalog("page_definitions")


def samples(text: str) -> Samples:
    """The samples of a page by name and values of the labels, in the order of the labels' names."""
    return {
        (one.name, tuple(value for _, value in sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


@contextmanager
def serving(read: Read, *, statsd_port: int = 0) -> Iterator[Server]:
    """An exporter in this process."""
    settings = ExporterSettings(port=0, token=SecretStr(TOKEN), cache_seconds=0, statsd_port=statsd_port)
    with listening(read, catalog(), settings) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
