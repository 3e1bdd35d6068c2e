"""What an experiment says after a cohort: who wins, or that it goes on, is blocked or stopped. Pure.

In this order:

1. A guard or a segment is surely worse by more than its margin: ``stopped``, also when blocked. Going back to the
   champion is safe and can be undone; letting harm go on because the data may be broken is neither. The check on the
   ratio stays among the checks, so that a person sees both.
2. More or fewer customers of an arm are compared than were assigned: ``blocked``. No verdict; a person must look.
3. Surely better by more than asked: ``challenger_wins``.
4. Surely not better by more than asked, or undecided after the most cohorts: ``champion_stays``.
5. Else ``going``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scoring.domain.experiments import ExperimentPolicy
from scoring.experiments.checks import Compared, guarded, judged, of_cohorts, of_customers, of_ratio, primary_of
from scoring.experiments.ratio import Ratio
from scoring.learning.checks import Check

State = Literal["going", "challenger_wins", "champion_stays", "stopped", "blocked"]


@dataclass(frozen=True)
class Decision:
    """What is to happen, one sentence why, and all checks with their numbers."""

    state: State
    said: str
    checks: tuple[Check, ...]


def guard_alpha(policy: ExperimentPolicy, watched: int) -> float:
    """The alpha of each guard's and segment's interval, so that all ``watched`` together miss with the policy's."""
    return policy.alpha / max(watched, 1)


def decide(
    primary: Compared,
    ratio: Ratio | None,
    policy: ExperimentPolicy,
    *,
    cohorts: int,
    guards: Sequence[Compared] = (),
    segments: Sequence[Compared] = (),
) -> Decision:
    """Decide after a cohort.

    Parameters
    ----------
    primary
        The metric that decides, with its interval at the policy's alpha.
    ratio
        Of a split; None in a shadow run, where everyone is in both arms, and without customers.
    policy
        Of the score.
    cohorts
        Number of those with known outcomes so far.
    guards
        The policy's, with intervals at :func:`guard_alpha`.
    segments
        The metric that decides in each guarded segment, with intervals at the same.
    """
    margins: dict[str, float] = {guard.metric: guard.margin for guard in policy.guards}
    checks = [
        primary_of(primary, policy),
        *(guarded("guard", one, margins[one.difference.metric], policy) for one in guards),
        *(guarded("segment", one, policy.segment_margin, policy) for one in segments),
        *([of_ratio(ratio)] if ratio else []),
        of_customers(primary.difference, policy),
        of_cohorts(cohorts, policy),
    ]
    return Decision(*_state(checks, primary, policy), tuple(checks))


def _state(checks: Sequence[Check], primary: Compared, policy: ExperimentPolicy) -> tuple[State, str]:
    first, failed = checks[0], {check.name: check for check in reversed(checks) if not check.passed}
    for name in ("guard", "segment"):
        if name in failed:
            return "stopped", failed[name].said
    if "ratio" in failed:
        return "blocked", failed["ratio"].said
    if first.passed:
        return "challenger_wins", first.said
    found = judged(primary, policy)
    if found is not None and found.interval.high <= policy.least_gain * found.error:
        return "champion_stays", first.said
    if "cohorts" in failed:
        return "champion_stays", f"{first.said}; {failed['cohorts'].said}"
    return "going", first.said
