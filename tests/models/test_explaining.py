"""Contributions add up to what the model says, are Shapley values, and do not depend on who else is explained."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, Ridge, SGDClassifier
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from scoring.definitions.credit_cards import DELINQUENCY_RISK, NEXT_PAYMENT
from scoring.errors import PermanentError
from scoring.models.encoding import Encoding, Feature
from scoring.models.explaining import trees as module
from scoring.models.explaining.explainer import Explainer, background_of, top
from scoring.models.explaining.forest import NONE, Tree
from scoring.models.explaining.trees import FEW, TreeContributions

ENCODING = Encoding((Feature("age", "number"), Feature("bill", "number"), Feature("plan", "category", ("a", "b", "c"))))
FEATURES = 4


def random_tree(random, depth):
    """A tree of random splits and covers; now and then nobody went one way."""
    rows = []

    def grow(cover, deeper):
        here = len(rows)
        rows.append(None)
        if deeper == 0 or random.random() < 0.2:
            rows[here] = (NONE, 0.0, False, NONE, NONE, cover, random.normal())
            return here
        share = random.choice([0.0, 1.0, *random.random(8)])
        feature, threshold = random.integers(FEATURES), float(random.integers(4))
        left, right = grow(cover * share, deeper - 1), grow(cover * (1 - share), deeper - 1)
        rows[here] = (feature, threshold, bool(random.integers(2)), left, right, cover, 0.0)
        return here

    grow(100.0, depth)
    feature, threshold, missing_left, left, right, cover, value = map(np.array, zip(*rows, strict=True))
    cover = np.where(cover == 0, 1e-300, cover)  # 0 / 0 below a node to which nobody came
    return Tree(feature, threshold.astype(float), missing_left, left, right, cover, value.astype(float))


def expected(tree, row, known, node=0):
    """What a tree predicts if only some features are known: the average over both ways otherwise."""
    feature, left, right = tree.feature[node], tree.left[node], tree.right[node]
    if left == NONE:
        return tree.value[node]
    if feature in known:
        value = row[feature]
        goes_left = tree.missing_left[node] if math.isnan(value) else value <= tree.threshold[node]
        return expected(tree, row, known, left if goes_left else right)
    return sum(tree.cover[way] / tree.cover[node] * expected(tree, row, known, way) for way in (left, right))


def shapley(tree, row):
    """By the definition: the average gain of knowing a feature, over all orders of becoming known."""
    found = np.zeros(FEATURES)
    for feature in range(FEATURES):
        others = [one for one in range(FEATURES) if one != feature]
        for size in range(FEATURES):
            weight = math.factorial(size) * math.factorial(FEATURES - size - 1) / math.factorial(FEATURES)
            for known in itertools.combinations(others, size):
                gain = expected(tree, row, {*known, feature}) - expected(tree, row, set(known))
                found[feature] += weight * gain
    return found


def random_rows(random, count):
    rows = random.integers(-1, 6, (count, FEATURES)).astype(float)
    rows[random.random(rows.shape) < 0.2] = np.nan
    return rows


@given(seed=st.integers(0, 2**32), depth=st.integers(0, 5), count=st.integers(1, 3))
@settings(max_examples=25)
def test_contributions_of_trees_are_their_shapley_values(seed, depth, count):
    random = np.random.default_rng(seed)
    trees = [random_tree(random, depth) for _ in range(count)]
    rows = random_rows(random, 2)
    found = TreeContributions(trees, FEATURES)
    wanted = [sum(shapley(tree, row) for tree in trees) for row in rows]
    np.testing.assert_allclose(found.of(rows), wanted, atol=1e-12)
    assert found.base == pytest.approx(sum(expected(tree, rows[0], set()) for tree in trees))


@given(seed=st.integers(0, 2**32), depth=st.integers(0, 8), count=st.integers(1, 5))
@settings(max_examples=25)
def test_base_and_contributions_are_what_the_trees_predict(seed, depth, count):
    random = np.random.default_rng(seed)
    trees = [random_tree(random, depth) for _ in range(count)]
    rows, everything = random_rows(random, FEW + 5), set(range(FEATURES))
    found = TreeContributions(trees, FEATURES)
    predicted = [sum(expected(tree, row, everything) for tree in trees) for row in rows]
    np.testing.assert_allclose(found.base + found.of(rows).sum(axis=1), predicted, atol=1e-9)


@pytest.mark.parametrize("kept", [0, 2**24])
def test_a_customers_contributions_are_the_same_to_the_last_digit_whoever_else_is_explained(monkeypatch, kept):
    monkeypatch.setattr(module, "KEPT", kept)
    random = np.random.default_rng(1)
    found, rows = TreeContributions([random_tree(random, 7) for _ in range(9)], FEATURES), random_rows(random, 300)
    first = found.of(rows[:FEW])
    many = found.of(rows)
    np.testing.assert_array_equal(many[:FEW], first)
    np.testing.assert_array_equal(np.concatenate([found.of(row[None]) for row in rows]), many)
    np.testing.assert_array_equal(found.of(rows), many)
    assert found.of(rows[:0]).shape == (0, FEATURES)


def test_trees_too_large_for_a_table_are_explained_one_customer_at_a_time(monkeypatch):
    random = np.random.default_rng(2)
    trees, rows = [random_tree(random, 6) for _ in range(4)], random_rows(random, 100)
    wanted = TreeContributions(trees, FEATURES).of(rows)
    monkeypatch.setattr(module, "LARGEST_TABLE", 10)
    found = TreeContributions(trees, FEATURES)
    assert not found.has_table
    np.testing.assert_allclose(found.of(rows), wanted, atol=1e-12)


def customers(count=400, *, missing=False):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": random.normal(40, 9, count),
            "bill": random.lognormal(8, 2, count),
            "plan": random.integers(0, 3, count),
        }
    ).astype(float)
    chance = 1 / (1 + np.exp(-(frame["age"] - 40) / 5 - (frame["plan"] - 1)))
    outcome = (random.random(count) < chance).astype(float)
    amount = frame["bill"] / 3 + 100 * frame["plan"] + random.normal(0, 10, count)
    if missing:
        frame = frame.mask(random.random(frame.shape) < 0.1)
    return frame, outcome, amount


def explained(estimator, *, missing=False):
    frame, outcome, amount = customers(missing=missing)
    score = DELINQUENCY_RISK if hasattr(estimator, "predict_proba") else NEXT_PAYMENT
    estimator.fit(frame, outcome if score is DELINQUENCY_RISK else amount)
    explainer = Explainer.of(estimator, score, ENCODING, background_of(estimator, frame))
    said = estimator.predict_proba(frame)[:, 1] if score is DELINQUENCY_RISK else estimator.predict(frame)
    return explainer, frame, said


FOLDED = {"cv": 3, "ensemble": False}
KINDS = {
    "boosting": (HistGradientBoostingClassifier(max_iter=20), "log-odds", True),
    "boosting, absolute error": (HistGradientBoostingRegressor(max_iter=20, loss="absolute_error"), "amount", True),
    "older boosting": (GradientBoostingClassifier(n_estimators=20), "log-odds", False),
    "older boosting, huber": (GradientBoostingRegressor(n_estimators=20, loss="huber"), "amount", False),
    "forest": (RandomForestClassifier(9), "probability", True),
    "forest of amounts": (RandomForestRegressor(9), "amount", True),
    "extra trees": (ExtraTreesClassifier(9, max_depth=5), "probability", True),
    "one tree": (DecisionTreeRegressor(max_depth=4), "amount", True),
    "linear": (Ridge(), "amount", False),
    "logistic in a pipeline": (
        make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()),
        "log-odds",
        True,
    ),
    "trees in a pipeline": (make_pipeline(RobustScaler(), GradientBoostingRegressor(n_estimators=9)), "amount", False),
    "calibrated": (CalibratedClassifierCV(HistGradientBoostingClassifier(max_iter=9), **FOLDED), "log-odds", True),
    "calibrated forest": (CalibratedClassifierCV(RandomForestClassifier(5), **FOLDED), "log-odds", True),
}


@pytest.mark.parametrize(("estimator", "unit", "missing"), KINDS.values(), ids=KINDS)
def test_base_and_contributions_are_what_the_estimator_predicts(estimator, unit, missing):
    explainer, frame, said = explained(estimator, missing=missing)
    contributions = explainer.contributions(frame)
    assert explainer.unit == unit
    np.testing.assert_allclose(explainer.predicted(contributions), said, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(explainer.contributions(frame.iloc[7:8]), contributions[7:8])


def test_a_linear_models_contributions_are_coefficients_times_deviations_from_the_training_means():
    estimator = LinearRegression()
    explainer, frame, said = explained(estimator)
    wanted = estimator.coef_ * (frame - frame.mean())
    np.testing.assert_allclose(explainer.contributions(frame), wanted, rtol=1e-9)
    assert explainer.base == pytest.approx(said.mean())


def test_behind_an_isotonic_calibration_the_margin_is_that_of_the_model_itself():
    estimator = CalibratedClassifierCV(LogisticRegression(), method="isotonic", **FOLDED)
    explainer, frame, said = explained(estimator)
    contributions = explainer.contributions(frame)
    margin = explainer.base + contributions.sum(axis=1)
    assert explainer.predicted(contributions) is None
    assert np.all(np.diff(said[np.argsort(margin)]) >= 0)


@pytest.mark.parametrize(
    ("estimator", "problem"),
    [
        (MLPRegressor(max_iter=2), "MLPRegressor is neither a linear model"),
        (PoissonRegressor(max_iter=2), "PoissonRegressor is neither"),
        (SGDClassifier(loss="modified_huber"), "SGDClassifier is neither"),
        (make_pipeline(PolynomialFeatures(), Ridge()), "its step PolynomialFeatures"),
        (make_pipeline(SimpleImputer(add_indicator=True), Ridge()), "adds or drops columns"),
        (HistGradientBoostingRegressor(loss="poisson", max_iter=2), "the loss 'poisson'"),
        (HistGradientBoostingRegressor(categorical_features=[2], max_iter=2), "'categorical_features'"),
        (GradientBoostingClassifier(init=LogisticRegression(), n_estimators=2), "starts from another estimator"),
        (CalibratedClassifierCV(LogisticRegression(), cv=3), "average of several calibrated models"),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore::scipy.linalg.LinAlgWarning")
def test_what_cannot_be_explained_exactly_is_refused(estimator, problem):
    with pytest.raises(PermanentError, match="cannot be explained") as refused:
        explained(estimator, missing="add" in problem)
    assert problem in str(refused.value)


def test_a_linear_model_of_an_older_version_needs_its_training_means_or_a_scaler():
    frame, _, amount = customers()
    plain, scaled = Ridge().fit(frame, amount), make_pipeline(StandardScaler(), Ridge()).fit(frame, amount)
    with pytest.raises(PermanentError, match="train a new one"):
        Explainer.of(plain, NEXT_PAYMENT, ENCODING)
    with_means = Explainer.of(scaled, NEXT_PAYMENT, ENCODING, background_of(scaled, frame))
    np.testing.assert_allclose(
        Explainer.of(scaled, NEXT_PAYMENT, ENCODING).contributions(frame), with_means.contributions(frame), atol=1e-9
    )


def test_the_strongest_reasons_come_first_and_of_equal_ones_the_first_feature():
    places, values = top(np.array([[0.5, -2.0, 1.0], [1.0, 0.0, -1.0]]), 2)
    assert places.tolist() == [[1, 2], [0, 2]]
    assert values.tolist() == [[-2.0, 1.0], [1.0, -1.0]]
    assert top(np.ones((2, 1)), 3)[0].shape == (2, 1)
