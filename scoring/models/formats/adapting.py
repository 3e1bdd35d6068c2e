"""Lets estimators of other libraries learn from typed features as scikit-learn's do."""

from functools import cache
from typing import Any

from scoring.domain.score import Shown
from scoring.models.formats.catboost_cbm import as_texts
from scoring.models.formats.contract import of_package


def adapted(estimator: Any, shown: Shown) -> Any:
    """An unfitted estimator that takes pandas categories, if features are shown typed.

    XGBoost is told that there may be categories. CatBoost is given them as texts, and told which they are.
    """
    if shown == "codes":
        return estimator
    if of_package(estimator, "xgboost") and hasattr(estimator, "enable_categorical"):
        estimator.set_params(enable_categorical=True)
    if of_package(estimator, "catboost") and not hasattr(estimator, "takes_categories"):
        kind: Any = type(estimator)
        estimator.__class__ = _typed(kind)
        getattr(estimator, "_init_params", {}).pop("cat_features", None)  # the definition says which they are
    return estimator


@cache
def _typed(kind: Any) -> type:
    """A subclass of one of CatBoost's classes that finds categories by their dtype."""

    class Typed(kind):  # type: ignore[misc]
        takes_categories = True

        def fit(self, features: Any, outcomes: Any = None, **how: Any) -> Any:
            texts = [str(name) for name, dtype in features.dtypes.items() if dtype.name == "category"]
            return super().fit(as_texts(features), outcomes, cat_features=texts or None, **how)

        def predict(self, features: Any, *given: Any, **how: Any) -> Any:
            return super().predict(as_texts(features), *given, **how)

        def predict_proba(self, features: Any, *given: Any, **how: Any) -> Any:
            return super().predict_proba(as_texts(features), *given, **how)

    Typed.__name__ = Typed.__qualname__ = kind.__name__
    return Typed
