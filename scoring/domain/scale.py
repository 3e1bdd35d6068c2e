"""Derives from a model's raw predictions what is published: values, points and bands."""

import numpy as np
from numpy.typing import NDArray

from scoring.domain.score import Score


def value_of(score: Score, raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Published values, float64 of the same shape: raw predictions, raised to the score's ``minimum`` if below it."""
    return raw if score.minimum is None else np.maximum(raw, score.minimum)


def points_of(score: Score, value: NDArray[np.float64]) -> NDArray[np.int16] | None:
    """Points, int16 from 0 to ``score.points``: the probability times ``score.points``, halves rounded up."""
    if score.points is None:
        return None
    return np.floor(value * score.points + 0.5).astype(np.int16)


def band_of(score: Score, value: NDArray[np.float64]) -> NDArray[np.intp] | None:
    """Position of each value's band in ``score.bands``: the first whose upper bound is at least the value."""
    if not score.bands:
        return None
    return np.searchsorted([band.upper for band in score.bands], value, side="left")
