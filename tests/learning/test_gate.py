"""What the gate says of a challenger: each bound where it lies, with the numbers, and a report of what failed."""

import datetime as dt

import numpy as np
import pytest

from scoring.domain.learning import PromotionPolicy
from scoring.learning.checks import Check
from scoring.learning.gate import Trial, checks
from scoring.learning.gates import Verdict, report
from scoring.learning.paired import Gain

POLICY = PromotionPolicy(
    least_gain=0.1,
    margin=0.05,
    least_customers=200,
    calibration_loss=0.01,
    most_shift=0.25,
    most_band_changes=0.5,
    slower=2.0,
    most_bytes=1000,
)
BETTER = Gain("roc_auc", 1000, 0.8, 0.85, 0.05, 0.03, 0.07)
TRIAL = {
    "primary": BETTER,
    "segments": {},
    "calibration": (0.02, 0.025),
    "shift": 0.2,
    "band_changes": 0.25,
    "seconds": (1.0, 1.5),
    "size": 900,
}


def checked(**other):
    """The checks by name; of a segment by the segment."""
    return {one.segment or one.name: one for one in checks(Trial(**TRIAL | other), POLICY)}


def test_a_challenger_that_is_within_every_bound_passes_with_all_numbers_said():
    assert list(checked().values()) == [
        Check(
            "primary", True, "roc_auc 0.8 -> 0.85, gain +0.05 (+0.03 to +0.07): surely better by 0.02",
            champion=0.8, challenger=0.85, value=0.05, low=0.03, high=0.07, bound=pytest.approx(0.02),
        ),
        Check(
            "calibration", True, "calibration error 0.0200 -> 0.0250; 0.01 more is allowed",
            champion=0.02, challenger=0.025, value=pytest.approx(0.005), bound=0.01,
        ),
        Check(
            "distribution", True, "values moved by 0.200 (Jensen-Shannon distance); 0.25 is allowed",
            value=0.2, bound=0.25,
        ),
        Check(
            "bands", True, "25.0% of the customers get another band; 50.0% is allowed", value=0.25, bound=0.5,
        ),
        Check(
            "latency", True, "it takes 1.50 times the champion's CPU time; 2 times is allowed",
            champion=1.0, challenger=1.5, value=1.5, bound=2.0,
        ),
        Check("size", True, "its file has 900 bytes; 1,000 are allowed", challenger=900.0, value=900.0, bound=1000.0),
    ]  # fmt: skip


def test_exactly_at_the_least_gain_it_is_not_surely_better():
    at = 0.1 * (1 - 0.75)
    assert not checked(primary=Gain("roc_auc", 9, 0.75, 0.8, 0.05, at, 0.07))["primary"].passed
    assert checked(primary=Gain("roc_auc", 9, 0.75, 0.8, 0.05, np.nextafter(at, 1), 0.07))["primary"].passed


@pytest.mark.parametrize("ends", [(), (0.001, 0.02), (-0.01, 0.02)])
def test_a_primary_check_that_fails_has_the_bound_it_missed(ends):
    found = checked(primary=Gain("roc_auc", 9, 0.75, 0.76, 0.01, *ends))["primary"]
    assert (found.passed, found.bound) == (False, pytest.approx(0.025))


@pytest.mark.parametrize(
    ("gain", "passed", "said"),
    [
        (Gain("roc_auc", 9, 0.75, 0.8, 0.05, 0.0251, 0.07), True, ": surely better by 0.025"),
        (Gain("roc_auc", 9, 0.75, 0.8, 0.05, 0.0249, 0.07), False, "not surely better by 0.025"),
        (Gain("mae", 9, 60.0, 50.0, 10.0, 6.1, 14.0), True, ": surely better by 6"),
        (Gain("mae", 9, 60.0, 50.0, 10.0, 5.9, 14.0), False, "not surely better by 6"),
        (Gain("roc_auc", 9, 0.8, 0.8, 0.0, -0.01, 0.01), False, ": not better"),
        (Gain("roc_auc", 9, 0.8, 0.79, -0.01, -0.02, 0.001), False, ": not better"),
        (Gain("roc_auc", 1, 0.8, 0.9, 0.1), False, "gain +0.1: there are too few customers to be sure"),
        (Gain("roc_auc", 9, 0.8, reason="no outcome is positive"), False, "roc_auc cannot be compared: no outcome is"),
        (Gain("roc_auc", 9, reason="no outcome is positive"), False, "roc_auc cannot be compared: no outcome is pos"),
    ],
)
def test_only_what_is_surely_better_by_the_least_gain_passes(gain, passed, said):
    found = checked(primary=gain)["primary"]
    assert (found.passed, said in found.said) == (passed, True), found.said
    assert said != ": not better" or found.said.endswith(said)


