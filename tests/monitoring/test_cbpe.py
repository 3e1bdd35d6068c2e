import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)

from scoring.monitoring.cbpe import FUNCTIONS, METRICS, Binned, estimate
from scoring.monitoring.curve import Curve, Table
from scoring.monitoring.shift import ratios


def customers(random, count, *, shift=0.0):
    """Calibrated probabilities and what happened."""
    values = expit(random.normal(-1.5 + shift, 1.5, count))
    return values, (random.random(count) < values).astype(float)


def realised(values, outcomes, threshold=0.5):
    said = values >= threshold
    return {
        "precision": precision_score(outcomes, said),
        "recall": recall_score(outcomes, said),
        "f1": f1_score(outcomes, said),
        "roc_auc": roc_auc_score(outcomes, values),
        "pr_auc": average_precision_score(outcomes, values),
        "brier": brier_score_loss(outcomes, values),
        "log_loss": log_loss(outcomes, values),
        "positive_rate": outcomes.mean(),
    }


def estimated(reference, values, threshold=0.5, seed=0):
    return {figure.metric: figure for figure in estimate(*reference, values, threshold=threshold, seed=seed)}


def test_estimates_of_a_calibrated_score_are_near_the_truth_and_their_intervals_hold_it():
    random = np.random.default_rng(1)
    values, outcomes = customers(random, 300_000, shift=0.7)
    found = estimated(customers(random, 100_000), values)
    assert list(found) == list(METRICS)
    for metric, truth in realised(values, outcomes).items():
        figure = found[metric]
        assert figure.value == pytest.approx(truth, rel=0.02)
        assert figure.low <= truth <= figure.high
        assert (figure.n, figure.reason) == (300_000, None)


def test_a_score_that_is_wrong_in_a_smooth_way_is_corrected_by_the_reference():
    random = np.random.default_rng(2)
    values, outcomes = customers(random, 100_000)
    overconfident = expit(2 * np.log(values / (1 - values)) + 1)
    found = estimated((overconfident[:50_000], outcomes[:50_000]), overconfident[50_000:])
    for metric, truth in realised(overconfident[50_000:], outcomes[50_000:]).items():
        assert found[metric].value == pytest.approx(truth, rel=0.05), metric


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_metrics_of_outcomes_that_are_certain_are_scikit_learns(levels, seed):
    random = np.random.default_rng(seed)
    values = random.integers(1, levels + 1, 400) / (levels + 1)
    outcomes = (random.random(400) < 0.5).astype(float)
    truth = realised(values, outcomes, threshold=values[0])
    binned = Binned.of(values, values[0])
    starts = np.searchsorted(np.sort(values), np.unique(values))
    positives = np.add.reduceat(outcomes[np.argsort(values)], starts)
    for metric, (function, _) in FUNCTIONS.items():
        assert function(binned, positives[None, :])[0] == pytest.approx(truth[metric]), metric


def test_equal_seeds_give_equal_results_whatever_the_order_of_rows():
    random = np.random.default_rng(3)
    values, outcomes = customers(random, 3_000)
    now, _ = customers(random, 5_000)
    found = estimated((values, outcomes), now, seed=7)
    order = random.permutation(3_000)
    again = estimated((values[order], outcomes[order]), random.permutation(now), seed=7)
    assert again == found
    assert estimated((values, outcomes), now, seed=8)["f1"].low != found["f1"].low


@pytest.mark.parametrize("metric", METRICS)
def test_intervals_are_wider_with_fewer_customers_on_either_side(metric):
    random = np.random.default_rng(4)
    many, few = customers(random, 50_000), customers(random, 500)
    now, _ = customers(random, 50_000)

    def width(reference, values):
        figure = estimated(reference, values)[metric]
        return figure.high - figure.low

    assert width(few, now) > 2 * width(many, now)
    assert width(many, now[:500]) > 2 * width(many, now)


