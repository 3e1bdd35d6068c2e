"""The accelerated predictor gives what the estimator gives, to the last bit, whatever the trees and the rows."""

import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression
from xgboost import XGBClassifier, XGBRegressor

from scoring.models.accelerated import machine
from scoring.models.accelerated.flat import NotAccelerated
from scoring.models.accelerated.predictor import Accelerated

LARGE, SINGLE = np.finfo(np.float64).max, float(np.finfo(np.float32).max)
NUMBERS = [np.nan, 0.0, -0.0, 5e-324, -1e-40, 1.0, SINGLE, -SINGLE]
BEYOND = [np.inf, -np.inf, LARGE, -LARGE]
PLANS = [f"plan {number}" for number in range(40)]

HIST = [HistGradientBoostingClassifier, HistGradientBoostingRegressor]
FORESTS = [RandomForestClassifier, RandomForestRegressor, ExtraTreesClassifier, ExtraTreesRegressor]
LIGHT, XG = [LGBMClassifier, LGBMRegressor], [XGBClassifier, XGBRegressor]


def made(kind, size):
    """An unfitted estimator whose trees grow with ``size``."""
    if kind in HIST:
        return kind(max_iter=7, max_leaf_nodes=size + 1, min_samples_leaf=2, random_state=0)
    if kind in FORESTS:
        return kind(7, max_leaf_nodes=size + 1, random_state=0)
    if kind in LIGHT:
        return kind(n_estimators=7, num_leaves=size + 1, min_child_samples=2, verbose=-1, n_jobs=1)
    return kind(n_estimators=7, max_depth=1 + size // 20, tree_method="hist", n_jobs=1)


def rows_of(random, count, features, odd):
    rows = random.normal(size=(count, features)).round(1)
    strange = random.random(rows.shape) < 0.2
    rows[strange] = random.choice(odd, strange.sum())
    return pd.DataFrame(rows, columns=[f"f{number}" for number in range(features)])


def outcomes_of(random, rows, estimator):
    first = np.nan_to_num(rows["f0"].to_numpy(), posinf=3, neginf=-3).clip(-3, 3)
    noise = random.normal(size=len(rows))
    return first > noise if hasattr(estimator, "predict_proba") else first * 100 + noise


def own(estimator, rows):
    found = estimator.predict_proba(rows)[:, 1] if hasattr(estimator, "predict_proba") else estimator.predict(rows)
    return np.asarray(found, np.float64)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the estimators' own, of numbers at the limits
@pytest.mark.parametrize("kind", HIST + FORESTS + LIGHT + XG, ids=lambda kind: kind.__name__)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), features=st.integers(1, 5), size=st.integers(1, 120) | st.integers(121, 400))
def test_numbers_are_those_of_the_estimator_to_the_last_bit(kind, seed, features, size):
    random = np.random.default_rng(seed)
    odd = NUMBERS if kind in FORESTS + XG else NUMBERS + BEYOND
    rows = rows_of(random, 400 if size <= 120 else 1200, features, odd[:6])
    estimator = made(kind, size)
    estimator.fit(rows, outcomes_of(random, rows, estimator))
    asked = rows_of(random, 700, features, odd)
    found = Accelerated.of(estimator).predict(asked)
    assert np.array_equal(found, own(estimator, asked))


def with_plans(random, rows):
    """The rows with a category, also missing; and not all of them are ever trained with."""
    plans = random.integers(-1, len(PLANS), len(rows))
    return rows.assign(plan=pd.Categorical.from_codes(plans, dtype=pd.CategoricalDtype(PLANS)))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kind", HIST + LIGHT + XG, ids=lambda kind: kind.__name__)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), features=st.integers(1, 3), size=st.integers(1, 40))
def test_categories_go_where_the_estimator_lets_them_go_unseen_and_missing_ones_too(kind, seed, features, size):
    random = np.random.default_rng(seed)
    rows = with_plans(random, rows_of(random, 600, features, NUMBERS[:6]))
    rows = rows[rows["plan"].isna() | (rows["plan"].cat.codes < 25)]  # the others are known, and unseen
    estimator = made(kind, size)
    if kind in HIST:
        estimator.set_params(categorical_features="from_dtype")
    if kind in XG:
        estimator.set_params(enable_categorical=True)
    odd = rows["plan"].cat.codes % 3 == 0
    estimator.fit(rows, outcomes_of(random, rows.assign(f0=np.where(odd, 2.0, rows["f0"])), estimator))
    asked = with_plans(random, rows_of(random, 700, features, NUMBERS))
    assert np.array_equal(Accelerated.of(estimator).predict(asked), own(estimator, asked))


