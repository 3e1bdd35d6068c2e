"""Shapley values of one leaf of a tree: what each condition on its path adds to the leaf's part of the prediction.

A feature that is known decides whether a customer meets its condition; of one that is not, the share of the training
customers that met it counts. So a leaf's part of the prediction is a product with one factor for each feature of the
path, and its Shapley value is an integral over t from 0 to 1, in which each other feature is known with probability t.
The integrand is a polynomial in t, so Gauss-Legendre quadrature is exact.

Source: Lundberg et al. (2020), "From local explanations to global understanding with explainable AI for trees",
https://doi.org/10.1038/s42256-019-0138-9 (path-dependent); Owen (1972), "Multilinear Extensions of Games".
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Patterns = NDArray[np.int32 | np.int64]

AT_ONCE = 300_000  # numbers in memory at a time; few enough to stay in the processor's cache


def leaf_contributions(weights: Floats, sizes: Ints, values: Floats, patterns: Patterns) -> Floats:
    """What each condition of some leaves contributes: float64 of shape (leaves, conditions).

    A leaf's numbers do not depend on the others, not even in the last digit.

    Parameters
    ----------
    weights
        Of the training customers that come to the conditions on a feature, the share that meets them; shape (leaves,
        conditions).
    sizes
        The number of conditions of each leaf; those beyond contribute 0.
    values
        What each leaf predicts.
    patterns
        Which of the conditions a customer meets: bit j for condition j.
    """
    found = np.zeros(weights.shape)
    for size in np.unique(sizes[sizes > 0]):
        these = np.flatnonzero(sizes == size)
        step = max(1, AT_ONCE // int(size * size))
        for first in range(0, len(these), step):
            part = these[first : first + step]
            found[part, :size] = _of_size(weights[part, :size], values[part], patterns[part])
    return found


def base_of(weights: Floats, values: Floats) -> float:
    """What leaves predict together if nothing is known of a customer; weights beyond a leaf's conditions are 1."""
    return float(np.sum(values * weights.prod(axis=1)))


def _of_size(weights: Floats, values: Floats, patterns: Patterns) -> Floats:
    """Those of leaves with the same number of conditions; the leaves are the last axis, as NumPy likes it."""
    size, leaves = weights.shape[1], len(values)
    times, shares = _quadrature((size + 1) // 2)  # exact up to degree size - 1
    weight = np.ascontiguousarray(weights.T)
    moves = ((patterns >> np.arange(size)[:, None]) & 1) - weight
    factors = weight[:, None] + moves[:, None] * times[:, None]
    others, running = np.empty_like(factors), np.ones((len(times), leaves))
    for place in range(size):  # the products of all factors before each; no division, because a factor may be 0
        others[place] = running
        running *= factors[place]
    running[:] = 1.0
    for place in reversed(range(size)):  # and of all behind it
        others[place] *= running
        running *= factors[place]
    integral = np.zeros_like(moves)
    for point, share in enumerate(shares):
        integral += share * others[:, point]
    return np.asarray((values * moves * integral).T)


@cache
def _quadrature(points: int) -> tuple[Floats, Floats]:
    """Gauss-Legendre points between 0 and 1, and their shares."""
    places, shares = np.polynomial.legendre.leggauss(points)
    return (places + 1) / 2, shares / 2
