"""Registers a model that was trained elsewhere: tried on a snapshot, kept with what is known of it, judged like any."""

import datetime as dt
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scoring.catalog import load_catalog
from scoring.database import connect, transaction
from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.domain.signature import require_signature
from scoring.errors import NotFound, PermanentError
from scoring.features import past as pasts
from scoring.features.file import opened
from scoring.learning.cohorts import Cohort, mature
from scoring.learning.derived import refuse_impure
from scoring.learning.explained import explanation
from scoring.learning.judging import Retrained, settled
from scoring.learning.train import refuse_unpublishable
from scoring.learning.training_set import TrainingSet
from scoring.models.bringing import Brought, brought, fetched, learned_encoding
from scoring.models.encoding import Encoding
from scoring.models.features import feature_frame
from scoring.models.registry import Registry
from scoring.models.scorer import BLOCK, Scorer
from scoring.models.tags import INPUTS_TAG, PARITY_TAG, SNAPSHOT_TAG, TRAINED_AS_OF_TAG, TRAINED_WITH_TAG, ModelRef
from scoring.monitoring import sampling
from scoring.settings import Settings
from scoring.snapshots import manifest
from scoring.snapshots.manifest import Snapshot

BROUGHT = 1  # part of each digest: another way to register is another input
NAME = "that is being registered"
TRIED, ALONE = 2_000, 50  # customers whom it scores together; of these so many each by themselves
APART = 1e-6  # how far the two may differ, for models that compute with 32-bit floats


@dataclass(frozen=True)
class Tried:
    """What a model said of ``customers`` at ``as_of``; ``apart`` is how far customers alone differ."""

    as_of: dt.date
    customers: int
    least: float
    mean: float
    most: float
    apart: float


@dataclass(frozen=True)
class Registered:
    """The version, how it is shown, what was tried, and what became of it; ``named`` if its file names its features."""

    ref: ModelRef
    named: bool
    shown: str
    tried: Tried
    became: Retrained


def bring(
    settings: Settings,
    score: Score,
    source: str,
    *,
    by: str,
    reason: str,
    learned_until: dt.date | None = None,
    only_register: bool = False,
) -> Registered:
    """Register the model in a file, or in MLflow; the first version is put in charge, others are judged by the gate.

    The same file again finds its version.

    Parameters
    ----------
    source
        A path, or a URI like ``models:/name/3`` or ``runs:/<id>/model``.
    by, reason
        Who brings it and why, for the record.
    learned_until
        The newest as_of that it has learned from: the gate compares on later cohorts only. None: unknown; then it may
        have learned from what it is compared on, so a person decides where a rule would have.
    only_register
        Judge it, but do not put it in charge.

    Raises
    ------
    NotFound
        If there is no such file or model, or no snapshot to try it on.
    ConfigurationError
        If the package that reads it is not installed.
    PermanentError
        If it cannot be read without pickle, does not fit the definition, or its values cannot be published.
    """
    require_signature("A model", by, reason)
    data_set = load_catalog(settings.definitions).data_set(score.data_set)
    uri = settings.mlflow_tracking_uri.get_secret_value()
    registry = Registry(uri, settings.mlflow_artifacts)
    with tempfile.TemporaryDirectory() as folder:
        found = brought(fetched(source, uri, Path(folder)), score.trusted_types)
        encoding = learned_encoding(found, score, data_set)
        scorer = Scorer(found.model, score, encoding, key=data_set.key, name=NAME, block=BLOCK)
        snapshot = _snapshot(settings, data_set)
        shown = _shown(settings, score, data_set, snapshot, encoding)
        tried = _tried(scorer, shown, snapshot)
        refuse_unpublishable(score, data_set, scorer, shown)
        explained = explanation(score, found.model, scorer, shown) | {PARITY_TAG: scorer.parity(shown.features)}
        digest = digest_of([BROUGHT, score.name, found.digest, encoding.content])
        ref = registry.find_made_of(score.model_name, digest)
        if ref is None:
            tags = explained | _tags(settings, (score, data_set), found, source, tried) | {INPUTS_TAG: digest}
            tags |= {"brought_by": by, "reason": reason} | _learned(settings, data_set, learned_until)
            ref = registry.register_file(
                score.model_name, found.path, found.form, encoding=encoding, tags=tags, as_of=snapshot.as_of
            )
    cohorts = _cohorts(settings, score, learned_until)
    became = settled(settings, score, ref, cohorts, only_register=only_register, ask=learned_until is None)
    return Registered(ref, found.facts.features is not None, encoding.shown, tried, became)


