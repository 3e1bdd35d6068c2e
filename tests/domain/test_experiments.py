"""The policy of experiments refuses what contradicts itself; the error of a metric is its distance from the best."""

import pytest
from pydantic import ValidationError

from scoring.domain.experiments import ExperimentPolicy, Guard
from scoring.domain.metrics import error_of


def test_a_policy_needs_nothing_said():
    policy = ExperimentPolicy()
    assert (policy.metric, policy.alpha, policy.least_gain, policy.least_customers) == (None, 0.05, 0.0, 200)
    assert (policy.planned_cohorts, policy.most_cohorts, policy.guards, policy.segments) == (6, 12, (), ())
    assert (policy.segment_margin, policy.share) == (0.1, 0.5)


def test_as_many_cohorts_may_be_planned_as_there_are_but_not_more():
    assert ExperimentPolicy(planned_cohorts=4, most_cohorts=4).sound
    with pytest.raises(ValidationError, match="planned_cohorts: 5 are more than most_cohorts, 4"):
        ExperimentPolicy(planned_cohorts=5, most_cohorts=4)


def test_a_metric_is_guarded_once():
    twice = tuple(Guard(metric=metric, margin=0.1) for metric in ("brier", "ks", "brier"))
    assert ExperimentPolicy(metric="roc_auc", guards=twice[:2]).sound
    with pytest.raises(ValidationError, match="guards: brier is guarded twice") as raised:
        ExperimentPolicy(guards=twice)
    assert "ks is guarded twice" not in str(raised.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"alpha": 0.0}, {"alpha": 0.5}, {"least_gain": -0.1}, {"least_gain": 1.0}, {"least_customers": 1},
        {"planned_cohorts": 0}, {"segment_margin": 0.0}, {"share": 0.0}, {"share": 1.0}, {"metric": "mape"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValidationError):
        ExperimentPolicy(**wrong)


@pytest.mark.parametrize("wrong", [{"metric": "brier", "margin": 0.0}, {"metric": "bias", "margin": 0.1}])
def test_a_guard_has_a_known_metric_and_a_margin(wrong):
    with pytest.raises(ValidationError):
        Guard(**wrong)


def test_the_error_is_the_distance_from_the_best():
    assert error_of("roc_auc", 0.75) == 0.25
    assert error_of("r2", -1.0) == 2.0
    assert error_of("brier", 0.2) == 0.2
