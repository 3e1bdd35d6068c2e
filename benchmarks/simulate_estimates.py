"""``make simulate-estimates``: do estimates' intervals hold what is realised? Renews docs/estimates-simulations.md.

Customers of a world whose truth is known are scored by a model that was fitted to earlier ones. Each batch has a new
reference and new current customers; the estimate is made as the product makes it, and then outcomes are looked at.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # a process per core; threads of two processes would wait for each other

import numpy as np
import typer
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import binomtest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

from sections import made, renew, table

from scoring.monitoring import cbpe, dle
from scoring.monitoring.figures import Figure
from scoring.monitoring.metrics import classification, regression
from scoring.monitoring.shift import ratios
from scoring.monitoring.trust import Compared, trust

COLUMNS, TRAINED_ON, MODELS, SAMPLE = 8, 20_000, 3, 20_000
THRESHOLD = 0.5
WEIGHTS = np.array([0.9, 0.6, -0.5, 0.8, 0.4, -0.3, 0.2, 0.0])
CLASSIFICATION = ("precision", "recall", "f1", "roc_auc", "pr_auc", "brier", "log_loss", "positive_rate")
REGRESSION = ("mae", "rmse")
WANTED, SURE = 0.9, 0.01
COHORT, COHORTS, LEARNED_FROM = 3_000, 12, 3

Floats = NDArray[np.float64]
Random = np.random.Generator


@dataclass(frozen=True)
class World:
    """Customers and what happens to them: a shift moves three means, mix is the share of a group, concept the truth."""

    kind: str = "classification"
    shift: float = 0.0
    mix: float = 0.3
    concept: str = "the same"

    def draw(self, random: Random, count: int) -> tuple[Floats, Floats]:
        """Features and outcomes."""
        features = random.normal(size=(count, COLUMNS))
        features[:, :3] += self.shift
        features[:, 3] = random.random(count) < self.mix
        return features, self._outcomes(features, random)

    def _outcomes(self, features: Floats, random: Random) -> Floats:
        weights, base = WEIGHTS.copy(), -2.0
        if self.concept == "the strongest coefficient has the other sign":
            weights[0] = -weights[0]
        if self.concept == "the outcome comes to more (log-odds + 0.7)":
            base += 0.7
        line = features @ weights
        noise = random.normal(size=len(features))
        if self.kind == "classification":
            likely = expit(base + line + 0.4 * features[:, 0] * features[:, 1])
            return (random.random(len(features)) < likely).astype(np.float64)
        if self.kind == "unequal noise":
            return np.asarray(5 + 2 * line + noise * np.exp(0.4 * features[:, 0] + 0.3 * features[:, 4]))
        return np.asarray(np.exp(0.7 * line + noise))  # amounts with a long tail


class Scored:
    """A model that was fitted to customers of a world before anything shifted."""

    def __init__(self, kind: str, random: Random) -> None:
        self.kind = kind
        features, outcomes = World(kind).draw(random, TRAINED_ON)
        make = HistGradientBoostingClassifier if kind == "classification" else HistGradientBoostingRegressor
        self.model = make(max_leaf_nodes=15, random_state=0).fit(features, outcomes)

    def values(self, features: Floats) -> Floats:
        """What it says of customers."""
        if self.kind == "classification":
            return np.asarray(self.model.predict_proba(features)[:, 1])
        return np.asarray(self.model.predict(features))

    def estimate(self, then: tuple[Floats, Floats], features: Floats, seed: int) -> list[Figure]:
        """As the product does it: features of a sample, values of all."""
        known, outcomes = then
        values, now = self.values(known), self.values(features)
        if self.kind != "classification":
            sample = features[:SAMPLE], now[:SAMPLE]
            return dle.estimate(known, values, outcomes, *sample, rows=len(features), seed=seed)
        weights = ratios(np.column_stack([known, values]), np.column_stack([features, now])[:SAMPLE], seed=seed)
        return cbpe.estimate(values, outcomes, now, threshold=THRESHOLD, seed=seed, weights=weights)

    def realised(self, features: Floats, outcomes: Floats) -> dict[str, float | None]:
        """Metrics of what happened."""
        values = self.values(features)
        if self.kind == "classification":
            found = classification(values, outcomes, THRESHOLD)
        else:
            found = regression(values, outcomes)
        return {figure.metric: figure.value for figure in found}


@dataclass(frozen=True)
class Row:
    """A line of the first table."""

    what: str
    world: World
    then: int
    now: int
    batches: int
    seed: int

    def run(self) -> "Held":
        """How often each metric was in its interval."""
        random = np.random.default_rng(self.seed)
        models = [Scored(self.world.kind, random) for _ in range(MODELS)]
        metrics = CLASSIFICATION if self.world.kind == "classification" else REGRESSION
        inside, defined = dict.fromkeys(metrics, 0), dict.fromkeys(metrics, 0)
        for batch in range(self.batches):
            model = models[batch % MODELS]
            known = World(self.world.kind).draw(random, self.then)
            features, outcomes = self.world.draw(random, self.now)
            realised = model.realised(features, outcomes)
            for figure in model.estimate(known, features, batch):
                truth = realised[figure.metric]
                if truth is not None and figure.low is not None and figure.high is not None:
                    defined[figure.metric] += 1
                    inside[figure.metric] += figure.low <= truth <= figure.high
        return Held(self, inside, defined)


@dataclass(frozen=True)
class Held:
    """A finished row: in how many of the batches in which it was defined each metric was in its interval."""

    row: Row
    inside: dict[str, int]
    defined: dict[str, int]

    def cells(self) -> tuple[str, ...]:
        """The line: shares, and what is surely too rarely inside, as far as so few batches can be sure."""
        row = self.row
        surely = [one for one in self.defined if _surely_below(self.inside[one], self.defined[one])]
        shares = (
            f"{count / of:.0%}" if of else "-"
            for count, of in zip(self.inside.values(), self.defined.values(), strict=True)
        )
        return row.what, f"{row.then:,}", f"{row.now:,}", str(row.batches), *shares, ", ".join(surely) or "none"


def _surely_below(inside: int, of: int) -> bool:
    """Whether the share is below ``WANTED`` by a one-sided test: it is wrong once in a hundred times."""
    return bool(of) and bool(binomtest(inside, of, WANTED, alternative="less").pvalue < SURE)


def _together(held: list[Held]) -> tuple[str, ...]:
    """All rows as one: each metric's share with its 95 % interval."""
    pairs = [(sum(one.inside[name] for one in held), sum(one.defined[name] for one in held)) for name in held[0].inside]
    return "all of these", "", "", str(sum(one.row.batches for one in held)), *(_share(*pair, 0) for pair in pairs), ""


