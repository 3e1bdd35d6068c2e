"""Looks at a running experiment: what the outcomes known now say, and what follows from it.

A look may be taken at any time and as often as one likes: the confidence sequence allows for it. The same inputs are
looked at once; what follows from a look is completed by the next one, if a run was killed before.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.alerts import wording
from scoring.alerts.facts import note
from scoring.catalog import load_catalog
from scoring.database import Connection, transaction
from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.experiments import looks
from scoring.experiments.checks import Compared
from scoring.experiments.cohorts import Cohort, Pairs
from scoring.experiments.comparison import difference
from scoring.experiments.decide import Decision, decide, guard_alpha
from scoring.experiments.looks import Look, NewLook
from scoring.experiments.ratio import ratio_of
from scoring.experiments.reading import Observed, Scored, before, mature_of, observed
from scoring.experiments.sequence import interval, tuned
from scoring.learning.checks import Check
from scoring.learning.promotion import promote
from scoring.models import experiments
from scoring.models.experiments import Experiment
from scoring.models.ledger import Decision as Reason
from scoring.models.registry import Registry
from scoring.monitoring.counting import Segment, segments_of
from scoring.publishing.arms import end_running
from scoring.publishing.shadow import shadow
from scoring.settings import Settings

EVALUATED = 1  # part of each digest: another way to look is another input


def evaluate(settings: Settings, score: Score, *, today: dt.date) -> Look | None:
    """Look at the running experiment of a score and do what follows; None if none runs or no cohort is mature.

    What was published since a shadow began is scored by its challenger first. A challenger that wins is put in charge
    if the promotion policy leaves it to rules; if it asks for a person, the owner is told that it has won.

    Parameters
    ----------
    today
        The current date (UTC): a cohort is mature only when its horizon has passed.
    """
    shadow(settings, score)
    with transaction(settings.database()) as connection:  # without the lock: nobody waits until all is measured
        running = experiments.running(connection, score.name)
        if running is None:
            return None
        cohorts = mature_of(connection, score, running, today)
        if not cohorts:
            return None
        digest = _digest(score, running, cohorts)
        look = looks.find(connection, running.experiment_id, digest)
        if look is None:
            data_set = load_catalog(settings.definitions).data_set(score.data_set)
            new = _look(connection, score, data_set, running, cohorts)
    if look is None:
        look = _kept(settings, score, new)
    if look is not None:
        _conclude(settings, score, running, look)
    return look


def _kept(settings: Settings, score: Score, new: "_New") -> Look | None:
    """Record a look, or find it recorded; None if the experiment has ended meanwhile."""
    with transaction(settings.database()) as connection:
        experiments.lock(connection, score.name)
        running = experiments.running(connection, score.name)
        if running is None or running.experiment_id != new.look.experiment_id:
            return None
        experiments.keep_tuning(connection, running.experiment_id, new.tuning)
        found = looks.find(connection, running.experiment_id, new.look.inputs_digest)
        return found or looks.add(connection, new.look, new.checks)


def _digest(score: Score, running: Experiment, cohorts: Sequence[Scored]) -> str:
    meant = [score.monitoring.threshold, score.target.meaning, score.decisive_metric]
    policy = score.experiment.model_dump(mode="json")
    return digest_of([EVALUATED, running.experiment_id, policy, meant, [one.content for one in cohorts]])


def _look(
    connection: Connection, score: Score, data_set: DataSet, running: Experiment, cohorts: list[Scored]
) -> "_New":
    segments = [one for one in segments_of(score, data_set) if one.column in score.experiment.segments]
    earlier = before(connection, score, running, cohorts[0].as_of)
    seen = [
        observed(connection, score, running, one, earlier=earlier, segments=segments, key=data_set.key)
        for one in cohorts
    ]
    measure = _Measure(score, seen, dict(running.tuning))
    primary, decision = measure.decided(segments)
    found = primary.difference
    new = NewLook(
        experiment_id=running.experiment_id,
        as_of=cohorts[-1].as_of,
        cohorts=len(cohorts),
        champions=found.rows[0],
        challengers=found.rows[1],
        metric=found.metric,
        champion=found.champion,
        challenger=found.challenger,
        gain=found.estimate,
        low=primary.interval.low if primary.interval else None,
        high=primary.interval.high if primary.interval else None,
        explained=found.explained,
        state=decision.state,
        said=decision.said,
        inputs_digest=_digest(score, running, cohorts),
    )
    return _New(new, decision.checks, measure.tuning)


@dataclass(frozen=True)
class _New:
    """A look that is not recorded yet, with its checks and what its comparisons have chosen."""

    look: NewLook
    checks: Sequence[Check]
    tuning: dict[str, float]


@dataclass(frozen=True)
class _Measure:
    """Compares the arms; ``tuning`` gets what each comparison chooses at its first look."""

    score: Score
    seen: Sequence[Observed]
    tuning: dict[str, float]

    def decided(self, segments: Sequence[Segment]) -> tuple[Compared, Decision]:
        policy = self.score.experiment
        primary = self._compared("primary", self.score.decisive_metric, policy.alpha)
        groups = [(one.column, place, value) for one in segments for place, value in enumerate(one.values)]
        alpha = guard_alpha(policy, len(policy.guards) + len(groups))
        guards = [self._compared(f"guard {one.metric}", one.metric, alpha) for one in policy.guards]
        inside = [self._in_segment(column, place, value, alpha) for column, place, value in groups]
        ratios = [one.assigned for one in self.seen if one.assigned is not None]
        ratio = ratio_of(ratios) if ratios else None
        return primary, decide(primary, ratio, policy, cohorts=len(self.seen), guards=guards, segments=inside)

    def _in_segment(self, column: str, place: int, value: str, alpha: float) -> Compared:
        cohorts = [one.compared.only(one.codes[column] == place) for one in self.seen if column in one.codes]
        name = f"{column}={value}"
        return self._of(cohorts, f"segment {name}", self.score.decisive_metric, alpha, name)

    def _compared(self, what: str, metric: str, alpha: float) -> Compared:
        return self._of([one.compared for one in self.seen], what, metric, alpha, "")

    def _of(self, cohorts: Sequence[Cohort | Pairs], what: str, metric: str, alpha: float, segment: str) -> Compared:
        policy = self.score.experiment
        found = difference(cohorts, metric, threshold=self.score.monitoring.threshold)
        if what not in self.tuning and min(found.arms) >= policy.least_customers:
            chosen = tuned(found, policy.planned_cohorts, alpha)
            if chosen is not None:
                self.tuning[what] = chosen
        return Compared(found, interval(found, self.tuning.get(what), alpha), segment)


def _conclude(settings: Settings, score: Score, running: Experiment, look: Look) -> None:
    by = running.name
    match look.state:
        case "challenger_wins" if score.learning.promotion.by != "person":
            registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
            ref = registry.version(running.model_name, running.challenger)
            promote(settings, score, ref, Reason("experiment", by, look.said), instead_of=running.champion)
        case "challenger_wins" | "champion_stays" | "stopped":
            with transaction(settings.database()) as connection:
                end_running(connection, score, look.state, by=by, reason=look.said, only=running.experiment_id)
        case "blocked":
            with transaction(settings.database()) as connection:
                note(
                    connection,
                    wording.experiment_blocked(score.name, score.owner, running.experiment_id, because=look.said),
                )
