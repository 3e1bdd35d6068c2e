"""Which values can be outcomes, and why the others cannot: pure rules over a batch of cells as they were written."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.dataset import Column
from scoring.domain.numbers import EXACT
from scoring.domain.score import Target
from scoring.intake.sources.casts import cast_text
from scoring.intake.sources.numbers import INEXACT
from scoring.intake.sources.reasons import MAX_CELL_BYTES, why_unfit
from scoring.models.labels import positives, strange

NO_VALUE = "no value"
NO_DATE = "impossible time of observation: it is neither a date nor a timestamp like 2005-06-30T12:00:00+02:00"
TOO_EARLY = "impossible time of observation: it is before the cohort's date"
TOO_LATE = "impossible time of observation: it is in the future, more than a day after it was recorded"
AHEAD = dt.timedelta(days=1)  # clocks and time zones differ, and a date without a time is a whole day

TIME = pa.timestamp("us", "UTC")
_ZONE = r":\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)$"
_NANOSECONDS = r"(\.\d{6})\d+"


@dataclass(frozen=True)
class Judged:
    """One entry per row: ``values`` (float64, date or timestamp), null where ``flaws`` (string, else null) says why."""

    values: pa.Array
    flaws: pa.Array


def judge(cells: pa.Array, column: Column, minimum: float | None, target: Target | None = None) -> Judged:
    """Judge values as they were written (strings) by the type of their column.

    Parameters
    ----------
    minimum
        The least value that makes sense, or None.
    target
        If it names which values are positive, the values are 1 or 0 of whether they are.
    """
    typed = cast_or_null(cells, lambda part: cast_text(part, column))
    judged = judge_typed(typed, column, minimum, target)
    unfit = pc.and_(pc.is_valid(cells), pc.is_null(typed))
    flaws = pc.if_else(unfit, _reasons(cells, unfit, column), judged.flaws)
    return Judged(judged.values, flaws)


def judge_typed(typed: pa.Array, column: Column, minimum: float | None, target: Target | None = None) -> Judged:
    """Judge values of the column's own Arrow type, such as a snapshot has them; a category becomes its position."""
    if target is not None and target.positive:
        named = ", ".join((*target.positive, *target.negative))
        flaws = _where(strange(typed, target), f"impossible value: it is not one of {named}")
        flaws = _where(pc.is_null(typed), NO_VALUE, flaws)
        return Judged(_only_sound(positives(typed, target), flaws), flaws)
    numbers, flaws = typed, None
    if column.type == "category":
        numbers = pc.index_in(typed, value_set=pa.array(column.values))
        known = f"impossible value: it is not one of {', '.join(column.values)}"
        flaws = _where(pc.and_(pc.is_valid(typed), pc.is_null(numbers)), known)
    if column.type == "integer":
        inexact = pc.or_(pc.greater(typed, EXACT), pc.less(typed, -EXACT))
        flaws = _where(inexact, f"impossible value: it {INEXACT}")
    values = pc.cast(numbers, pa.float64(), safe=False)
    flaws = _where(pc.is_null(typed, nan_is_null=True), NO_VALUE, flaws)
    if minimum is not None:
        flaws = _where(pc.less(values, minimum), f"impossible value: it is below the minimum, {minimum}", flaws)
    return Judged(_only_sound(values, flaws), flaws)


def judge_times(cells: pa.Array, as_of: dt.date, now: dt.datetime) -> Judged:
    """Judge when outcomes were observed, as it was written; a missing time has no flaw.

    Parameters
    ----------
    as_of
        The cohort's date: nothing is observed before.
    now
        When they are recorded (aware): nothing is observed later, give or take a day.
    """
    cells = pc.replace_substring_regex(cells, _NANOSECONDS, r"\1")
    times = cast_or_null(cells, _times)
    flaws = _where(pc.and_(pc.is_valid(cells), pc.is_null(times)), NO_DATE)
    first = pa.scalar(dt.datetime.combine(as_of, dt.time.min, dt.UTC))
    flaws = _where(pc.less(times, first), TOO_EARLY, flaws)
    flaws = _where(pc.greater(times, pa.scalar(now + AHEAD)), TOO_LATE, flaws)
    return Judged(_only_sound(times, flaws), flaws)


def judge_dates(cells: pa.Array, flaw: str) -> Judged:
    """Judge dates (date32) as they were written; ``flaw`` is said of what is missing or no date."""
    dates = cast_or_null(cells, lambda part: cast_text(part, Column(name="as_of", type="date")))
    return Judged(dates, _where(pc.is_null(dates), flaw))


def cast_or_null(cells: pa.Array, cast: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """The cells as ``cast`` gives them; null where it raises ValueError.

    Only different texts are looked at one by one: a wrong word is mostly written in many rows.
    """
    try:
        return cast(cells)
    except ValueError:
        different = cells.dictionary_encode()
        return pa.concat_arrays(_halved(different.dictionary, cast)).take(different.indices)


def _halved(cells: pa.Array, cast: Callable[[pa.Array], pa.Array]) -> list[pa.Array]:
    try:
        return [cast(cells)]
    except ValueError:
        if len(cells) == 1:
            return [cast(pa.nulls(1, pa.string()))]
        half = len(cells) // 2
        return _halved(cells.slice(0, half), cast) + _halved(cells.slice(half), cast)


def _times(cells: pa.Array) -> pa.Array:
    zoned = pc.match_substring_regex(cells, _ZONE)
    with_zone = pc.cast(pc.if_else(zoned, cells, None), TIME)
    without = pc.cast(pc.if_else(zoned, None, cells), pa.timestamp("us"))
    return pc.coalesce(with_zone, pc.assume_timezone(without, "UTC"))


def _reasons(cells: pa.Array, unfit: pa.Array, column: Column) -> pa.Array:
    """Why each unfit cell does not fit; null for the others."""
    different = pc.if_else(unfit, cells, None).dictionary_encode()
    reasons = [
        f"impossible value: it {why_unfit(text, column, limit=MAX_CELL_BYTES, missing='').reason}"
        for text in different.dictionary.to_pylist()
    ]
    return pa.array(reasons).take(different.indices)


def _where(wrong: pa.Array, flaw: str, flaws: pa.Array | None = None) -> pa.Array:
    """The flaws that were found before, and ``flaw`` in rows that are ``wrong`` and have none."""
    return pc.if_else(pc.and_(pc.fill_null(wrong, False), pc.is_null(flaws)), flaw, flaws)


def _only_sound(values: pa.Array, flaws: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_null(flaws), values, None)


def since_2000(values: pa.Array) -> pa.Array:
    """Dates or timestamps as PostgreSQL's binary COPY takes them: days or microseconds since 2000-01-01."""
    if pa.types.is_date32(values.type):
        return pc.subtract(values.cast(pa.int32()), np.int32((dt.date(2000, 1, 1) - dt.date(1970, 1, 1)).days))
    return pc.subtract(values.cast(pa.int64()), 946_684_800_000_000)
