"""Part of ``make simulate-experiments``: rare outcomes, and looks that depend on each other in other ways.

Renews the second part of docs/experiment-simulations.md. Rare outcomes go through the comparison of the product. For
dependence, differences of cohorts are drawn as normal numbers with a given correlation; only the boundary is tried.
"""

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a process per core; threads of two processes would wait for each other

import numpy as np
import typer
from scipy.special import expit
from scipy.stats import binomtest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

from sections import made, renew, table

from scoring.domain.experiments import ExperimentPolicy
from scoring.experiments.checks import Compared, judged
from scoring.experiments.cohorts import Cohort, part_of
from scoring.experiments.comparison import difference_of
from scoring.experiments.sequence import half_width, interval, peak, tuned

ALPHA, PLANNED, COHORTS, THRESHOLD = 0.05, 6, 12, 0.05
POLICY = ExperimentPolicy(alpha=ALPHA, planned_cohorts=PLANNED, most_cohorts=COHORTS)
PATHS = 200_000


@dataclass(frozen=True)
class Rare:
    """Experiments with one model in both arms, whose outcome is rare: ``logit`` is that of the average customer."""

    metric: str
    logit: float
    size: int
    repeat: bool

    def once(self, seed: int) -> tuple[bool, bool]:
        """Whether the experiment could be judged at any look, and whether an interval that was judged missed 0."""
        random, parts, r, was_judged, missed = np.random.default_rng(seed), [], None, False, False
        place, score = random.random(self.size), random.normal(size=self.size)
        for look in range(COHORTS):
            if not self.repeat:
                place, score = random.random(self.size), random.normal(size=self.size)
            codes = np.arange(self.size) + (0 if self.repeat else look * self.size)
            outcomes = (random.random(self.size) < expit(self.logit + 1.3 * score)).astype(np.float64)
            values = expit(self.logit + 1.3 * score + 0.5 * random.normal(size=self.size))
            parts.append(part_of(Cohort(codes, place < 0.5, values, outcomes), self.metric, THRESHOLD))  # noqa: PLR2004
            found = difference_of(parts, self.metric)
            r = r or tuned(found, PLANNED, ALPHA)
            at = interval(found, r, ALPHA)
            if at is not None and judged(Compared(found, at), POLICY) is not None:
                was_judged, missed = True, missed or not at.low <= 0 <= at.high
        return was_judged, missed


CASES = [
    *(Rare(metric, -5.0, 1_000, repeat=False) for metric in ("roc_auc", "pr_auc", "recall", "precision", "f1", "ks")),
    *(Rare(metric, -4.0, 1_000, repeat=True) for metric in ("roc_auc", "pr_auc", "recall", "precision", "f1", "ks")),
]


def rare(pool: ProcessPoolExecutor, scale: float) -> Iterator[tuple[str, ...]]:
    """Rows of the table of rare outcomes."""
    yield ("metric", "customers", "positives in an arm per cohort", "experiments", "judged by cohort 12", "missed 0")
    for case in CASES:
        found = list(pool.map(case.once, range(max(20, round(500 * scale))), chunksize=5))
        score = np.random.default_rng(0).normal(size=1_000_000)
        positives = case.size / 2 * expit(case.logit + 1.3 * score).mean()
        could = np.mean([one for one, _ in found])
        who = "the same" if case.repeat else "fresh"
        yield case.metric, who, f"{positives:.0f}", f"{len(found):,}", f"{could:.0%}", _share([at for _, at in found])


def _share(hits: list[bool]) -> str:
    low, high = binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
    return f"{np.mean(hits):.1%} ({low:.1%} to {high:.1%})"


def correlations(looks: int) -> dict[str, np.ndarray]:
    """Covariances of the cohorts' differences, (looks, looks) each."""
    at = np.arange(looks)
    apart, one, equal = np.abs(at[:, None] - at), np.eye(looks), np.full((looks, looks), 0.5) + np.eye(looks) / 2
    grows, shrinks = 1.3 ** np.minimum(at, 30), 0.8**at
    return {
        "none: fresh customers": one,
        "0.5 between all: lasting traits": equal,
        "0.9 between all": 0.9 + 0.1 * one,
        "0.5 to the power of the distance: traits that fade": 0.5**apart,
        "0.8 to the power of the distance": 0.8**apart,
        "0.95 to the power of the distance": 0.95**apart,
        "-0.5 to the power of the distance: by turns": (-0.5) ** apart,
        "0.9, with changing sign": 0.1 * one + 0.9 * (-1.0) ** apart,
        "0.5 between all, spread grows by 30 % per cohort": equal * np.outer(grows, grows),
        "0.5 between all, spread shrinks by 20 %": equal * np.outer(shrinks, shrinks),
        "none, spread shrinks by 20 %": np.diag(shrinks**2),
    }


def crossed(looks: int, paths: int, name: str) -> float:
    """Share of the paths whose interval misses the truth at any look; weights do not know the correlation."""
    covariance = correlations(looks)[name]
    root = np.linalg.cholesky(covariance + 1e-12 * np.eye(looks))
    information = np.array([(t + 1) ** 2 / covariance[: t + 1, : t + 1].sum() for t in range(looks)])
    r = information[0] * PLANNED / peak(ALPHA)
    half = np.array([half_width(at, r, ALPHA) for at in information])
    random, hits = np.random.default_rng(looks), 0
    for _ in range(paths // 10_000):
        estimates = np.cumsum(random.normal(size=(10_000, looks)) @ root.T, axis=1) / np.arange(1, looks + 1)
        hits += int((np.abs(estimates) > half).any(axis=1).sum())
    return hits / (paths // 10_000 * 10_000)


def depending(pool: ProcessPoolExecutor, scale: float) -> Iterator[tuple[str, ...]]:
    """Rows of the table of dependence."""
    counts, paths = (12, 20, 100), max(10_000, round(PATHS * scale))
    yield ("correlation between cohorts", *(f"{count} looks" for count in counts))
    for name in correlations(2):
        found = pool.map(partial(crossed, paths=paths, name=name), counts)
        yield name, *(f"{one:.2%}" for one in found)


PARTS = {
    "Rare outcomes": (
        "Both arms have the same model; an interval that misses 0 at any look is counted if it may be judged.",
        rare,
    ),
    "Looks that depend on each other": (f"{PATHS:,} paths each, of normal differences; alpha is 5 %.", depending),
}


def simulate(scale: float = typer.Option(1.0, help="Share of the experiments, for a quick look.")) -> None:
    """Run both parts; a whole run renews the document."""
    began, text = time.monotonic(), []
    with ProcessPoolExecutor(2) as pool:
        for heading, (said, part) in PARTS.items():
            rows = []
            for row in part(pool, scale):
                rows.append(row)
                print(" | ".join(row), f"{time.monotonic() - began:.0f} s", flush=True)
            text += [f"### {heading}", said, table(rows[0], rows[1:])]
    if scale == 1.0:
        said = made("benchmarks/simulate_looks.py", time.monotonic() - began)
        renew("experiment-simulations.md", "looks", "make simulate-experiments", [*text, said])


if __name__ == "__main__":
    typer.run(simulate)
