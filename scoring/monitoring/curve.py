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

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """Customers with known outcomes by value.

    ``at`` is the log-odds of the mean value of each cell, float64 of shape (cells,). ``positives`` and ``others`` are
    sums of the weights of customers with and without the outcome, float64 of shape (cells,) or, for several samples,
    (samples, cells); the ``_squares`` are those of the squared weights. An unweighted customer weighs 1.
    """

    at: Floats
    positives: Floats
    others: Floats
    positives_squares: Floats
    others_squares: Floats

    @classmethod
    def of(cls, values: Floats, outcomes: Floats, weights: Floats) -> "Table":
        """Cells of equal weight by value; equal values are in the same cell. The order of rows does not matter.

        Weights are scaled so that their sum is the number of equally weighted customers who would say as much
        (Kish 1965, "Survey sampling"): (sum of w)^2 / (sum of w^2).
        """
        order = np.lexsort((weights, outcomes, values))
        known, came, weight = values[order], outcomes[order], weights[order]
        weight = weight * (weight.sum() / np.square(weight).sum())
        sums = np.cumsum(weight)
        places = np.searchsorted(sums, np.linspace(0, sums[-1], CELLS, endpoint=False), side="right")
        edges = np.unique(known[np.minimum(places, len(known) - 1)])
        starts = np.unique(np.append(0, np.searchsorted(known, edges, side="left")))

        def total(rows: Floats) -> Floats:
            return np.asarray(np.add.reduceat(rows, starts))

        return cls(
            log_odds(total(known * weight) / total(weight)),
            total(weight * came),
            total(weight * (1 - came)),
            total(weight**2 * came),
            total(weight**2 * (1 - came)),
        )

    @property
    def counts(self) -> Floats:
        """Sums of the weights of all customers."""
        return self.positives + self.others

    def resampled(self, random: np.random.Generator, samples: int) -> "Table":
        """The same customers with random weights, ``samples`` times: the Bayesian bootstrap.

        Rubin (1981), "The Bayesian bootstrap": each weight is multiplied by a standard exponential number. The sum of a
        cell is then gamma distributed if its weights are equal, and is taken to be if they are not.
        """
        return Table(
            self.at,
            _gamma(random, self.positives, self.positives_squares, samples),
            _gamma(random, self.others, self.others_squares, samples),
            self.positives_squares,
            self.others_squares,
        )


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
        positives, others = np.atleast_2d(table.positives), np.atleast_2d(table.others)
        counts = positives + others
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


def _gamma(random: np.random.Generator, mean: Floats, variance: Floats, samples: int) -> Floats:
    """Random numbers of this mean and variance, 0 where the mean is: (samples, cells)."""
    some = mean > 0
    drawn = np.zeros((samples, len(mean)))
    drawn[:, some] = random.gamma(mean[some] ** 2 / variance[some], variance[some] / mean[some], (samples, some.sum()))
    return drawn


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
