"""Metrics of positives rest on the positives: three of them among thousands of customers are three."""

import numpy as np
import pytest
from scipy.special import expit

from scoring.experiments.cohorts import Cohort, Pairs, part_of
from scoring.experiments.comparison import difference
from scoring.experiments.sequence import interval, tuned
from scoring.monitoring.intervals import error_of_auc

THRESHOLD = 0.5
RARE = ("roc_auc", "pr_auc", "recall", "f1", "ks")


def cohort(positives, n=400, seed=0, first=0):
    """Both arms have half of the customers and of the positives."""
    random = np.random.default_rng(seed)
    outcomes = (np.arange(n) < positives).astype(float)
    values = np.clip(0.3 + 0.2 * outcomes + 0.2 * random.normal(size=n), 0, 1)
    return Cohort(np.arange(first, first + n), np.arange(n) % 2 == 1, values, outcomes)


def arms(some):
    return [(some.values[side], some.outcomes[side] > 0) for side in (~some.challenger, some.challenger)]


@pytest.mark.parametrize("positives", [10, 12, 100, 390])
def test_the_error_of_the_area_under_the_roc_curve_is_exactly_that_of_delong(positives):
    some = cohort(positives)
    errors = [error_of_auc(values[positive], values[~positive]) for values, positive in arms(some)]
    assert difference([some], "roc_auc", threshold=THRESHOLD).error == pytest.approx(np.hypot(*errors), rel=1e-12)


def test_the_error_of_a_recall_is_that_of_a_share_of_the_positives_and_of_a_precision_that_of_the_yes():
    some, by = cohort(12), {"recall": [], "precision": []}
    for values, positive in arms(some):
        said = values >= THRESHOLD
        by["recall"].append(said[positive].std(ddof=1) / np.sqrt(positive.sum()))
        by["precision"].append(positive[said].std(ddof=1) / np.sqrt(said.sum()))
    for metric, errors in by.items():
        assert difference([some], metric, threshold=THRESHOLD).error == pytest.approx(np.hypot(*errors), rel=1e-12)


@pytest.mark.parametrize("metric", ["roc_auc", "pr_auc", "precision", "recall", "f1", "ks", "brier", "log_loss"])
def test_enlarged_by_kind_contributions_still_sum_up_to_nothing(metric):
    some = cohort(12)
    assert part_of(some, metric, THRESHOLD).moved.sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("metric", RARE)
def test_a_cohort_with_too_few_positives_in_an_arm_is_left_out(metric):
    found = difference([cohort(100), cohort(8)], metric, threshold=THRESHOLD)
    assert found.left_out == ((1, "champion: fewer than 5 outcomes are positive"),)
    assert difference([cohort(10)], metric, threshold=THRESHOLD).cohorts == 1


@pytest.mark.parametrize("metric", ["roc_auc", "ks"])
def test_so_is_one_with_too_few_negatives_where_the_metric_needs_them(metric):
    found = difference([cohort(392)], metric, threshold=THRESHOLD)
    assert found.reason == "champion: fewer than 5 outcomes are negative"
    assert difference([cohort(392)], "recall", threshold=THRESHOLD).cohorts == 1


def test_the_scarcest_kind_is_counted_by_customer_in_the_arm_that_has_fewer():
    some, again, others = cohort(12), cohort(12), cohort(10, first=1000)
    assert difference([some], "roc_auc", threshold=THRESHOLD).scarce == 6
    assert difference([some, again], "roc_auc", threshold=THRESHOLD).scarce == 6
    assert difference([some, again, others], "roc_auc", threshold=THRESHOLD).scarce == 11
    assert difference([cohort(390)], "ks", threshold=THRESHOLD).scarce == 5
    assert difference([cohort(390)], "recall", threshold=THRESHOLD).scarce == 195
    assert difference([some], "brier", threshold=THRESHOLD).scarce == 200
    yes = min(int((values >= THRESHOLD).sum()) for values, _ in arms(some))
    assert difference([some], "precision", threshold=THRESHOLD).scarce == yes


def test_the_scarcest_kind_of_pairs_is_that_of_the_model_that_has_fewer():
    some = cohort(12)
    pairs = Pairs(some.customers, some.values, np.full(400, 0.4) + (np.arange(400) < 7) * 0.2, some.outcomes)
    assert difference([pairs], "precision", threshold=THRESHOLD).scarce == 7
    assert difference([pairs], "recall", threshold=THRESHOLD).scarce == 12


@pytest.mark.parametrize("metric", ["roc_auc", "recall", "pr_auc", "ks"])
def test_with_a_few_positives_in_each_cohort_the_interval_rarely_misses(metric):
    """At one look. Not enlarged by kind, roc_auc missed in 4 of these 60, recall in 3, pr_auc and ks in 2."""
    missed, n = 0, 500
    for seed in range(60):
        random, cohorts = np.random.default_rng(seed), []
        for look in range(8):
            score = random.normal(size=n)
            outcomes = (random.random(n) < expit(1.3 * score - 4.5)).astype(float)
            values = expit(1.3 * score - 4.5 + 0.5 * random.normal(size=n))
            cohorts.append(Cohort(np.arange(n) + look * n, random.random(n) < 0.5, values, outcomes))
        found = difference(cohorts, metric, threshold=0.05)
        at = interval(found, tuned(found, 8, 0.05), 0.05)
        missed += at is not None and not at.low <= 0 <= at.high
    assert missed <= 1
