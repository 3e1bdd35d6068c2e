"""Predicts with a loaded model: customers in, published values out; refuses every other output of a model."""

import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from scoring.domain.scale import value_of
from scoring.domain.score import Score
from scoring.errors import PermanentError
from scoring.models.accelerated.flat import NotAccelerated
from scoring.models.accelerated.parity import admitted, checked, parity
from scoring.models.accelerated.predictor import Accelerated
from scoring.models.encoding import Encoding
from scoring.models.explaining.explainer import Explainer
from scoring.models.features import feature_frame, features_of_one
from scoring.models.few import MOST, Walker

Floats = NDArray[np.float64]

SHOWN = 3  # customers named in a message
ROUNDED = 1e-6  # tolerance outside of 0 to 1, for models that compute with 32-bit floats
BLOCK = 16  # rows: BLAS computes whole blocks in another order than the rest, which gets other last digits
MANY = 2000  # customers at once: with less, compiling takes longer than it saves
PROMOTE = "Nothing is published. Promote another version, or correct the estimator and train it again."


class Scorer:
    """Scores customers with a fitted estimator.

    Parameters
    ----------
    estimator
        Fitted; ``predict_proba`` for a classification, ``predict`` for a regression.
    score
        What is scored.
    encoding
        What the estimator was trained on.
    key
        The column with the customer's id.
    name
        The model's name in messages: ``delinquency_risk version 3``.
    block
        The estimator is shown a multiple of so many rows, the last one repeated. With :data:`BLOCK` a linear model
        gives a customer the same number to the last bit, alone or among a million.
    background
        Training means of a linear model, which :attr:`explainer` needs.
    parity
        What the version says of its accelerated predictor (:func:`~scoring.models.accelerated.parity.parity`). One
        that was admitted predicts for :data:`MANY` customers and more; they get the same numbers, sooner.
    """

    def __init__(
        self,
        estimator: Any,
        score: Score,
        encoding: Encoding,
        *,
        key: str,
        name: str,
        block: int = 1,
        background: Sequence[float] | None = None,
        parity: str | None = None,
    ) -> None:
        self._estimator, self._score, self.encoding = estimator, score, encoding
        self._key, self._name, self._block, self._background = key, name, block, background
        self._few: Walker | None = None
        self._many: Accelerated | None = None
        self._lock, self._parity = Lock(), parity
        self._why_own = self._why_not_accelerated(parity)

    @staticmethod
    def _why_not_accelerated(recorded: str | None) -> str | None:
        if recorded is None:
            return "the version was registered without a parity check"
        return None if admitted(recorded) else recorded

    @property
    def predictor(self) -> str:
        """What has predicted so far, for people: ``accelerated``, or ``estimator`` with the reason."""
        if self._many is not None:
            return "accelerated"
        return f"estimator ({self._why_own or f'never {MANY:,} customers at once'})"

    def parity(self, features: pd.DataFrame) -> str:
        """What a version should say of its accelerated predictor, compared on these features and on hard rows."""
        return parity(self._estimator, self.encoding, features, self._asked)

    def _accelerated(self) -> Accelerated | None:
        """The accelerated predictor, made when it is first wanted; None if there is none, :attr:`_why_own`."""
        with self._lock:
            if self._many is None and self._why_own is None:
                try:
                    self._many = checked(self._estimator, self.encoding, self._asked)
                except NotAccelerated as why:
                    self._why_own = str(why)
            return self._many

    def hurry(self) -> None:
        """Make the prediction of a few rows quick, where that is known to give the same numbers.

        Takes about 0.1 s, and is for who scores single customers.
        """
        if self.encoding.shown == "codes":
            self._few = Walker.of(self._estimator, self._agrees)

    @property
    def is_quick(self) -> bool:
        """Whether a few rows take a small part of a millisecond."""
        return self._few is not None

    @property
    def columns(self) -> list[str]:
        """The columns to read from a snapshot: the key, then the features."""
        return [self._key, *self.encoding.names]

    def values(self, customers: pa.Table) -> Floats:
        """Published values of customers, float64 of shape (rows,), from a table that has :attr:`columns`.

        Raises
        ------
        PermanentError
            As :meth:`values_of`, and as :func:`feature_frame`.
        """
        if not customers.num_rows:  # a row group that a person who was forgotten had for themselves
            return np.empty(0)
        return self.values_of(self.features(customers), customers.column(self._key))

    def value_of_one(self, row: Mapping[str, Any]) -> Floats | None:
        """As :meth:`values`, of a single row of Python's values; float64 of shape (1,), or None if that has to say."""
        if self._few is None or (features := features_of_one(self.encoding, row)) is None:
            return None
        raw = self._few.predict_lists([features])
        return None if self._wrong(raw).any() else self._published(raw)

    def features(self, customers: pa.Table) -> pd.DataFrame:
        """What the model is shown of customers, from a table that has :attr:`columns`."""
        return feature_frame(self.encoding, customers, self._key)

    @cached_property
    def explainer(self) -> Explainer:
        """What explains the model's scores.

        Raises
        ------
        PermanentError
            If the model cannot be explained.
        """
        background = None if self._background is None else np.array(self._background)
        return Explainer.of(self._estimator, self._score, self.encoding, background)

    def values_of(self, features: pd.DataFrame, keys: pa.ChunkedArray) -> Floats:
        """Published values of features, float64 of shape (rows,): probabilities, or amounts not below the minimum.

        Raises
        ------
        PermanentError
            If the estimator fails or gives something that is no probability or no finite amount; names the model, the
            first customers and which of their features are null.
        """
        raw = self.raw_of(features)
        wrong = self._wrong(raw)
        if wrong.any():
            raise self._refused(np.flatnonzero(wrong), raw, features, keys)
        return self._published(raw)

    def _wrong(self, raw: Floats) -> NDArray[np.bool_]:
        if self._score.kind == "classification":
            return ~((raw >= -ROUNDED) & (raw <= 1 + ROUNDED))
        return ~np.isfinite(raw)

    def _published(self, raw: Floats) -> Floats:
        return value_of(self._score, np.clip(raw, 0.0, 1.0) if self._score.kind == "classification" else raw)

    def raw_of(self, features: pd.DataFrame) -> Floats:
        """What the model predicts of features, before anything is clipped: float64 of shape (rows,).

        Raises
        ------
        PermanentError
            If it fails, or gives an array of another shape.
        """
        if self._few is not None and len(features) <= MOST:
            return self._few.predict(features.to_numpy())
        accelerated = self._accelerated() if len(features) >= MANY else None
        found = None if accelerated is None else accelerated.predict(features)
        return self._asked(features) if found is None else found

    def _asked(self, features: pd.DataFrame) -> Floats:
        """What the estimator itself predicts."""
        wanted = "predict_proba" if self._score.kind == "classification" else "predict"
        if not hasattr(self._estimator, wanted):
            raise self._unusable(f"has no {wanted}, which a {self._score.kind} needs")
        shown = _filled(features, self._block, typed=self.encoding.shown == "typed")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # an overflow: values_of() refuses its result
                found = np.asarray(getattr(self._estimator, wanted)(self._taken(shown)), dtype=np.float64)
        except MemoryError:
            raise
        except Exception as error:
            raise self._unusable(f"fails: {type(error).__name__}: {_one_line(error)}") from error
        if self._score.kind == "classification":
            found = self._outcome_probabilities(found)
        if found.shape != (len(shown),):
            raise self._unusable(f"gives an array of shape {found.shape} for {len(features)} customers")
        return found[: len(features)]

    def _taken(self, shown: pd.DataFrame) -> Any:
        """An array for an estimator of scikit-learn that was fitted to one, which a frame's names would startle."""
        fitted_to_array = hasattr(self._estimator, "n_features_in_") and not hasattr(
            self._estimator, "feature_names_in_"
        )
        return shown.to_numpy() if fitted_to_array and self.encoding.shown == "codes" else shown

    def _agrees(self, walker: Walker, rows: Floats) -> bool:
        own = self._asked(pd.DataFrame(rows, columns=self.encoding.names, copy=False))
        return np.array_equal(walker.predict(rows), own)

    def _outcome_probabilities(self, probabilities: Floats) -> Floats:
        """The column of class 1: the probability that the outcome occurs."""
        classes = list(getattr(self._estimator, "classes_", (0, 1)))
        if set(classes) != {0, 1} or probabilities.shape[1:] != (len(classes),):
            raise self._unusable(
                f"gives probabilities of shape {probabilities.shape} for the classes {classes!r}; two, 0 and 1, "
                "are needed"
            )
        return probabilities[:, classes.index(1)]

    def _unusable(self, problem: str) -> PermanentError:
        return PermanentError(f"Model {self._name} {problem}.", remedy=PROMOTE)

    def _refused(
        self, rows: NDArray[np.intp], raw: Floats, features: pd.DataFrame, keys: pa.ChunkedArray
    ) -> PermanentError:
        named = ", ".join(f"{keys[int(row)].as_py()!r} ({raw[row]:g})" for row in rows[:SHOWN])
        null = [str(name) for name in features.columns[features.iloc[rows[0]].isna()]]
        problem = "no probability" if self._score.kind == "classification" else "no finite amount"
        hint = f" The first has no value for {', '.join(null)}." if null else ""
        return PermanentError(
            f"Model {self._name} gives {problem} for {len(rows):,} of {len(raw):,} customers of score "
            f"{self._score.name!r}, the first are {named}.{hint}",
            remedy=PROMOTE,
        )


def _filled(features: pd.DataFrame, block: int, *, typed: bool) -> pd.DataFrame:
    """The features with the last row repeated up to a whole number of blocks."""
    lacking = -len(features) % block
    if not lacking or features.empty:
        return features
    if typed:
        return features.iloc[np.minimum(np.arange(len(features) + lacking), len(features) - 1)]
    rows = features.to_numpy()
    return pd.DataFrame(np.vstack([rows, np.repeat(rows[-1:], lacking, axis=0)]), columns=features.columns, copy=False)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
