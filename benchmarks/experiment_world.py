"""Experiments in a world whose truth is known; for ``simulate_experiments.py``.

An amount: value = outcome + error, where the error is a customer's own spread (lognormal) times a normal number, half
of whose variance is the customer's own. A classification: the outcome comes with the logit -1.5 + score + the
customer's own leaning; the published value is the score with noise. Customers who come again keep what is their own.
"""

import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.special import expit
from scipy.stats import norm

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

from scoring.domain.experiments import ExperimentPolicy, Guard
from scoring.domain.metrics import BEST_IS_ONE
from scoring.experiments.cohorts import Cohort, Pairs, part_of
from scoring.experiments.comparison import difference_of
from scoring.experiments.decide import Compared, Decision, decide
from scoring.experiments.measured import measured
from scoring.experiments.ratio import Assigned, ratio_of
from scoring.experiments.sequence import interval, tuned

AMOUNTS = ("mae", "rmse", "r2")
THRESHOLD = 0.3
PLANNED = 6
GUARDED = 0.1  # share of the champion's error


@dataclass(frozen=True)
class World:
    """Customers, and what differs between the arms.

    ``gain``: by this share the challenger's errors (its noise, of a classification) are smaller. ``shift``: it ranks as
    well, but its logits are all larger by this. ``lost``: share of its outcomes that are lost; with ``worst`` those
    with the largest errors. ``ramp``: its share grows from 10 % to 50 %, and errors of both grow. ``turns``: who is
    hard in one cohort is easy in the next. ``growth``: factor of the spread per cohort.
    """

    repeat: bool = False
    shadow: bool = False
    covariates: bool = False
    size: int = 500
    share: float = 0.5
    gain: float = 0.0
    shift: float = 0.0
    lost: float = 0.0
    worst: bool = False
    ramp: bool = False
    turns: bool = False
    growth: float = 1.0

    def share_at(self, look: int) -> float:
        """Of customers that the challenger gets at a look, from 0."""
        return min(0.1 + 0.05 * look, 0.5) if self.ramp else self.share


@dataclass(frozen=True)
class Case:
    """Experiments of one kind."""

    world: World
    metric: str
    times: int
    looks: int
    guard: bool = False
    verdict: bool = True  # else only the interval is looked at


@dataclass(frozen=True)
class Found:
    """One experiment: at which look (from 1) the challenger has won if one only looks at the interval, and its end."""

    truth: float
    won: int | None
    missed: bool
    fixed: bool
    end: str
    ended: int
    explained: float
    width: float


class Customers:
    """What is a customer's own: 0 to 1 for the arm, spread, leaning, score."""

    def __init__(self, world: World, random: np.random.Generator, first: int) -> None:
        n = world.size
        self.codes, self.place = np.arange(first, first + n), random.random(n)
        self.hard, self.own, self.lean, self.score = random.normal(size=(4, n))
        self.known = self.hard + 0.5 * random.normal(size=n)


def drawn(world: World, metric: str, who: Customers, look: int, random: np.random.Generator) -> Pairs:
    """Both models' values of the customers at a look."""
    n = len(who.codes)
    noise = random.normal(size=(3, n))
    if metric not in AMOUNTS:
        outcomes = (random.random(n) < expit(-1.5 + who.score + who.lean)).astype(np.float64)
        blurs = (1.0, 1.0 - world.gain)
        values = [expit(-1.5 + who.score + blur * noise[side] + side * world.shift) for side, blur in enumerate(blurs)]
        return Pairs(who.codes, values[0], values[1], outcomes)
    turn = -1 if world.turns and look % 2 else 1
    spread = np.exp(0.5 * turn * who.hard) * world.growth**look * (1 + 0.2 * look if world.ramp else 1)
    outcomes, error, other = 3 * who.score, *(spread * (who.own + noise[side]) / np.sqrt(2) for side in (0, 1))
    if world.shadow:
        error, other = error + 0.1 * noise[1], error + 0.1 * noise[2]
    return Pairs(who.codes, outcomes + error, outcomes + (1 - world.gain) * other, outcomes)


