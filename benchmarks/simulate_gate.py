"""``make simulate-gate``: how often does the gate let a new version pass? Renews docs/gate-simulations.md.

Customers of a world whose truth is known. Champion and challenger are fitted to customers of their own, then compared
on held-out ones as the product compares them (``scoring.learning.paired``). Only the first check of the gate is
simulated: that the challenger is surely better by the least gain. The other checks can only refuse more.
"""

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a process per core; threads of two processes would wait for each other

import numpy as np
import typer
from scipy.special import expit
from scipy.stats import binomtest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

from sections import made, renew, table

from scoring.domain.learning import PromotionPolicy
from scoring.domain.metrics import error_of
from scoring.domain.score import Kind
from scoring.learning.paired import gain_of

HEADINGS = ("metric", "held-out customers", "what the challenger has more", "mean gain", "retrainings", "passed")


WEIGHTS = np.array([0.9, 0.6, -0.5, 0.8, 0.4, -0.3, 0.2, 0.0])
LEARNED_FROM = 20_000
COLUMNS = len(WEIGHTS)
LEAST_GAIN = PromotionPolicy().least_gain


@dataclass(frozen=True)
class Case:
    """Retrainings of one kind: ``blur`` is the noise that the champion's first feature had when it was measured."""

    kind: Kind
    metric: str
    held_out: int
    blur: float
    times: int

    def draw(self, random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Features and outcomes of new customers."""
        features = random.normal(size=(count, COLUMNS))
        line = features @ WEIGHTS
        if self.kind == "classification":
            likely = expit(-2.0 + line + 0.4 * features[:, 0] * features[:, 1])
            return features, (random.random(count) < likely).astype(np.float64)
        return features, np.exp(0.5 * line + 0.5 * random.normal(size=count))

    def once(self, seed: int) -> tuple[bool, float]:
        """Whether a challenger passes, and its gain."""
        random = np.random.default_rng([seed, self.held_out, int(100 * self.blur)])
        make = HistGradientBoostingClassifier if self.kind == "classification" else HistGradientBoostingRegressor
        held, outcomes = self.draw(random, self.held_out)
        sides = []
        for blur in (self.blur, 0.0):
            features, known = self.draw(random, LEARNED_FROM)
            model = make(max_leaf_nodes=15, max_iter=60, random_state=0).fit(_blurred(features, blur, random), known)
            seen = _blurred(held, blur, random)
            sides.append(model.predict_proba(seen)[:, 1] if self.kind == "classification" else model.predict(seen))
        found = gain_of(self.metric, sides[0], sides[1], outcomes, threshold=0.5)
        assert found.low is not None  # noqa: S101 - these cohorts have both classes
        assert found.gain is not None  # noqa: S101
        assert found.champion is not None  # noqa: S101
        return found.low > LEAST_GAIN * error_of(self.metric, found.champion), found.gain


def _blurred(features: np.ndarray, blur: float, random: np.random.Generator) -> np.ndarray:
    seen = features.copy()
    seen[:, 0] += blur * random.normal(size=len(features))
    return seen


CASES = [
    Case("classification", "roc_auc", 30_000, 0.0, 500),
    Case("regression", "mae", 30_000, 0.0, 500),
    *(Case("classification", "roc_auc", held, blur, 100) for held in (5_000, 30_000) for blur in (0.1, 0.2, 0.3)),
    *(Case("regression", "mae", 30_000, blur, 100) for blur in (0.1, 0.2)),
]


def simulate(scale: float = typer.Option(1.0, help="Share of the retrainings, for a quick look.")) -> None:
    """Retrain and say how often the challenger passes; a whole run renews the document."""
    began, rows = time.monotonic(), []
    with ProcessPoolExecutor(2) as pool:
        for case in CASES:
            times = max(10, round(case.times * scale))
            found = list(pool.map(case.once, range(times), chunksize=5))
            passed, gain = sum(one[0] for one in found), float(np.mean([one[1] for one in found]))
            low, high = binomtest(passed, times).proportion_ci(method="wilson")
            what = "nothing" if case.blur == 0 else f"the first feature without noise of {case.blur:g} sigma"
            share = f"{passed / times:.1%} ({low:.1%} to {high:.1%})"
            rows.append((case.metric, f"{case.held_out:,}", what, f"{gain:+.4f}", str(times), share))
            print(" | ".join(rows[-1]), f"{time.monotonic() - began:.0f} s", flush=True)
    if scale == 1.0:
        by = "make simulate-gate"
        said = made(by, time.monotonic() - began)
        renew("gate-simulations.md", "results", by, [table(HEADINGS, rows), said])


if __name__ == "__main__":
    typer.run(simulate)
