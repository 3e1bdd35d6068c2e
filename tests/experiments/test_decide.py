"""What an experiment says: each state on both sides of its bound, which goes first, every number with a sentence."""

from dataclasses import replace

import pytest

from scoring.domain.experiments import ExperimentPolicy, Guard
from scoring.experiments.checks import LEAST_OF_KIND, Compared
from scoring.experiments.comparison import Difference
from scoring.experiments.decide import decide, guard_alpha
from scoring.experiments.ratio import Ratio
from scoring.experiments.sequence import Interval
from scoring.learning.checks import Check

POLICY = ExperimentPolicy(
    least_gain=0.1,
    least_customers=200,
    most_cohorts=12,
    guards=(Guard(metric="brier", margin=0.5),),
    segment_margin=0.2,
)
FAIR = Ratio(1000, 1000, 0.5, 0.5, 1.0)
UNFAIR = Ratio(2000, 1000, 1 / 3, 0.5, 1e-9)


def compared(low, high, *, metric="roc_auc", champion=0.8, segment="", arms=(1000, 1200)):
    """By default the champion's error is 0.2, so that the least gain is 0.02."""
    middle = (low + high) / 2
    found = Difference(metric, middle, 0.01, champion, champion + middle, arms, arms, 2000, 900)
    return Compared(found, Interval(low, high, 0.05), segment)


def decided(primary, ratio=FAIR, cohorts=3, **watched):
    return decide(primary, ratio, POLICY, cohorts=cohorts, **watched)


OPEN = compared(0.01, 0.05)
BRIER_IS_BAD = compared(-0.2, -0.11, metric="brier", champion=0.2)
BRIER_IS_OPEN = compared(-0.2, -0.09, metric="brier", champion=0.2)
SEGMENT_IS_BAD = compared(-0.2, -0.05, segment="country=DE")


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [
        (0.021, 0.05, "challenger_wins"), (0.019, 0.05, "going"), (-0.05, 0.021, "going"),
        (-0.05, 0.019, "champion_stays"), (-0.05, -0.01, "champion_stays"),
    ],
)  # fmt: skip
def test_the_least_gain_is_a_share_of_the_champions_error(low, high, state):
    assert decided(compared(low, high)).state == state


def test_exactly_at_the_bound_the_challenger_has_not_won_and_the_champion_stays():
    policy = ExperimentPolicy()
    assert decide(compared(0.0, 0.1), FAIR, policy, cohorts=1).state == "going"
    assert decide(compared(-0.1, 0.0), FAIR, policy, cohorts=1).state == "champion_stays"


def test_an_interval_that_ends_at_the_bound_is_said_as_what_it_is():
    policy, ends = ExperimentPolicy(), [(-0.1, 0.0), (0.0, 0.1)]
    checks = [decide(compared(low, high), FAIR, policy, cohorts=1).checks[0] for low, high in ends]
    assert [check.said.split(": ")[1] for check in checks] == [
        "surely not better", "neither surely better nor surely not",
    ]  # fmt: skip
    assert [(check.name, check.passed, check.bound) for check in checks] == [("primary", False, 0.0)] * 2


def test_a_guard_whose_interval_ends_at_its_margin_is_not_broken():
    at = -0.5 * 0.2
    found = decided(OPEN, guards=[compared(-0.2, at, metric="brier", champion=0.2)])
    assert (found.state, found.checks[1].passed) == ("going", True)


@pytest.mark.parametrize(("arms", "scarce"), [((200, 200), 900), ((1000, 1000), LEAST_OF_KIND)])
def test_just_enough_customers_without_spread_are_not_judged_for_want_of_spread(arms, scarce):
    known = compared(0.03, 0.05, arms=arms)
    flat = Compared(replace(known.difference, scarce=scarce), None)
    checks = {check.name: check for check in decided(flat).checks}
    assert checks["primary"].said == "roc_auc is not judged: no spread was seen"
    assert checks["customers"].passed


def test_where_less_is_better_the_error_is_the_value_itself():
    assert decided(compared(0.07, 0.1, metric="mae", champion=0.8)).state == "going"
    assert decided(compared(0.09, 0.1, metric="mae", champion=0.8)).state == "challenger_wins"


