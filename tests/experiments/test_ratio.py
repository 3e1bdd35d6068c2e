"""Whether the arms have as many customers as were assigned: the test, whom it counts, and when it says so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, norm

from scoring.experiments.ratio import Assigned, Ratio, ratio_of


def assigned(champion, challenger, share=0.5, first=0):
    flags = np.repeat([False, True], [champion, challenger])
    return Assigned(np.arange(first, first + len(flags)), flags, share)


@given(champion=st.integers(0, 500), challenger=st.integers(1, 500), share=st.floats(0.05, 0.95))
def test_with_one_share_it_is_pearsons_test(champion, challenger, share):
    found, n = ratio_of([assigned(champion, challenger, share)]), champion + challenger
    expected = chisquare([champion, challenger], [n * (1 - share), n * share])
    assert found == Ratio(champion, challenger, challenger / n, pytest.approx(share), pytest.approx(expected.pvalue))


def test_a_customer_counts_once_in_his_first_cohort():
    first = Assigned(np.array([7, 3, 5]), np.array([True, False, False]), 0.2)
    later = Assigned(np.array([3, 5, 7, 9]), np.array([True, True, True, True]), 0.5)
    found = ratio_of([first, later])
    assert (found.champion, found.challenger, found.share) == (2, 2, 0.5)
    assert found.expected == pytest.approx((3 * 0.2 + 0.5) / 4)


def test_a_share_that_changes_is_no_mismatch():
    found = ratio_of([assigned(9000, 1000, 0.1), assigned(5000, 5000, 0.5, first=10_000)])
    assert (found.share, found.expected, found.p) == (0.3, pytest.approx(0.3), 1.0)
    assert not found.mismatch


def test_the_chance_of_each_customer_is_that_of_his_first_cohort():
    found = ratio_of([assigned(900, 100, 0.1), assigned(450, 550, 0.5, first=1000)])
    assert found.p == pytest.approx(2 * norm.sf(50 / np.sqrt(1000 * 0.1 * 0.9 + 1000 * 0.5 * 0.5)))


def test_without_customers_there_is_nothing_to_say():
    assert ratio_of([]) is None
    assert ratio_of([assigned(0, 0), assigned(0, 0)]) is None


@pytest.mark.parametrize(
    ("p", "share", "expected"),
    [(0.0009, 0.51, True), (0.001, 0.51, False), (0.0, 0.501, True), (0.0, 0.5009, False), (0.0, 0.499, True)],
)
def test_a_mismatch_is_sure_and_large_enough_to_matter(p, share, expected):
    assert Ratio(1, 1, share, 0.5, p).mismatch is expected


def test_three_percent_of_an_arm_that_are_lost_are_seen_among_a_hundred_thousand():
    assert ratio_of([assigned(50_000, 48_500)]).mismatch
    assert not ratio_of([assigned(5_000, 4_850)]).mismatch
