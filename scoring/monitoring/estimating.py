"""Estimates how well a publication does before its outcomes are known, and compares estimates with what happened."""

import datetime as dt
from dataclasses import dataclass, replace

from scoring.catalog import load_catalog
from scoring.database import Connection, transaction
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.models.fitting import fitting_encoding
from scoring.models.registry import ModelRef, Registry
from scoring.monitoring import cbpe, dle, evaluations, learned
from scoring.monitoring.evaluations import EVERYBODY, Method, NewEvaluation
from scoring.monitoring.figures import Figure
from scoring.monitoring.learned import Source
from scoring.monitoring.performance import Shown, shown_at
from scoring.monitoring.values import all_values
from scoring.publishing import publications
from scoring.settings import Settings
from scoring.snapshots import manifest

ESTIMATED = 1  # part of each digest: another way to estimate is another input
SEED = 0
CURRENT_ROWS = 20_000  # of which features are read to estimate the error of all
UNTRIED = "it was not tried on others at training"


def estimate(settings: Settings, score: Score, as_of: dt.date) -> None:
    """Estimate how well what readers see of a score at ``as_of`` does. No-op if exactly this was estimated before.

    An estimate stays what it was when its cohort matured: it is compared with what happened.

    Raises
    ------
    NotFound
        If nothing is published.
    """
    with transaction(settings.database()) as connection:
        evaluations.lock(connection, score.name)
        shown = shown_at(settings, connection, score, as_of)
        publication_id = shown.publication.publication_id
        realised = evaluations.current(connection, publication_id, "realised")
        if realised and realised.mature and evaluations.current(connection, publication_id, "estimated"):
            return
        registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
        (arm, *_) = publications.arms(connection, publication_id)
        ref = registry.version(arm.model_name, arm.model_version)
        source = learned.source_of(connection, registry, shown, ref)
        new = _described(shown, ref, source)
        if not evaluations.confirm(connection, publication_id, "estimated", new.inputs_digest):
            figures = _Estimator(settings, connection, registry, shown, ref).figures(source)
            evaluations.add(connection, replace(new, used=figures.used), {EVERYBODY: figures.found})


def _described(shown: Shown, ref: ModelRef, source: Source | None) -> NewEvaluation:
    score, publication = shown.score, shown.publication
    threshold = score.monitoring.threshold if score.kind == "classification" else None
    method: Method = "CBPE" if score.kind == "classification" else "DLE"
    inputs = source.inputs if source else None
    return NewEvaluation(
        kind="estimated",
        score=score.name,
        as_of=publication.as_of,
        publication_id=publication.publication_id,
        inputs_digest=digest_of([ESTIMATED, "estimated", method, publication.inputs_digest, threshold, inputs]),
        method=method,
        rows=publication.rows or 0,
        used=0,
        threshold=threshold,
        known_at=source.known_at if source else None,
        learned_from=source.what if source else None,
        reason=None if source else f"no outcome of a customer that {ref} has scored is known, and {UNTRIED}",
    )


@dataclass(frozen=True)
class _Figures:
    found: list[Figure]
    used: int  # customers that were learned from


@dataclass(frozen=True)
class _Estimator:
    settings: Settings
    connection: Connection
    registry: Registry
    shown: Shown
    ref: ModelRef

    def figures(self, source: Source | None) -> _Figures:
        """What is estimated; nothing without a source."""
        if source is None:
            return _Figures([], 0)
        return self._classification(source) if self.shown.score.kind == "classification" else self._regression(source)

    def _classification(self, source: Source) -> _Figures:
        known = learned.values_and_outcomes(self.connection, self.shown, source)
        values = all_values(self.connection, self.shown.publication.publication_id)
        threshold = self.shown.score.monitoring.threshold
        found = cbpe.estimate(known.values, known.outcomes, values, threshold=threshold, seed=SEED)
        return _Figures(found, len(known.values))

    def _regression(self, source: Source) -> _Figures:
        score = self.shown.score
        data_set = load_catalog(self.settings.definitions).data_set(score.data_set)
        encoding = fitting_encoding(self.ref, score, data_set)
        known = learned.with_features(self.connection, self.shown, source, encoding, self._trained(data_set.name))
        features, values = learned.sample_of(self.connection, self.shown, encoding, CURRENT_ROWS)
        found = dle.estimate(
            known.features,
            known.values,
            known.outcomes,
            features,
            values,
            rows=self.shown.publication.rows or 0,
            seed=SEED,
        )
        return _Figures(found, len(known.values))

    def _trained(self, data_set: str) -> int | None:
        """The id of the snapshot that the model learned from, if it is here."""
        on = self.registry.trained_on(self.ref)
        found = manifest.find(self.connection, data_set, on.as_of, on.snapshot_digest) if on else None
        return found.snapshot_id if found else None
