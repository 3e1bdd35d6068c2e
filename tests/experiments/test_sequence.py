"""The interval for all looks: its formula by an independent way, its best place, and that it holds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from scoring.experiments.comparison import Difference
from scoring.experiments.sequence import (
    Interval,
    half_width,
    interval,
    looks_however_dependent,
    peak,
    tuned,
)

ALPHAS = st.floats(0.001, 0.3)
AMOUNTS = st.floats(1e-3, 1e3)


def found(estimate=0.5, error=0.1, cohorts=1):
    return Difference("mae", estimate, error, 1.0, 0.5, cohorts=cohorts)


@given(information=AMOUNTS, r=AMOUNTS, alpha=ALPHAS)
def test_at_the_boundary_the_mixture_of_likelihood_ratios_is_one_over_alpha(information, r, alpha):
    """Ville's inequality bounds the chance that the mixture, a martingale, ever gets there."""
    path = half_width(information, r, alpha) * information
    spread = 1 / np.sqrt(r)
    middle, width = path / (information + r), 1 / np.sqrt(information + r)  # where the integrand is

    def weighed(gain):
        return np.exp(gain * path - gain**2 * information / 2 + norm.logpdf(gain, scale=spread) + np.log(alpha))

    mixture, _ = quad(weighed, middle - 10 * width, middle + 10 * width, points=[middle])
    assert mixture == pytest.approx(1, rel=1e-6)


@given(information=AMOUNTS, alpha=ALPHAS)
def test_the_tuned_r_makes_the_interval_narrowest_where_planned(information, alpha):
    best = minimize_scalar(
        lambda log_r: half_width(information, np.exp(log_r), alpha),
        bracket=(np.log(information) - 3, np.log(information)),
    )
    assert half_width(information, information / peak(alpha), alpha) == pytest.approx(best.fun)
    assert np.exp(best.x) == pytest.approx(information / peak(alpha), rel=1e-2)


def test_r_is_for_the_planned_cohorts_from_the_information_of_those_seen():
    per_cohort = tuned(found(), 1, 0.05)
    assert per_cohort == pytest.approx(100 / peak(0.05))
    assert tuned(found(), 6, 0.05) == pytest.approx(6 * per_cohort)
    assert tuned(found(cohorts=2), 6, 0.05) == pytest.approx(3 * per_cohort)
    assert tuned(found(cohorts=8), 6, 0.05) == pytest.approx(per_cohort)


@pytest.mark.parametrize("other", [Difference("mae", reason="no"), found(error=0.0)])
def test_without_an_error_there_is_neither_r_nor_interval(other):
    assert tuned(other, 6, 0.05) is None
    assert interval(other, 10.0, 0.05) is None


def test_without_r_there_is_no_interval():
    assert interval(found(), None, 0.05) is None


def test_the_interval_is_around_the_estimate_and_wider_than_that_of_one_look():
    one = interval(found(), 100 / peak(0.05), 0.05)
    half = half_width(100.0, 100 / peak(0.05), 0.05)
    assert one == Interval(pytest.approx(0.5 - half), pytest.approx(0.5 + half), 0.05)
    assert half == pytest.approx(3.035 * 0.1, rel=1e-3)


@given(information=AMOUNTS, r=AMOUNTS, alpha=ALPHAS)
def test_no_boundary_is_nearer_than_at_the_peak(information, r, alpha):
    errors = half_width(information, r, alpha) * np.sqrt(information)
    assert errors >= np.sqrt(1 + peak(alpha)) - 1e-9


@given(alpha=ALPHAS)
def test_as_many_looks_as_are_promised_miss_with_at_most_alpha_whatever_they_have_to_do_with_each_other(alpha):
    one = 2 * norm.sf(np.sqrt(1 + peak(alpha)))
    assert looks_however_dependent(alpha) * one <= alpha < (looks_however_dependent(alpha) + 1) * one


def test_twenty_looks_are_safe_at_five_percent():
    assert [looks_however_dependent(alpha) for alpha in (0.05, 0.01)] == [20, 28]


def missed(cumulated, information, alpha=0.05):
    """Share of paths (rows) whose interval misses 0 at a look; ``information`` is that of each look."""
    r = information[0] * 6 / peak(alpha)
    widths = np.array([half_width(known, r, alpha) for known in information])
    return (np.abs(cumulated / np.arange(1, len(information) + 1)) > widths).any(axis=1).mean()


@pytest.mark.parametrize("lasting", [0.0, 0.5, 0.9])
def test_it_holds_at_a_hundred_looks_with_effects_that_last(lasting):
    random, looks = np.random.default_rng(1), np.arange(1, 101)
    own, new = random.normal(size=(5000, 1)), random.normal(size=(5000, 100))
    each = np.sqrt(lasting) * own + np.sqrt(1 - lasting) * new
    known = 1 / (lasting + (1 - lasting) / looks)
    assert missed(each.cumsum(axis=1), known) < 0.05


def test_the_interval_of_one_look_would_not_hold():
    random, looks = np.random.default_rng(1), np.arange(1, 21)
    means = random.normal(size=(5000, 20)).cumsum(axis=1) / looks
    assert (np.abs(means) > norm.ppf(0.975) / np.sqrt(looks)).any(axis=1).mean() > 0.2


def test_it_holds_at_twenty_looks_that_have_nothing_to_do_with_each_other():
    random = np.random.default_rng(1)
    known = np.full(20, 8.0)
    scores = random.normal(size=(20000, 20)) / np.sqrt(known)
    width = half_width(8.0, 8.0 / peak(0.05), 0.05)
    assert 0.03 < (np.abs(scores) > width).any(axis=1).mean() < 0.052