UNDEFINED = {
    "nobody now": (np.full(200, 0.5), np.tile([0.0, 1.0], 100), np.zeros(0), "this publication has no customers"),
    "nobody then": (
        np.zeros(0),
        np.zeros(0),
        np.array([0.5]),
        "too few outcomes to learn from: 0 positive and 0 others; at least 100 are needed, 10 of each kind",
    ),
    "99 customers": (
        np.full(99, 0.5),
        np.repeat([0.0, 1.0], [49, 50]),
        np.array([0.5]),
        "too few outcomes to learn from: 50 positive and 49 others; at least 100 are needed, 10 of each kind",
    ),
    "9 positives": (
        np.full(200, 0.5),
        np.repeat([0.0, 1.0], [191, 9]),
        np.array([0.5]),
        "too few outcomes to learn from: 9 positive and 191 others; at least 100 are needed, 10 of each kind",
    ),
    "9 others": (
        np.full(200, 0.5),
        np.repeat([1.0, 0.0], [191, 9]),
        np.array([0.5]),
        "too few outcomes to learn from: 191 positive and 9 others; at least 100 are needed, 10 of each kind",
    ),
}


@pytest.mark.parametrize("case", UNDEFINED.values(), ids=UNDEFINED)
def test_without_enough_to_learn_from_nothing_is_defined_and_the_reason_says_so(case):
    then, outcomes, now, reason = case
    found = estimate(then, outcomes, now, threshold=0.5, seed=0)
    assert [figure.metric for figure in found] == list(METRICS)
    for figure in found:
        assert (figure.value, figure.low, figure.high, figure.n) == (None, None, None, len(now))
        assert figure.reason == reason


def test_ten_of_each_kind_among_a_hundred_are_enough():
    for outcomes in (np.repeat([0.0, 1.0], [90, 10]), np.repeat([1.0, 0.0], [90, 10])):
        found = estimated((np.linspace(0.1, 0.9, 100), outcomes), np.linspace(0.1, 0.9, 50))
        assert all(figure.value is not None for figure in found.values())


def test_a_metric_that_these_customers_do_not_define_is_none_with_its_reason():
    reference = customers(np.random.default_rng(5), 5_000)
    low = estimated(reference, np.full(10, 1e-6))
    reasons = {metric: figure.reason for metric, figure in low.items()}
    assert reasons == {
        "precision": "nobody has a probability at or above the threshold",
        "recall": "most likely none of these customers has the outcome",
        "f1": "nobody has a probability at or above the threshold, and most likely none of them has the outcome",
        "roc_auc": "most likely these customers all have the outcome, or none has",
        "pr_auc": "most likely none of these customers has the outcome",
        "brier": None,
        "log_loss": None,
        "positive_rate": None,
    }
    assert low["positive_rate"].value == pytest.approx(0, abs=1e-3)


def test_one_customer_has_no_roc_auc_but_a_brier_score():
    found = estimated(customers(np.random.default_rng(6), 5_000), np.array([0.6]))
    assert found["roc_auc"].value is None
    assert found["brier"].value == pytest.approx(0.24, abs=0.02)
    assert (found["brier"].low, found["brier"].high) == (pytest.approx(0.16), pytest.approx(0.36))


def test_constant_values_rank_nobody_and_have_the_rate_of_the_reference():
    outcomes = np.repeat([0.0, 1.0], [700, 300])
    found = estimated((np.full(1000, 0.3), outcomes), np.full(400, 0.3), threshold=0.3)
    assert found["roc_auc"].value == found["roc_auc"].low == found["roc_auc"].high == 0.5
    assert found["precision"].value == pytest.approx(0.3, abs=0.002)
    assert (found["recall"].value, found["recall"].low) == (1.0, 1.0)


def test_a_constant_reference_says_as_much_as_it_can_of_other_values():
    outcomes = np.repeat([0.0, 1.0], [700, 300])
    found = estimated((np.full(1000, 0.3), outcomes), np.linspace(0, 1, 400))
    assert 0.4 < found["positive_rate"].value < 0.6


values = st.one_of(st.sampled_from([0.0, 1.0, 0.5, 5e-324, 1 - 2**-53]), st.floats(0, 1))


@given(
    st.lists(values, min_size=1, max_size=30),
    st.lists(st.tuples(values, st.booleans()), min_size=100, max_size=120),
    st.sampled_from([0.01, 0.5, 0.99]),
)
def test_whatever_the_values_a_figure_is_within_its_interval_or_has_a_reason(now, then, threshold):
    reference = np.array([value for value, _ in then]), np.array([float(came) for _, came in then])
    for figure in estimate(*reference, np.array(now), threshold=threshold, seed=0):
        assert (figure.value is None) == (figure.reason is not None)
        if figure.value is not None:
            assert np.isfinite([figure.low, figure.high]).all()
            assert figure.low <= figure.value <= figure.high
            assert figure.low >= 0
            assert figure.metric == "log_loss" or figure.high <= 1 + 1e-12


