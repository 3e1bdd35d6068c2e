"""The findings of a check, as plain values: a caller need not import Great Expectations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class RowFinding:
    """A row rule and the rows of one batch that break it.

    ``columns`` are those that the rule is about, ``column`` their names in one text. ``failing`` (shape (rows,)) marks
    the rows. Only a critical rule quarantines them.
    """

    rule: str
    column: str
    columns: tuple[str, ...]
    critical: bool
    failing: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TableFinding:
    """A rule that does not hold for the input as a whole.

    ``severity`` is ``critical``, ``warning`` or ``info``; ``observed`` says what was found instead.
    """

    rule: str
    column: str | None
    severity: str
    observed: str


def merged(found: Sequence[tuple[NDArray[np.bool_], RowFinding]], rows: int) -> list[RowFinding]:
    """Findings about parts of a batch, each with its part (bool, shape (rows,)), as findings about the whole batch."""
    whole: dict[tuple[str, str], RowFinding] = {}
    for part, one in found:
        failing = np.zeros(rows, dtype=bool)
        failing[part] = one.failing
        other = whole.get((one.rule, one.column))
        whole[one.rule, one.column] = replace(one, failing=failing | other.failing if other else failing)
    return list(whole.values())