@dataclass(frozen=True)
class Story:
    """A line of the table about trust: quiet cohorts, then two after the concept changed."""

    kind: str
    metric: str
    concept: str
    seed: int

    def run(self) -> tuple[int, bool, tuple[bool, bool]]:
        """Quiet cohorts at which it was untrusted, whether at the last of them, and at the two that changed."""
        random = np.random.default_rng(self.seed)
        model = Scored(self.kind, random)
        quiet = [World(self.kind).draw(random, COHORT) for _ in range(LEARNED_FROM + COHORTS)]
        cohorts = quiet + [World(self.kind, concept=self.concept).draw(random, COHORT) for _ in range(2)]
        record: list[Compared] = []
        untrusted = []
        for number in range(LEARNED_FROM, len(cohorts)):
            newest = cohorts[number - LEARNED_FROM : number]
            known = tuple(np.concatenate(parts) for parts in zip(*newest, strict=True))
            features, outcomes = cohorts[number]
            figures = {figure.metric: figure for figure in model.estimate(known, features, number)}  # type: ignore[arg-type]
            figure, truth = figures[self.metric], model.realised(features, outcomes)[self.metric]
            record.append(Compared(self.metric, figure.value, figure.low, figure.high, truth))  # type: ignore[arg-type]
            untrusted.append(trust(record).trusted is False)
        return sum(untrusted[:COHORTS]), untrusted[COHORTS - 1], (untrusted[-2], any(untrusted[-2:]))


