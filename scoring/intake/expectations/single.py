"""Row rules for a single row in plain Python: which rows certainly pass.

Every other row is left to :class:`scoring.intake.expectations.compiled.RowChecks`, which names what it breaks.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scoring.domain.dataset import Column, DataSet
from scoring.domain.numbers import EXACT
from scoring.intake.expectations.rules import Rule

Kwargs = Mapping[str, Any]
Passes = Callable[[Any], bool]  # whether a value certainly passes

PRINTABLE = re.compile(r"[ -~]*")  # of these both engines of regular expressions say the same,
DIFFERENT = re.compile(r"\[\[|[*+?}]\+|\{,|--|&&|~~|\|\|")  # but for patterns that only one of them takes like this


def passing(rule: Rule, data_set: DataSet) -> Passes | None:
    """What says whether a value of the rule's column certainly passes it; None: nothing here does.

    ``rule`` is one that :func:`scoring.intake.expectations.kernels.compiled` takes.
    """
    make = _MAKERS.get(str(rule.configuration.type))
    return make(rule.kwargs, data_set.column(rule.columns[0])) if make else None


def _not_null(_kwargs: Kwargs, _column: Column) -> Passes:
    return lambda value: value is not None


def _in_set(kwargs: Kwargs, _column: Column) -> Passes:
    return _or_null(_among(kwargs["value_set"]))


def _not_in_set(kwargs: Kwargs, _column: Column) -> Passes:
    among = _among(kwargs["value_set"])
    return _or_null(lambda value: not among(value))


def _between(kwargs: Kwargs, column: Column) -> Passes:
    within = _within(kwargs)
    if column.type == "decimal":
        return _or_null(lambda value: within(float(value)))
    return _or_null(lambda value: abs(value) <= EXACT and within(value))


def _lengths_between(kwargs: Kwargs, _column: Column) -> Passes:
    within = _within(kwargs)
    return _or_null(lambda value: within(len(value)))


def _lengths_equal(kwargs: Kwargs, _column: Column) -> Passes:
    return _or_null(lambda value: len(value) == kwargs["value"])


def _matches(kwargs: Kwargs, _column: Column) -> Passes | None:
    found = _pattern(kwargs["regex"])
    return found and _or_null(lambda value: bool(PRINTABLE.fullmatch(value) and found.search(value)))


def _does_not_match(kwargs: Kwargs, _column: Column) -> Passes | None:
    found = _pattern(kwargs["regex"])
    return found and _or_null(lambda value: bool(PRINTABLE.fullmatch(value) and not found.search(value)))


def _or_null(passes: Passes) -> Passes:
    return lambda value: value is None or passes(value)


def _among(values: Sequence[Any]) -> Passes:
    return frozenset(values).__contains__


def _within(kwargs: Kwargs) -> Passes:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    above: Passes = (lambda value: value > low) if kwargs.get("strict_min") else (lambda value: value >= low)
    below: Passes = (lambda value: value < high) if kwargs.get("strict_max") else (lambda value: value <= high)
    return lambda value: (low is None or above(value)) and (high is None or below(value))


def _pattern(pattern: str) -> re.Pattern[str] | None:
    try:
        return None if DIFFERENT.search(pattern) else re.compile(pattern, re.ASCII)
    except re.error:
        return None


_MAKERS: dict[str, Callable[[Kwargs, Column], Passes | None]] = {
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_not_be_in_set": _not_in_set,
    "expect_column_values_to_be_between": _between,
    "expect_column_value_lengths_to_be_between": _lengths_between,
    "expect_column_value_lengths_to_equal": _lengths_equal,
    "expect_column_values_to_match_regex": _matches,
    "expect_column_values_to_not_match_regex": _does_not_match,
}
