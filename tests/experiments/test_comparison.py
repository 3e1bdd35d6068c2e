"""The difference of the arms: equal to independent formulas, without bias by time, with errors that hold customers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import ttest_ind

from scoring.experiments.cohorts import Cohort, Pairs, part_of
from scoring.experiments.comparison import NO_COHORT, difference, difference_of
from scoring.experiments.kinds import OF_POSITIVES
from scoring.learning.paired import gain_of
from scoring.monitoring.intervals import Z

KINDS = {"roc_auc": "classification", "ks": "classification", "rmse": "regression", "mae": "regression"}


def cohort(seed, n=400, *, kind="regression", share=0.5, codes=None, spread=1.0, covariates=0):
    """Customers of a split; the first covariate knows how large a customer's error is."""
    random = np.random.default_rng(seed)
    outcomes, hard = random.normal(size=n), random.normal(size=n)
    values = outcomes + spread * np.exp(0.7 * hard) * random.normal(size=n)
    if kind == "classification":
        outcomes, values = (random.random(n) < expit(outcomes)).astype(float), np.round(expit(values), 2)
    known = np.column_stack([hard, *random.normal(size=(covariates - 1, n))]) if covariates else None
    who = np.arange(n) if codes is None else codes
    return Cohort(who.astype(np.int64), random.random(n) < share, values, outcomes, known)


def told(found):
    return (found.estimate, found.error, found.champion, found.challenger)


@pytest.mark.parametrize(("metric", "kind"), [("brier", "classification"), ("mae", "regression")])
@pytest.mark.parametrize("share", [0.5, 0.1])
def test_one_cohort_and_a_mean_give_welchs_test(metric, kind, share):
    one = cohort(1, kind=kind, share=share)
    errors = np.abs(one.values - one.outcomes) ** (2 if metric == "brier" else 1)
    expected = ttest_ind(errors[~one.challenger], errors[one.challenger], equal_var=False)
    found = difference([one], metric, threshold=0.5)
    assert found.estimate == pytest.approx(errors[~one.challenger].mean() - errors[one.challenger].mean())
    assert found.estimate / found.error == pytest.approx(expected.statistic)
    assert (found.rows, found.arms) == ((int((~one.challenger).sum()), int(one.challenger.sum())),) * 2
    assert (found.customers, found.cohorts, found.explained, found.reason) == (400, 1, 0.0, None)
    assert found.information == pytest.approx(1 / found.error**2)


@pytest.mark.parametrize("metric", ["roc_auc", "rmse"])
def test_the_error_is_that_of_the_bootstrap_of_customers(metric):
    codes = np.arange(300)
    cohorts = [cohort(seed, 300, kind=KINDS[metric], codes=codes) for seed in (1, 2)]
    found, random, gains = difference(cohorts, metric, threshold=0.5), np.random.default_rng(3), []
    for _ in range(300):
        some = random.integers(0, 300, 300)
        again = [Cohort(np.arange(300), one.challenger[some], one.values[some], one.outcomes[some]) for one in cohorts]
        gains.append(difference(again, metric, threshold=0.5).estimate)
    assert found.error == pytest.approx(np.std(gains), rel=0.12)


@pytest.mark.parametrize(("metric", "kind"), KINDS.items())
def test_one_cohort_in_shadow_is_the_paired_gain(metric, kind):
    one, two = cohort(1, kind=kind), cohort(2, kind=kind)
    pairs = Pairs(one.customers, two.values, one.values, one.outcomes)
    expected = gain_of(metric, pairs.champion, pairs.challenger, pairs.outcomes, threshold=0.5)
    found = difference([pairs], metric, threshold=0.5)
    assert found.estimate == pytest.approx(expected.gain)
    by_kind = metric in OF_POSITIVES or metric == "precision"  # n / (n - 1) is taken by class then, not over all
    assert found.error == pytest.approx((expected.high - expected.low) / 2 / Z, rel=0.01 if by_kind else 1e-9)
    assert (found.champion, found.challenger) == pytest.approx((expected.champion, expected.challenger))
    assert (found.rows, found.arms, found.customers) == ((400, 400), (400, 400), 400)


