"""Metrics equal scikit-learn's, are undefined with a reason, and their intervals hold what they promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp, norm
from shop_definitions import LEAVING, SPENDING
from sklearn import metrics as sklearn_metrics

from scoring.monitoring.calibration import calibration
from scoring.monitoring.intervals import Z, error_of_auc, of_auc, wilson
from scoring.monitoring.metrics import CLASSIFICATION, REGRESSION, classification, metrics_of, regression

probabilities = st.floats(0, 1)
yes_or_no = st.sampled_from([0.0, 1.0])
amounts = st.floats(-1e9, 1e9)
pairs = st.lists(st.tuples(probabilities, yes_or_no), min_size=1, max_size=60)


def arrays(rows):
    values, outcomes = zip(*rows, strict=True)
    return np.array(values, float), np.array(outcomes, float)


def by_name(figures):
    return {figure.metric: figure for figure in figures}


@pytest.mark.filterwarnings("ignore:ks_2samp. Exact calculation unsuccessful:RuntimeWarning")  # of p, not of the gap
@given(pairs, st.floats(0.01, 0.99))
@settings(max_examples=200)
def test_every_metric_of_a_classification_is_scikit_learns_or_undefined_with_a_reason(rows, threshold):
    values, outcomes = arrays(rows)
    said, both = values >= threshold, 0 < outcomes.sum() < len(outcomes)
    found = by_name(classification(values, outcomes, threshold))
    expected = {
        "precision": sklearn_metrics.precision_score(outcomes, said) if said.any() else None,
        "recall": sklearn_metrics.recall_score(outcomes, said) if outcomes.any() else None,
        "f1": sklearn_metrics.f1_score(outcomes, said) if outcomes.any() or said.any() else None,
        "roc_auc": sklearn_metrics.roc_auc_score(outcomes, values) if both else None,
        "pr_auc": sklearn_metrics.average_precision_score(outcomes, values) if outcomes.any() else None,
        "brier": sklearn_metrics.brier_score_loss(outcomes, values, labels=[0, 1]),
        "log_loss": sklearn_metrics.log_loss(outcomes, values, labels=[0, 1]),
        "ks": ks_2samp(values[outcomes > 0], values[outcomes == 0]).statistic if both else None,
        "positive_rate": outcomes.mean(),
        "expected_rate": values.mean(),
    }
    assert tuple(found) == CLASSIFICATION
    for metric, value in expected.items():
        figure = found[metric]
        assert (figure.value is None) == (figure.reason is not None) == (value is None), metric
        if value is not None:
            assert figure.value == pytest.approx(value, rel=1e-9, abs=1e-9), metric
            assert figure.low is None or figure.low <= figure.value <= figure.high, metric


@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=60))
@settings(max_examples=200)
def test_every_metric_of_a_regression_is_scikit_learns_or_undefined_with_a_reason(rows):
    values, outcomes = arrays(rows)
    found, some = by_name(regression(values, outcomes)), outcomes != 0
    assert tuple(found) == REGRESSION
    expected = {
        "mae": sklearn_metrics.mean_absolute_error(outcomes, values),
        "rmse": sklearn_metrics.root_mean_squared_error(outcomes, values),
        "bias": (values - outcomes).mean(),
    }
    with np.errstate(over="ignore"):
        r2 = sklearn_metrics.r2_score(outcomes, values) if len(rows) > 1 else np.nan
    if found["r2"].value is not None:
        expected["r2"] = r2
    if found["mape"].value is not None:
        expected["mape"] = sklearn_metrics.mean_absolute_percentage_error(outcomes[some], values[some])
    for metric, value in expected.items():
        assert np.isfinite(found[metric].value), metric
        assert found[metric].value == pytest.approx(value, rel=1e-9, abs=1e-9), metric
        low, high = found[metric].low, found[metric].high
        assert low is None or low <= found[metric].value <= high, metric
    constant = outcomes.var() == 0 or outcomes.min() == outcomes.max()
    assert found["r2"].value is not None or constant or not np.isfinite(r2)
    assert found["mape"].n == some.sum()


UNDEFINED = [
    # values, outcomes, and which metrics have no value
    ([0.9, 0.1], [0, 0], {"recall", "roc_auc", "pr_auc", "ks"}),  # no positive
    ([0.9, 0.1], [1, 1], {"roc_auc", "ks"}),  # no negative
    ([0.1, 0.2], [0, 0], {"precision", "recall", "f1", "roc_auc", "pr_auc", "ks"}),  # nobody said yes, no positive
    ([0.1, 0.2], [0, 1], {"precision"}),  # nobody said yes
    ([0.7], [1], {"roc_auc", "ks"}),  # one row
    ([0.5, 0.5, 0.5], [0, 1, 0], set()),  # constant predictions
    ([0.0, 1.0], [1, 0], set()),  # certain and wrong
]


@pytest.mark.parametrize(("values", "outcomes", "missing"), UNDEFINED)
def test_what_cannot_be_computed_has_a_reason_and_is_never_zero(values, outcomes, missing):
    found = classification(np.array(values, float), np.array(outcomes, float), 0.5)
    assert {figure.metric for figure in found if figure.value is None} == missing
    assert {figure.metric for figure in found if figure.reason} == missing
    assert all(np.isfinite(figure.value) for figure in found if figure.value is not None)


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_without_known_outcomes_nothing_is_defined(kind):
    found = metrics_of(kind, np.zeros(0), np.zeros(0), 0.5)
    assert all(figure.value is None and figure.reason and figure.n == 0 for figure in found)


REGRESSIONS = [
    ([1.0], [2.0], {"r2"}),  # one row
    ([1.0, 2.0], [3.0, 3.0], {"r2"}),  # outcomes do not vary
    ([1.0, 2.0], [0.0, 0.0], {"r2", "mape"}),  # every outcome is 0
    ([1.0, 2.0], [5e-324, 1.0], {"mape"}),  # a division that overflows
    ([1.0, 2.0, 3.0], [0.1, 0.1, 0.1], {"r2"}),  # nor do they here, though their mean is rounded
    (list(map(float, range(10))), [19.99] * 10, {"r2"}),
    ([3.0, 0.0], [0.0, 2e-154], {"r2"}),  # they vary, but by less than anything can be divided by
    ([1.0, 2.0], [1.0, 1e200], {"rmse", "r2"}),  # squares overflow
    ([1e308, -1e308], [1.0, 2.0], set(REGRESSION) - {"bias"}),  # sums, too
    ([1e308, 1e308], [-1e308, 1e308], set(REGRESSION)),  # and errors
]


@pytest.mark.parametrize(("values", "outcomes", "missing"), REGRESSIONS)
def test_amounts_that_cannot_be_judged_have_a_reason(values, outcomes, missing):
    found = regression(np.array(values), np.array(outcomes))
    assert {figure.metric for figure in found if figure.value is None} == missing
    assert {figure.metric for figure in found if figure.reason} == missing


def test_an_amount_that_is_too_large_to_be_squared_leaves_the_mean_error_and_the_bias_without_an_interval():
    found = by_name(regression(np.array([1.0, 2.0]), np.array([0.0, 1e200])))
    assert (found["mae"].value, found["mae"].low, found["mae"].reason) == (pytest.approx(5e199), None, None)
    assert (found["bias"].value, found["bias"].low) == (pytest.approx(-5e199), None)
    assert found["rmse"].reason == found["r2"].reason == "amounts are too large to be squared"


@given(amounts, st.integers(1, 50))
def test_equal_outcomes_have_no_explained_variance_whatever_they_are(amount, count):
    outcomes = np.full(count, amount)
    assert by_name(regression(np.arange(count, dtype=float), outcomes))["r2"].reason == "the outcomes do not vary"


def test_a_relative_error_is_about_the_customers_with_an_outcome_other_than_zero():
    found = by_name(regression(np.array([10.0, 5.0, 3.0]), np.array([8.0, 0.0, 4.0])))
    assert found["mape"].value == pytest.approx((2 / 8 + 1 / 4) / 2)
    assert (found["mape"].n, found["mae"].n) == (2, 3)


def test_precision_counts_those_that_were_said_yes_and_recall_those_that_were_positive():
    values, outcomes = np.array([0.5, 0.4, 0.9, 0.1, 0.6]), np.array([1.0, 1, 0, 0, 1])
    found = by_name(classification(values, outcomes, 0.5))
    assert (found["precision"].value, found["precision"].n) == (pytest.approx(2 / 3), 3)
    assert (found["recall"].value, found["recall"].n) == (pytest.approx(2 / 3), 3)


def test_wilsons_interval_is_the_published_one():
    # Newcombe (1998), "Two-sided confidence intervals for the single proportion", table I: 81/263, 15/148, 0/20, 1/29
    for successes, n, low, high in [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ]:
        assert wilson(successes / n, n) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_delongs_error_is_that_of_all_pairs():
    rng = np.random.default_rng(0)
    positives, negatives = np.round(rng.normal(1, 1, 40), 1), np.round(rng.normal(0, 1, 60), 1)
    wins = (positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives)
    expected = wins.mean(1).var(ddof=1) / 40 + wins.mean(0).var(ddof=1) / 60
    assert error_of_auc(positives, negatives) == pytest.approx(np.sqrt(expected), rel=1e-12)


def test_where_classes_do_not_overlap_the_area_still_has_an_interval():
    low, high = of_auc(1.0, np.array([0.8, 0.9, 0.95]), np.array([0.1, 0.2, 0.3, 0.35]))
    assert high == 1.0
    assert 0.3 < low < 0.9
    assert of_auc(1.0, np.array([0.8]), np.array([0.1, 0.2])) is None


def covered(truth, figures):
    return {metric: figures[metric].low <= value <= figures[metric].high for metric, value in truth.items()}


def test_intervals_of_a_classification_hold_the_truth_in_about_95_percent_of_samples():
    rng = np.random.default_rng(1)

    def sample(size):
        scores = rng.normal(size=size)
        outcomes = (rng.random(size) < norm.cdf(scores - 1)).astype(float)
        return norm.cdf(0.8 * scores - 0.9), outcomes

    metrics = ("precision", "recall", "f1", "roc_auc", "pr_auc", "brier", "log_loss", "positive_rate")
    found = by_name(classification(*sample(200_000), 0.4))
    truth = {metric: found[metric].value for metric in metrics}
    hits = [covered(truth, by_name(classification(*sample(400), 0.4))) for _ in range(250)]
    shares = {metric: np.mean([hit[metric] for hit in hits]) for metric in metrics}
    assert all(0.91 <= share <= 0.985 for share in shares.values()), shares


def test_intervals_of_a_regression_hold_the_truth_in_about_95_percent_of_samples():
    rng = np.random.default_rng(2)

    def sample(size):
        outcomes = rng.normal(100, 20, size)
        return outcomes + rng.normal(3, 10, size), outcomes

    truth = {"mae": None, "rmse": None, "r2": None, "bias": None}
    found = by_name(regression(*sample(200_000)))
    truth = {metric: found[metric].value for metric in truth}
    hits = [covered(truth, by_name(regression(*sample(300)))) for _ in range(400)]
    shares = {metric: np.mean([hit[metric] for hit in hits]) for metric in truth}
    assert all(0.92 <= share <= 0.98 for share in shares.values()), shares


def test_the_gap_of_the_distributions_has_an_interval_that_holds_the_truth():
    rng = np.random.default_rng(3)
    truth = norm.cdf(0.5) - norm.cdf(-0.5)  # classes one standard deviation apart
    hits = []
    for _ in range(300):
        outcomes = (rng.random(2_000) < 0.3).astype(float)
        values = norm.cdf(rng.normal(outcomes, 1))
        figure = by_name(classification(values, outcomes, 0.5))["ks"]
        hits.append(figure.low <= truth <= figure.high)
    assert 0.9 <= np.mean(hits) <= 0.99  # the largest gap is a little too large by chance


def test_tenths_hold_all_customers_and_equal_values_are_never_parted():
    values = np.array([0.1] * 15 + [0.2] * 5 + list(np.linspace(0.3, 0.9, 20)))
    outcomes = (np.arange(40) % 3 == 0).astype(float)
    groups = [group for group in calibration(LEAVING, values, outcomes) if group.grouping_by == "decile"]
    assert sum(group.n for group in groups) == 40
    assert groups[0].n == 15
    assert len(groups) == 7
    for group in groups:
        assert group.observed_low <= group.observed <= group.observed_high
    assert sum(group.n * group.expected for group in groups) == pytest.approx(values.sum())
    assert sum(group.n * group.observed for group in groups) == pytest.approx(outcomes.sum())


def test_tenths_of_different_values_are_equal_in_size():
    values = np.random.default_rng(0).permutation(np.linspace(0, 1, 1000))
    groups = [one for one in calibration(LEAVING, values, np.round(values)) if one.grouping_by == "decile"]
    assert [group.n for group in groups] == [100] * 10
    assert [group.bin for group in groups] == list(range(1, 11))


def test_bands_say_who_is_caught_by_saying_yes_from_there_on():
    values = np.array([0.05, 0.15, 0.5, 0.9])
    outcomes = np.array([0.0, 1.0, 0.0, 1.0])
    score = LEAVING
    bands = [group for group in calibration(score, values, outcomes) if group.grouping_by == "band"]
    assert [group.label for group in bands] == [band.name for band in score.bands]
    assert sum(group.n for group in bands) == 4
    assert (bands[0].precision, bands[0].recall) == (0.5, 1.0)
    top = bands[-1]
    inside = values > score.bands[-2].upper
    assert top.n == inside.sum()
    assert top.precision == pytest.approx(outcomes[inside].mean()) if inside.any() else top.precision is None
    assert all(group.expected is None and group.observed is None for group in bands if not group.n)


def test_a_regression_is_expected_and_observed_without_bands():
    groups = calibration(SPENDING, np.arange(100.0), np.arange(100.0) * 2)
    assert {group.grouping_by for group in groups} == {"decile"}
    assert groups[0].observed == pytest.approx(2 * groups[0].expected)
    assert groups[0].precision is None
    error = (np.arange(10.0) * 2).std(ddof=1) / np.sqrt(10)
    assert groups[0].observed_high == pytest.approx(groups[0].observed + Z * error)


def test_nobody_has_no_calibration():
    assert calibration(LEAVING, np.zeros(0), np.zeros(0)) == []