def test_undecided_after_the_most_cohorts_the_champion_stays():
    assert decided(OPEN, cohorts=11).state == "going"
    last = decided(OPEN, cohorts=12)
    assert last.state == "champion_stays"
    assert last.said == (
        "roc_auc 0.8 -> 0.83, gain +0.03 (+0.01 to +0.05): neither surely better by more than 0.02 nor surely not; "
        "12 cohorts; undecided after 12, the champion stays"
    )
    assert decided(compared(0.03, 0.05), cohorts=12).state == "challenger_wins"


@pytest.mark.parametrize("arms", [(199, 1000), (1000, 199)])
def test_before_each_arm_has_its_customers_there_is_no_verdict(arms):
    found = decided(compared(0.03, 0.05, arms=arms))
    assert found.state == "going"
    assert found.checks[0] == Check(
        "primary", False,
        f"roc_auc is not judged: {arms[0]:,} and {arms[1]:,} customers, each arm needs 200",
        "", 0.8, pytest.approx(0.84), pytest.approx(0.04), metric="roc_auc",
    )  # fmt: skip
    assert decided(compared(0.03, 0.05, arms=(200, 200))).state == "challenger_wins"
    assert decided(compared(0.03, 0.05, arms=arms), cohorts=12).state == "champion_stays"


def test_what_is_not_defined_is_not_judged():
    nothing = Compared(Difference("roc_auc", reason="champion: no outcome is positive"), None)
    assert decided(nothing).state == "going"
    assert decided(nothing).said == "roc_auc is not judged: champion: no outcome is positive"
    alike = Compared(Difference("roc_auc", 0.0, 0.0, 0.8, 0.8, (300, 300), (300, 300), 300, 300), None)
    assert decided(alike).said == "roc_auc is not judged: no spread was seen"
    assert decided(alike, cohorts=12).state == "champion_stays"


@pytest.mark.parametrize("primary", [compared(0.03, 0.05), OPEN, compared(-0.1, -0.05)])
def test_a_mismatch_blocks_every_verdict(primary):
    found = decided(primary, UNFAIR)
    assert found.state == "blocked"
    assert found.said == (
        "1,000 of 3,000 customers are the challenger's (33.33%), assigned were 50.00%; p = 1e-09, below 0.001, "
        "and 0.1% or more apart: a person must look why"
    )
    assert decided(primary, UNFAIR, cohorts=12).state == "blocked"


def test_in_shadow_there_is_no_ratio_to_check():
    found = decided(compared(0.03, 0.05), None)
    assert found.state == "challenger_wins"
    assert "ratio" not in {check.name for check in found.checks}


@pytest.mark.parametrize("ratio", [FAIR, UNFAIR])
def test_a_guard_that_is_surely_broken_stops_whatever_else_holds(ratio):
    found = decided(compared(0.03, 0.05), ratio, guards=[BRIER_IS_BAD])
    assert found.state == "stopped"
    assert found.said == "brier 0.2 -> 0.045, gain -0.155 (-0.2 to -0.11): surely worse by more than 0.1"
    assert next(check.name for check in found.checks if not check.passed) == "guard"
    assert decided(compared(0.03, 0.05), ratio, guards=[BRIER_IS_OPEN]).state != "stopped"


def test_a_segment_that_is_surely_worse_stops_and_one_that_may_be_does_not():
    found = decided(compared(0.03, 0.05), segments=[SEGMENT_IS_BAD])
    assert found.state == "stopped"
    assert found.said == (
        "roc_auc of country=DE 0.8 -> 0.675, gain -0.125 (-0.2 to -0.05): surely worse by more than 0.04"
    )
    assert decided(compared(0.03, 0.05), segments=[compared(-0.2, -0.03, segment="a=b")]).state == "challenger_wins"


def test_a_segment_with_few_customers_is_not_judged():
    few = Compared(SEGMENT_IS_BAD.difference, None, "country=DE")
    assert decided(OPEN, segments=[few]).state == "going"
    small = compared(-0.2, -0.05, segment="country=DE", arms=(1000, 150))
    [check] = [one for one in decided(OPEN, segments=[small]).checks if one.name == "segment"]
    assert check == Check(
        "segment", True, "roc_auc of country=DE is not judged: 1,000 and 150 customers, each arm needs 200",
        "country=DE", 0.8, pytest.approx(0.675), pytest.approx(-0.125), metric="roc_auc",
    )  # fmt: skip


