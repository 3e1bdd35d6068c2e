"""The conditions of an experiment, each with its numbers and a sentence. Pure."""

from dataclasses import dataclass
from typing import Literal

from scoring.domain.experiments import ExperimentPolicy
from scoring.domain.metrics import error_of
from scoring.experiments.comparison import Difference
from scoring.experiments.ratio import MATTERS, SURE, Ratio
from scoring.experiments.sequence import Interval
from scoring.learning.checks import Check

Name = Literal["primary", "guard", "segment", "ratio", "customers", "cohorts"]


LEAST_OF_KIND = 20  # customers; an error from fewer is itself so uncertain that the interval misses too often


@dataclass(frozen=True)
class Compared:
    """A difference with its interval at this look; ``segment`` is ``column=value``, empty for all customers."""

    difference: Difference
    interval: Interval | None
    segment: str = ""


@dataclass(frozen=True)
class Judged:
    """What may be judged: an interval, and the champion's error, of which bounds are shares."""

    interval: Interval
    error: float


def judged(one: Compared, policy: ExperimentPolicy) -> Judged | None:
    """What may be judged; None with too few customers, all in all or of one kind, or without an interval."""
    found = one.difference
    few = min(found.arms) < policy.least_customers or found.scarce < LEAST_OF_KIND
    if one.interval is None or found.champion is None or few:
        return None
    return Judged(one.interval, error_of(found.metric, found.champion))


def primary_of(one: Compared, policy: ExperimentPolicy) -> Check:
    """Passed: the challenger is surely better by more than asked."""
    known = judged(one, policy)
    if known is None:
        return _not_judged("primary", one, policy, passed=False)
    interval = known.interval
    bound = policy.least_gain * known.error
    asked = f" by more than {bound:.4g}" if bound else ""
    if interval.low > bound:
        return _of("primary", one, interval, f"surely better{asked}", bound, passed=True)
    said = f"surely not better{asked}" if interval.high <= bound else f"neither surely better{asked} nor surely not"
    return _of("primary", one, interval, said, bound, passed=False)


def guarded(name: Name, one: Compared, margin: float, policy: ExperimentPolicy) -> Check:
    """Passed: the challenger is not surely worse by more than the margin, a share of the champion's error."""
    known = judged(one, policy)
    if known is None:
        return _not_judged(name, one, policy, passed=True)
    bound = -margin * known.error
    passed = known.interval.high >= bound
    said = f"{'not surely' if passed else 'surely'} worse by more than {-bound:.4g}"
    return _of(name, one, known.interval, said, bound, passed=passed)


def _not_judged(name: Name, one: Compared, policy: ExperimentPolicy, *, passed: bool) -> Check:
    found = one.difference
    if found.reason is not None:
        why = found.reason
    elif min(found.arms) < policy.least_customers:
        why = f"{found.arms[0]:,} and {found.arms[1]:,} customers, each arm needs {policy.least_customers:,}"
    elif found.scarce < LEAST_OF_KIND:
        why = f"only {found.scarce} customers of a kind that it compares, {LEAST_OF_KIND} are needed"
    else:
        why = "no spread was seen"
    said = f"{_named(one)} is not judged: {why}"
    ends = (found.champion, found.challenger, found.estimate)
    return Check(name, passed, said, one.segment, *ends, metric=found.metric)


def _named(one: Compared) -> str:
    return f"{one.difference.metric} of {one.segment}" if one.segment else one.difference.metric


def _of(name: Name, one: Compared, interval: Interval, said: str, bound: float, *, passed: bool) -> Check:
    found = one.difference
    text = (
        f"{_named(one)} {found.champion:.4g} -> {found.challenger:.4g}, gain {found.estimate:+.4g} "
        f"({interval.low:+.4g} to {interval.high:+.4g}): {said}"
    )
    ends = (found.champion, found.challenger, found.estimate, interval.low, interval.high)
    return Check(name, passed, text, one.segment, *ends, bound, found.metric)


def of_ratio(ratio: Ratio) -> Check:
    """Passed: as many of each arm are compared as were assigned."""
    said = (
        f"{ratio.challenger:,} of {ratio.champion + ratio.challenger:,} customers are the challenger's "
        f"({ratio.share:.2%}), assigned were {ratio.expected:.2%}; p = {ratio.p:.2g}"
    )
    if ratio.mismatch:
        said = f"{said}, below {SURE:g}, and {MATTERS:.1%} or more apart: a person must look why"
    return Check("ratio", not ratio.mismatch, said, value=ratio.p, bound=SURE)


def of_customers(found: Difference, policy: ExperimentPolicy) -> Check:
    """Passed: each arm has enough customers to be judged."""
    fewest, least = min(found.arms), policy.least_customers
    said = f"{found.arms[0]:,} customers of the champion and {found.arms[1]:,} of the challenger; {least:,} are needed"
    ends = (float(found.arms[0]), float(found.arms[1]), float(fewest))
    return Check("customers", fewest >= least, said, "", *ends, bound=float(least))


def of_cohorts(cohorts: int, policy: ExperimentPolicy) -> Check:
    """Passed: there may be more cohorts."""
    passed = cohorts < policy.most_cohorts
    said = f"{cohorts} cohorts; undecided after {policy.most_cohorts}, the champion stays"
    return Check("cohorts", passed, said, value=float(cohorts), bound=float(policy.most_cohorts))
