"""An accelerated predictor is used if it says what the estimator says; else the estimator predicts, with a reason."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from factories import customers, table_of
from shop_definitions import LEAVING, SHOP, SPENDING
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from scoring.models import scorer as scorers
from scoring.models.accelerated import machine, predictor
from scoring.models.accelerated.flat import plain
from scoring.models.encoding import Encoding
from scoring.models.scorer import Scorer


@pytest.fixture
def any_number(monkeypatch):
    """However few customers are enough."""
    monkeypatch.setattr(scorers, "MANY", 1)


def scorer_of(estimator, score=LEAVING, parity=None, shown="codes"):
    encoding = Encoding.of(score, SHOP, shown)
    return Scorer(estimator, score, encoding, key=SHOP.key, name="a model", parity=parity)


def trained(estimator, score=LEAVING, shown="codes"):
    """A fitted estimator's scorer without an accelerated predictor, its customers, and what should be recorded."""
    found, table = scorer_of(estimator, score, shown=shown), table_of(customers(300))
    features = found.features(table)
    outcome = np.arange(300) % 3 == 0 if score is LEAVING else features["spend"] * 1.1
    estimator.fit(features, outcome)
    return found, table, found.parity(features)


ESTIMATORS = {
    "boosting": (HistGradientBoostingClassifier(max_iter=20, min_samples_leaf=5), LEAVING, "codes"),
    "amounts": (HistGradientBoostingRegressor(max_iter=20, min_samples_leaf=5), SPENDING, "codes"),
    "forest": (RandomForestClassifier(10, random_state=0), LEAVING, "codes"),
    "categories": (HistGradientBoostingClassifier(max_iter=20, categorical_features=["plan"]), LEAVING, "codes"),
    "typed": (HistGradientBoostingClassifier(max_iter=20, categorical_features="from_dtype"), LEAVING, "typed"),
}


@pytest.mark.usefixtures("any_number")
@pytest.mark.parametrize("given", ESTIMATORS.values(), ids=ESTIMATORS)
def test_what_agrees_is_admitted_and_predicts(given):
    estimator, score, shown = given
    before, table, parity = trained(estimator, score, shown)
    assert parity == "equal on 2,300 rows, largest difference 0"
    accelerated = scorer_of(estimator, score, parity, shown)
    assert np.array_equal(accelerated.values(table), before.values(table))
    assert (accelerated.predictor, before.predictor) == (
        "accelerated", "estimator (the version was registered without a parity check)",
    )  # fmt: skip


def test_the_estimator_is_not_asked_then(monkeypatch, any_number):
    del any_number
    estimator, _, _ = ESTIMATORS["boosting"]
    _, table, parity = trained(estimator)
    accelerated = scorer_of(estimator, parity=parity)
    accelerated.values(table.slice(0, 1))
    monkeypatch.setattr(accelerated, "_estimator", None)
    assert len(accelerated.values(table)) == 300


def off_by_one_bit(tree, ensemble):
    right = plain(tree, ensemble)
    return replace(right, threshold=np.nextafter(right.threshold, np.inf))


def another_leaf(tree, ensemble):
    right = plain(tree, ensemble)
    return replace(right, value=right.value + 1e-9)


@pytest.mark.usefixtures("any_number")
@pytest.mark.parametrize("wrong", [off_by_one_bit, another_leaf])
def test_one_that_is_wrong_is_refused_at_registration(monkeypatch, wrong):
    monkeypatch.setattr(predictor, "plain", wrong)
    estimator, _, _ = ESTIMATORS["boosting"]
    before, table, parity = trained(estimator)
    assert parity.startswith("refused: it differs from the estimator by up to ")
    found = scorer_of(estimator, parity=parity)
    assert np.array_equal(found.values(table), before.values(table))
    assert found.predictor == f"estimator ({parity})"


@pytest.mark.usefixtures("any_number")
def test_one_that_was_admitted_and_is_wrong_here_is_not_used(monkeypatch):
    estimator, _, _ = ESTIMATORS["boosting"]
    before, table, parity = trained(estimator)
    monkeypatch.setattr(predictor, "plain", off_by_one_bit)
    found = scorer_of(estimator, parity=parity)
    assert np.array_equal(found.values(table), before.values(table))
    assert found.predictor.startswith("estimator (it differs from the estimator here, by up to ")


@pytest.mark.usefixtures("any_number")
def test_without_llvmlite_the_estimator_predicts(monkeypatch):
    estimator, _, _ = ESTIMATORS["boosting"]
    before, table, parity = trained(estimator)
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    machine.compiled.cache_clear()
    found = scorer_of(estimator, parity=parity)
    assert np.array_equal(found.values(table), before.values(table))
    assert found.predictor == "estimator (llvmlite is not installed)"


def test_a_few_customers_are_not_worth_compiling_for():
    estimator, _, _ = ESTIMATORS["boosting"]
    _, table, parity = trained(estimator)
    found = scorer_of(estimator, parity=parity)
    found.values(table)
    assert found.predictor == "estimator (never 2,000 customers at once)"


def test_other_kinds_say_so():
    _, _, parity = trained(LogisticRegression())
    assert parity == "refused: LogisticRegression is no ensemble of trees that is known here"