def test_a_curve_goes_on_straight_where_there_were_no_customers():
    random = np.random.default_rng(8)
    then = random.uniform(0.2, 0.6, 5_000)
    curve = Curve.of(Table.of(then, (random.random(5_000) < then).astype(float), np.ones(5_000)))
    assert curve.at(np.array([0.001, 0.01, 0.9, 0.99])) == pytest.approx([0.001, 0.01, 0.9, 0.99], abs=0.1)
    assert (np.diff(curve.at(np.linspace(0.001, 0.999, 500))) > 0).all()


def test_a_table_is_resampled_with_the_mean_and_the_scatter_of_its_weights():
    random = np.random.default_rng(9)
    values, outcomes = customers(random, 1_000)
    weights = random.uniform(0.1, 2.0, 1_000)
    table = Table.of(values, outcomes, weights)
    samples = table.resampled(np.random.default_rng(0), 4_000)
    for drawn, mean, variance in (
        (samples.positives, table.positives, table.positives_squares),
        (samples.others, table.others, table.others_squares),
    ):
        assert drawn.sum(1).mean() == pytest.approx(mean.sum(), rel=0.01)
        assert drawn.sum(1).var() == pytest.approx(variance.sum(), rel=0.1)
        assert (drawn[:, mean == 0] == 0).all()


def test_weights_count_like_customers_who_are_there_more_often():
    random = np.random.default_rng(10)
    values, outcomes = customers(random, 2_000)
    now, _ = customers(random, 3_000)
    twice = outcomes > 0
    weighted = {
        figure.metric: figure.value
        for figure in estimate(values, outcomes, now, threshold=0.5, seed=0, weights=1.0 + twice)
    }
    repeated = np.append(values, values[twice]), np.append(outcomes, outcomes[twice])
    for metric, figure in estimated(repeated, now).items():
        assert weighted[metric] == pytest.approx(figure.value, rel=0.01)


def test_equal_weights_are_none():
    random = np.random.default_rng(11)
    reference = customers(random, 2_000)
    now, _ = customers(random, 3_000)
    weighted = estimate(*reference, now, threshold=0.5, seed=0, weights=np.full(2_000, 4.0))
    assert weighted == estimate(*reference, now, threshold=0.5, seed=0)


def test_a_score_that_is_calibrated_for_all_but_not_for_each_is_estimated_by_weights():
    """Of two groups the score does not know, the rarer one then is the more frequent one now."""
    random = np.random.default_rng(12)

    def drawn(count, share):
        group = random.random(count) < share
        values = expit(random.normal(-1, 1, count))
        real = expit(np.log(values / (1 - values)) + np.where(group, 1.0, -0.3))
        return group.astype(float), values, (random.random(count) < real).astype(float)

    group, values, outcomes = drawn(20_000, 0.2)
    group_now, now, outcomes_now = drawn(20_000, 0.8)
    weights = ratios(np.column_stack([group, values]), np.column_stack([group_now, now]), seed=0)
    weighted = {
        figure.metric: figure for figure in estimate(values, outcomes, now, threshold=0.5, seed=0, weights=weights)
    }
    plain = estimated((values, outcomes), now)
    truth = realised(now, outcomes_now)
    for metric in ("precision", "brier", "positive_rate", "log_loss"):
        assert weighted[metric].low <= truth[metric] <= weighted[metric].high
        assert not plain[metric].low <= truth[metric] <= plain[metric].high


def test_customers_like_whom_hardly_any_outcome_is_known_are_not_estimated():
    random = np.random.default_rng(13)
    values, outcomes = customers(random, 1_000)
    weights = np.where(np.arange(1_000) < 50, 1_000.0, 1e-3)
    found = estimate(values, outcomes, values, threshold=0.5, seed=0, weights=weights)
    needed = "at least 100 are needed, 10 of each kind"
    assert {figure.reason for figure in found} == {
        f"too few outcomes of customers like these: the 1000 known are worth 50; {needed}"
    }
