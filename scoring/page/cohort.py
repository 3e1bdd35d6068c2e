"""What a mature cohort expected and what was observed, by tenths of its customers and by band."""

import datetime as dt
from dataclasses import dataclass

from scoring.database import Connection, all_rows
from scoring.page.partitions import Look


@dataclass(frozen=True)
class Evaluated:
    """A realised evaluation: ``used`` of ``rows`` customers have an outcome that was known at ``known_at``."""

    evaluation_id: int
    as_of: dt.date
    known_at: dt.datetime | None
    threshold: float | None
    rows: int
    used: int
    mature: bool
    reason: str | None


@dataclass(frozen=True)
class Range:
    """Customers in a range of the score: their mean value and mean outcome with its 95 % interval.

    ``precision`` and ``recall`` are those of saying yes to this and all higher ranges.
    """

    grouping_by: str
    bin: int
    label: str
    n: int
    expected: float | None
    observed: float | None
    observed_low: float | None
    observed_high: float | None
    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class Cohort:
    """The cohort that was chosen; ``evaluated`` is None if none of the dates has a mature one."""

    evaluated: Evaluated | None
    ranges: list[Range]
    choices: list[dt.date]


_CHOICES = """
    SELECT evaluation_id, as_of, known_at, threshold, rows, used, mature, reason FROM scoring.current_evaluation
    WHERE publication_id = ANY(%(ids)s) AND kind = 'realised' AND mature ORDER BY as_of"""

_RANGES = """
    SELECT grouping_by, bin, label, n, expected, observed, observed_low, observed_high, precision, recall
    FROM scoring.calibration WHERE evaluation_id = %s ORDER BY grouping_by, bin LIMIT 100"""


def cohort(connection: Connection, look: Look, as_of: dt.date | None = None) -> Cohort:
    """The mature cohort of that date, else the newest of those that are looked at."""
    mature = {one.as_of: one for one in all_rows(connection, Evaluated, _CHOICES, {"ids": look.publication_ids})}
    chosen = mature.get(as_of) if as_of else None
    if chosen is None and as_of is None and mature:
        chosen = mature[max(mature)]
    ranges = all_rows(connection, Range, _RANGES, (chosen.evaluation_id,)) if chosen else []
    return Cohort(chosen, ranges, list(mature))
