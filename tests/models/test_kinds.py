"""Each kind of model learns from typed features, is stored without pickle, scores, and can be recomputed."""

import numpy as np
import pytest
from factories import JUNE, MAY, customer, published, query, snapshot_of, table_of
from shop_definitions import LEAVING, SHOP, SPENDING

from scoring.catalog import load_catalog
from scoring.errors import PermanentError
from scoring.learning.promotion import promote
from scoring.learning.train import train
from scoring.models.fitting import fitting_encoding
from scoring.models.ledger import Decision
from scoring.models.registry import Registry
from scoring.models.scorer import BLOCK, Scorer
from scoring.publishing.passport import passport, recompute

FEATURES = ("mood", "visits", "plan", "active", "balance")


def people(month):
    """Customers whose next visits depend on plan, mood and whether they are active; with nulls where allowed."""
    random = np.random.default_rng(month)
    rows = []
    for number in range(240):
        plan = ("free", "paid")[number % 2]
        row = customer(number, plan=plan, mood=float(random.normal()), visits=int(random.integers(0, 9)))
        row["visits"] = int(random.integers(0, 5) + 4 * (plan == "paid")) if month else row["visits"]
        rows.append(row | {"balance": None if number % 7 == 0 else row["balance"]})
    return rows


def of(estimator, score=LEAVING, **update):
    return score.model_copy(
        update={"features": FEATURES, "features_as": "typed", "estimator": estimator, "reasons": None} | update
    )


def forest(kind):
    from sklearn import ensemble

    return with_encoder(getattr(ensemble, kind)(20, random_state=0))


def with_encoder(model):
    """Categories by name through OneHotEncoder, the rest through an imputer."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    by_type = make_column_selector(dtype_include="category")
    return make_pipeline(make_column_transformer((encoder, by_type), remainder=SimpleImputer()), model)


def logistic():
    from sklearn.linear_model import LogisticRegression

    return with_encoder(LogisticRegression(max_iter=1000))


def histogram():
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=20, categorical_features="from_dtype", random_state=0)


def lightgbm():
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=20, verbose=-1, n_jobs=1, random_state=0)


def xgboost():
    from xgboost import XGBClassifier

    return XGBClassifier(n_estimators=20, n_jobs=1, random_state=0)


def catboost():
    from catboost import CatBoostClassifier

    return CatBoostClassifier(
        iterations=20, verbose=False, thread_count=1, random_seed=0, allow_writing_files=False, cat_features=["plan"]
    )


def lightgbm_amount():
    from lightgbm import LGBMRegressor

    return LGBMRegressor(n_estimators=20, verbose=-1, n_jobs=1, random_state=0)


def xgboost_amount():
    from xgboost import XGBRegressor

    return XGBRegressor(n_estimators=20, n_jobs=1, random_state=0)


def catboost_amount():
    from catboost import CatBoostRegressor

    return CatBoostRegressor(iterations=20, verbose=False, thread_count=1, random_seed=0, allow_writing_files=False)


KINDS = {
    "RandomForest": (of(lambda: forest("RandomForestClassifier")), "scikit-learn"),
    "ExtraTrees": (of(lambda: forest("ExtraTreesClassifier")), "scikit-learn"),
    "LogisticRegression": (of(logistic), "scikit-learn"),
    "HistGradientBoosting": (of(histogram), "scikit-learn"),
    "LightGBM": (of(lightgbm), "lightgbm"),
    "XGBoost": (of(xgboost), "xgboost"),
    "CatBoost": (of(catboost), "catboost"),
    "LightGBM in a pipeline": (of(lambda: with_encoder(lightgbm())), "pipeline"),
    "XGBoost in a pipeline": (of(lambda: with_encoder(xgboost())), "pipeline"),
    "CatBoost in a pipeline": (
        of(lambda: with_encoder(catboost().set_params(cat_features=None))), "pipeline"
    ),
    "LightGBM, amounts": (of(lightgbm_amount, SPENDING), "lightgbm"),
    "XGBoost, amounts": (of(xgboost_amount, SPENDING), "xgboost"),
    "CatBoost, amounts": (of(catboost_amount, SPENDING), "catboost"),
    "LightGBM, shown codes": (of(lightgbm, features_as="codes"), "lightgbm"),
    "XGBoost, shown codes": (of(xgboost, features_as="codes"), "xgboost"),
    "CatBoost, shown codes": (
        of(lambda: catboost().set_params(cat_features=None), features_as="codes"), "catboost"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", KINDS.values(), ids=KINDS)
def test_a_model_of_each_kind_is_trained_scores_and_is_recomputed(own_registry, monkeypatch, case):
    score, kind = case
    settings = own_registry
    known_score(monkeypatch, score)
    snapshot_of(settings, people(0), MAY)
    snapshot_of(settings, people(1), JUNE)
    first, again = train(settings, score, MAY), train(settings, score, MAY)
    assert first.kind == kind
    assert first.encoding.shown == score.features_as
    assert first.digest == again.digest, "the same training gives the same file"
    promote(settings, score, first, Decision("person", "ann", "a test"))
    made = published(settings, score, JUNE)
    assert made.rows == 240
    values = {row.value for row in query(settings, "SELECT value FROM scoring.score")}
    assert len(values) > 10, "it has learned something"
    for customer_id in ("c0000", "c0007", "c0111"):
        found = passport(settings, score.name, customer_id, JUNE)
        assert recompute(settings, found) == pytest.approx(found.row.value, abs=1e-9)
    stranger = table_of([customer(1), customer(2, plan="gold", active=None, balance=None), customer(3, plan=None)])
    with pytest.raises(PermanentError, match=r"'plan' of customer 'c0002' is 'gold', which the model has never seen"):
        loaded(settings, score, first).values(stranger)
    mild = loaded(settings, score, first, unseen="null").values(stranger)
    assert np.isfinite(mild).all()
    nulls = table_of([customer(1), customer(2, plan=None, active=None, balance=None), customer(3, plan=None)])
    np.testing.assert_array_equal(mild, loaded(settings, score, first).values(nulls))


def loaded(settings, score, ref, unseen="refuse"):
    """A version as it scores, by a definition that says what becomes of unseen values."""
    estimator = Registry(settings.mlflow_tracking_uri.get_secret_value()).load(ref, ())
    encoding = fitting_encoding(ref, score.model_copy(update={"unseen": unseen}), SHOP)
    return Scorer(estimator, score, encoding, key=SHOP.key, name=str(ref), block=BLOCK)


def known_score(monkeypatch, score):
    """Let the catalog have this score in place of the shop's."""
    catalog = load_catalog("shop_definitions")
    monkeypatch.setitem(catalog.scores, score.name, score)