@pytest.mark.parametrize(
    ("gain", "passed", "said"),
    [
        (Gain("mae", 200, 100.0, 102.0, -2.0, -5.0, 1.0), True, "may be worse by up to 5, 5 is allowed"),
        (Gain("mae", 200, 100.0, 102.0, -2.0, -5.01, 1.0), False, "may be worse by up to 5.01, 5 is allowed"),
        (Gain("mae", 200, 100.0, 90.0, 10.0, 4.0, 16.0), True, "(+4 to +16): surely not worse"),
        (Gain("mae", 200, 100.0, 99.0, 1.0, 0.0, 2.0), True, "surely not worse"),
        (Gain("r2", 200, -1.0, -1.02, -0.02, -0.04, 0.0), True, "may be worse by up to 0.04, 0.05 is allowed"),
        (Gain("mae", 199, 100.0, 200.0, -100.0, -110.0, -90.0), True, "not judged: 199 customers"),
        (Gain("mae", 200, reason="no outcome is known"), True, "not judged: no outcome is known"),
        (Gain("mae", 200, 100.0, 102.0, -2.0), True, "not judged: there are too few customers to be sure"),
    ],
)
def test_a_guarded_segment_must_be_within_the_margin_beyond_doubt(gain, passed, said):
    found = checked(segments={"plan=free": gain})["plan=free"]
    assert (found.name, found.segment, found.passed) == ("segment", "plan=free", passed)
    assert said in found.said
    if gain.n >= POLICY.least_customers and gain.low is not None:
        assert f"{gain.metric} of plan=free" in found.said
        assert found.bound == pytest.approx(-POLICY.margin * abs(gain.champion))


@pytest.mark.parametrize(
    ("name", "at", "beyond"),
    [
        ("calibration", {"calibration": (0.0, 0.01)}, {"calibration": (0.0, 0.0101)}),
        ("distribution", {"shift": 0.25}, {"shift": 0.2501}),
        ("bands", {"band_changes": 0.5}, {"band_changes": 0.5001}),
        ("latency", {"seconds": (1.0, 2.0)}, {"seconds": (1.0, 2.001)}),
        ("size", {"size": 1000}, {"size": 1001}),
    ],
)
def test_every_other_bound_holds_up_to_its_value_and_not_beyond(name, at, beyond):
    assert checked(**at)[name].passed
    found = checked(**beyond)
    assert [one.name for one in found.values() if not one.passed] == [name]


def test_what_a_score_does_not_have_is_not_checked():
    assert list(checked(calibration=None, band_changes=None)) == ["primary", "distribution", "latency", "size"]


def test_times_are_compared_by_their_ratio():
    assert checked(seconds=(2.0, 3.0))["latency"].value == 1.5


def test_a_champion_whose_time_is_too_short_to_measure_bounds_nothing():
    assert checked(seconds=(0.0, 0.5))["latency"].value == 1.0


def test_the_report_marks_what_does_not_hold():
    found = checks(Trial(**TRIAL | {"size": 1001}), POLICY)
    moment = dt.datetime(2024, 9, 1, tzinfo=dt.UTC)
    verdict = Verdict(
        1, "risk", "risk", 3, 2, [dt.date(2024, 6, 30), dt.date(2024, 7, 31)], moment, 60_000, "roc_auc", False, "a",
        moment,
    )  # fmt: skip
    head, first, *_, last = report(verdict, found).splitlines()
    assert head == "risk version 3 does not pass against version 2, on 60,000 customers of 2024-06-30, 2024-07-31."
    assert first == "  ok  roc_auc 0.8 -> 0.85, gain +0.05 (+0.03 to +0.07): surely better by 0.02"
    assert last == "  NO  its file has 1,001 bytes; 1,000 are allowed"


@pytest.mark.parametrize(
    ("gain", "passed", "said"),
    [
        (Gain("mae", 9, 100.0, 102.0, -2.0, -5.0, 1.0), True, "may be worse by up to 5, 5 is allowed"),
        (Gain("mae", 9, 100.0, 102.0, -2.0, -5.01, 1.0), False, "may be worse by up to 5.01, 5 is allowed"),
        (Gain("mae", 1, 100.0, 90.0, 10.0), False, "there are too few customers to be sure"),
    ],
)
def test_a_challenger_that_an_experiment_will_try_need_only_be_surely_not_worse(gain, passed, said):
    policy = POLICY.model_copy(update={"by": "experiment"})
    found = checks(Trial(**TRIAL | {"primary": gain}), policy)[0]
    assert (found.name, found.passed, found.segment, found.bound) == ("primary", passed, "", -5.0)
    assert found.said.endswith(said)
