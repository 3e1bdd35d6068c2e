"""Fitted ensembles in, their trees out: one module for each library, and how each reads features and adds leaves."""

from typing import Any

from scoring.models.accelerated.families import forests, hist, lightgbm_trees, xgboost_trees
from scoring.models.accelerated.flat import Ensemble, NotAccelerated


def ensemble_of(estimator: Any) -> Ensemble:
    """The trees of a fitted estimator, or of what was loaded of its file.

    Raises
    ------
    NotAccelerated
        If it is of another kind, or has an option for which this is not known to be exact.
    """
    for family in (hist, forests, lightgbm_trees, xgboost_trees):
        found: Ensemble | None = family.ensemble(estimator)
        if found is not None:
            if not found.trees:
                raise NotAccelerated("it has no trees")
            return found
    raise NotAccelerated(f"{type(estimator).__name__} is no ensemble of trees that is known here")
