"""Merges the results of a rule over all batches into the form in which Great Expectations reports one batch."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scoring.intake.expectations.rules import LONGEST, Rule
from scoring.intake.shares import share_of

SHOWN = 20


@dataclass(frozen=True)
class RuleResult:
    """Whether a rule holds for the whole input, with the counts or the value that show it."""

    rule: Rule
    success: bool
    result: Mapping[str, Any]

    @property
    def observed(self) -> str:
        """What a table rule found, for a person; at most about 200 characters."""
        text = _observed(self.result)
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


class Tally:
    """Counts of one row rule over all batches; memory does not grow with the rows."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.elements = self.missing = self.unexpected = 0
        self._values: Counter[str | None] = Counter()
        self._sample: list[str | None] = []

    def add(self, result: Mapping[str, Any], values: Sequence[str | None]) -> None:
        """Add one batch: its result, and the values that failed."""
        self.elements += result["element_count"]
        self.missing += result.get("missing_count") or 0
        self.unexpected += len(values)
        self._sample += values[: SHOWN - len(self._sample)]
        for value, count in Counter(values).items():
            if value in self._values or len(self._values) < SHOWN:
                self._values[value] += count

    @property
    def considered(self) -> int:
        """The rows that the rule judges: those with a value, or all rows if it is a rule about nulls."""
        return self.elements - self.missing

    @property
    def share(self) -> float:
        """Failing rows among those considered (0 when there are none)."""
        return self.unexpected / self.considered if self.considered else 0.0

    @property
    def observed(self) -> str:
        """The counts for a person."""
        return f"{self.unexpected} of {self.considered} values ({self.share:.2%})"

    def result(self) -> RuleResult:
        """The merged result; ``mostly`` decides about success, as for a single batch."""
        return RuleResult(
            rule=self.rule,
            success=self.considered - self.unexpected >= share_of(self.rule.kwargs.get("mostly", 1), self.considered),
            result={
                "element_count": self.elements,
                "unexpected_count": self.unexpected,
                "unexpected_percent": 100 * self.share,
                "missing_count": self.missing,
                "missing_percent": 100 * self.missing / self.elements if self.elements else 0.0,
                "unexpected_percent_total": 100 * self.unexpected / self.elements if self.elements else 0.0,
                "unexpected_percent_nonmissing": 100 * self.share,
                "partial_unexpected_list": self._sample,
                "partial_unexpected_counts": [
                    {"value": value, "count": count} for value, count in self._values.most_common()
                ],
            },
        )


def _observed(result: Mapping[str, Any]) -> str:
    if "element_count" in result and "unexpected_count" in result:  # a rule about rows
        return f"{result['unexpected_count']} of {result['element_count']} rows"
    said = []
    if result.get("unexpected_count"):  # a rule about distinct values
        said.append(f"{result['unexpected_count']} other values, {_first(result.get('partial_unexpected_list'))}")
    if result.get("missing_count"):
        said.append(f"{result['missing_count']} values are missing, {_first(result.get('partial_missing_list'))}")
    return "; ".join(said) or str(result.get("observed_value"))


def _first(values: Sequence[Any] | None) -> str:
    return "e.g. " + ", ".join(repr(value) for value in (values or ())[:SHOWN])
