"""Makes a version of a model: reads what it learns from, fits it, tries it on later cohorts and registers it."""

import datetime as dt
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa

from scoring.database import Connection, connect
from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.learning.cohorts import Cohort, read
from scoring.learning.derived import example_of, refuse_impure_of
from scoring.learning.explained import explanation
from scoring.learning.fitting import best_parameters, fit, numbered
from scoring.learning.out_of_fold import SCHEMA
from scoring.learning.pictures import pictures
from scoring.learning.train import NEW, refuse_unpublishable
from scoring.learning.training_set import TrainingSet, joined, refuse_nothing_to_learn
from scoring.learning.trial import HeldOut, held_out
from scoring.models.encoding import Encoding
from scoring.models.features import feature_frame
from scoring.models.formats.known import other_libraries
from scoring.models.registry import Registry
from scoring.models.scorer import Scorer
from scoring.models.tags import (
    HELD_OUT,
    INPUTS_TAG,
    PARITY_TAG,
    SNAPSHOT_TAG,
    TRAINED_AS_OF_TAG,
    TRIED_AS_OF_TAG,
    TRIED_SNAPSHOT_TAG,
    ModelRef,
)
from scoring.monitoring.metrics import metrics_of
from scoring.settings import Settings

TRAINED = 1  # part of each digest: another way to train is another input


@dataclass(frozen=True)
class Inputs:
    """The cohorts that a version learns from, and those on which it is compared; the oldest first."""

    learned: list[Cohort]
    held_out: list[Cohort]


def inputs_digest(score: Score, data_set: DataSet, inputs: Inputs) -> str:
    """Digest of all that decides the model: who it learns from, what it sees, how it is made, and by which library."""
    learning = score.learning
    estimator = score.new_estimator()
    made = [type(estimator).__qualname__, {name: repr(value) for name, value in estimator.get_params().items()}]
    searched = {name: [repr(value) for value in values] for name, values in learning.search.items()}
    how = [learning.calibrate, searched, learning.tries, learning.most_rows]
    target = [score.kind, score.target.column, score.target.meaning, score.headline]
    encoding = Encoding.of(score, data_set).content
    who = [one.content for one in inputs.learned]
    libraries = [version("scikit-learn"), *other_libraries(estimator)]
    return digest_of([TRAINED, score.name, target, encoding, made, how, who, *libraries])


@dataclass(frozen=True)
class Training:
    """Makes one version of a model."""

    settings: Settings
    score: Score
    data_set: DataSet
    registry: Registry
    inputs: Inputs

    def register(self, digest: str, as_of: dt.date, reason: str) -> ModelRef:
        """Fit and register a version; its promise is what it does on the held-out cohorts."""
        score, encoding = self.score, Encoding.of(self.score, self.data_set)
        with connect(self.settings.database()) as connection, connection:
            refuse_impure_of(connection, score, self.data_set, self.inputs.learned[-1])
            parts = [self._part(connection, cohort, encoding) for cohort in self.inputs.learned]
            held = held_out(connection, score, self.data_set, self.inputs.held_out)
        known = joined(parts)
        remedy = "Train it at another date, or let it learn from more cohorts ('learning.cohorts')."
        refuse_nothing_to_learn(score, known, as_of, remedy)
        parameters = best_parameters(score, known, np.concatenate(list(numbered(parts))))
        estimator = fit(score, known, parameters)
        scorer = Scorer(estimator, score, encoding, key=self.data_set.key, name=NEW)
        refuse_unpublishable(score, self.data_set, scorer, known)
        explained = explanation(score, estimator, scorer, known) | {PARITY_TAG: scorer.parity(known.features)}
        features = feature_frame(encoding, held.rows, self.data_set.key)
        values = scorer.values_of(features, held.rows.column(self.data_set.key))
        newest = slice(len(values) - len(held.newest), None)
        tried = pa.table([held.newest, values[newest], held.outcomes[newest]], schema=SCHEMA)
        return self.registry.register(
            score.model_name,
            estimator,
            example_of(score, known),
            encoding=encoding,
            trusted_types=score.trusted_types,
            tags=self._tags(digest, reason, known, parameters) | explained,
            metrics=self._promised(values, held),
            out_of_fold=tried,
            pictures=pictures(score, estimator, features, values, held.outcomes),
            as_of=as_of,
        )

    def _part(self, connection: Connection, cohort: Cohort, encoding: Encoding) -> TrainingSet:
        share = max(1, self.score.learning.most_rows // len(self.inputs.learned))
        known = read(connection, self.score, self.data_set, cohort, columns=self.score.features, most=share)
        key = self.data_set.key
        return TrainingSet(
            feature_frame(encoding, known.rows, key), known.outcomes, known.rows.column(key), known.places
        )

    def _promised(self, values: Any, held: HeldOut) -> dict[str, float]:
        figures = metrics_of(self.score.kind, values, held.outcomes, self.score.monitoring.threshold)
        return {f"{HELD_OUT}{figure.metric}": figure.value for figure in figures if figure.value is not None}

    def _tags(self, digest: str, reason: str, known: TrainingSet, parameters: dict[str, Any]) -> dict[str, str]:
        newest, tried = self.inputs.learned[-1], self.inputs.held_out[-1]
        return {
            "score": self.score.name,
            INPUTS_TAG: digest,
            TRAINED_AS_OF_TAG: newest.as_of.isoformat(),
            SNAPSHOT_TAG: newest.snapshot_digest,
            TRIED_AS_OF_TAG: tried.as_of.isoformat(),
            TRIED_SNAPSHOT_TAG: tried.snapshot_digest,
            "trained_cohorts": ", ".join(f"{one.as_of} ({one.snapshot_digest[:12]})" for one in self.inputs.learned),
            "held_out_cohorts": ", ".join(str(one.as_of) for one in self.inputs.held_out),
            "outcomes_known_at": max(one.known_at for one in self.inputs.learned).isoformat(),
            "data_set_digest": self.data_set.digest,
            "definition_digest": self.score.digest,
            "code_version": self.settings.code_version,
            "rows": str(len(known.features)),
            "searched": repr(parameters),
            "calibrated": str(self.score.learning.calibrate),
            "reason": reason,
        }
