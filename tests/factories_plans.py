"""Collects the plans of the statements that code runs, to see which tables they go through from end to end."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class, named like one

from scoring.database import Connection


class Explaining(Cursor):
    """Asks for the plan of each statement first."""

    plans: list[dict]

    def execute(self, query, vars=None) -> None:  # noqa: A002 - psycopg2's name
        text = self.mogrify(query, vars)
        if text.lstrip().split(None, 1)[0].upper() in (b"SELECT", b"WITH", b"INSERT", b"UPDATE", b"DELETE"):
            super().execute(b"EXPLAIN (FORMAT JSON) " + text)
            self.plans.append(json.loads(json.dumps(self.fetchone()[0]))[0]["Plan"])
        super().execute(query, vars)


@contextmanager
def collected_plans(connection: Connection) -> Iterator[list[dict]]:
    """Inside, the plan of each statement of a connection comes into the list that is given."""
    plans: list[dict] = []
    before, connection.cursor_factory = connection.cursor_factory, type("Collecting", (Explaining,), {"plans": plans})
    try:
        yield plans
    finally:
        connection.cursor_factory = before


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
