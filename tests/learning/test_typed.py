"""Retraining with typed features: search space, held-out cohorts, pictures and the gate work with categories."""

import numpy as np
import pandas as pd
import pytest
from factories import query, register, snapshot_of
from factories_learning import ROWS, T, in_charge, learning, registry_of, three_months
from factories_monitoring import MONTHS, monitored, month, shoppers, truth
from shop_definitions import LEAVING, SPENDING
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from scoring.catalog import load_catalog
from scoring.domain.reasons import Reasons
from scoring.errors import PermanentError
from scoring.learning.promotion import promote
from scoring.learning.retrain import retrain
from scoring.learning.train import train
from scoring.models.formats.adapting import adapted
from scoring.models.formats.known import other_libraries
from scoring.models.ledger import Decision


def lightgbm():
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=20, verbose=-1, n_jobs=1, random_state=0)


def catboost():
    from catboost import CatBoostClassifier

    return CatBoostClassifier(
        iterations=20, verbose=False, thread_count=1, random_seed=0, allow_writing_files=False, cat_features=["plan"]
    )


@pytest.mark.parametrize(
    ("estimator", "search"),
    [(lightgbm, {"num_leaves": (7, 15)}), (catboost, {"depth": (2, 4)})],
    ids=["LightGBM", "CatBoost"],
)
def test_a_typed_version_is_searched_for_compared_and_put_in_charge(own_registry, estimator, search):
    """The champion, which is shown codes, says the opposite of what happens."""
    register(own_registry, LEAVING, scale=-1.0)
    three_months(own_registry)
    score = learning(search=search).model_copy(update={"features_as": "typed", "estimator": estimator})
    found = retrain(own_registry, score, T, reason="the schedule")
    assert (found.promotion.how, in_charge(own_registry)) == ("gate", 3)
    assert (found.ref.encoding.shown, found.ref.kind) == ("typed", estimator.__name__)
    assert registry_of(own_registry).promised(found.ref)["roc_auc"] > 0.7
    assert retrain(own_registry, score, T, reason="again").ref == found.ref


FRAME = pd.DataFrame({"plan": pd.Categorical(["free", "paid", np.nan, "paid"] * 20), "mood": np.arange(80.0)})


def test_a_clone_of_an_adapted_estimator_takes_categories_too():
    fitted = clone(adapted(catboost(), "typed")).fit(FRAME, [0, 1, 0, 1] * 20)
    assert fitted.predict_proba(FRAME).shape == (80, 2)
    assert fitted.get_cat_feature_indices() == [0]


def test_shown_codes_an_estimator_is_left_as_it_is():
    estimator = catboost()
    assert adapted(estimator, "codes") is estimator
    assert type(estimator).__module__.startswith("catboost")


def test_the_library_that_fits_is_one_of_the_inputs():
    import lightgbm as library

    assert other_libraries(LogisticRegression()) == []
    assert other_libraries(make_pipeline(LogisticRegression())) == []
    assert other_libraries(lightgbm()) == [f"lightgbm {library.__version__}"]
    assert other_libraries(make_pipeline(lightgbm())) == [f"lightgbm {library.__version__}"]


def test_a_typed_version_is_watched_like_any(own_registry, monkeypatch):
    score = LEAVING.model_copy(update={"features_as": "typed", "estimator": lightgbm})
    monkeypatch.setitem(load_catalog("shop_definitions").scores, "leaving", score)
    rows = shoppers(ROWS, 0)
    snapshot_of(own_registry, rows, MONTHS[0])
    snapshot_of(own_registry, truth(rows, 0), MONTHS[1])
    ref = train(own_registry, score, MONTHS[0])
    promote(own_registry, score, ref, Decision("person", "ann", "a test"))
    rows = shoppers(ROWS, 1)
    month(own_registry, MONTHS[2], rows=rows, later=truth(rows, 1), score=score)
    monitored(own_registry, score, MONTHS[2])
    kinds = query(own_registry, "SELECT kind, used FROM scoring.evaluation ORDER BY kind")
    assert [row.kind for row in kinds] == ["estimated", "realised"]
    assert all(row.used == ROWS for row in kinds)


def histogram():
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(max_iter=5, min_samples_leaf=5)


def test_typed_numbers_are_explained_and_categories_are_refused_with_the_reason(own_registry):
    numbers = SPENDING.model_copy(
        update={"features_as": "typed", "estimator": histogram, "reasons": Reasons(stored=True)}
    )
    rows = shoppers(200, 0)
    snapshot_of(own_registry, rows, MONTHS[0])
    snapshot_of(own_registry, truth(rows, 0), MONTHS[1])
    assert train(own_registry, numbers, MONTHS[0]).explained
    with_plan = numbers.model_copy(update={"features": ("spend", "plan")})
    with pytest.raises(PermanentError, match=r"The estimator of spending cannot be explained: .*categor"):
        train(own_registry, with_plan, MONTHS[0])
