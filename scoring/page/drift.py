"""How far each column has moved, by date: the cells of a heat map."""

import datetime as dt
from dataclasses import dataclass

from scoring.database import Connection, all_rows
from scoring.page.partitions import Look
from scoring.page.trend import EVERYBODY, Group

MOST_COLUMNS = 40  # more rows cannot be read; those that moved most are shown


@dataclass
class Row:
    """A column (``kind``: its values, who has none, or the score itself) with a cell per date.

    ``distance`` is Jensen-Shannon's; None where it was not compared. ``drifted`` marks the verdicts; ``psi`` is that of
    the newest date.
    """

    column: str
    kind: str
    distance: list[float | None]
    psi: float | None
    drifted: list[bool]


@dataclass(frozen=True)
class Drift:
    """The columns that moved most, ``of`` so many; ``reasons`` says why a date was not compared."""

    against: str
    least: float | None
    dates: list[dt.date]
    rows: list[Row]
    of: int
    reasons: list[str | None]


@dataclass(frozen=True)
class _Run:
    as_of: dt.date
    least: float
    reason: str | None


@dataclass(frozen=True)
class _Cell:
    place: int
    columns: int
    column_name: str
    kind: str
    as_of: dt.date
    distance: float | None
    psi: float | None
    drifted: bool


_RUNS = """
    SELECT as_of, least, reason FROM scoring.current_drift_run
    WHERE publication_id = ANY(%(ids)s) AND against = %(against)s ORDER BY as_of"""

_CELLS = """
    WITH cell AS MATERIALIZED (
        SELECT as_of, column_name, kind, distance, psi, drifted FROM scoring.current_drift
        WHERE publication_id = ANY(%(ids)s) AND against = %(against)s AND segment = %(segment)s
            AND segment_value = %(value)s),
    ranked AS (
        SELECT column_name, kind, row_number() OVER (ORDER BY count(*) FILTER (WHERE drifted) DESC,
            max(distance) DESC NULLS LAST, column_name, kind) AS place, count(*) OVER () AS columns
        FROM cell GROUP BY column_name, kind)
    SELECT r.place, r.columns, c.column_name, c.kind, c.as_of, c.distance, c.psi, c.drifted
    FROM ranked r JOIN cell c USING (column_name, kind) WHERE r.place <= %(most)s ORDER BY r.place, c.as_of"""


def drift(connection: Connection, look: Look, against: str, group: Group = EVERYBODY) -> Drift:
    """How far the columns have moved against ``training`` or the ``previous`` publication."""
    asked = {"ids": look.publication_ids, "against": against, "segment": group[0], "value": group[1]}
    runs = {run.as_of: run for run in all_rows(connection, _Run, _RUNS, asked)}
    cells = all_rows(connection, _Cell, _CELLS, asked | {"most": MOST_COLUMNS})
    dates = list(runs)
    place = {as_of: number for number, as_of in enumerate(dates)}
    rows: dict[int, Row] = {}
    for cell in cells:
        row = rows.get(cell.place) or rows.setdefault(cell.place, _blank(cell, len(dates)))
        at = place[cell.as_of]
        row.distance[at], row.drifted[at] = cell.distance, cell.drifted
        row.psi = cell.psi if at == len(dates) - 1 else None
    return Drift(
        against=against,
        least=next((run.least for run in reversed(runs.values())), None),
        dates=dates,
        rows=list(rows.values()),
        of=cells[0].columns if cells else 0,
        reasons=[run.reason for run in runs.values()],
    )


def _blank(cell: _Cell, dates: int) -> Row:
    return Row(cell.column_name, cell.kind, [None] * dates, None, [False] * dates)
