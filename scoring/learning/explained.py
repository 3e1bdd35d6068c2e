"""Refuses to register a model that cannot be explained, if the definition wants its scores explained."""

from typing import Any

import numpy as np

from scoring.domain.score import Score
from scoring.errors import PermanentError
from scoring.learning.training_set import TrainingSet
from scoring.models.explaining.explainer import Explainer, background_of
from scoring.models.scorer import Scorer
from scoring.models.tags import explanation_tags

EXPLAINED_ROWS = 200  # training customers on whom a new model's contributions are added up
TOLERANCE = 1e-6  # absolute, or relative if that is more


def explanation(score: Score, estimator: Any, scorer: Scorer, known: TrainingSet) -> dict[str, str]:
    """The tags that say how a new version is explained.

    Raises
    ------
    PermanentError
        If the definition has reasons and the estimator cannot be explained: it is of an unknown kind, its contributions
        do not add up to what it predicts, or they are to be stored and take too long.
    """
    means = background_of(estimator, known.features)
    if score.reasons is None:
        return explanation_tags(means, explained=False)
    explainer = Explainer.of(estimator, score, scorer.encoding, means)
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
    return explanation_tags(means, explained=explainer.is_quick)