def _rows(batches: int) -> Iterator[Row]:
    sizes = [(then, now) for then in (5_000, 30_000) for now in (500, 5_000, 50_000)]
    fewer = [(5_000, 500), (5_000, 50_000), (30_000, 5_000), (30_000, 50_000)]
    moved: tuple[tuple[str, Callable[[str], World]], ...] = (
        ("no shift", World),
        ("means of three features + 0.5 sigma", lambda kind: World(kind, shift=0.5)),
        ("means - 0.5 sigma, a group from 30 % to 10 %", lambda kind: World(kind, shift=-0.5, mix=0.1)),
    )
    seed = 0
    for kind, shifts in (("classification", moved), ("unequal noise", moved[:2]), ("long tail", moved[:2])):
        for what, world in shifts:
            for then, now in sizes if kind == "classification" else fewer:
                seed += 1
                yield Row(what, world(kind), then, now, batches, seed)


TITLES = {
    "classification": "Classification: share of batches whose interval held the realised value",
    "unequal noise": "Regression, unequal noise",
    "long tail": "Regression, long tail",
}
TOLD = (
    ("classification", "roc_auc", "the strongest coefficient has the other sign"),
    ("classification", "brier", "the outcome comes to more (log-odds + 0.7)"),
    ("long tail", "mae", "the strongest coefficient has the other sign"),
)


def simulate(scale: float = typer.Option(1.0, help="Share of the batches to draw, for a quick look.")) -> None:
    """Draw batches and say how often the interval held the truth; a whole run renews the document."""
    began, rows = time.monotonic(), list(_rows(max(4, round(32 * scale))))
    stories = max(4, round(24 * scale))
    with ProcessPoolExecutor(2) as pool:
        held = []
        for one in pool.map(_held, rows):
            held.append(one)
            print(one.row.world.kind, *one.cells(), f"{time.monotonic() - began:.0f} s", sep=" | ", flush=True)
        trusted = []
        for number, (kind, metric, concept) in enumerate(TOLD):
            told = list(pool.map(_told, [Story(kind, metric, concept, 1000 * number + one) for one in range(stories)]))
            trusted.append((kind, metric, concept, *_said(told)))
            print(" | ".join(trusted[-1]), f"{time.monotonic() - began:.0f} s", flush=True)
    if scale == 1.0:
        _write(held, trusted, time.monotonic() - began)


def _held(row: Row) -> Held:
    return row.run()


def _told(story: Story) -> tuple[int, bool, tuple[bool, bool]]:
    return story.run()


def _said(told: list[tuple[int, bool, tuple[bool, bool]]]) -> tuple[str, ...]:
    verdicts, count = COHORTS * len(told), len(told)
    return (
        str(count),
        _share(sum(one[0] for one in told), verdicts),
        _share(sum(one[1] for one in told), count),
        _share(sum(one[2][0] for one in told), count),
        _share(sum(one[2][1] for one in told), count),
    )


def _share(hits: int, of: int, digits: int = 1) -> str:
    low, high = binomtest(hits, of).proportion_ci(method="wilson")
    return f"{hits / of:.{digits}%} ({low:.{digits}%} to {high:.{digits}%})"


def _write(held: list[Held], trusted: list[tuple[str, ...]], seconds: float) -> None:
    same, judged = ("customers", "known outcomes", "current", "batches"), f"surely below {WANTED:.0%}"
    tables = []
    for kind, title in TITLES.items():
        these = [one for one in held if one.row.world.kind == kind]
        headings = (*same, *these[0].inside, judged)
        tables += [f"### {title}", table(headings, [*(one.cells() for one in these), _together(these)])]
    tables += [
        "### Trust",
        table(
            ("score", "metric", "what changes after 12 cohorts", "stories", "untrusted before, of all verdicts",
             "untrusted at the 12th cohort", "untrusted at the 1st cohort after", "at the 1st or 2nd"),
            trusted,
        ),
    ]  # fmt: skip
    by = "make simulate-estimates"
    renew("estimates-simulations.md", "results", by, [*tables, made(by, seconds)])


if __name__ == "__main__":
    typer.run(simulate)