@pytest.mark.parametrize("leaves", [255, 256, 257, 600])
def test_trees_with_categories_may_have_more_leaves_than_a_byte_can_number(leaves):
    random = np.random.default_rng(11)
    rows = with_plans(random, rows_of(random, 5000, 3, NUMBERS[:6]))
    estimator = LGBMClassifier(n_estimators=3, num_leaves=leaves, min_child_samples=1, verbose=-1, n_jobs=1)
    estimator.fit(rows, outcomes_of(random, rows, estimator))
    accelerated = Accelerated.of(estimator)
    assert max(int((tree.left == -1).sum()) for tree in accelerated.ensemble.trees) == leaves
    assert any(tree.categories for tree in accelerated.ensemble.trees)
    asked = with_plans(random, rows_of(random, 3000, 3, NUMBERS))
    assert np.array_equal(accelerated.predict(asked), own(estimator, asked))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kind", FORESTS, ids=lambda kind: kind.__name__)
def test_trees_of_any_size_are_walked(kind):
    random = np.random.default_rng(3)
    rows = rows_of(random, 5000, 4, NUMBERS)
    estimator = kind(3, random_state=0)
    estimator.fit(rows, outcomes_of(random, rows, estimator))
    assert max(tree.tree_.node_count for tree in estimator.estimators_) > 1000
    asked = rows_of(random, 3000, 4, NUMBERS)
    assert np.array_equal(Accelerated.of(estimator).predict(asked), own(estimator, asked))


def some(kind, count=300):
    random = np.random.default_rng(5)
    rows = rows_of(random, count, 3, NUMBERS[:6])
    estimator = made(kind, 20)
    return estimator.fit(rows, outcomes_of(random, rows, estimator)), rows


@pytest.mark.parametrize("kind", [HIST[0], FORESTS[0], LIGHT[0], XG[0]], ids=lambda kind: kind.__name__)
def test_no_rows_give_no_numbers(kind):
    estimator, rows = some(kind)
    assert Accelerated.of(estimator).predict(rows.head(0)).shape == (0,)


def test_a_row_gets_the_same_number_in_any_company_and_order():
    estimator, rows = some(HIST[0], 1500)
    accelerated = Accelerated.of(estimator)
    together = accelerated.predict(rows)
    assert np.array_equal(accelerated.predict(rows[::-1]), together[::-1])
    assert np.array_equal(accelerated.predict(rows.iloc[255:258]), together[255:258])


@pytest.mark.parametrize("wrong", [np.inf, -np.inf, LARGE])
def test_rows_that_the_estimator_refuses_are_left_to_it(wrong):
    estimator, rows = some(FORESTS[0])
    assert Accelerated.of(estimator).predict(rows.assign(f1=wrong)) is None


def test_nulls_go_their_way_in_a_forest_that_never_saw_one():
    random = np.random.default_rng(5)
    rows = rows_of(random, 200, 2, [0.0])
    estimator = RandomForestRegressor(3).fit(rows, rows["f0"])
    asked = rows_of(random, 200, 2, NUMBERS)
    assert np.array_equal(Accelerated.of(estimator).predict(asked), own(estimator, asked))


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (LinearRegression(), "LinearRegression is no ensemble"),
        (LGBMRegressor(n_estimators=2, objective="poisson", verbose=-1), "'poisson' has a link of its own"),
        (LGBMRegressor(n_estimators=2, boosting_type="rf", bagging_freq=1, bagging_fraction=0.5, verbose=-1), "mean"),
        (LGBMRegressor(n_estimators=2, linear_tree=True, verbose=-1), "linear models"),
        (LGBMRegressor(n_estimators=2, zero_as_missing=True, verbose=-1), "zero_as_missing"),
        (XGBRegressor(n_estimators=2, booster="dart"), "no plain boosting"),
        (XGBRegressor(n_estimators=2, objective="reg:gamma"), "'reg:gamma' has a link of its own"),
    ],
    ids=["no trees", "link of LightGBM", "mean", "linear leaves", "zeros", "dart", "link of XGBoost"],
)
def test_what_is_not_known_to_be_exact_is_not_accelerated(estimator, reason):
    rows = rows_of(np.random.default_rng(5), 200, 2, [0.0])
    estimator.fit(rows, rows["f0"].abs() + 1)
    with pytest.raises(NotAccelerated, match=reason):
        Accelerated.of(estimator)


def test_a_missing_llvmlite_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    machine.compiled.cache_clear()
    with pytest.raises(NotAccelerated, match="llvmlite is not installed"):
        Accelerated.of(some(HIST[0])[0])
