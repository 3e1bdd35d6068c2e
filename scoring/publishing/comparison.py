"""Compares the rows of a publication with what the CRM was told; who differs is in the temporary table ``changed``.

The rule is that of :mod:`scoring.publishing.change`; it stands here once more, as SQL.
"""

import datetime as dt
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql

from scoring.database import Connection, all_rows, execute, one
from scoring.domain.score import ChangeRule
from scoring.domain.streams import known_until
from scoring.publishing.change import share_limits
from scoring.publishing.digest import MOVERS, Migration, Movements, Mover
from scoring.publishing.planner import order, planner

# The planner needs only few statistics of the new table's keys.
_FEW_STATISTICS = {"default_statistics_target": "10"}

# How two tables are joined that both have an index of the keys. Nested loops are never quicker.
# In the order of the keys, a merge join reads both once, in the memory of a row. A hash join of a million customers
# costs two to three times the CPU, because each probe misses the caches, and ten million spill to disk.
# Announcements are written in that order; the planner, which cannot know it of their index, would sort them.
# Workers take whole ranges of keys, one each: if they shared an index scan of one table, each would read all of the
# other. No index is large enough for that by the setting of its size, which is as large as it can be.
_IN_ORDER = {
    "enable_nestloop": "off",
    "enable_hashjoin": "off",
    "enable_sort": "off",
    "min_parallel_index_scan_size": "715827882",
}

# In any other order, a merge join would fetch each row from elsewhere. One parallel pass over both tables: the leader
# only collects. A cost for passing on rows would rule it out where the planner assumes that every row changed.
_IN_DISORDER = {
    "enable_nestloop": "off",
    "enable_mergejoin": "off",
    "work_mem": "128MB",
    "parallel_tuple_cost": "0",
    "parallel_leader_participation": "off",
}

# The rows about which something is done (see change.treatment). Those that differ by the change rule are told, unless
# the definition is quiet about what comes with ``another`` version of the model: then what counts as told moves
# (``moved``). Of the others only the version is noted. With %(known_only)s (a first load that the definition does not
# announce) the customers become known with version 0 and nobody is told; of who is known by a stream, the value of the
# publication counts as told. Who was told of something newer, by a stream, is passed over. ``known`` is the
# announcement's ctid.
#
# PostgreSQL raises on float64 overflow and underflow, so each CASE avoids such a computation. If one value is at most
# 1e200 in size, the difference cannot overflow; else comparing the halves shows whether it would.
_FIND = sql.SQL("""
    CREATE TEMPORARY TABLE changed ON COMMIT DROP AS
    SELECT customer_id, value, points, band, model_version, known, previous_value, previous_points, previous_band,
           differs AND NOT moved AND NOT %(known_only)s AS told,
           moved OR %(known_only)s AND known IS NOT NULL AS moved, another AND %(paced)s AS paced,
           CASE WHEN known IS NOT NULL AND (moved OR NOT differs) OR %(known_only)s THEN coalesce(version, 0)
                ELSE coalesce(version, 0) + 1 END AS version
    FROM ({compared}) compared
    WHERE (differs OR unseen) AND (told_of < %(known_until)s) IS NOT FALSE
    ORDER BY customer_id""")

_COMPARE = sql.SQL("""
        SELECT n.customer_id, n.value, n.points, n.band, n.model_version, a.ctid AS known, a.version,
               a.value AS previous_value, a.points AS previous_points, a.band AS previous_band,
               a.event_time AS told_of,
               n.model_version <> a.model_version IS TRUE AS another,
               n.model_version IS DISTINCT FROM a.model_version AS unseen,
               %(quiet)s AND (n.model_version <> a.model_version) IS TRUE AS moved,
               (a.customer_id IS NULL
           OR (%(band)s AND n.band IS DISTINCT FROM a.band)
           OR abs(n.points - a.points) >= %(points)s
           OR (%(amount)s AND n.value <> a.value AND
               CASE WHEN least(abs(n.value), abs(a.value)) <= 1e200 THEN abs(n.value - a.value)
                    WHEN abs(n.value / 2 - a.value / 2) <= %(half_of_largest)s THEN abs(n.value - a.value)
                    ELSE 'Infinity' END
               >= greatest(%(absolute)s,
                           CASE WHEN abs(a.value) < %(share_from)s THEN 0
                                WHEN abs(a.value) >= %(share_infinite_from)s THEN 'Infinity'
                                ELSE %(relative)s * abs(a.value) END))) IS TRUE AS differs
        FROM {rows} n
        LEFT JOIN scoring.announcement a ON a.score = %(score)s AND a.customer_id = n.customer_id{announced}{range}""")

