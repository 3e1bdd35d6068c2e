"""A training set: features of one snapshot, outcomes of a later one; and an estimator fitted on it."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import PermanentError
from scoring.features.file import opened
from scoring.features.past import Past
from scoring.models.encoding import Encoding
from scoring.models.features import feature_frame, outcome_of
from scoring.models.formats.adapting import adapted
from scoring.snapshots import lake
from scoring.snapshots.manifest import Snapshot

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class TrainingSet:
    """Features (rows, features), outcomes (rows,) as float64, ids of the customers, and their rows in the snapshot."""

    features: pd.DataFrame
    outcome: Floats
    customers: pa.ChunkedArray
    places: NDArray[np.int64]

    def take(self, rows: NDArray[np.intp]) -> "TrainingSet":
        """Some of its rows."""
        return TrainingSet(
            self.features.iloc[rows], self.outcome[rows], self.customers.take(pa.array(rows)), self.places[rows]
        )

    def sample(self, most: int, seed: int) -> "TrainingSet":
        """All rows, or ``most`` of them, each as likely as any other."""
        if len(self.outcome) <= most:
            return self
        return self.take(np.sort(np.random.default_rng(seed).choice(len(self.outcome), most, replace=False)))


def refuse_nothing_to_learn(
    score: Score, known: TrainingSet, as_of: dt.date, remedy: str, why: Callable[[], str] = str
) -> None:
    """Refuse a training set without outcomes, or with one class only; ``why`` says more if it is known.

    Raises
    ------
    PermanentError
        If it is one; says how many customers and different outcomes it has.
    """
    kinds = len(np.unique(known.outcome))
    if kinds < (2 if score.kind == "classification" else 1):
        raise PermanentError(
            f"{score.name} cannot be trained at {as_of}: {len(known.outcome)} customers have a known outcome, and "
            f"{kinds} different ones were seen. {why()}".strip(),
            remedy=remedy,
        )


def joined(parts: Sequence[TrainingSet]) -> TrainingSet:
    """Several training sets as one, in their order; places are those in the snapshot of each."""
    return TrainingSet(
        pd.concat([part.features for part in parts], ignore_index=True),
        np.concatenate([part.outcome for part in parts]),
        pa.chunked_array([chunk for part in parts for chunk in part.customers.chunks], pa.string()),
        np.concatenate([part.places for part in parts]),
    )


def training_set(score: Score, data_set: DataSet, before: Snapshot, after: Snapshot, past: Past = ()) -> TrainingSet:
    """Features and outcomes of the customers in both snapshots whose outcome is not null.

    ``past`` are the snapshots before ``before`` that the score looks back at.
    """
    with opened(score, data_set, before.location, past) as file:
        rows = file.read([data_set.key, *score.features])
        places = file.places(np.arange(rows.num_rows))
    with lake.SnapshotFile(after.location) as file:
        shown = file.read([data_set.key, score.target.column])
    column = data_set.column(score.target.column)
    known = pd.Series(
        outcome_of(score, shown.column(column.name), column), index=shown.column(data_set.key).to_pandas()
    )
    outcome = known.reindex(rows.column(data_set.key).to_pandas()).to_numpy()
    seen = ~np.isnan(outcome)
    kept = rows.filter(pa.array(seen))
    features = feature_frame(Encoding.of(score, data_set), kept, data_set.key)
    return TrainingSet(features, outcome[seen], kept.column(data_set.key), places[seen])


def fitted(score: Score, known: TrainingSet, estimator: Any = None) -> Any:
    """The definition's estimator, or the one given, fitted.

    Raises
    ------
    PermanentError
        If making or fitting it fails; names the reason.
    """
    estimator = adapted(score.new_estimator(), score.features_as) if estimator is None else estimator
    try:
        return estimator.fit(known.features, known.outcome)
    except MemoryError:
        raise
    except Exception as error:  # a user's estimator may raise anything
        raise PermanentError(
            f"The estimator of {score.name} cannot be fitted: {type(error).__name__}: {' '.join(str(error).split())}",
            remedy="Correct the score's 'estimator' in its definition.",
        ) from error
