"""PostgreSQL's settings for a few statements of a transaction, and not for those that follow."""

from collections.abc import Iterator
from contextlib import contextmanager

from scoring.database import Connection, column, execute

_CURRENT = "SELECT current_setting(name) FROM unnest(%s) WITH ORDINALITY AS s (name, number) ORDER BY number"
_SET = "SELECT set_config(name, setting, true) FROM unnest(%s, %s) AS s (name, setting)"


@contextmanager
def planner(connection: Connection, **switches: str) -> Iterator[None]:
    """Run what is inside with other settings, then put the former ones back.

    Nothing is put back when a statement fails: its transaction is rolled back, and the settings with it.
    """
    before = column(connection, _CURRENT, (list(switches),))
    execute(connection, _SET, (list(switches), list(switches.values())))
    yield
    execute(connection, _SET, (list(switches), before))
