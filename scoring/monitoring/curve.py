"""How likely the outcome really is at each value of a score: a smooth curve, learned from a small table. Pure.

A table in place of rows lets a bootstrap refit the curve hundreds of times in a moment.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

CELLS = 400  # cells of the table, of about as many customers each
KNOTS = 6
LEAST = 1e-6  # nearer to 0 or 1 a probability is taken to be this
RIDGE = 1.0  # how much the curve is held near the score's own probabilities, in the weight of about four customers
STEPS = 30

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """Customers with known outcomes by value.

    ``at`` is the log-odds of the mean value of each cell, float64 of shape (cells,); ``counts`` are its customers,
    ``positives`` those with the outcome, int64 of shape (cells,) or, for several samples, (samples, cells).
    """

    at: Floats
    counts: Counts
    positives: Counts

    @classmethod
    def of(cls, values: Floats, outcomes: Floats) -> "Table":
        """Cells by quantiles of the values; equal values are in the same cell. The order of rows does not matter."""
        order = np.argsort(values, kind="stable")
        known, came = values[order], outcomes[order]
        edges = known[np.linspace(0, len(known), CELLS, endpoint=False).astype(np.int64)]
        starts = np.searchsorted(known, np.unique(edges), side="left")
        counts = np.diff(np.append(starts, len(known)))
        return cls(
            log_odds(np.add.reduceat(known, starts) / counts),
            counts.astype(np.int64),
            np.add.reduceat(came, starts).astype(np.int64),
        )

    def resampled(self, random: np.random.Generator, samples: int) -> "Table":
        """As many customers again, drawn from these with replacement, ``samples`` times."""
        cells = np.concatenate([self.positives, self.counts - self.positives])
        drawn = random.multinomial(int(cells.sum()), cells / cells.sum(), size=samples)
        positives, others = drawn[:, : len(self.at)], drawn[:, len(self.at) :]
        return Table(self.at, positives + others, positives)


@dataclass(frozen=True)
class Curve:
    """Log-odds of the outcome: those of the value, plus a natural cubic spline of them.

    ``weights`` are the spline's, float64 of shape (terms,), or (samples, terms) for as many curves. Outside of the
    knots a natural spline is straight, and its slope is held near that of the score: it does not go wild where there
    were no customers.
    """

    knots: Floats
    weights: Floats

    @classmethod
    def of(cls, table: Table, knots: Floats | None = None) -> "Curve":
        """Logistic regression on the table (Newton's method), once for each of its samples.

        A ridge penalty holds the curve near the score's own probabilities: with few customers those are the best guess.
        """
        knots = _knots(table) if knots is None else knots
        terms = _terms(table.at, knots)
        counts, positives = np.atleast_2d(table.counts), np.atleast_2d(table.positives)
        ridge = RIDGE * np.eye(terms.shape[1])
        weights = np.zeros((len(counts), terms.shape[1]))
        for _ in range(STEPS):
            likely = expit(table.at + weights @ terms.T)
            slope = (positives - counts * likely) @ terms - weights @ ridge
            bend = (counts * likely * (1 - likely))[:, None, :] * terms.T @ terms + ridge
            step = np.linalg.solve(bend, slope[:, :, None])[:, :, 0]
            longest = np.abs(step).max(axis=1, keepdims=True)
            weights = weights + step / np.maximum(longest, 1.0)  # no step leaves where the next one is sound
            if longest.max() < 1e-8:  # noqa: PLR2004
                break
        return cls(knots, weights.reshape(*np.shape(table.counts)[:-1], -1))

    def at(self, values: Floats) -> Floats:
        """Probability of the outcome at values of the score: shape (values,) or (samples, values)."""
        place = log_odds(values)
        return np.asarray(expit(place + self.weights @ _terms(place, self.knots).T))


def log_odds(values: Floats) -> Floats:
    """Log-odds of probabilities, finite for 0 and 1, too."""
    return np.asarray(logit(np.clip(values, LEAST, 1 - LEAST)))


def _knots(table: Table) -> Floats:
    """Places between which as much is known about the outcome: weights are counts x variance of the outcome."""
    rate = expit(table.at)
    known = np.cumsum(table.counts * np.maximum(rate * (1 - rate), 1e-3))
    shares = np.linspace(0.03, 0.97, KNOTS)
    return np.unique(table.at[np.searchsorted(known, shares * known[-1])])


def _terms(place: Floats, knots: Floats) -> Floats:
    """Constant, straight line and natural cubic spline through the knots, all of about size one: (places, terms).

    Hastie, Tibshirani and Friedman (2009), "The elements of statistical learning", equation 5.4.
    """
    first, last = knots[0], knots[-1]
    constant = np.ones_like(place)
    width = last - first
    if not width:
        return constant[:, None]
    scaled, ends = (place - (first + last) / 2) / (width / 2), (knots - first) / width
    if len(knots) < 3:  # noqa: PLR2004 - two knots are a straight line
        return np.column_stack([constant, scaled])
    cubes = np.maximum((place[:, None] - first) / width - ends, 0.0) ** 3
    bends = (cubes[:, :-1] - cubes[:, -1:]) / (1 - ends[:-1])
    return np.column_stack([constant, scaled, 6 * (bends[:, :-1] - bends[:, -1:])])
