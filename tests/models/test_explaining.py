"""What can be explained adds up to what the estimator predicts; what cannot is refused."""

import numpy as np
import pandas as pd
import pytest
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
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from scoring.definitions.credit_cards import CREDIT_CARDS, DELINQUENCY_RISK, NEXT_PAYMENT
from scoring.errors import PermanentError
from scoring.models.encoding import Encoding, Feature
from scoring.models.explaining.explainer import Explainer, background_of, top
from scoring.settings import PROJECT

ENCODING = Encoding((Feature("age", "number"), Feature("bill", "number"), Feature("plan", "category", ("a", "b", "c"))))


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


@pytest.mark.parametrize("score", [DELINQUENCY_RISK, NEXT_PAYMENT], ids=lambda score: score.name)
def test_base_and_contributions_are_the_margin_of_all_customers_of_the_sample(score):
    encoding = Encoding.of(score, CREDIT_CARDS)
    may, june = (sample(encoding, as_of) for as_of in ("2005-05-31", "2005-06-30"))
    known = june.reindex(may.index)[score.target.column]
    if score.target.at_least is not None:
        known = (known >= score.target.at_least).astype(float)
    estimator = score.new_estimator().fit(may[known.notna()], known[known.notna()])
    explainer = Explainer.of(estimator, score, encoding)
    for features in (may, june):
        margin = explainer.base + explainer.contributions(features).sum(axis=1)
        np.testing.assert_allclose(margin, estimator._raw_predict(features).ravel(), rtol=0, atol=1e-6)
        assert len(margin) >= 29_000


def sample(encoding, as_of):
    path = PROJECT / "sample_data" / "credit_cards" / f"credit_cards_{as_of}.csv.gz"
    rows = pd.read_csv(path, dtype=str).drop_duplicates("customer_id", keep="last").set_index("customer_id")
    columns = {
        one.name: rows[one.name].map({value: place for place, value in enumerate(one.values)}) if one.values  # noqa: PD011
        else pd.to_numeric(rows[one.name])
        for one in encoding.features
    }  # fmt: skip
    return pd.DataFrame(columns).astype(float)


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
        (GaussianNB(), "GaussianNB is neither"),
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
