"""Row rules as plain checks of Arrow columns: Great Expectations needs frames, and 0.1 s for each run.

Only rules whose result is certain to be that of Great Expectations are compiled (a property test compares the two); it
judges all others itself.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring.domain.dataset import Column, DataSet
from scoring.domain.numbers import EXACT
from scoring.intake.expectations.rules import Rule

Flags = NDArray[np.bool_]
Kwargs = Mapping[str, Any]
Check = Callable[[pa.Array], Flags | None]  # which values fail; None: only Great Expectations can say

NO_VALUE = np.zeros(0, dtype=bool)  # none fails, whatever their number

TEXTS, NUMBERS = ("text", "category"), ("integer", "number", "decimal")
_NOT_NULL = "expect_column_values_to_not_be_null"
KNOWN = {"column", "mostly", "min_value", "max_value", "strict_min", "strict_max", "value_set", "regex", "value"}
NOT_RE2 = re.compile(r"\(|\\[^.\-+*?^$|/dws]")  # groups make pandas warn; other escapes differ between engines


def compiled(rule: Rule, data_set: DataSet) -> Check | None:
    """The check that is the same as a row rule; None if there is none."""
    kwargs = rule.kwargs
    if rule.scope != "row" or len(rule.columns) != 1 or {key for key in kwargs if kwargs[key] is not None} - KNOWN:
        return None
    make = _MAKERS.get(str(rule.configuration.type))
    return make(kwargs, data_set.column(rule.columns[0])) if make else None


def counts(rule: Rule, values: pa.Array) -> dict[str, int]:
    """The counts that Great Expectations gives with a rule's result: a rule about nulls judges all values."""
    about_nulls = rule.configuration.type == _NOT_NULL
    return {"element_count": len(values), "missing_count": 0 if about_nulls else values.null_count}


def _not_null(_kwargs: Kwargs, _column: Column) -> Check:
    return _nulls


def _nulls(values: pa.Array) -> Flags:
    return _flags(pc.is_null(values)) if values.null_count else NO_VALUE


def _in_set(kwargs: Kwargs, column: Column) -> Check | None:
    members = _members(kwargs.get("value_set"), column)
    if members is None:
        return None
    return lambda values: _both(members(values), values, negated=True)


def _not_in_set(kwargs: Kwargs, column: Column) -> Check | None:
    members = _members(kwargs.get("value_set"), column)
    if members is None:
        return None
    return lambda values: _both(members(values), values)


def _members(value_set: Any, column: Column) -> Callable[[pa.Array], Flags] | None:
    """Which values are in a set; None for sets of other types than the column."""
    wanted = list(value_set or ())
    if column.type in TEXTS and wanted and all(isinstance(one, str) for one in wanted):
        known = pa.array(wanted, pa.string())
        return lambda values: _flags(pc.is_in(values, value_set=known))
    numbers = all(type(one) in (int, float) and abs(one) < EXACT for one in wanted)
    if column.type in ("integer", "number") and wanted and numbers:
        amounts = np.array(wanted, dtype=np.float64)
        return lambda values: np.isin(_numbers(values).astype(np.float64), amounts)
    return None


def _between(kwargs: Kwargs, column: Column) -> Check | None:
    outside = _outside(kwargs)
    if column.type not in NUMBERS or outside is None:
        return None

    def check(values: pa.Array) -> Flags | None:
        if values.null_count and column.type == "integer" and not _small(values):
            return None
        return _both(outside(_numbers(values)), values)

    return check


def _lengths_between(kwargs: Kwargs, column: Column) -> Check | None:
    outside = _outside(kwargs)
    if column.type not in TEXTS or outside is None:
        return None
    return lambda values: _both(outside(_lengths(values)), values)


def _lengths_equal(kwargs: Kwargs, column: Column) -> Check | None:
    length = kwargs.get("value")
    if column.type not in TEXTS or type(length) not in (int, float):
        return None
    return lambda values: _both(_lengths(values) != length, values)


def _outside(kwargs: Kwargs) -> Callable[[NDArray[Any]], Flags] | None:
    """Which numbers are outside of a rule's bounds; None if these are no numbers or in the wrong order."""
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    bounds = [bound for bound in (low, high) if bound is not None]
    if not bounds or not all(type(one) in (int, float) for one in bounds) or bounds != sorted(bounds):
        return None
    below = np.less_equal if kwargs.get("strict_min") else np.less
    above = np.greater_equal if kwargs.get("strict_max") else np.greater

    def outside(numbers: NDArray[Any]) -> Flags:
        found = np.zeros(len(numbers), dtype=bool)
        if low is not None:
            found |= below(numbers, low)
        if high is not None:
            found |= above(numbers, high)
        return found

    return outside


def _matches(kwargs: Kwargs, column: Column) -> Check | None:
    matching = _matching(kwargs, column)
    return matching and (lambda values: _both(matching(values), values, negated=True))


def _does_not_match(kwargs: Kwargs, column: Column) -> Check | None:
    matching = _matching(kwargs, column)
    return matching and (lambda values: _both(matching(values), values))


def _matching(kwargs: Kwargs, column: Column) -> Callable[[pa.Array], Flags] | None:
    """Which texts match a regular expression, by the engine that pandas takes for it; None if it may take another."""
    pattern = kwargs.get("regex")
    if column.type not in TEXTS or not isinstance(pattern, str) or NOT_RE2.search(pattern):
        return None
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid:
        return None
    return lambda values: _flags(pc.match_substring_regex(values, pattern))


def _both(found: Flags, values: pa.Array, *, negated: bool = False) -> Flags:
    """``found`` (or the others) among the values that are there."""
    wanted = ~found if negated else found
    return wanted & _flags(pc.is_valid(values)) if values.null_count else wanted


def _flags(found: pa.Array) -> Flags:
    return np.asarray((pc.fill_null(found, False) if found.null_count else found).to_numpy(zero_copy_only=False))


def _numbers(values: pa.Array) -> NDArray[Any]:
    """int64 or float64 as Great Expectations sees them; a null is 0 here."""
    if pa.types.is_decimal(values.type):
        values = values.cast(pa.string()).cast(pa.float64())
    return np.asarray((pc.fill_null(values, 0) if values.null_count else values).to_numpy(zero_copy_only=False))


def _lengths(values: pa.Array) -> NDArray[Any]:
    return np.asarray(pc.fill_null(pc.utf8_length(values), 0).to_numpy(zero_copy_only=False))


def _small(values: pa.Array) -> bool:
    span = pc.min_max(values).as_py()
    return span["min"] is None or max(-span["min"], span["max"]) <= EXACT


_MAKERS: dict[str, Callable[[Kwargs, Column], Check | None]] = {
    _NOT_NULL: _not_null,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_not_be_in_set": _not_in_set,
    "expect_column_values_to_be_between": _between,
    "expect_column_value_lengths_to_be_between": _lengths_between,
    "expect_column_value_lengths_to_equal": _lengths_equal,
    "expect_column_values_to_match_regex": _matches,
    "expect_column_values_to_not_match_regex": _does_not_match,
}