# All rows, or the two ranges of keys that two processes compare side by side.
_ALL = [{"announced": sql.SQL(""), "range": sql.SQL("")}]
_HALVES = [
    {
        "announced": sql.SQL(f" AND a.customer_id {is_} %(middle)s"),
        "range": sql.SQL(f" WHERE n.customer_id {is_} %(middle)s"),
    }
    for is_ in ("<", ">=")
]

# With fewer rows, starting two processes takes longer than they save.
SHARED_FROM = 100_000

_FOUND = """
    SELECT count(*) FILTER (WHERE told) AS told, count(*) FILTER (WHERE told AND paced) AS paced,
           count(*) FILTER (WHERE moved) AS moved
    FROM changed"""

_GROUPS = """
    SELECT known IS NULL AS is_new, previous_band, band, count(*) AS customers FROM changed WHERE told
    GROUP BY 1, 2, 3
    ORDER BY customers DESC, previous_band, band"""

# Points are what people see of a probability. PostgreSQL raises where a difference is infinite; above 1e200 on both
# sides half of it will do.
_MOVERS = """
    SELECT customer_id, previous_value, value, previous_points, points, previous_band, band
    FROM changed WHERE told AND known IS NOT NULL
    ORDER BY abs(points - previous_points) DESC NULLS LAST,
        CASE WHEN least(abs(value), abs(previous_value)) <= 1e200 THEN abs(value - previous_value)
             ELSE abs(value / 2 - previous_value / 2) END DESC,
        customer_id
    LIMIT %(movers)s"""


@dataclass(frozen=True)
class _Group:
    """Customers that moved alike."""

    is_new: bool
    previous_band: str | None
    band: str | None
    customers: int

    @property
    def migrated(self) -> bool:
        return not self.is_new and self.previous_band != self.band


@dataclass(frozen=True)
class Found:
    """Customers to be ``told`` of, of them at a pace (``paced``), and those ``moved`` without a word."""

    told: int
    paced: int
    moved: int


@contextmanager
def compared(
    connection: Connection,
    rows: sql.Composed,
    rule: ChangeRule,
    *,
    count: int,
    score: str,
    as_of: dt.date,
    known_only: bool,
) -> Iterator[Found]:
    """Compare the ``count`` rows of a table, of a date, with the announcements; gives how many customers differ.

    Inside, :func:`movements` looks at the differences and ``announcements.tell`` writes them; without it they are
    forgotten. With ``known_only`` everybody is to become known and nobody to be told.
    """
    with planner(connection, **_FEW_STATISTICS):
        execute(connection, sql.SQL("ANALYZE {} (customer_id)").format(rows))
    keys = order(connection, rows, "customer_id")
    ranges = _HALVES if keys.kept and keys.middle and count >= SHARED_FROM else _ALL
    with planner(connection, **(_IN_ORDER if keys.kept else _IN_DISORDER)):
        statement = _FIND.format(
            compared=sql.SQL("\n        UNION ALL").join(_COMPARE.format(rows=rows, **one) for one in ranges)
        )
        names = {"score": score, "known_until": known_until(as_of), "known_only": known_only, "middle": keys.middle}
        execute(connection, statement, names | _bounds(rule))
    yield one(connection, Found, _FOUND)
    execute(connection, "DROP TABLE changed")


def movements(connection: Connection) -> Movements:
    """What :func:`compared` found, in short: from which band to which, and who moved most."""
    groups = all_rows(connection, _Group, _GROUPS)
    migration = [Migration(one.previous_band, one.band, one.customers) for one in groups if one.migrated]
    return Movements(
        new=sum(one.customers for one in groups if one.is_new),
        migration=tuple(migration),
        movers=tuple(all_rows(connection, Mover, _MOVERS, {"movers": MOVERS})),
    )


def _bounds(rule: ChangeRule) -> dict[str, Any]:
    """The change rule as parameters of the comparison."""
    share_from, share_infinite_from = share_limits(rule.relative) if rule.relative else (0.0, float("inf"))
    return {
        "quiet": rule.after_promotion == "quiet",
        "paced": rule.per_minute_after_promotion is not None,
        "band": rule.band,
        "points": rule.points,
        "amount": rule.relative is not None or rule.absolute is not None,
        "relative": rule.relative or 0.0,
        "absolute": rule.absolute or 0.0,
        "share_from": share_from,
        "share_infinite_from": share_infinite_from,
        "half_of_largest": sys.float_info.max / 2,
    }
