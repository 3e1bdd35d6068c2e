"""One figure about one group of customers: its value with an interval, or the reason why there is none."""

from dataclasses import dataclass
from typing import Literal

Method = Literal["bootstrap", "wilson", "estimate", "none"]

# Whether a larger value is the better one; None where neither is (a bias is best at 0).
LARGER_IS_BETTER: dict[str, bool | None] = {
    "precision": True,
    "recall": True,
    "f1": True,
    "roc_auc": True,
    "pr_auc": True,
    "ks": True,
    "brier": False,
    "log_loss": False,
    "calibration_error": False,
    "observed_rate": None,
    "expected_rate": None,
    "mae": False,
    "rmse": False,
    "r2": True,
    "mape": False,
    "bias": None,
}


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure about ``n`` customers.

    ``low`` and ``high`` bound its 95 % interval, made by ``method``. A figure that is not defined has no value and
    a ``reason`` instead: it is never 0 for want of a better.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    method: Method
    reason: str | None = None

    def __post_init__(self) -> None:
        """Refuse a figure without a value and without a reason, or with both."""
        if (self.value is None) != (self.reason is not None):
            raise ValueError(
                f"metric {self.name!r}: either a value or a reason, not {self.value!r} and {self.reason!r}"
            )


def undefined(name: str, n: int, reason: str) -> Metric:
    """A metric that has no value for these customers."""
    return Metric(name, None, None, None, n, "none", reason)
