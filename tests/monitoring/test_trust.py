import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from scoring.monitoring.trust import Compared, trust


def one(realised, estimated=0.5, low=0.4, high=0.6):
    return Compared("roc_auc", estimated, low, high, realised)


HIT, MISS = one(0.55), one(0.65)  # a miss that is not far: 3 standard errors of 0.051 are 0.153
FAR = one(0.75)

CASES = {  # newest last: trusted, inside, of
    "no record": ([], None, 0, 0),
    "one hit": ([HIT], True, 1, 1),
    "the ends belong to the interval": ([one(0.4), one(0.6)], True, 2, 2),
    "one miss happens in 5 % of cases": ([MISS], True, 0, 1),
    "two of two missed: 0.25 %": ([MISS, MISS], False, 0, 2),
    "two of three missed: 0.7 %": ([MISS, HIT, MISS], False, 1, 3),
    "two of four missed: 1.4 %": ([MISS, HIT, HIT, MISS], True, 2, 4),
    "three of twelve missed: 2 %": ([MISS] * 3 + [HIT] * 9, True, 9, 12),
    "four of twelve missed: 0.2 %": ([MISS] * 4 + [HIT] * 8, False, 8, 12),
    "what was before the newest twelve does not count": ([MISS] * 9 + [HIT] * 12, True, 12, 12),
    "an older one that missed by far is a miss like others": ([FAR, HIT], True, 1, 2),
    "the newest missed by far": ([HIT] * 11 + [FAR], False, 11, 12),
    "the newest missed by far, below": ([HIT] * 11 + [one(0.25)], False, 11, 12),
    "one alone that missed by far": ([FAR], False, 0, 1),
    "just 4 standard errors are not far": ([one(0.5 + 0.1 / 1.96 * 3.99)], True, 0, 1),
    "a little more is": ([one(0.5 + 0.1 / 1.96 * 4.01)], False, 0, 1),
    "far is by the half on that side, here the wide one": ([one(0.75, high=0.7)], True, 0, 1),
    "and here the narrow one": ([one(0.75, low=0.1)], False, 0, 1),
    "and below, the wide one": ([one(0.25, low=0.3)], True, 0, 1),
    "no width and right": ([one(0.5, low=0.5, high=0.5)], True, 1, 1),
    "no width and wrong": ([one(0.51, low=0.5, high=0.5)], False, 0, 1),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_estimator_is_trusted_by_its_record(case):
    record, trusted, inside, of = case
    found = trust(record)
    assert (found.trusted, found.inside, found.of) == (trusted, inside, of)


REASONS = {
    "no record": ([], "no estimate can be compared with a realised value yet"),
    "one": ([HIT], "1 of 1 estimate held the realised value"),
    "many": ([MISS] + [HIT] * 7, "7 of 8 estimates held the realised value"),
    "too few hits": (
        [MISS] * 3 + [HIT],
        "only 1 of 4 estimates held the realised value: honest intervals do so badly less than 1% of the time",
    ),
    "far": (
        [FAR],
        "the newest estimate of roc_auc was 0.5 (0.4 to 0.6) and 0.75 was realised: more than 4 standard errors away",
    ),
}


@pytest.mark.parametrize("case", REASONS.values(), ids=REASONS)
def test_the_reason_is_a_sentence_for_people(case):
    record, reason = case
    assert trust(record).reason == reason


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_hits_so_rare_that_honest_intervals_have_them_in_less_than_a_hundredth_of_cases_are_not_trusted(hits):
    found = trust([HIT if hit else MISS for hit in hits])
    assert found.inside == sum(hits[-12:])
    assert found.trusted == (binom.cdf(found.inside, found.of, 0.95) >= 0.01)


def test_an_interval_is_1_96_standard_errors_to_each_side():
    edge = 0.1 / 1.959963984540054 * 4
    assert trust([one(0.5 + math.nextafter(edge, 0) - 1e-12)]).trusted
    assert not trust([one(0.5 + edge + 1e-12)]).trusted
