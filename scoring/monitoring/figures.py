"""A figure about a score: its value with a 95 % interval, or the reason why it is not defined. Pure."""

from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Figure:
    """One metric of some customers.

    Parameters
    ----------
    metric
        Its name, as in table ``metric``.
    value
        None where it is not defined; then ``reason`` says why.
    low, high
        The ends of its 95 % interval; None where there is none.
    n
        Customers that it is about.
    """

    metric: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str | None = None


def undefined(metric: str, n: int, reason: str) -> Figure:
    """A metric that has no value here."""
    return Figure(metric, None, None, None, n, reason)
