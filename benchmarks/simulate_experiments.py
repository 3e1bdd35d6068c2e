"""``make simulate-experiments``: how often is an experiment's verdict wrong? Renews docs/experiment-simulations.md.

Experiments on customers of a world whose truth is known (``experiment_world.py``) go through the code of the product,
look by look: comparison, interval, check of the arms' sizes, decision.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a process per core; threads of two processes would wait for each other

import numpy as np
import typer
from experiment_world import Case, Found, World, follow, truths_of
from scipy.stats import binomtest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

from sections import made, renew, table

Run = Callable[[Case], list[Found]]
Row = tuple[str, ...]

ALIKE = [
    ("mae", "fresh customers", 10_000, World()),
    ("mae", "the same customers", 4_000, World(repeat=True)),
    ("roc_auc", "fresh customers", 1_000, World()),
    ("roc_auc", "the same customers", 1_000, World(repeat=True)),
    ("rmse", "fresh customers", 1_000, World()),
    ("rmse", "the same customers", 1_000, World(repeat=True)),
    ("mae", "the same customers, 10 % challenger, later 50 %, errors grow", 500, World(repeat=True, ramp=True)),
    ("mae", "the same customers, easy and hard by turns", 500, World(repeat=True, turns=True)),
    ("mae", "the same customers, spread grows by 30 % per cohort", 500, World(repeat=True, growth=1.3)),
    ("mae", "fresh customers, covariates", 500, World(covariates=True)),
    ("mae", "the same customers in shadow", 500, World(repeat=True, shadow=True)),
    *(
        (metric, "fresh customers, 20 % challenger", 200, World(share=0.2, size=1_000))
        for metric in ("brier", "log_loss", "pr_auc", "precision", "recall", "f1", "ks", "rmse", "r2")
    ),
]


def of(found: list[Found], wanted: Callable[[Found], bool]) -> str:
    """Share of the experiments, with Wilson's 95 % interval."""
    hits = sum(wanted(one) for one in found)
    low, high = binomtest(hits, len(found)).proportion_ci(method="wilson")
    return f"{hits / len(found):.1%} ({low:.1%} to {high:.1%})"


def mean(numbers: Iterator[int | None]) -> str:
    """Mean of those that are known."""
    known = [number for number in numbers if number is not None]
    return f"{np.mean(known):.1f}" if known else "-"


def alike(run: Run) -> Iterator[Row]:
    """Both arms have the same model."""
    yield ("metric", "customers", "experiments", "false winners", "interval misses 0 at a look")
    for metric, what, times, world in ALIKE:
        found = run(Case(world, metric, times=times, looks=20, verdict=False))
        yield metric, what, f"{len(found):,}", of(found, lambda one: one.won is not None), of(found, lambda o: o.missed)


def held(run: Run) -> Iterator[Row]:
    """The challenger is better by a known difference."""
    yield ("metric", "customers", "true difference", "experiments", "interval holds it at all 20 looks")
    for metric, repeat, gain in (("mae", False, 0.1), ("mae", True, 0.1), ("roc_auc", False, 0.5), ("rmse", True, 0.1)):
        case = Case(World(repeat=repeat, gain=gain), metric, times=500, looks=20, verdict=False)
        found = run(case)
        who = "the same" if repeat else "fresh"
        yield metric, who, f"{found[0].truth:.4f}", f"{len(found):,}", of(found, lambda one: not one.missed)


def power(run: Run) -> Iterator[Row]:
    """What peeking costs beside one test at the planned size."""
    yield ("challenger's errors are smaller by", "one test at cohort 6", "won by cohort 6", "won by cohort 12",
           "mean cohorts to a win", "mean cohorts to the end")  # fmt: skip
    for gain in (0.05, 0.1, 0.15, 0.2):
        found = run(Case(World(gain=gain), "mae", times=500, looks=12))
        by = (of(found, lambda one, look=look: (one.won or 99) <= look) for look in (6, 12))
        ends = mean(one.ended for one in found)
        yield f"{gain:.0%}", of(found, lambda one: one.fixed), *by, mean(one.won for one in found), ends


def lost(run: Run) -> Iterator[Row]:
    """Outcomes of the challenger are lost: any, or those with the largest errors, which makes it look better."""
    yield ("customers in all", "lost of the challenger", "experiments", "ended blocked", "won",
           "would have won without the check")  # fmt: skip
    for size in (2_000, 10_000):
        for share, worst in ((0.0, False), (0.03, False), (0.03, True)):
            found = run(Case(World(size=size, lost=share, worst=worst), "mae", times=100, looks=12))
            ends = [of(found, lambda one, end=end: one.end == end) for end in ("blocked", "challenger_wins")]
            what = f"{share:.0%}" + (", the largest errors" if worst else "")
            yield f"{12 * size:,}", what, f"{len(found):,}", *ends, of(found, lambda one: one.won is not None)


def guarded(run: Run) -> Iterator[Row]:
    """The challenger ranks as well as the champion, but its probabilities are too large; brier is guarded by 10 %."""
    yield ("brier is worse by", "experiments", "stopped within 12 cohorts", "mean cohort of the stop", "won")
    for shift in (0.0, 0.5, 0.7, 0.9, 1.1, 1.3):
        world = World(shift=shift)
        champion, challenger = truths_of(world, "brier")
        found = run(Case(world, "roc_auc", times=300, looks=12, guard=True))
        ends = [of(found, lambda one, end=end: one.end == end) for end in ("stopped", "challenger_wins")]
        at = mean(one.ended for one in found if one.end == "stopped")
        yield f"{max(challenger / champion - 1, 0):.1%}", f"{len(found):,}", ends[0], at, ends[1]


def saved(run: Run) -> Iterator[Row]:
    """The same experiments with and without covariates."""
    yield ("covariates", "variance explained", "mean width at cohort 6", "won by cohort 12", "mean cohorts to a win")
    for covariates in (False, True):
        found = run(Case(World(gain=0.1, covariates=covariates), "mae", times=500, looks=12))
        explained, width = (float(np.mean([getattr(one, name) for one in found])) for name in ("explained", "width"))
        won = of(found, lambda one: one.won is not None)
        yield "yes" if covariates else "no", f"{explained:.0%}", f"{width:.4f}", won, mean(one.won for one in found)


PARTS = {
    "Both arms have the same model": alike,
    "The interval holds the true difference at all looks": held,
    "The price of peeking": power,
    "Lost outcomes": lost,
    "Guards": guarded,
    "Covariates": saved,
}


def simulate(scale: float = typer.Option(1.0, help="Share of the experiments, for a quick look.")) -> None:
    """Run all experiments and say how often the verdict is wrong; a whole run renews the document."""
    began, text = time.monotonic(), []
    with ProcessPoolExecutor(2) as pool:

        def run(case: Case) -> list[Found]:
            times = max(20, round(case.times * scale))
            return list(pool.map(partial(follow, case), range(times), chunksize=10))

        for heading, part in PARTS.items():
            rows = []
            for row in part(run):
                rows.append(row)
                print(" | ".join(row), f"{time.monotonic() - began:.0f} s", flush=True)
            text += [f"### {heading}", part.__doc__ or "", table(rows[0], rows[1:])]
    if scale == 1.0:
        said = made("make simulate-experiments", time.monotonic() - began)
        renew("experiment-simulations.md", "results", "make simulate-experiments", [*text, said])


if __name__ == "__main__":
    typer.run(simulate)
