"""One expectation of a suite: its columns, its severity, its scope, and its name in messages."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.errors import DefinitionError

if TYPE_CHECKING:  # importing Great Expectations takes seconds
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

SINGLE, SEVERAL = ("column", "column_A", "column_B"), ("column_list", "column_set")
LONGEST = 200

Scope = Literal["row", "pair", "table", "columns"]


@dataclass(frozen=True, eq=False)
class Rule:
    """An expectation, as Great Expectations stores it, with its severity (critical, warning or info).

    ``scope`` is what it needs: one ``row`` at a time, two columns of a row (``pair``), the whole ``table``, or only
    the names of the ``columns``.
    """

    configuration: "ExpectationConfiguration"
    severity: str
    scope: Scope

    @property
    def by_row(self) -> bool:
        """Whether each row can be judged alone."""
        return self.scope in ("row", "pair")

    @property
    def kwargs(self) -> Mapping[str, Any]:
        """The expectation's arguments."""
        return dict(self.configuration.kwargs)

    @property
    def name(self) -> str:
        """The name in messages, ``type(argument=value, ...)``; a long one is cut and ends in a digest."""
        said = {key: value for key, value in self.kwargs.items() if key not in {*SINGLE, *SEVERAL, "mostly"}}
        if not said:
            return str(self.configuration.type)
        name = f"{self.configuration.type}({', '.join(f'{key}={_short(value)}' for key, value in said.items())})"
        return name if len(name) <= LONGEST else f"{name[:LONGEST]}... #{digest_of(said)[:8]})"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is about."""
        return tuple(_columns(self.kwargs))

    @property
    def column(self) -> str | None:
        """The columns that it is about, in one text."""
        return ", ".join(self.columns) or None

    @property
    def critical(self) -> bool:
        """Whether breaking it quarantines a row or stops the partition."""
        return self.severity == "critical"

    @property
    def content(self) -> dict[str, Any]:
        """All that decides what it finds, for a digest."""
        return {"type": self.configuration.type, "kwargs": self.kwargs, "severity": self.severity}

    def needs(self, data_set: DataSet) -> set[str]:
        """The columns needed to compute it, those in its row_condition included."""
        condition = str(self.kwargs.get("row_condition") or "")
        return set(data_set.column_names) & {*self.columns, *re.findall(r"\w+", condition)}

    def cannot_be_computed(self, reason: str) -> DefinitionError:
        """The error for a rule that gives no result: such a rule must never pass."""
        about = f" (column {self.column})" if self.columns else ""
        return DefinitionError(f"Rule {self.name}{about} cannot be computed: {reason} Remedy: correct it in the suite.")


def _columns(kwargs: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(kwargs[key]) for key in SINGLE if key in kwargs)
    for key in SEVERAL:
        yield from (str(name) for name in kwargs.get(key) or ())


def _short(value: object) -> str:
    if isinstance(value, float) and value.is_integer():  # Great Expectations makes every bound a float
        return str(int(value))
    return repr(value)