@given(seed=st.integers(0, 1000), metric=st.sampled_from(sorted(KINDS)), moved=st.integers(1, 10**9))
def test_neither_the_order_of_rows_and_cohorts_nor_the_codes_matter(seed, metric, moved):
    cohorts = [cohort(seed + place, 60, kind=KINDS[metric], covariates=1, share=0.4) for place in (0, 1)]
    order = np.random.default_rng(seed).permutation(60)
    others = [
        Cohort(
            moved - one.customers[order], one.challenger[order], one.values[order], one.outcomes[order],
            one.covariates[order],
        )
        for one in reversed(cohorts)
    ]  # fmt: skip
    ends = (difference(some, metric, threshold=0.5) for some in (cohorts, others))
    assert told(next(ends)) == pytest.approx(told(next(ends)))


@given(seed=st.integers(0, 1000), metric=st.sampled_from(["mae", "roc_auc"]))
def test_what_one_arm_wins_the_other_loses(seed, metric):
    one = cohort(seed, 80, kind=KINDS[metric], covariates=2)
    swapped = Cohort(one.customers, ~one.challenger, one.values, one.outcomes, one.covariates)
    there, back = (difference([side], metric, threshold=0.5) for side in (one, swapped))
    assert told(there) == pytest.approx((-back.estimate, back.error, back.challenger, back.champion))


def test_less_error_is_better_and_a_larger_area_is():
    good, bad = (np.tile(values, 5) for values in ([0.9, 0.8, 0.7, 0.2], [0.9, 0.1, 0.6, 0.2]))
    pairs = Pairs(np.arange(20), bad, good, np.tile([1.0, 1.0, 1.0, 0.0], 5))
    assert difference([pairs], "roc_auc", threshold=0.5).estimate > 0
    assert difference([pairs], "brier", threshold=0.5).estimate > 0


def test_a_share_that_grows_while_errors_grow_is_no_difference():
    """Simpson's case: the challenger has most of its customers when all are hard."""
    gains, pooled = [], []
    for seed in range(100):
        cohorts = [
            cohort([seed, place], 200, share=share, spread=spread)
            for place, (share, spread) in enumerate([(0.1, 1.0), (0.9, 3.0)])
        ]
        gains.append(difference(cohorts, "mae", threshold=0.5).estimate)
        joined = [
            np.concatenate([getattr(one, name) for one in cohorts]) for name in ("challenger", "values", "outcomes")
        ]
        one = Cohort(np.arange(400), *joined)
        pooled.append(difference([one], "mae", threshold=0.5).estimate)
    assert abs(np.mean(gains)) < 3 * np.std(gains) / 10
    assert np.mean(pooled) < -0.5  # so it would look if cohorts were pooled


def test_a_cohort_weighs_by_both_arms_sizes():
    cohorts = [cohort(1, 100, share=0.5), cohort(2, 300, share=0.1)]
    found = difference(cohorts, "mae", threshold=0.5)
    each = [difference([one], "mae", threshold=0.5) for one in cohorts]
    weights = [one.rows[0] * one.rows[1] / sum(one.rows) for one in each]
    assert found.estimate == pytest.approx(np.average([one.estimate for one in each], weights=weights))
    assert found.champion == pytest.approx(np.average([one.champion for one in each], weights=weights))
    assert found.challenger == pytest.approx(np.average([one.challenger for one in each], weights=weights))


def test_the_same_customers_twice_tell_no_more_than_once():
    one = cohort(1)
    once, twice = (difference([one] * times, "mae", threshold=0.5) for times in (1, 2))
    fresh = Cohort(one.customers + 400, one.challenger, one.values, one.outcomes)
    assert twice.error == pytest.approx(once.error)
    assert difference([one, fresh], "mae", threshold=0.5).error == pytest.approx(once.error / np.sqrt(2))
    assert (twice.customers, twice.arms, twice.rows) == (400, once.arms, (2 * once.rows[0], 2 * once.rows[1]))


