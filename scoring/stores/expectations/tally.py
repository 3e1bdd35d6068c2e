"""What a rule found in all batches together, in the form in which Great Expectations reports one batch."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from great_expectations.core.expectation_validation_result import ExpectationValidationResult

from scoring.stores.expectations.rules import Rule

SHOWN = 20


class Tally:
    """Counts of one row rule: memory does not grow with the rows."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.elements = self.missing = self.unexpected = 0
        self._values: Counter[str | None] = Counter()
        self._sample: list[str | None] = []
        self._rows: list[int] = []

    def add(self, result: dict[str, Any], rows: Sequence[int], values: Sequence[str | None]) -> None:
        """Add one batch: its result, and the failing rows with their values."""
        self.elements += result["element_count"]
        self.missing += result.get("missing_count") or 0
        self.unexpected += len(rows)
        for value in values:
            if value in self._values or len(self._values) < SHOWN:
                self._values[value] += 1
        room = SHOWN - len(self._sample)
        self._sample += values[:room]
        self._rows += rows[:room]

    @property
    def share(self) -> float:
        """Failing rows among those with a value (0 when there are none)."""
        considered = self.elements - self.missing
        return self.unexpected / considered if considered else 0.0

    @property
    def observed(self) -> str:
        """The counts for a person."""
        return f"{self.unexpected} of {self.elements - self.missing} values ({self.share:.2%})"

    def result(self) -> ExpectationValidationResult:
        """The merged result; success obeys ``mostly``, as for a single batch."""
        configuration = self.rule.configuration
        return validation_result(
            self.rule,
            success=1 - self.share >= configuration.kwargs.get("mostly", 1),
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
                "partial_unexpected_index_list": self._rows,
            },
        )


def validation_result(rule: Rule, *, success: bool, result: dict[str, Any]) -> ExpectationValidationResult:
    """A result as Great Expectations stores and shows it."""
    return ExpectationValidationResult(
        success=success,
        expectation_config=rule.configuration,
        result=result,
        meta={},
        exception_info={"raised_exception": False, "exception_traceback": None, "exception_message": None},
    )
