"""Estimates how well a publication does before its outcomes are known, and compares estimates with what happened."""

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np

from scoring.catalog import load_catalog
from scoring.database import Connection, transaction
from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.models.fitting import fitting_encoding
from scoring.models.registry import Registry
from scoring.models.tags import ModelRef
from scoring.monitoring import cbpe, dle, evaluations, learned
from scoring.monitoring.evaluations import Method, NewEvaluation
from scoring.monitoring.figures import Figure
from scoring.monitoring.learned import Customers, Learned, Source
from scoring.monitoring.performance import Shown, shown_at
from scoring.monitoring.shift import ratios
from scoring.monitoring.values import count_by, values_by
from scoring.publishing import publications
from scoring.settings import Settings

ESTIMATED = 2  # part of each digest: another way to estimate is another input
SEED = 0
CURRENT_ROWS = 20_000  # of which features are read: they stand for all
UNTRIED = "it was not tried on others at training"


def estimate(settings: Settings, score: Score, as_of: dt.date) -> None:
    """Estimate how well what readers see of a score at ``as_of`` does. No-op if exactly this was estimated before.

    An estimate stays what it was when its cohort matured: it is compared with what happened. Of a publication that an
    experiment splits, the champion's customers are estimated.

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
        data_set = load_catalog(settings.definitions).data_set(score.data_set)
        source = learned.source_of(connection, registry, shown, ref, data_set.name)
        new = _described(shown, ref, source)
        if not evaluations.confirm(connection, publication_id, "estimated", new.inputs_digest):
            figures = _Estimator(connection, shown, ref, data_set).figures(source)
            evaluations.add(connection, replace(new, used=figures.used), {shown.judged: figures.found})


def _described(shown: Shown, ref: ModelRef, source: Source | None) -> NewEvaluation:
    score, publication = shown.score, shown.publication
    threshold = score.monitoring.threshold if score.kind == "classification" else None
    method: Method = "CBPE" if score.kind == "classification" else "DLE"
    inputs = source.inputs if source else None
    meant = [threshold, score.target.meaning]
    return NewEvaluation(
        kind="estimated",
        score=score.name,
        as_of=publication.as_of,
        publication_id=publication.publication_id,
        inputs_digest=digest_of([ESTIMATED, "estimated", method, publication.inputs_digest, meant, inputs]),
        method=method,
        rows=publication.rows or 0,
        used=0,
        threshold=threshold,
        at_least=score.target.at_least,
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
    """Customers of then and now are told apart ``by_value``, too, unless values then are of models of the folds.

    Those of a weak model are nearly constant, each about another constant: they tell the models apart, not customers.
    """

    connection: Connection
    shown: Shown
    ref: ModelRef
    data_set: DataSet

    def figures(self, source: Source | None) -> _Figures:
        """What is estimated; nothing without a source."""
        if source is None:
            return _Figures([], 0)
        score = self.shown.score
        encoding = fitting_encoding(self.ref, score, self.data_set)
        known = learned.with_features(self.connection, self.shown, source, encoding, self.ref)
        now = learned.sample_of(self.connection, self.shown, encoding, self.ref, CURRENT_ROWS)
        estimated = self._classification if score.kind == "classification" else self._regression
        return _Figures(estimated(known, now, by_value=not source.of_folds), len(known.values))

    def _classification(self, known: Learned, now: Customers, *, by_value: bool) -> list[Figure]:
        values = values_by(self.connection, self.shown.publication.publication_id, self.ref.version)
        then, current = known.features, now.features
        if by_value:
            then, current = np.column_stack([then, known.values]), np.column_stack([current, now.values])
        return cbpe.estimate(
            known.values,
            known.outcomes,
            values,
            threshold=self.shown.score.monitoring.threshold,
            seed=SEED,
            weights=ratios(then, current, seed=SEED),
        )

    def _regression(self, known: Learned, now: Customers, *, by_value: bool) -> list[Figure]:
        return dle.estimate(
            known.features,
            known.values,
            known.outcomes,
            now.features,
            now.values,
            rows=count_by(self.connection, self.shown.publication.publication_id, self.ref.version),
            seed=SEED,
            by_value=by_value,
        )