def test_a_customer_who_moved_cancels_his_own_luck():
    one = cohort(1)
    moved = Cohort(one.customers, ~one.challenger, one.values, one.outcomes)
    found = difference([one, moved], "mae", threshold=0.5)
    assert found.arms == (400, 400)
    assert found.error < difference([one], "mae", threshold=0.5).error / 4


def test_errors_by_customer_are_right_when_they_come_again():
    gains, errors, naive = [], [], []
    for seed in range(300):
        random = np.random.default_rng(seed)
        hard, side = np.exp(random.normal(size=100)), random.random(100) < 0.5
        cohorts = [Cohort(np.arange(100), side, hard * random.normal(size=100), np.zeros(100)) for _ in range(5)]
        found = difference(cohorts, "mae", threshold=0.5)
        gains.append(found.estimate)
        errors.append(found.error)
        apart = [Cohort(one.customers + 100 * at, side, one.values, one.outcomes) for at, one in enumerate(cohorts)]
        naive.append(difference(apart, "mae", threshold=0.5).error)
    assert np.mean(errors) == pytest.approx(np.std(gains), rel=0.1)
    assert np.mean(naive) < 0.75 * np.std(gains)


def test_covariates_narrow_without_bias():
    plain, adjusted = [], []
    for seed in range(200):
        one = cohort(seed, 300, covariates=2)
        adjusted.append(difference([one], "mae", threshold=0.5))
        plain.append(
            difference([Cohort(one.customers, one.challenger, one.values, one.outcomes)], "mae", threshold=0.5)
        )
    gains = np.array([one.estimate for one in adjusted])
    assert abs(gains.mean()) < 3 * gains.std() / np.sqrt(200)
    assert np.mean([one.error for one in adjusted]) == pytest.approx(gains.std(), rel=0.12)
    assert gains.std() < 0.92 * np.std([one.estimate for one in plain])
    assert all(
        one.error == pytest.approx(other.error * np.sqrt(1 - one.explained))
        for one, other in zip(adjusted, plain, strict=True)
    )
    assert np.mean([one.explained for one in adjusted]) > 0.15


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_one_covariate_gives_the_regression_with_its_own_slope_in_each_arm(share):
    """Lin's estimate: each arm's mean is taken to the covariate's mean of all customers along its own slope."""
    one = cohort(5, 2000, covariates=1, share=share)
    errors, known = np.abs(one.values - one.outcomes), one.covariates[:, 0]
    ends = []
    for side in (~one.challenger, one.challenger):
        slope = np.polyfit(known[side], errors[side], 1)[0]
        ends.append(errors[side].mean() + slope * (known.mean() - known[side].mean()))
    found = difference([one], "mae", threshold=0.5)
    assert found.estimate == pytest.approx(ends[0] - ends[1], abs=0.02 * found.error)


@given(seed=st.integers(0, 1000), k=st.integers(1, 4), useful=st.booleans())
def test_covariates_never_widen(seed, k, useful):
    one = cohort(seed, 90, covariates=k + 1)
    known = one.covariates[:, :k] if useful else one.covariates[:, 1:]
    plain, adjusted = (
        difference([Cohort(one.customers, one.challenger, one.values, one.outcomes, some)], "mae", threshold=0.5)
        for some in (None, known)
    )
    assert adjusted.error <= plain.error
    assert 0 <= adjusted.explained < 1
    assert (adjusted.estimate == plain.estimate) == (adjusted.explained == 0)


def test_the_slopes_cost_a_degree_of_freedom_each():
    one = cohort(1, 90, covariates=4)
    part = part_of(one, "mae", 0.5)
    _, [rest], rank, _ = np.linalg.lstsq(part.covariates, part.moved)
    assert rank == 4
    assert difference_of([part], "mae").error == pytest.approx(np.sqrt(rest * 90 / (90 - 4)))


