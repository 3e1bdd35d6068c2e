"""The verdict on drift: a column has drifted when the shift is large enough to matter and too large for chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from scoring.monitoring.bins import Bins, Counted
from scoring.monitoring.distance import Counts, holm, jensen_shannon, p_value, psi, wasserstein

Kind = Literal["feature", "score", "missing"]

ALPHA = 0.05


@dataclass(frozen=True)
class Compared:
    """One column of a group of customers, then and now, counted over the same bins.

    ``kind`` says what of it is compared: the values that are known of a feature or of the score itself, or whether
    there is one (missing). ``segment`` and ``value`` are empty for all customers. ``absent`` is why there is nothing to
    compare, ``unjudged`` why there can be no verdict: then distances are told all the same.
    """

    column: str
    kind: Kind
    bins: Bins
    reference: Counted
    current: Counted
    segment: str = ""
    value: str = ""
    absent: str | None = None
    unjudged: str | None = None

    @property
    def shares(self) -> tuple[Counts, Counts]:
        """Rows in the bins that are compared: int64 of the same shape each."""
        if self.kind == "missing":
            sides = (self.reference, self.current)
            return tuple(np.array([side.rows - side.missing, side.missing]) for side in sides)  # type: ignore[return-value]
        return self.bins.coarse(self.reference), self.bins.coarse(self.current)


@dataclass(frozen=True)
class Drift:
    """How one column of a group of customers moved.

    ``psi``, ``distance`` (Jensen-Shannon, 0 to 1) and ``wasserstein`` (numbers only, in standard deviations of the
    reference) are effect sizes, ``p_value`` is adjusted for all that was looked at together; ``drifted`` needs both.
    ``missing_reference`` and ``missing_current`` are shares of nulls. What is not defined is None; ``reason`` says why
    there is no distance, or no verdict on it.
    """

    column: str
    kind: Kind
    segment: str
    value: str
    psi: float | None
    distance: float | None
    wasserstein: float | None
    p_value: float | None
    missing_reference: float | None
    missing_current: float | None
    drifted: bool
    reason: str | None = None


def drifts(looked_at: Sequence[Compared], least: float, *, families: int = 1) -> list[Drift]:
    """Judge columns that are looked at together.

    With many rows every difference is significant, so a shift must be at least ``least`` (Jensen-Shannon distance)
    to count; with few rows or many columns chance makes large ones, so it must also be significant at 5 % after
    Holm's adjustment. A batch in which nothing has changed is then called drifted in at most 5 % of the cases.

    Parameters
    ----------
    looked_at
        All that belongs to the family over which the adjustment is made.
    least
        The smallest distance that matters.
    families
        How many families share the 5 %: each gets an equal part of it.
    """
    judged = [place for place, one in enumerate(looked_at) if undefined(one) is None and one.unjudged is None]
    raw = np.array([p_value(*looked_at[place].shares) for place in judged])
    adjusted = dict(zip(judged, holm(raw, families=families).tolist(), strict=True))
    return [_judged(one, least, adjusted.get(place)) for place, one in enumerate(looked_at)]


def undefined(one: Compared) -> str | None:
    """Why two groups have no distance; None if they have one."""
    if one.absent is not None:
        return one.absent
    for side, when in ((one.reference, "the reference"), (one.current, "this publication")):
        if not side.rows:
            return f"{when} has no customers here"
        if one.kind != "missing" and side.missing == side.rows:
            return f"{when} has no value of any customer"
    return None


def _judged(one: Compared, least: float, adjusted: float | None) -> Drift:
    reason = undefined(one)
    was, now = one.shares
    distance = jensen_shannon(was, now) if reason is None else None
    measured = reason is None and one.kind != "missing" and one.bins.edges is not None
    return Drift(
        column=one.column,
        kind=one.kind,
        segment=one.segment,
        value=one.value,
        psi=psi(was, now) if reason is None else None,
        distance=distance,
        wasserstein=wasserstein(one.bins, one.reference, one.current) if measured else None,
        p_value=adjusted,
        missing_reference=_missing(one.reference),
        missing_current=_missing(one.current),
        drifted=distance is not None and adjusted is not None and distance >= least and adjusted < ALPHA,
        reason=reason or one.unjudged,
    )


def _missing(counted: Counted) -> float | None:
    return counted.missing / counted.rows if counted.rows else None
