"""Changes PostgreSQL's settings for a few statements of a transaction, then restores them."""

from collections.abc import Iterator
from contextlib import contextmanager

from scoring.database import Connection, column, execute

_CURRENT = "SELECT current_setting(name) FROM unnest(%s) WITH ORDINALITY AS s (name, number) ORDER BY number"
_SET = "SELECT set_config(name, setting, true) FROM unnest(%s, %s) AS s (name, setting)"


@contextmanager
def planner(connection: Connection, **switches: str) -> Iterator[None]:
    """Run the body of the ``with`` under other settings, then restore the former ones.

    After a failed statement nothing is restored: the rollback of the transaction restores the settings.
    """
    before = column(connection, _CURRENT, (list(switches),))
    execute(connection, _SET, (list(switches), list(switches.values())))
    yield
    execute(connection, _SET, (list(switches), before))