def test_too_few_customers_for_a_covariate_leave_it_out():
    enough, short = cohort(1, 40, covariates=2), cohort(1, 39, covariates=2)
    assert difference([enough], "mae", threshold=0.5).explained > 0
    assert difference([short], "mae", threshold=0.5).explained == 0


def test_what_is_not_known_of_a_customer_counts_as_the_mean_and_a_constant_as_nothing():
    one = cohort(1, covariates=1)
    known = np.where(np.arange(400)[:, None] % 5 == 0, np.nan, one.covariates)
    filled = np.where(np.isnan(known), np.nanmean(known), known)
    constant = np.column_stack([known, np.full(400, 7.0), np.full(400, np.nan)])
    ends = [
        difference([Cohort(one.customers, one.challenger, one.values, one.outcomes, some)], "mae", threshold=0.5)
        for some in (known, filled, constant)
    ]
    assert told(ends[0]) == pytest.approx(told(ends[1]))
    assert told(ends[0]) == pytest.approx(told(ends[2]))


def test_a_cohort_without_covariates_is_compared_as_it_is():
    with_them, without = cohort(1, covariates=1), cohort(2)
    found = difference([with_them, without], "mae", threshold=0.5)
    assert 0 < found.explained < difference([with_them], "mae", threshold=0.5).explained


def test_a_cohort_whose_metric_is_not_defined_in_an_arm_is_left_out_with_its_reason():
    one, never = cohort(1, kind="classification"), cohort(2, kind="classification")
    never = Cohort(never.customers, never.challenger, never.values, never.outcomes * ~never.challenger)
    found = difference([never, one], "roc_auc", threshold=0.5)
    assert found.left_out == ((0, "challenger: no outcome is positive"),)
    assert told(found) == told(difference([one], "roc_auc", threshold=0.5))
    assert found.cohorts == 1
    nothing = difference([never], "roc_auc", threshold=0.5)
    assert told(nothing) == (None,) * 4
    assert (nothing.reason, nothing.information) == ("challenger: no outcome is positive", 0)


def test_without_cohorts_that_is_the_reason():
    assert difference([], "mae", threshold=0.5).reason == NO_COHORT


def test_an_arm_without_customers_is_no_comparison():
    one = cohort(1)
    found = difference([one.only(one.challenger)], "mae", threshold=0.5)
    assert found.reason == "champion: no outcome of these customers is known"


def test_models_that_agree_everywhere_have_no_error():
    one = cohort(1)
    found = difference([Pairs(one.customers, one.values, one.values, one.outcomes)], "mae", threshold=0.5)
    assert (found.estimate, found.error, found.information) == (0, 0, np.inf)


@pytest.mark.parametrize("kind", ["split", "shadow"])
def test_a_segment_is_the_rows_of_it(kind):
    one, rows = cohort(1, covariates=1), np.arange(400) % 3 == 0
    if kind == "shadow":
        both = Pairs(one.customers, one.values, one.values + 1, one.outcomes)
        some = Pairs(one.customers[rows], one.values[rows], one.values[rows] + 1, one.outcomes[rows])
    else:
        both = one
        some = Cohort(
            one.customers[rows], one.challenger[rows], one.values[rows], one.outcomes[rows], one.covariates[rows]
        )
    ends = (difference([part], "mae", threshold=0.5) for part in (both.only(rows), some))
    assert next(ends) == next(ends)


def test_parts_of_cohorts_may_be_kept_until_the_next_look():
    cohorts = [cohort(seed, covariates=1) for seed in (1, 2, 3)]
    kept = [part_of(one, "mae", 0.5) for one in cohorts]
    assert difference_of(kept, "mae") == difference(cohorts, "mae", threshold=0.5)


def test_the_arm_that_is_larger_is_not_flattered_or_hurt_by_its_size():
    gains = [
        difference([cohort(seed, 300, kind="classification", share=0.2)], "ks", threshold=0.5) for seed in range(200)
    ]
    scaled = np.array([one.estimate / one.error for one in gains])
    assert abs(scaled.mean()) < 3 * scaled.std() / np.sqrt(200)
