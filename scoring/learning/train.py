"""Trains a score's model on the features of one snapshot and the outcomes of a later one, and registers it."""

import datetime as dt
from functools import partial

from sklearn.metrics import (
    mean_absolute_error,
    precision_score,
    recall_score,
    roc_auc_score,
    root_mean_squared_error,
)

from scoring.catalog import load_catalog
from scoring.database import connect
from scoring.domain.dataset import DataSet
from scoring.domain.features import feature_columns
from scoring.domain.score import Score
from scoring.errors import NotFound, PermanentError
from scoring.features import past as pasts
from scoring.learning.derived import example_of, looked_back, refuse_impure
from scoring.learning.explained import explanation
from scoring.learning.out_of_fold import out_of_fold
from scoring.learning.promotion import FIRST, promote
from scoring.learning.training_set import Floats, TrainingSet, fitted, refuse_nothing_to_learn, training_set
from scoring.learning.unmatched import why_unmatched
from scoring.models.charge import find_in_charge
from scoring.models.encoding import Encoding
from scoring.models.registry import Registry
from scoring.models.scorer import Scorer
from scoring.models.tags import PARITY_TAG, SNAPSHOT_TAG, TRAINED_AS_OF_TAG, ModelRef
from scoring.settings import Settings
from scoring.snapshots import manifest
from scoring.snapshots.manifest import Snapshot

NEW = "that is being trained"  # the name, in messages, of a model without a version
TRIED_ROWS = 1000  # rows for which a new model must give publishable values


def train(settings: Settings, score: Score, as_of: dt.date) -> ModelRef:
    """Fit the score's estimator on the snapshot of ``as_of`` and register it; the first version becomes champion.

    Raises
    ------
    NotFound
        If one of the two snapshots is missing.
    PermanentError
        If the target is no column of the data set, there is nothing to learn (no common customer, or one class), the
        estimator fails, its values cannot be published, or they are to be explained and cannot be.
    """
    data_set = load_catalog(settings.definitions).data_set(score.data_set)
    if score.target.column not in data_set.column_names:
        raise PermanentError(
            f"{score.name} cannot be trained: training learns from snapshots, and its target {score.target.column!r} "
            f"is no column of {data_set.name!r}.",
            remedy=f"Add the column to {data_set.name!r}.",
        )
    before = _snapshot(settings, data_set, as_of)
    after = _snapshot(settings, data_set, score.target.horizon.after(as_of), of=as_of)
    with connect(settings.database()) as connection:
        past = pasts.of_date(connection, score, data_set, as_of)
    refuse_impure(score, data_set, before.location, past)
    known = training_set(score, data_set, before, after, past)
    why = partial(why_unmatched, score, data_set, before, after)
    refuse_nothing_to_learn(score, known, as_of, "Train it at another date.", why)
    estimator = fitted(score, known)
    encoding = Encoding.of(score, data_set)
    scorer = Scorer(estimator, score, encoding, key=data_set.key, name=NEW)
    refuse_unpublishable(score, data_set, scorer, known)
    explained = explanation(score, estimator, scorer, known) | {PARITY_TAG: scorer.parity(known.features)}
    tried = out_of_fold(score, data_set, known)
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value(), settings.mlflow_artifacts)
    ref = registry.register(
        score.model_name,
        estimator,
        example_of(score, known),
        encoding=encoding,
        trusted_types=score.trusted_types,
        tags={
            "score": score.name,
            TRAINED_AS_OF_TAG: as_of.isoformat(),
            SNAPSHOT_TAG: before.digest,
            "outcome_snapshot_digest": after.digest,
            "data_set_digest": data_set.digest,
            "rows": str(len(known.features)),
            **looked_back(past),
        }
        | explained,
        metrics=in_sample(score, known.outcome, scorer.values_of(known.features, known.customers)) | tried.promised,
        out_of_fold=tried.rows,
        as_of=as_of,
    )
    if find_in_charge(settings.database(), registry, score.model_name) is None:
        promote(settings, score, ref, FIRST)
    return ref


def refuse_unpublishable(score: Score, data_set: DataSet, scorer: Scorer, known: TrainingSet) -> None:
    """Refuse a model that would make a later publication fail.

    Raises
    ------
    PermanentError
        If it gives values that are no probability or amount, or fails on a null that the definition allows.
    """
    features, customers = known.features.head(TRIED_ROWS), known.customers.slice(0, TRIED_ROWS)
    scorer.values_of(features, customers)
    nullable = [column.name for column in feature_columns(score, data_set) if column.nullable]
    if nullable:
        try:
            scorer.values_of(
                features.assign(**{name: features[name].mask(features[name].notna()) for name in nullable}), customers
            )
        except PermanentError as error:
            raise PermanentError(
                f"The estimator of {score.name} cannot take customers without {', '.join(nullable)}, which the "
                f"definition allows: {error}",
                remedy="Begin the estimator with an imputer, or make the columns not nullable.",
            ) from error


def in_sample(score: Score, outcome: Floats, values: Floats) -> dict[str, float]:
    """Metrics of published values on the training rows: they show that the model works, not how good it is."""
    if score.kind == "classification":
        said = values >= score.monitoring.threshold
        return {
            "in_sample_roc_auc": float(roc_auc_score(outcome, values)),
            "in_sample_precision": float(precision_score(outcome, said, zero_division=0)),
            "in_sample_recall": float(recall_score(outcome, said)),
        }
    return {
        "in_sample_mae": float(mean_absolute_error(outcome, values)),
        "in_sample_rmse": float(root_mean_squared_error(outcome, values)),
    }


def _snapshot(settings: Settings, data_set: DataSet, as_of: dt.date, of: dt.date | None = None) -> Snapshot:
    """The snapshot of a date; ``of`` is the date whose outcomes it shows, if it does."""
    with connect(settings.database()) as connection:
        found = manifest.current(connection, data_set.name, as_of)
        newest = manifest.latest(connection, data_set.name)
    if found is None:
        until = f", and the newest is of {newest.as_of}" if newest else ""
        ends = f" The horizon of {of} ends there{until}." if of else ""
        raise NotFound(
            f"There is no snapshot of {data_set.name} at {as_of}.{ends} "
            f"Ingest it first: `scoring ingest {data_set.name} --as-of {as_of}`."
        )
    return found
