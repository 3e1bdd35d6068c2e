"""Fills tables, and collects the plans of the statements that code runs: which tables and indexes they go through."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class, named like one

from scoring.database import Connection

STATEMENTS = Path(__file__).with_suffix(".sql")
DATES, CUSTOMERS, KNOWN, TOLD = 30, 1_000, 5_000, 4


class Explaining(Cursor):
    """Asks for the plan of each statement, as it is run."""

    plans: list[dict]

    def execute(self, query, vars=None) -> None:  # noqa: A002 - psycopg2's name
        text = self.mogrify(query, vars)
        if text.lstrip().split(None, 1)[0].upper() in (b"SELECT", b"WITH", b"INSERT", b"UPDATE", b"DELETE"):
            super().execute(b"EXPLAIN (FORMAT JSON) " + text)
            self.plans.append(json.loads(json.dumps(self.fetchone()[0]))[0]["Plan"])
        super().execute(query, vars)


def fill(url: str, *, statistics: bool = True) -> None:
    """Many dates, customers, events, deliveries and outcomes of the shop; without statistics as after a bulk load."""
    counts = {"dates": DATES, "customers": CUSTOMERS, "known": KNOWN, "told": TOLD}
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(STATEMENTS.read_text(), counts)
        if statistics:
            cursor.execute("ANALYZE")


def run(url: str, statement: str, *arguments: object) -> None:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement, arguments)


@contextmanager
def collected_plans(connection: Connection) -> Iterator[list[dict]]:
    """Inside, the plan of each statement of a connection comes into the list that is given."""
    plans: list[dict] = []
    before, connection.cursor_factory = connection.cursor_factory, type("Collecting", (Explaining,), {"plans": plans})
    try:
        yield plans
    finally:
        connection.cursor_factory = before


def performed(connection: Connection, query: str, arguments: object = None) -> dict:
    """The plan of a query that is run, with what was done: partitions that were pruned on the way have no loops."""
    with connection.cursor() as cursor:
        cursor.execute(b"EXPLAIN (ANALYZE, FORMAT JSON) " + cursor.mogrify(query, arguments))
        return json.loads(json.dumps(cursor.fetchone()[0]))[0]["Plan"]


def nodes(plan: dict) -> Iterator[dict]:
    """A plan and its parts."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def scanned(plans: list[dict]) -> set[str]:
    """The tables that plans go through from end to end."""
    return {node["Relation Name"] for plan in plans for node in nodes(plan) if node["Node Type"] == "Seq Scan"}


def searched(plans: list[dict]) -> set[str]:
    """The indexes that plans use."""
    return {node["Index Name"] for plan in plans for node in nodes(plan) if "Index Name" in node}
