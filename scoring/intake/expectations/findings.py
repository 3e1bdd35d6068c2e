"""What checking finds. Plain values, so that a caller need not import Great Expectations."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """A row that breaks a row rule.

    ``row_number`` counts the rows of the whole input from 1. ``column`` and ``value`` name several columns
    separated by a comma where the rule is about several; ``value`` is None for a null. Only a critical
    violation quarantines its row.
    """

    row_number: int
    rule: str
    column: str
    value: str | None
    critical: bool


@dataclass(frozen=True, slots=True)
class TableFinding:
    """A rule that does not hold for the input as a whole.

    ``severity`` is ``critical``, ``warning`` or ``info``; ``observed`` says what was found instead.
    """

    rule: str
    column: str | None
    severity: str
    observed: str
