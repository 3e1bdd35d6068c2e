"""Trains a model of a score on one snapshot and on what a later one then showed, and registers it."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.metrics import (
    mean_absolute_error,
    precision_score,
    recall_score,
    roc_auc_score,
    root_mean_squared_error,
)

from scoring.catalog import load_catalog
from scoring.database import connect
from scoring.domain.calendar import months_after
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import NotFound, PermanentError
from scoring.models.features import feature_frame, outcome_of
from scoring.models.registry import ModelRef, Registry
from scoring.settings import Settings
from scoring.snapshots import lake, manifest
from scoring.snapshots.manifest import Snapshot

EXAMPLE_ROWS = 5


def train(settings: Settings, score: Score, as_of: dt.date) -> ModelRef:
    """Fit the score's estimator on the snapshot of ``as_of`` and register it; the first version becomes champion.

    Raises
    ------
    NotFound
        If one of the two snapshots is missing.
    PermanentError
        If they show nothing to learn from: no common customer, or one class only.
    """
    data_set = load_catalog(settings.definitions).data_set(score.data_set)
    before = _snapshot(settings, data_set, as_of)
    after = _snapshot(settings, data_set, months_after(as_of, score.target.horizon_months))
    features, outcome = training_set(score, data_set, before, after)
    needed = 2 if score.kind == "classification" else 1
    if len(np.unique(outcome)) < needed:
        raise PermanentError(
            f"{score.name} cannot be trained at {as_of}: {len(outcome)} customers have a known outcome, and "
            f"{len(np.unique(outcome))} different ones were seen. Train it at another date."
        )
    estimator = score.new_estimator().fit(features, outcome)
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value(), settings.mlflow_artifacts)
    ref = registry.register(
        score.model_name,
        estimator,
        features.head(EXAMPLE_ROWS),
        trusted_types=score.trusted_types,
        tags={
            "score": score.name,
            "trained_as_of": as_of.isoformat(),
            "snapshot_digest": before.digest,
            "outcome_snapshot_digest": after.digest,
            "data_set_digest": data_set.digest,
            "rows": str(len(features)),
        },
        metrics=in_sample(score, estimator, features, outcome),
        as_of=as_of,
    )
    if registry.find_champion(score.model_name) is None:
        registry.promote(ref)
    return ref


def training_set(
    score: Score, data_set: DataSet, before: Snapshot, after: Snapshot
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Features (rows, features) and outcomes (rows,) of the customers that both snapshots know."""
    with lake.SnapshotFile(before.location) as file:
        rows = file.read([data_set.key, *score.features])
    with lake.SnapshotFile(after.location) as file:
        shown = file.read([data_set.key, score.target.column])
    column = data_set.column(score.target.column)
    known = pd.Series(
        outcome_of(score, shown.column(column.name), column), index=shown.column(data_set.key).to_pandas()
    )
    outcome = known.reindex(rows.column(data_set.key).to_pandas()).to_numpy()
    seen = ~np.isnan(outcome)
    return feature_frame(score, data_set, rows.filter(pa.array(seen))), outcome[seen]


def in_sample(
    score: Score, estimator: object, features: pd.DataFrame, outcome: NDArray[np.float64]
) -> dict[str, float]:
    """Metrics on the training rows themselves: a sign of life, not of quality."""
    if score.kind == "classification":
        probability = estimator.predict_proba(features)[:, 1]  # type: ignore[attr-defined]
        said = probability >= 0.5  # noqa: PLR2004 - the even odds
        return {
            "in_sample_roc_auc": float(roc_auc_score(outcome, probability)),
            "in_sample_precision": float(precision_score(outcome, said, zero_division=0)),
            "in_sample_recall": float(recall_score(outcome, said)),
        }
    predicted = estimator.predict(features)  # type: ignore[attr-defined]
    return {
        "in_sample_mae": float(mean_absolute_error(outcome, predicted)),
        "in_sample_rmse": float(root_mean_squared_error(outcome, predicted)),
    }


def _snapshot(settings: Settings, data_set: DataSet, as_of: dt.date) -> Snapshot:
    with connect(settings.database()) as connection:
        found = manifest.current(connection, data_set.name, as_of)
    if found is None:
        raise NotFound(
            f"There is no snapshot of {data_set.name} at {as_of}. "
            f"Ingest it first: `scoring ingest {data_set.name} --as-of {as_of}`."
        )
    return found