def _snapshot(settings: Settings, data_set: DataSet) -> Snapshot:
    with connect(settings.database()) as connection:
        found = manifest.latest(connection, data_set.name)
    if found is None or not found.accepted:
        raise NotFound(
            f"There is no snapshot with customers of {data_set.name} on which the model could be tried.",
            remedy=f"Ingest one first: `scoring ingest {data_set.name} --as-of <date>`.",
        )
    return found


def _shown(settings: Settings, score: Score, data_set: DataSet, snapshot: Snapshot, encoding: Encoding) -> TrainingSet:
    """Customers as the model is shown them. Their outcomes are not asked for."""
    with connect(settings.database()) as connection:
        past = pasts.of_date(connection, score, data_set, snapshot.as_of)
    refuse_impure(score, data_set, snapshot.location, past)
    with opened(score, data_set, snapshot.location, past) as file:
        rows = sampling.customers(file, [data_set.key, *encoding.names], TRIED)
    features = feature_frame(encoding, rows, data_set.key)
    return TrainingSet(features, np.zeros(rows.num_rows), rows.column(data_set.key), np.arange(rows.num_rows))


def _tried(scorer: Scorer, shown: TrainingSet, snapshot: Snapshot) -> Tried:
    """Score customers twice and alone.

    Raises
    ------
    PermanentError
        If a value cannot be published, differs at the second time, or is another one for a customer alone.
    """
    published = scorer.values_of(shown.features, shown.customers)
    values = scorer.raw_of(shown.features)  # a minimum would hide differences
    if not np.array_equal(values, scorer.raw_of(shown.features)):
        raise PermanentError(
            "The model gives other values when it is asked the same again.",
            remedy="Take what is random out of its prediction, and register it again.",
        )
    alone = [scorer.raw_of(shown.features.iloc[[row]])[0] for row in range(min(ALONE, len(values)))]
    apart = np.abs(values[: len(alone)] - alone)
    worst = int(apart.argmax())
    if apart[worst] > APART * max(1.0, abs(values[worst])):
        raise PermanentError(
            f"The model gives customer {shown.customers[worst].as_py()!r} {values[worst]:.9g} among "
            f"{len(values):,} customers and {alone[worst]:.9g} alone.",
            remedy="A customer's score must not depend on others: leave out what looks at all rows.",
        )
    least, mean, most = (float(found(published)) for found in (np.min, np.mean, np.max))
    return Tried(snapshot.as_of, len(values), least, mean, most, float(apart.max()))


def _cohorts(settings: Settings, score: Score, learned_until: dt.date | None) -> list[Cohort]:
    """The newest mature cohorts from which the model has not learned, as far as that is known."""
    now = dt.datetime.now(dt.UTC)
    with transaction(settings.database()) as connection:
        found = mature(connection, score, now.date(), now, score.learning.held_out)
    return [one for one in found if learned_until is None or one.as_of > learned_until]


def _learned(settings: Settings, data_set: DataSet, until: dt.date | None) -> dict[str, str]:
    """The tags that say what a version has learned from; its digest, if it is a snapshot of ours."""
    if until is None:
        return {}
    with connect(settings.database()) as connection:
        found = manifest.current(connection, data_set.name, until)
    return {TRAINED_AS_OF_TAG: until.isoformat(), SNAPSHOT_TAG: found.digest if found else "unknown"}


def _tags(
    settings: Settings, defined: tuple[Score, DataSet], found: Brought, source: str, tried: Tried
) -> dict[str, str]:
    score, data_set = defined
    made_with = found.facts.trained_with
    return {
        "score": score.name,
        "brought_from": source if source.startswith(("models:", "runs:")) else found.name,
        "data_set_digest": data_set.digest,
        "definition_digest": score.digest,
        "code_version": settings.code_version,
        "tried_on": f"{tried.customers} customers of {tried.as_of}",
        "alone_differs_by": f"{tried.apart:g}",
    } | ({TRAINED_WITH_TAG: made_with} if made_with else {})
