"""How a model does on customers that it has not learned from: each fold is scored by an estimator of the others.

It is what a new version promises, and what estimates learn from until its first outcomes are known.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from sklearn.model_selection import KFold, StratifiedKFold

from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.learning.training_set import TrainingSet, fitted
from scoring.models.encoding import Encoding
from scoring.models.scorer import Scorer
from scoring.models.tags import PROMISED
from scoring.monitoring.metrics import metrics_of

FOLDS = 5
SEED = 0
MOST_ROWS = 50_000  # of a larger training set a seeded sample is enough: errors of a thousandth

SCHEMA = pa.schema([("row", pa.int64()), ("value", pa.float64()), ("outcome", pa.float64())])


@dataclass(frozen=True)
class OutOfFold:
    """``rows`` has the columns of :data:`SCHEMA`: place in the training snapshot, published value, outcome.

    ``promised`` are metrics of them by name. Both are empty if there are too few customers for folds.
    """

    rows: pa.Table
    promised: dict[str, float]


def out_of_fold(score: Score, data_set: DataSet, known: TrainingSet) -> OutOfFold:
    """Score each customer of a training set, or of a seeded sample, by an estimator that has not seen it.

    Raises
    ------
    PermanentError
        If an estimator cannot be fitted, or gives values that cannot be published.
    """
    sampled = known.sample(MOST_ROWS, SEED)
    folds = _folds(score, sampled.outcome)
    if folds is None:
        return OutOfFold(SCHEMA.empty_table(), {})
    values, encoding = np.empty(len(sampled.outcome)), Encoding.of(score, data_set)
    for learned, held_out in folds.split(sampled.features, sampled.outcome):
        estimator = fitted(score, sampled.take(learned))
        scorer = Scorer(estimator, score, encoding, key=data_set.key, name="of a fold of the training set")
        part = sampled.take(held_out)
        values[held_out] = scorer.values_of(part.features, part.customers)
    figures = metrics_of(score.kind, values, sampled.outcome, score.monitoring.threshold)
    promised = {f"{PROMISED}{figure.metric}": figure.value for figure in figures if figure.value is not None}
    return OutOfFold(pa.table([sampled.places, values, sampled.outcome], schema=SCHEMA), promised)


def _folds(score: Score, outcome: np.ndarray) -> KFold | StratifiedKFold | None:
    """The folds; None if there are fewer customers than folds, or fewer of a class."""
    if score.kind == "regression":
        return KFold(FOLDS, shuffle=True, random_state=SEED) if len(outcome) >= FOLDS else None
    least = np.unique(outcome, return_counts=True)[1].min()
    return StratifiedKFold(FOLDS, shuffle=True, random_state=SEED) if least >= FOLDS else None
