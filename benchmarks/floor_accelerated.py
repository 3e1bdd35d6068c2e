"""The second floor: as the first, but the trees predict through the accelerated predictor, on as many cores."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import llvmlite.binding  # noqa: F401 - the predictor would import it on first use; imports do not count
import numpy as np
import pandas as pd
from floor import floor
from measure import Measured, answer

from scoring.models.accelerated.predictor import Accelerated

PIECES = 8  # of the rows, for the threads to take


def accelerated(url: str, model: str, location: str) -> Measured:
    """As :func:`floor.floor`, with the predictor compiled inside of the measured time."""
    return floor(url, model, location, predict=_probabilities)


def _probabilities(estimator: Any, features: pd.DataFrame) -> np.ndarray:
    predictor = Accelerated.of(estimator)
    step = -(-len(features) // PIECES)
    pieces = [features.iloc[first : first + step] for first in range(0, len(features), step)]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return np.concatenate(list(pool.map(predictor.predict, pieces)))


if __name__ == "__main__":
    answer(accelerated)
