"""The parity gate: an accelerated predictor is admitted if it says what the estimator says, or it is not used."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.errors import PermanentError
from scoring.models.accelerated.flat import Ensemble, Floats, NotAccelerated
from scoring.models.accelerated.predictor import Accelerated
from scoring.models.encoding import DTYPE_BY_NULLS, Encoding, Feature

Ask: TypeAlias = Callable[[pd.DataFrame], Floats]

TOLERANCE = 1e-12  # absolute, or relative if that is more
HARD_ROWS = 2000  # at registration
FEW_HARD_ROWS = 256  # each time a model is loaded: another machine or package may compute differently
LARGE = float(np.finfo(np.float32).max)
WHOLE = 2.0**53  # the largest integer that a model is shown
ADMITTED, REFUSED = "equal", "refused"


def parity(estimator: Any, encoding: Encoding, features: pd.DataFrame, ask: Ask) -> str:
    """What is recorded with a version: ``equal on ...``, or ``refused: ...`` with the reason.

    Parameters
    ----------
    features
        The customers of the training, as the model is shown them; hard rows are added to them.
    ask
        What the estimator itself predicts, float64 of shape (rows,).
    """
    try:
        accelerated = Accelerated.of(estimator)
        largest = 0.0
        for rows in (features, hard_rows(encoding, accelerated.ensemble, HARD_ROWS)):
            largest = max(largest, difference(accelerated, rows, ask))
    except NotAccelerated as why:
        return f"{REFUSED}: {why}"
    if not largest <= TOLERANCE:
        return f"{REFUSED}: it differs from the estimator by up to {largest:.3g}"
    return f"{ADMITTED} on {len(features) + HARD_ROWS:,} rows, largest difference {largest:g}"


def admitted(recorded: str | None) -> bool:
    """Whether a version's accelerated predictor may be used."""
    return recorded is not None and recorded.startswith(ADMITTED)


def checked(estimator: Any, encoding: Encoding, ask: Ask) -> Accelerated:
    """The accelerated predictor of a version that was admitted, if it still agrees, here and now, on a few hard rows.

    Raises
    ------
    NotAccelerated
        If it does not, or cannot be made; says why.
    """
    accelerated = Accelerated.of(estimator)
    found = difference(accelerated, hard_rows(encoding, accelerated.ensemble, FEW_HARD_ROWS), ask)
    if not found <= TOLERANCE:
        raise NotAccelerated(f"it differs from the estimator here, by up to {found:.3g}")
    return accelerated


def difference(accelerated: Accelerated, rows: pd.DataFrame, ask: Ask) -> float:
    """The largest difference from the estimator on some rows, relative where that is less; NaN if one is no number.

    Raises
    ------
    NotAccelerated
        If one of both cannot say anything.
    """
    try:
        own = ask(rows)
    except PermanentError as error:
        raise NotAccelerated(f"the estimator cannot be compared: {error}") from error
    mine = accelerated.predict(rows)
    if mine is None:
        raise NotAccelerated("the estimator takes rows that it does not")
    with np.errstate(invalid="ignore"):
        apart = np.abs(mine - own) / np.maximum(np.abs(own), 1.0)
    return float(np.where(mine == own, 0.0, apart).max(initial=0.0))


def hard_rows(encoding: Encoding, ensemble: Ensemble, count: int) -> pd.DataFrame:
    """Rows at which a comparison that is a little off shows: thresholds, what is next to them, extremes, nulls."""
    random = np.random.default_rng(0)
    at = list(_thresholds(ensemble, len(encoding.features)))
    columns = {
        feature.name: _column(feature, values, encoding.shown == "typed", random, count)
        for feature, values in zip(encoding.features, at, strict=True)
    }
    return pd.DataFrame(columns)


def _thresholds(ensemble: Ensemble, count: int) -> Iterator[Floats]:
    """For each feature the numbers to try; of all features together where the estimator puts them in another order."""
    together = ensemble.slots().any() or ensemble.features != count
    kind = np.float32 if ensemble.compares == "float32" else np.float64
    extremes = [0.0, -0.0, 1e-40, LARGE, -LARGE, *([] if ensemble.finite else [np.inf, -np.inf])]
    for feature in range(count):
        at = ensemble.thresholds(None if together else feature).astype(kind)
        with np.errstate(over="ignore"):
            beside = [np.nextafter(at, kind(np.inf)), np.nextafter(at, kind(-np.inf))]
        found = np.concatenate([at, *beside]).astype(np.float64)
        usual = found[np.isfinite(found)]
        yield np.concatenate([usual, np.tile(extremes, max(1, len(usual) // 100))])


def _column(feature: Feature, numbers: Floats, typed: bool, random: np.random.Generator, count: int) -> Any:
    missing = random.random(count) < 0.1  # noqa: PLR2004 - here and there
    categories = feature.values  # noqa: PD011 - no frame
    if categories and typed:
        codes = np.where(missing, -1, random.integers(0, len(categories), count))
        return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(categories)))
    if categories:
        numbers = np.concatenate([np.arange(len(categories), dtype=np.float64), numbers[np.abs(numbers) <= WHOLE]])
    found: NDArray[np.float64] = random.choice(numbers, count)
    if typed and not feature.nullable and feature.type in DTYPE_BY_NULLS:
        whole = np.clip(np.nan_to_num(np.floor(found)), -WHOLE, WHOLE).astype(np.int64)
        return whole > 0 if feature.type == "boolean" else whole
    return np.where(missing, np.nan, found)