def split(world: World, pairs: Pairs, who: Customers, look: int) -> Cohort:
    """The customers by their arm, without those whose outcome is lost."""
    challenger = who.place < world.share_at(look)
    values = np.where(challenger, pairs.challenger, pairs.champion)
    covariates = np.column_stack([who.known, who.score]) if world.covariates else None
    cohort = Cohort(pairs.customers, challenger, values, pairs.outcomes, covariates)
    if not world.lost:
        return cohort
    first = np.abs(values - pairs.outcomes) if world.worst else np.arange(len(values)) / len(values)
    error = np.where(challenger, first, -1)
    return cohort.only(error <= np.quantile(error[challenger], 1 - world.lost))


@lru_cache
def truth_of(world: World, metric: str) -> float:
    """The difference among very many customers."""
    if not world.gain:
        return 0.0
    champion, challenger = truths_of(world, metric)
    if metric in {"mae", "rmse"}:  # in proportion to the errors; this is free of their luck
        return world.gain * champion
    return (1 if metric in BEST_IS_ONE else -1) * (challenger - champion)


@lru_cache
def truths_of(world: World, metric: str) -> tuple[float, float]:
    """The metric of champion and challenger among very many customers."""
    random, many = np.random.default_rng(1), replace(world, size=1_000_000)
    pairs = drawn(many, metric, Customers(many, random, 0), 0, random)
    sides = [measured(metric, side, pairs.outcomes, THRESHOLD).value for side in (pairs.champion, pairs.challenger)]
    return sides[0], sides[1]


class Experiment:
    """What is known of one experiment so far: parts by metric, and each metric's r."""

    def __init__(self, case: Case) -> None:
        self.case = case
        guards = (Guard(metric="brier", margin=GUARDED),) if case.guard else ()
        self.policy = ExperimentPolicy(planned_cohorts=PLANNED, most_cohorts=case.looks, guards=guards)
        self.parts: dict[str, list] = {}
        self.r: dict[str, float | None] = {}
        self.assigned: list[Assigned] = []

    def compared(self, cohort: Cohort | Pairs, metric: str) -> Compared:
        """The metric's difference after one more cohort."""
        self.parts.setdefault(metric, []).append(part_of(cohort, metric, THRESHOLD))
        found = difference_of(self.parts[metric], metric)
        if self.r.get(metric) is None and min(found.arms) >= self.policy.least_customers:
            self.r[metric] = tuned(found, PLANNED, self.policy.alpha)
        return Compared(found, interval(found, self.r.get(metric), self.policy.alpha))

    def decided(self, primary: Compared, cohort: Cohort | Pairs, look: int) -> Decision:
        """The decision after one more cohort."""
        guards = [self.compared(cohort, guard.metric) for guard in self.policy.guards]
        ratio = None
        if isinstance(cohort, Cohort):
            share = self.case.world.share_at(look)
            self.assigned.append(Assigned(cohort.customers, cohort.challenger, share))
            ratio = ratio_of(self.assigned)
        return decide(primary, ratio, self.policy, cohorts=look + 1, guards=guards)


def follow(case: Case, seed: int) -> Found:
    """One experiment over all looks; after its end it is only watched."""
    world, metric = case.world, case.metric
    random = np.random.default_rng([seed, case.looks, sum(map(ord, metric))])
    experiment, truth = Experiment(case), truth_of(world, metric)
    who = Customers(world, random, 0)
    won, missed, fixed, end, ended, explained, width = None, False, False, "going", case.looks, 0.0, np.nan
    for look in range(case.looks):
        if look and not world.repeat:
            who = Customers(world, random, look * world.size)
        pairs = drawn(world, metric, who, look, random)
        cohort = pairs if world.shadow else split(world, pairs, who, look)
        primary = experiment.compared(cohort, metric)
        found, at = primary.difference, primary.interval
        if at is not None:
            missed |= not at.low <= truth <= at.high
            won = look + 1 if won is None and at.low > 0 else won
        if look + 1 == PLANNED and at is not None:
            fixed = found.estimate - norm.ppf(0.975) * found.error > 0
            explained, width = found.explained, at.high - at.low
        if case.verdict and end in {"going", "blocked"}:
            end, ended = experiment.decided(primary, cohort, look).state, look + 1
    return Found(truth, won, missed, fixed, end, ended, explained, width)
