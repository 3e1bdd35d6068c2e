"""One expectation of a suite as this project uses it: what it is about, and how it is called."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    Expectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

from scoring.domain.dataset import DataSet
from scoring.domain.model import digest_of

ROW_BY_ROW = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)

# These look at a row beside all others, so that a batch does not decide them.
NEEDS_WHOLE_TABLE = {
    "column_values.unique",
    "column_values.increasing",
    "column_values.decreasing",
    "column_values.not_outliers",
    "column_values.z_score.under_threshold",
    "compound_columns.unique",
}
SINGLE, SEVERAL = ("column", "column_A", "column_B"), ("column_list", "column_set")
LONGEST = 200


@dataclass(frozen=True, eq=False)
class Rule:
    """An expectation. ``name`` is its type with its arguments; ``columns`` are those it is about.

    ``by_row`` says that each row can be judged alone, ``in_pairs`` that it compares two columns.
    """

    expectation: Expectation
    name: str
    columns: tuple[str, ...]
    severity: str
    by_row: bool
    in_pairs: bool

    @property
    def configuration(self) -> ExpectationConfiguration:
        """The expectation as Great Expectations stores it (a new copy)."""
        return self.expectation.configuration

    @property
    def column(self) -> str | None:
        """The columns it is about, in one text."""
        return ", ".join(self.columns) or None

    @property
    def critical(self) -> bool:
        """Whether breaking it quarantines a row or stops the partition."""
        return self.severity == "critical"

    @property
    def content(self) -> dict[str, Any]:
        """All that decides what it finds, for a digest."""
        configuration = self.configuration
        return {"type": configuration.type, "kwargs": configuration.kwargs, "severity": self.severity}

    def needs(self, data_set: DataSet) -> set[str]:
        """The columns that computing it takes: also those that its row_condition mentions."""
        condition = str(self.configuration.kwargs.get("row_condition") or "")
        return set(data_set.column_names) & {*self.columns, *re.findall(r"\w+", condition)}


def make_rule(expectation: Expectation) -> Rule:
    """Read from an expectation what it is about."""
    configuration = expectation.configuration
    return Rule(
        expectation=expectation,
        name=_name(configuration.type, configuration.kwargs),
        columns=tuple(_columns(configuration.kwargs)),
        severity=expectation.severity.value,
        by_row=isinstance(expectation, ROW_BY_ROW) and expectation.map_metric not in NEEDS_WHOLE_TABLE,
        in_pairs=isinstance(expectation, ColumnPairMapExpectation),
    )


def _columns(kwargs: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(kwargs[key]) for key in SINGLE if key in kwargs)
    for key in SEVERAL:
        yield from (str(name) for name in kwargs.get(key) or ())


def _name(kind: str, kwargs: Mapping[str, Any]) -> str:
    """``kind(argument=value, ...)``; one that would be too long ends in the digest of the whole."""
    said = {key: value for key, value in kwargs.items() if key not in {*SINGLE, *SEVERAL, "mostly"}}
    if not said:
        return kind
    name = f"{kind}({', '.join(f'{key}={_short(value)}' for key, value in said.items())})"
    return name if len(name) <= LONGEST else f"{name[:LONGEST]}... #{digest_of(said)[:8]})"


def _short(value: object) -> str:
    if isinstance(value, float) and value.is_integer():  # Great Expectations makes every bound a float
        return str(int(value))
    return str(value) if isinstance(value, (list, tuple, dict)) else repr(value)
