"""The gain of one version over another on the same customers: its error is that of the paired bootstrap."""

import functools

import numpy as np
import pytest
from scipy.special import expit

from scoring.domain.metrics import BEST_IS_ONE
from scoring.domain.monitoring import headlines
from scoring.learning.paired import INFLUENCE, gain_of
from scoring.monitoring.intervals import Z
from scoring.monitoring.metrics import metrics_of

THRESHOLD = 0.4
CASES = [("classification", metric) for metric in headlines("classification")] + [
    ("regression", metric) for metric in headlines("regression")
]


def drawn(kind, seed, count=3000, noise=0.6):
    """Values of two versions, the second with less noise, and outcomes; some values are equal."""
    random = np.random.default_rng(seed)
    truth = random.normal(size=count)
    sides = [truth + random.normal(size=count) * spread for spread in (1.0, noise)]
    if kind == "regression":
        return *sides, truth + random.normal(size=count)
    return *(np.round(expit(side), 2) for side in sides), (random.random(count) < expit(truth)).astype(float)


@functools.cache
def differences(kind):
    """What the second version differs by, in every metric, on the customers of each drawing of a bootstrap."""
    champion, challenger, outcomes = drawn(kind, 1)
    random, found = np.random.default_rng(2), []
    for _ in range(150):
        some = random.integers(0, len(outcomes), len(outcomes))
        before, after = (
            {one.metric: one.value for one in metrics_of(kind, side[some], outcomes[some], THRESHOLD)}
            for side in (champion, challenger)
        )
        found.append({metric: after[metric] - before[metric] for metric in headlines(kind)})
    return found


def value_of(kind, metric, values, outcomes):
    return {one.metric: one.value for one in metrics_of(kind, values, outcomes, THRESHOLD)}[metric]


def test_every_metric_that_can_be_a_headline_has_its_influence():
    assert set(INFLUENCE) == {metric for _, metric in CASES}


@pytest.mark.parametrize(("kind", "metric"), CASES)
def test_the_error_of_a_gain_is_that_of_the_paired_bootstrap(kind, metric):
    champion, challenger, outcomes = drawn(kind, 1)
    found = gain_of(metric, champion, challenger, outcomes, threshold=THRESHOLD)
    sign = 1 if metric in BEST_IS_ONE else -1
    differs = value_of(kind, metric, challenger, outcomes) - value_of(kind, metric, champion, outcomes)
    assert found.gain == pytest.approx(sign * differs, abs=1e-12)
    gains = [one[metric] for one in differences(kind)]
    error = (found.high - found.low) / 2 / Z
    assert error == pytest.approx(np.std(gains), rel=0.35 if metric == "ks" else 0.22)


@pytest.mark.parametrize(("kind", "metric"), CASES)
def test_a_version_has_no_gain_over_itself_and_what_one_wins_the_other_loses(kind, metric):
    champion, challenger, outcomes = drawn(kind, 3, 500)
    same = gain_of(metric, champion, champion, outcomes, threshold=THRESHOLD)
    assert (same.gain, same.low, same.high) == (0, 0, 0)
    there = gain_of(metric, champion, challenger, outcomes, threshold=THRESHOLD)
    back = gain_of(metric, challenger, champion, outcomes, threshold=THRESHOLD)
    assert (there.gain, there.low, there.high) == pytest.approx((-back.gain, -back.high, -back.low))


def test_what_is_hard_for_both_does_not_widen_the_interval():
    champion, challenger, outcomes = drawn("regression", 4)
    hard = np.where(np.arange(len(outcomes)) % 10 == 0, 50.0, 0.0)
    easy, both = (gain_of("mae", champion + more, challenger + more, outcomes, threshold=0.5) for more in (0, hard))
    assert both.high - both.low < 1.5 * (easy.high - easy.low)


@pytest.mark.parametrize("outcomes", [np.zeros(9), np.ones(9)])
def test_where_the_metric_is_not_defined_the_reason_is_given(outcomes):
    found = gain_of("roc_auc", np.linspace(0, 1, 9), np.linspace(0, 1, 9), outcomes, threshold=0.5)
    assert (found.gain, found.low, found.high) == (None, None, None)
    assert found.reason.startswith("no outcome is")


@pytest.mark.parametrize("metric", [metric for _, metric in CASES])
def test_one_customer_has_no_interval(metric):
    found = gain_of(metric, np.array([0.7]), np.array([0.6]), np.array([1.0]), threshold=THRESHOLD)
    assert (found.low, found.high) == (None, None)
