"""What helps PostgreSQL to plan: settings for a few statements of a transaction, and how the rows of a table stand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg2 import sql

from scoring.database import Connection, column, execute, one_or_none

_CURRENT = "SELECT current_setting(name) FROM unnest(%s) WITH ORDINALITY AS s (name, number) ORDER BY number"
_SET = "SELECT set_config(name, setting, true) FROM unnest(%s, %s) AS s (name, setting)"

_STANDING = """
    SELECT correlation, histogram_bounds::text::text[] AS bounds FROM pg_stats
    WHERE format('%%I.%%I', schemaname, tablename)::regclass = %s::regclass AND attname = %s"""

# Two sorted shards, written at the same time, have 0.5, and are read as quickly as one; at random it is 0 +- 0.02.
_ORDERED = 0.4

_BOUNDS = 3  # the lowest value, one in the middle, and the highest


@contextmanager
def planner(connection: Connection, **switches: str) -> Iterator[None]:
    """Run the body of the ``with`` under other settings, then restore the former ones.

    After a failed statement nothing is restored: the rollback of the transaction restores the settings.
    """
    before = column(connection, _CURRENT, (list(switches),))
    execute(connection, _SET, (list(switches), list(switches.values())))
    yield
    execute(connection, _SET, (list(switches), before))


@dataclass(frozen=True)
class Order:
    """How the rows of a table stand by one of its columns.

    ``kept`` says that they stand about in its order; about half of them have less than ``middle``, which is None if
    there are only few rows.
    """

    kept: bool
    middle: str | None


@dataclass(frozen=True)
class _Statistics:
    correlation: float | None
    bounds: list[str] | None


def order(connection: Connection, table: sql.Composed, name: str) -> Order:
    """The order of a text column of an analyzed table, by PostgreSQL's statistics. Few rows or none are in order."""
    found = one_or_none(connection, _Statistics, _STANDING, (table.as_string(connection), name))
    if found is None:
        return Order(kept=True, middle=None)
    kept = found.correlation is None or abs(found.correlation) >= _ORDERED
    bounds = found.bounds or []
    return Order(kept, bounds[len(bounds) // 2] if len(bounds) >= _BOUNDS else None)