def test_the_first_broken_guard_is_told_and_guards_before_segments():
    policy = ExperimentPolicy(guards=tuple(Guard(metric=metric, margin=0.5) for metric in ("brier", "log_loss")))
    worse = compared(-0.3, -0.2, metric="log_loss", champion=0.2)
    undecided = compared(-0.01, 0.05)
    found = decide(undecided, FAIR, policy, cohorts=1, guards=[BRIER_IS_BAD, worse], segments=[SEGMENT_IS_BAD])
    assert found.said.startswith("brier ")
    assert [check.passed for check in found.checks[:4]] == [False, False, False, False]


def test_every_number_is_among_the_checks_with_a_sentence():
    found = decided(
        compared(0.03, 0.05), guards=[BRIER_IS_OPEN], segments=[compared(-0.01, 0.07, segment="country=DE")]
    )
    assert found.state == "challenger_wins"
    assert found.said == found.checks[0].said
    assert found.checks == (
        Check(
            "primary", True, "roc_auc 0.8 -> 0.84, gain +0.04 (+0.03 to +0.05): surely better by more than 0.02",
            "", 0.8, 0.8400000000000001, 0.04, 0.03, 0.05, pytest.approx(0.02), metric="roc_auc",
        ),
        Check(
            "guard", True, "brier 0.2 -> 0.055, gain -0.145 (-0.2 to -0.09): not surely worse by more than 0.1",
            "", 0.2, pytest.approx(0.055), pytest.approx(-0.145), -0.2, -0.09, -0.1, metric="brier",
        ),
        Check(
            "segment", True,
            "roc_auc of country=DE 0.8 -> 0.83, gain +0.03 (-0.01 to +0.07): not surely worse by more than 0.04",
            "country=DE", 0.8, pytest.approx(0.83), pytest.approx(0.03), -0.01, 0.07, pytest.approx(-0.04),
            metric="roc_auc",
        ),
        Check(
            "ratio", True, "1,000 of 2,000 customers are the challenger's (50.00%), assigned were 50.00%; p = 1",
            value=1.0, bound=0.001,
        ),
        Check(
            "customers", True, "1,000 customers of the champion and 1,200 of the challenger; 200 are needed",
            champion=1000.0, challenger=1200.0, value=1000.0, bound=200.0,
        ),
        Check("cohorts", True, "3 cohorts; undecided after 12, the champion stays", value=3.0, bound=12.0),
    )  # fmt: skip


def test_without_a_least_gain_the_sentences_name_no_bound():
    policy = ExperimentPolicy()
    ends = [(0.01, 0.05), (-0.05, -0.01), (-0.01, 0.01)]
    said = [decide(compared(low, high), FAIR, policy, cohorts=1).said.split(": ")[1] for low, high in ends]
    assert said == ["surely better", "surely not better", "neither surely better nor surely not"]


def test_what_is_surely_not_better_by_enough_is_said_with_the_bound():
    found = decided(compared(-0.05, 0.01))
    assert found.said == "roc_auc 0.8 -> 0.78, gain -0.02 (-0.05 to +0.01): surely not better by more than 0.02"


def test_customers_and_cohorts_that_do_not_suffice_are_failed_checks():
    checks = {check.name: check for check in decided(compared(0.03, 0.05, arms=(199, 200)), cohorts=12).checks}
    assert not checks["customers"].passed
    assert not checks["cohorts"].passed
    assert checks["ratio"].passed


@pytest.mark.parametrize(("watched", "expected"), [(0, 0.05), (1, 0.05), (2, 0.025), (5, 0.01)])
def test_all_guards_and_segments_together_have_the_policys_alpha(watched, expected):
    assert guard_alpha(ExperimentPolicy(), watched) == pytest.approx(expected)


def test_nothing_is_judged_by_few_customers_of_a_kind():
    def of(scarce):
        good, bad = compared(0.1, 0.2), compared(-0.2, -0.11, metric="brier", champion=0.2)
        both = [replace(one, difference=replace(one.difference, scarce=scarce)) for one in (good, bad)]
        return decided(both[0]), decided(OPEN, guards=[both[1]])

    assert [one.state for one in of(LEAST_OF_KIND)] == ["challenger_wins", "stopped"]
    assert [one.state for one in of(LEAST_OF_KIND - 1)] == ["going", "going"]
    said = "roc_auc is not judged: only 19 customers of a kind that it compares, 20 are needed"
    assert of(LEAST_OF_KIND - 1)[0].said == said
