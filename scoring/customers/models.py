"""MLflow: rows of the person in input examples, and in what versions said of customers at training."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from scoring.customers.place import Found, Subject
from scoring.database import transaction
from scoring.domain.score import Score
from scoring.models.features import feature_matrix
from scoring.models.kept import Floats, Kept
from scoring.models.registry import Registry
from scoring.models.tags import ModelRef
from scoring.snapshots import lake, manifest
from scoring.snapshots.arrow import arrow_schema


class Examples:
    """Input examples: they are found while the person's features are still in a snapshot."""

    name = "input examples"

    def find(self, subject: Subject) -> list[Found]:
        """The versions whose example has a row of the person."""
        kept = Kept(subject.settings.mlflow_tracking_uri.get_secret_value())
        found = [(ref, kept.shown(ref, _features(subject, ref))) for _, ref in _versions(subject)]
        return [Found(f"MLflow, input example of {ref}", {"rows": rows}) for ref, rows in found if rows]

    def erase(self, subject: Subject) -> int:
        """Take the rows out."""
        kept = Kept(subject.settings.mlflow_tracking_uri.get_secret_value())
        return sum(kept.take_out(ref, _features(subject, ref)) for _, ref in _versions(subject))


class OutOfFold:
    """Out-of-fold rows name a row of a snapshot: those whose row was erased there leave, too."""

    name = "out-of-fold rows"

    def find(self, subject: Subject) -> list[Found]:
        """The versions with such rows."""
        kept = Kept(subject.settings.mlflow_tracking_uri.get_secret_value())
        found = [(ref, kept.tried(ref, gone)) for ref, gone in _tried(subject)]
        return [Found(f"MLflow, out-of-fold rows of {ref}", {"rows": rows}) for ref, rows in found if rows]

    def erase(self, subject: Subject) -> int:
        """Take the rows out."""
        kept = Kept(subject.settings.mlflow_tracking_uri.get_secret_value())
        return sum(kept.take_out_tried(ref, gone) for ref, gone in _tried(subject))


def _versions(subject: Subject) -> Iterator[tuple[Score, ModelRef]]:
    registry = Registry(subject.settings.mlflow_tracking_uri.get_secret_value())
    for score in subject.scores:
        for ref in registry.versions(score.model_name):
            yield score, ref


def _features(subject: Subject, ref: ModelRef) -> Floats:
    """The person's features as a version sees them, one row for each snapshot."""
    schema = arrow_schema(subject.data_set)
    if ref.encoding is None or not set(ref.encoding.names) <= set(schema.names):
        return np.empty((0, 0))
    return feature_matrix(ref.encoding, pa.Table.from_pylist(list(subject.rows), schema), subject.data_set.key)


def _tried(subject: Subject) -> Iterator[tuple[ModelRef, np.ndarray]]:
    """Versions with the places of the rows that were erased in the snapshot that they were tried on."""
    registry = Registry(subject.settings.mlflow_tracking_uri.get_secret_value())
    for _, ref in _versions(subject):
        on = registry.tried_on(ref)
        if on is None:
            continue
        with transaction(subject.database) as connection:
            snapshot = manifest.find(connection, subject.data_set.name, on.as_of, on.snapshot_digest)
        if snapshot is not None:
            with lake.SnapshotFile(snapshot.location) as file:
                yield ref, file.erased
