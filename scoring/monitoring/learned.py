"""What an estimator learns from: outcomes of customers that the same model version has scored without knowing them.

Those are the newest mature cohorts of the version; before there is one, the customers that it was tried on at training.
Only cohorts whose horizon ended by as_of count, so an estimate foresees nothing.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scoring.database import Connection
from scoring.features.file import opened_at, opened_of
from scoring.models.encoding import Encoding
from scoring.models.features import feature_matrix
from scoring.models.registry import Registry
from scoring.models.tags import ModelRef
from scoring.monitoring import evaluations, sampling
from scoring.monitoring.evaluations import Evaluation
from scoring.monitoring.performance import Shown, labels_of
from scoring.outcomes import known
from scoring.publishing import publications
from scoring.snapshots import manifest

Model = tuple[Encoding, ModelRef]

COHORTS = 3  # newest ones: what customers did long ago says less about those of today
ROWS = 15_000  # that are learned from: a seeded sample of each cohort


@dataclass(frozen=True)
class Source:
    """Where an estimator learns: ``cohorts``, or what was ``tried`` of the customers of the ``trained`` snapshot.

    ``of_folds`` says that each of those was scored by a model of the others, not by the version itself.
    ``what`` says it for people, ``inputs`` identifies the content, ``known_at`` is when its newest outcome was
    recorded.
    """

    what: str
    inputs: list[object]
    known_at: dt.datetime | None
    cohorts: tuple[Evaluation, ...] = ()
    tried: pa.Table | None = None
    trained: int | None = None
    of_folds: bool = False


@dataclass(frozen=True)
class Learned:
    """Published values and outcomes (0.0 or 1.0, or amounts), float64 (rows,); features, float64 (rows, features)."""

    values: np.ndarray
    outcomes: np.ndarray
    features: np.ndarray


@dataclass(frozen=True)
class Customers:
    """Features, float64 (rows, features), and published values, float64 (rows,)."""

    features: np.ndarray
    values: np.ndarray


def source_of(connection: Connection, registry: Registry, shown: Shown, ref: ModelRef, data_set: str) -> Source | None:
    """Where the estimator of a publication learns; None if there is nothing of its model version."""
    as_of, horizon = shown.publication.as_of, shown.score.target.horizon
    found = evaluations.learnable(connection, shown.score.name, as_of, ref.name, ref.version)
    cohorts = [one for one in found if horizon.after(one.as_of) <= as_of][:COHORTS]
    if cohorts:
        dates = ", ".join(str(one.as_of) for one in reversed(cohorts))
        newest = max(one.known_at for one in cohorts if one.known_at)
        inputs: list[object] = [one.inputs_digest for one in cohorts]
        return Source(f"outcomes of the cohorts {dates}", inputs, newest, tuple(cohorts))
    tried, on = registry.out_of_fold(ref), registry.tried_on(ref)
    if on is not None and horizon.after(on.as_of) > as_of:  # a version of later scores an old date again
        return None
    trained = manifest.find(connection, data_set, on.as_of, on.snapshot_digest) if on else None
    if tried is None or not tried.num_rows or on is None or trained is None:
        return None
    what = f"customers at {on.as_of} on whom {ref} was tried at training, each scored by a model that had not seen it"
    of_folds = on == registry.trained_on(ref)
    return Source(what, [ref.digest], None, tried=tried, trained=trained.snapshot_id, of_folds=of_folds)


def with_features(connection: Connection, shown: Shown, source: Source, encoding: Encoding, ref: ModelRef) -> Learned:
    """A seeded sample of a source with the features that the model sees."""
    nobody = Learned(np.zeros(0), np.zeros(0), np.zeros((0, len(encoding.features))))
    parts = [nobody, *_sampled(connection, shown, source, encoding, ref)]
    return Learned(
        np.concatenate([one.values for one in parts]),
        np.concatenate([one.outcomes for one in parts]),
        np.concatenate([one.features for one in parts]),
    )


def sample_of(connection: Connection, shown: Shown, encoding: Encoding, ref: ModelRef, count: int) -> Customers:
    """A seeded sample of the customers whom a version scored in a publication."""
    rows, values = _customers(connection, shown, shown.publication.publication_id, (encoding, ref), count)
    return Customers(feature_matrix(encoding, rows, shown.key), values)


def _sampled(
    connection: Connection, shown: Shown, source: Source, encoding: Encoding, ref: ModelRef
) -> Iterator[Learned]:
    if source.tried is not None and source.trained is not None:
        tried = source.tried.take(pa.array(sampling.places(source.tried.num_rows, ROWS)))
        snapshot = manifest.get(connection, source.trained)
        with opened_at(connection, shown.score, shown.data_set, snapshot) as file:
            positions = file.positions(tried.column("row").to_numpy())
            rows = sampling.rows_at(file, [shown.key, *encoding.names], positions[positions >= 0])
        tried = tried.filter(pa.array(positions >= 0))
        features = feature_matrix(encoding, rows, shown.key)
        yield Learned(tried.column("value").to_numpy(), tried.column("outcome").to_numpy(), features)
    for cohort in source.cohorts:
        yield _of_cohort(connection, shown, cohort, (encoding, ref), ROWS // len(source.cohorts))


def _of_cohort(connection: Connection, shown: Shown, cohort: Evaluation, model: Model, count: int) -> Learned:
    rows, values = _customers(connection, shown, cohort.publication_id, model, count)
    assert cohort.known_at is not None  # noqa: S101 - a mature cohort has outcomes
    outcomes = known.as_known(connection, shown.score.name, cohort.as_of, cohort.known_at)
    places = pc.index_in(rows.column(shown.key), value_set=outcomes.column("customer_id").combine_chunks())
    raw = outcomes.column("value").take(places).to_numpy()
    seen = ~np.isnan(raw)
    features = feature_matrix(model[0], rows, shown.key)
    return Learned(values[seen], labels_of(shown.score, raw[seen]), features[seen])


def _customers(
    connection: Connection, shown: Shown, publication_id: int, model: Model, count: int
) -> tuple[pa.Table, np.ndarray]:
    """Those whom the version scored: in a split the others were scored by another one."""
    publication = publications.by_id(connection, publication_id)
    assert publication is not None  # noqa: S101 - a foreign key
    its = (publication.publication_id, publication.snapshot_id)
    with opened_of(connection, shown.score, shown.data_set, *its) as file:
        rows = sampling.customers(file, [shown.key, *model[0].names], count)
    ids: Sequence[str] = rows.column(shown.key).to_pylist()
    values = sampling.published_values(connection, publication, ids, model[1].version)
    its = ~np.isnan(values)
    return rows.filter(pa.array(its)), values[its]
