"""The verdict on drift: a column has drifted when the shift is large enough to matter and too large for chance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.monitoring.distance import holm, jensen_shannon, p_value, psi

Counts = NDArray[np.int64]

ALPHA = 0.05


@dataclass(frozen=True)
class Compared:
    """Counts of one column over its bins, then and now: int64 of shape (bins,); the last bin is that of nulls."""

    column: str
    reference: Counts
    current: Counts


@dataclass(frozen=True)
class Drift:
    """How a column of a group of customers moved.

    ``psi`` and ``distance`` (Jensen-Shannon, 0 to 1) are effect sizes, ``p_value`` is adjusted for all columns that
    were looked at together; ``drifted`` needs both. ``missing_reference`` and ``missing_current`` are shares of nulls.
    """

    column: str
    psi: float
    distance: float
    p_value: float
    missing_reference: float
    missing_current: float
    drifted: bool


def drifts(columns: Sequence[Compared], least: float) -> list[Drift]:
    """Judge columns that are looked at together.

    With many rows every difference is significant, so a shift must be at least ``least`` (Jensen-Shannon distance)
    to count; with few rows or many columns chance makes large ones, so it must also be significant at 5 % after
    Holm's adjustment. A batch in which nothing has changed is then called drifted in at most 5 % of the cases.
    """
    adjusted = holm(np.array([p_value(one.reference, one.current) for one in columns]))
    return [
        Drift(
            column=one.column,
            psi=psi(one.reference, one.current),
            distance=(distance := jensen_shannon(one.reference, one.current)),
            p_value=float(adjusted[place]),
            missing_reference=_missing(one.reference),
            missing_current=_missing(one.current),
            drifted=bool(distance >= least and adjusted[place] < ALPHA),
        )
        for place, one in enumerate(columns)
    ]


def _missing(counts: Counts) -> float:
    total = counts.sum()
    return float(counts[-1] / total) if total else 0.0
