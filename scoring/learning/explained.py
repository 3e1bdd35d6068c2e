"""Refuses to register a model that cannot be explained, if the definition wants its scores explained."""

from typing import Any

import numpy as np

from scoring.domain.score import Score
from scoring.errors import PermanentError
from scoring.learning.training_set import TrainingSet
from scoring.models.explaining.explainer import Explainer, background_of
from scoring.models.scorer import Scorer

EXPLAINED_ROWS = 200  # training customers on whom a new model's contributions are added up
TOLERANCE = 1e-6  # absolute, or relative if that is more


def background(score: Score, estimator: Any, scorer: Scorer, known: TrainingSet) -> list[float] | None:
    """The training means that explain a linear model, to be registered with it; None for other kinds.

    Raises
    ------
    PermanentError
        If the definition has reasons and the estimator cannot be explained: it is of an unknown kind, its contributions
        do not add up to what it predicts, or they are to be stored and take too long.
    """
    found = background_of(estimator, known.features)
    if score.reasons is not None:
        explainer = Explainer.of(estimator, score, scorer.encoding, found)
        features = known.features.head(EXPLAINED_ROWS)
        expected, added = scorer.raw_of(features), explainer.predicted(explainer.contributions(features))
        if added is not None and not np.allclose(added, expected, rtol=TOLERANCE, atol=TOLERANCE):
            raise PermanentError(
                f"The contributions of {score.name}'s features do not add up to what its estimator predicts: the "
                f"difference is up to {np.abs(added - expected).max():g}.",
                remedy="Use another estimator (docs/reason-codes.md), or remove 'reasons' from the definition.",
            )
        if score.reasons.stored:
            explainer.refuse_slow()
    return None if found is None else found.tolist()
