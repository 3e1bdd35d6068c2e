"""Metrics of weighted customers: what a bootstrap computes again and again, so each costs one pass over sorted rows.

With weights of 1 each equals scikit-learn's function of the same name; a test holds the two together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
EPSILON = float(np.finfo(np.float64).eps)  # where scikit-learn clips probabilities and amounts to divide by


@dataclass(frozen=True)
class Classified:
    """Customers with a probability and an outcome, sorted by falling probability.

    ``outcome`` (0 or 1) and ``probability`` are float64 of shape (n,); ``last`` marks (bool, shape (n,)) the last
    customer of each run of equal probabilities: curves have a point there and nowhere else.
    """

    outcome: Floats
    probability: Floats
    last: NDArray[np.bool_]
    threshold: float

    @classmethod
    def of(cls, outcome: Floats, probability: Floats, threshold: float) -> "Classified":
        """Sort customers that come in any order."""
        order = np.argsort(-probability, kind="stable")
        falling = probability[order]
        last = np.append(falling[1:] != falling[:-1], True)
        return cls(outcome[order], falling, last, threshold)

    def metrics(self, weight: Floats) -> dict[str, float]:
        """Every metric for one vector of weights, float64 of shape (n,); NaN where it is not defined."""
        positive, negative = weight * self.outcome, weight * (1 - self.outcome)
        with np.errstate(divide="ignore", invalid="ignore"):
            return (
                self._at_threshold(positive, negative)
                | self._curves(positive, negative)
                | self._probabilities(weight, positive, negative)
            )

    def _at_threshold(self, positive: Floats, negative: Floats) -> dict[str, float]:
        said = self.probability >= self.threshold
        true, false, missed = positive[said].sum(), negative[said].sum(), positive[~said].sum()
        return {
            "precision": _ratio(true, true + false),
            "recall": _ratio(true, true + missed),
            "f1": _ratio(2 * true, 2 * true + false + missed) if true + missed > 0 else np.nan,
        }

    def _curves(self, positive: Floats, negative: Floats) -> dict[str, float]:
        true, false = np.cumsum(positive)[self.last], np.cumsum(negative)[self.last]
        recall, fall_out = true / true[-1], false / false[-1]
        precision = np.divide(true, true + false, out=np.zeros_like(true), where=true + false > 0)
        steps = np.diff(recall, prepend=0.0)
        return {
            "roc_auc": float(np.trapezoid(np.append(0.0, recall), np.append(0.0, fall_out))),
            "pr_auc": float((steps * precision).sum()),
            "ks": float(np.abs(recall - fall_out).max()),
        }

    def _probabilities(self, weight: Floats, positive: Floats, negative: Floats) -> dict[str, float]:
        count = weight.sum()
        clipped = np.clip(self.probability, EPSILON, 1 - EPSILON)
        one_sided = positive.sum() == 0 or negative.sum() == 0
        return {
            "brier": _ratio((weight * (self.probability - self.outcome) ** 2).sum(), count),
            "log_loss": np.nan
            if one_sided
            else _ratio(-(positive * np.log(clipped) + negative * np.log(1 - clipped)).sum(), count),
            "calibration_error": self._calibration_error(weight, positive),
            "observed_rate": _ratio(positive.sum(), count),
            "expected_rate": _ratio((weight * self.probability).sum(), count),
        }

    def _calibration_error(self, weight: Floats, positive: Floats) -> float:
        """Mean distance of expected and observed rate over ten groups of like probability, by their weight.

        The expected calibration error of Naeini et al. (2015), with groups of equal size.
        """
        tenth = np.minimum((np.arange(len(weight)) * 10) // len(weight), 9)
        sizes = np.bincount(tenth, weight, 10)
        gaps = np.bincount(tenth, weight * self.probability, 10) - np.bincount(tenth, positive, 10)
        return _ratio(np.abs(gaps).sum(), sizes.sum())


@dataclass(frozen=True)
class Predicted:
    """Customers with a predicted and an observed amount: float64 of shape (n,) each."""

    outcome: Floats
    predicted: Floats

    def metrics(self, weight: Floats) -> dict[str, float]:
        """Every metric for one vector of weights, float64 of shape (n,); NaN where it is not defined."""
        count = weight.sum()
        error = self.predicted - self.outcome
        mean = _ratio((weight * self.outcome).sum(), count)
        squares = (weight * error**2).sum()
        spread = (weight * (self.outcome - mean) ** 2).sum()
        share = np.abs(error) / np.maximum(np.abs(self.outcome), EPSILON)
        return {
            "mae": _ratio((weight * np.abs(error)).sum(), count),
            "rmse": float(np.sqrt(_ratio(squares, count))),
            "r2": 1 - _ratio(squares, spread),
            "mape": _ratio((weight * share).sum(), count) if (self.outcome != 0).all() else np.nan,
            "bias": _ratio((weight * error).sum(), count),
        }


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
