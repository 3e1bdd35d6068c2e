"""One metric by itself is what the monitor says of all; matching takes off what is due to an arm's size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.monitoring import headlines
from scoring.experiments.matching import OF_SIZE, matched
from scoring.experiments.measured import NOT_ENOUGH, measured
from scoring.learning.paired import INFLUENCE
from scoring.monitoring.metrics import NO_OUTCOME, TOO_LARGE, metrics_of

THRESHOLD = 0.4
KINDS = {metric: kind for kind in ("classification", "regression") for metric in headlines(kind)}


@st.composite
def customers(draw, kind):
    """Values, some of them equal, and outcomes of at least two customers."""
    n = draw(st.integers(2, 40))
    values = draw(st.lists(st.integers(0, 10), min_size=n, max_size=n))
    outcomes = draw(st.lists(st.integers(0, 1 if kind == "classification" else 9), min_size=n, max_size=n))
    return np.array(values) / 10, np.array(outcomes, dtype=float)


def test_every_headline_can_be_measured():
    assert set(INFLUENCE) == set(KINDS)


@pytest.mark.parametrize("kind", ["classification", "regression"])
@given(data=st.data())
def test_a_metric_by_itself_is_what_the_monitor_says(kind, data):
    values, outcomes = data.draw(customers(kind))
    for expected in metrics_of(kind, values, outcomes, THRESHOLD):
        if expected.metric not in KINDS:
            continue
        found = measured(expected.metric, values, outcomes, THRESHOLD)
        assert (expected.metric, found.reason) == (expected.metric, expected.reason)
        if expected.value is not None:
            assert found.value == pytest.approx(expected.value, abs=1e-12)
            assert found.influence.shape == values.shape
            assert found.influence.sum() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("metric", KINDS)
def test_nobody_and_one_customer_are_not_enough(metric):
    assert measured(metric, np.empty(0), np.empty(0), THRESHOLD).reason == NO_OUTCOME
    assert measured(metric, np.array([0.5]), np.array([1.0]), THRESHOLD).reason == NOT_ENOUGH


def test_amounts_that_cannot_be_squared_have_no_error():
    assert measured("mae", np.array([1e200, 0.0, 1.0]), np.zeros(3), THRESHOLD).reason == TOO_LARGE


def arm(seed, n, kind="classification"):
    random = np.random.default_rng(seed)
    values = random.random(n)
    if kind == "regression":
        return values, values + random.normal(size=n)
    return values, (random.random(n) < values).astype(float)


def smaller(metric, values, outcomes, size):
    return matched(measured(metric, values, outcomes, THRESHOLD), metric, values, outcomes, THRESHOLD, size=size)


@pytest.mark.parametrize("metric", ["ks", "pr_auc", "rmse"])
def test_the_matched_metric_is_on_average_that_of_a_small_arm(metric):
    drawn = [arm(seed, 400, KINDS[metric]) for seed in range(300)]
    small = np.array([measured(metric, values[:40], outcomes[:40], THRESHOLD).value for values, outcomes in drawn])
    large = np.array([measured(metric, *one, THRESHOLD).value for one in drawn])
    like_small = np.array([smaller(metric, *one, 40) for one in drawn])
    rough = small.std() / np.sqrt(len(drawn))
    assert abs(like_small.mean() - small.mean()) < 3 * rough
    if metric == "ks":
        assert abs(large.mean() - small.mean()) > 6 * rough  # without matching one would see it
    assert like_small.std() < 1.3 * large.std()  # matching adds hardly any noise


@pytest.mark.parametrize("metric", sorted(set(KINDS) - OF_SIZE))
def test_what_does_not_depend_on_size_is_not_matched(metric):
    values, outcomes = arm(1, 400, KINDS[metric])
    assert smaller(metric, values, outcomes, 40) == measured(metric, values, outcomes, THRESHOLD).value


def test_arms_of_nearly_the_same_size_are_not_matched():
    values, outcomes = arm(1, 110)
    assert smaller("ks", values, outcomes, 101) == measured("ks", values, outcomes, THRESHOLD).value
    assert smaller("ks", values, outcomes, 99) != measured("ks", values, outcomes, THRESHOLD).value


def test_the_same_rows_in_another_order_are_matched_alike():
    values, outcomes = arm(2, 300)
    order = np.random.default_rng(0).permutation(300)
    assert smaller("ks", values, outcomes, 50) == pytest.approx(smaller("ks", values[order], outcomes[order], 50))


def test_if_no_part_of_the_arm_has_the_metric_it_stays_as_it_is():
    values, outcomes = np.linspace(0, 1, 400), np.zeros(400)
    outcomes[-1] = 1.0
    whole = measured("ks", values, outcomes, THRESHOLD).value
    assert smaller("ks", values[:], outcomes, 1) == whole
