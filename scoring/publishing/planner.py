"""What helps PostgreSQL to plan: settings for a few statements of a transaction, and whether a table is in order."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2 import sql

from scoring.database import Connection, column, execute, value

_CURRENT = "SELECT current_setting(name) FROM unnest(%s) WITH ORDINALITY AS s (name, number) ORDER BY number"
_SET = "SELECT set_config(name, setting, true) FROM unnest(%s, %s) AS s (name, setting)"

_CORRELATION = """
    SELECT correlation FROM pg_stats
    WHERE format('%%I.%%I', schemaname, tablename)::regclass = %s::regclass AND attname = %s"""

# Two sorted shards, written at the same time, have 0.5, and are read as quickly as one; at random it is 0 +- 0.02.
_ORDERED = 0.4


@contextmanager
def planner(connection: Connection, **switches: str) -> Iterator[None]:
    """Run the body of the ``with`` under other settings, then restore the former ones.

    After a failed statement nothing is restored: the rollback of the transaction restores the settings.
    """
    before = column(connection, _CURRENT, (list(switches),))
    execute(connection, _SET, (list(switches), list(switches.values())))
    yield
    execute(connection, _SET, (list(switches), before))


def in_order(connection: Connection, table: sql.Composed, name: str) -> bool:
    """Whether the rows of an analyzed table stand about in the order of a column; so do few rows or none."""
    found = value(connection, _CORRELATION, (table.as_string(connection), name))
    return found is None or abs(found) >= _ORDERED
