"""What a score expected and what was observed, by ranges of its value: tenths of the customers, and bands. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from scoring.domain.scale import band_of
from scoring.domain.score import Score
from scoring.monitoring.intervals import Interval, around, error_of_mean, wilson

Floats = NDArray[np.float64]
Grouping = Literal["decile", "band"]

TENTHS = np.arange(1, 10) / 10


@dataclass(frozen=True)
class Group:
    """Customers of one range, from the lowest values (``bin`` 1) to the highest.

    ``expected`` is their mean value, ``observed`` their mean outcome with its 95 % interval; None without customers.
    ``precision`` and ``recall`` (of a classification) are those of saying yes to this and all higher ranges.
    """

    grouping_by: Grouping
    bin: int
    label: str
    n: int
    expected: float | None
    observed: float | None
    observed_low: float | None
    observed_high: float | None
    precision: float | None
    recall: float | None


def calibration(score: Score, values: Floats, outcomes: Floats) -> list[Group]:
    """Groups of customers by tenths of their values and, if the score has any, by its bands.

    Equal values are never parted, so there are fewer than ten tenths if many are equal.

    Parameters
    ----------
    values
        Published values, float64 (rows,).
    outcomes
        Known outcomes of the same shape; 0.0 or 1.0 of a classification.
    """
    if not len(values):
        return []
    edges = np.unique(np.quantile(values, TENTHS, method="inverted_cdf"))
    edges = edges[edges < values.max()]
    ends = [float(values.min()), *edges.tolist(), float(values.max())]
    tenths = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(ends)]
    rows = _Rows(values, outcomes, yes_or_no=score.kind == "classification")
    found = rows.groups("decile", tenths, np.searchsorted(edges, values, side="left"))
    bands = band_of(score, values)
    if bands is not None:
        found += rows.groups("band", [band.name for band in score.bands], bands)
    return found


@dataclass(frozen=True)
class _Rows:
    values: Floats
    outcomes: Floats
    yes_or_no: bool

    def groups(self, grouping_by: Grouping, labels: Sequence[str], places: NDArray[np.intp]) -> list[Group]:
        """A group for each label, of the rows at its place."""
        counts = np.bincount(places, minlength=len(labels))
        positives = np.bincount(places, weights=self.outcomes > 0, minlength=len(labels))
        return [
            self._group(grouping_by, place, label, places == place, _ahead(counts, positives, place))
            for place, label in enumerate(labels)
        ]

    def _group(
        self,
        grouping_by: Grouping,
        place: int,
        label: str,
        inside: NDArray[np.bool_],
        ahead: tuple[float | None, float | None],
    ) -> Group:
        outcomes = self.outcomes[inside]
        observed = _mean(outcomes)
        low, high = _interval(outcomes, observed, yes_or_no=self.yes_or_no) or (None, None)
        precision, recall = ahead if self.yes_or_no else (None, None)
        return Group(
            grouping_by=grouping_by,
            bin=place + 1,
            label=label,
            n=len(outcomes),
            expected=_mean(self.values[inside]),
            observed=observed,
            observed_low=low,
            observed_high=high,
            precision=precision,
            recall=recall,
        )


def _ahead(counts: NDArray[Any], positives: NDArray[Any], place: int) -> tuple[float | None, float | None]:
    """Precision and recall of saying yes to this and all higher groups."""
    rows, caught, all_positives = counts[place:].sum(), positives[place:].sum(), positives.sum()
    return float(caught / rows) if rows else None, float(caught / all_positives) if all_positives else None


def _mean(values: Floats) -> float | None:
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(values.mean()) if len(values) else np.nan
    return mean if np.isfinite(mean) else None


def _interval(outcomes: Floats, observed: float | None, *, yes_or_no: bool) -> Interval | None:
    if observed is None:
        return None
    if yes_or_no:
        return wilson(observed, len(outcomes))
    with np.errstate(over="ignore", invalid="ignore"):
        return around(observed, error_of_mean(outcomes))
