"""Realised performance equals scikit-learn's figures; what is undefined is null with a reason."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from scoring.monitoring import realised
from scoring.monitoring.weighted import Classified, Predicted

probabilities = st.lists(
    st.tuples(st.sampled_from([0.0, 1.0]), st.one_of(st.floats(0, 1), st.sampled_from([0.1, 0.5, 0.9]))),
    min_size=2,
    max_size=60,
).filter(lambda rows: len({outcome for outcome, _ in rows}) == 2)
amounts = st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=2, max_size=60)


def by_name(found):
    return {metric.name: metric for metric in found}


@given(probabilities)
@settings(max_examples=200, deadline=None)
def test_the_weighted_metrics_of_a_classification_are_scikit_learns(rows):
    outcome, probability = map(np.array, zip(*rows, strict=True))
    said = probability >= 0.5
    found = Classified.of(outcome, probability, 0.5).metrics(np.ones(len(rows)))
    expected = {
        "recall": sk.recall_score(outcome, said),
        "roc_auc": sk.roc_auc_score(outcome, probability),
        "pr_auc": sk.average_precision_score(outcome, probability),
        "brier": sk.brier_score_loss(outcome, probability),
        "log_loss": sk.log_loss(outcome, probability),
        "f1": sk.f1_score(outcome, said, zero_division=0.0),
    }
    if said.any():
        expected["precision"] = sk.precision_score(outcome, said)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name


@given(probabilities, st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_a_weight_of_two_counts_as_two_customers(rows, random):
    outcome, probability = map(np.array, zip(*rows, strict=True))
    weight = np.array([float(random.randint(0, 3)) for _ in rows])
    sample = Classified.of(outcome, probability, 0.5)
    order = np.argsort(-probability, kind="stable")
    repeated = (
        Classified.of(*(np.repeat(values, weight.astype(int)) for values in (outcome, probability)), 0.5)
        if weight.sum()
        else None
    )
    found = sample.metrics(weight[order])
    if repeated is None:
        return
    for name, value in repeated.metrics(np.ones(int(weight.sum()))).items():
        if name != "calibration_error":  # its ten groups are cut by customers, not by weights
            assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True), name


@given(amounts)
@settings(max_examples=100, deadline=None)
def test_the_weighted_metrics_of_a_regression_are_scikit_learns(rows):
    outcome, predicted = map(np.array, zip(*rows, strict=True))
    found = Predicted(outcome, predicted).metrics(np.ones(len(rows)))
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(outcome, predicted))
    assert found["rmse"] == pytest.approx(sk.root_mean_squared_error(outcome, predicted))
    if np.ptp(outcome) > 1e-3:
        assert found["r2"] == pytest.approx(sk.r2_score(outcome, predicted), rel=1e-6)


def test_ks_is_the_largest_distance_of_the_two_distributions():
    outcome, probability = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.9, 0.4, 0.6, 0.1])
    assert by_name(realised.classification(outcome, probability, 0.5, seed=1))["ks"].value == pytest.approx(0.5)


def test_calibration_compares_expected_and_observed_rates_in_ten_groups():
    outcome, probability = np.tile([0.0, 1.0], 50), np.full(100, 0.7)
    assert by_name(realised.classification(outcome, probability, 0.5, seed=1))[
        "calibration_error"
    ].value == pytest.approx(0.2)


NULLS = {
    "without positives": ([0, 0, 0], [0.1, 0.6, 0.9], {"recall", "f1", "roc_auc", "pr_auc", "ks", "log_loss"}),
    "without negatives": ([1, 1, 1], [0.1, 0.6, 0.9], {"roc_auc", "ks", "log_loss"}),
    "below the threshold": ([0, 1, 0], [0.1, 0.2, 0.3], {"precision"}),
    "one customer": ([1], [0.9], {"roc_auc", "ks", "log_loss"}),
    "one other customer": ([0], [0.1], {"precision", "recall", "f1", "roc_auc", "pr_auc", "ks", "log_loss"}),
    "constant probabilities": ([0, 1, 1], [0.5, 0.5, 0.5], set()),
    "nobody": ([], [], set(realised._CLASSIFICATION)),
}


@pytest.mark.parametrize("case", NULLS.values(), ids=NULLS)
def test_what_is_undefined_is_null_with_its_reason_and_the_rest_has_a_value(case):
    outcome, probability, nulls = case
    found = realised.classification(np.array(outcome, float), np.array(probability, float), 0.5, seed=1)
    assert {metric.name for metric in found if metric.value is None} == nulls
    assert all((metric.reason is not None) == (metric.name in nulls) for metric in found)
    assert all(math.isfinite(metric.value) for metric in found if metric.value is not None)


def test_constant_probabilities_separate_nobody():
    found = by_name(realised.classification(np.array([0.0, 1.0, 1.0]), np.full(3, 0.5), 0.5, seed=1))
    assert found["roc_auc"].value == 0.5
    assert found["ks"].value == 0


def test_a_regressions_nulls():
    one = by_name(realised.regression(np.array([5.0]), np.array([4.0]), seed=1))
    assert (one["mae"].value, one["rmse"].value, one["bias"].value) == (1, 1, -1)
    assert one["r2"].reason == realised.ONE_CUSTOMER
    flat = by_name(realised.regression(np.array([0.0, 0.0]), np.array([1.0, 2.0]), seed=1))
    assert (flat["r2"].reason, flat["mape"].reason) == (realised.CONSTANT, realised.ZERO_OUTCOME)
    assert {metric.value for metric in realised.regression(np.array([]), np.array([]), seed=1)} == {None}


def test_the_same_seed_gives_the_same_interval_and_the_interval_holds_the_value():
    random = np.random.default_rng(0)
    probability = random.random(2000)
    outcome = (random.random(2000) < probability).astype(float)
    first, again = (realised.classification(outcome, probability, 0.5, seed=7) for _ in range(2))
    assert first == again
    assert first != realised.classification(outcome, probability, 0.5, seed=8)
    for metric in first:
        assert metric.low is not None
        if metric.name != "calibration_error":  # an absolute value: the bootstrap shifts it up
            assert metric.low <= metric.value <= metric.high
