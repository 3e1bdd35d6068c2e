"""``make simulate-drift``: how often the verdict on drift is wrong, by simulation; renews docs/drift-simulations.md.

A batch is 50 columns and a score's own value that nothing happened to (or one shifted column), compared with a
reference as ``scoring.monitoring`` does it. Small batches are drawn customer by customer; of a million customers the
counts in the bins are drawn, which is the same distribution, and a few batches are drawn in full as well.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import typer
from numpy.typing import NDArray
from scipy.stats import binomtest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

from sections import made, renew, table

from scoring.monitoring.bins import Bins, Counted, cut_numbers, cut_text
from scoring.monitoring.drift import Compared, drifts
from scoring.monitoring.drift_runs import AGAINST

HEADINGS = ("what", "customers then", "customers now", "batches", "drawn", "said", "share (95 % interval)", "wanted")

COLUMNS = 50
REFERENCE = 30_000
LEAST = 0.1
SHIFT = 0.3

Floats = NDArray[np.float64]
Random = np.random.Generator
Maker = Callable[[Random, int], pa.Array]

WORDS = ("a", "b", "c", "d", "e", "f", "g", "h")
SHARES = np.array([0.4, 0.25, 0.15, 0.1, 0.05, 0.03, 0.015, 0.005])


def _sometimes_missing(random: Random, count: int) -> pa.Array:
    return pa.array(random.normal(size=count), mask=random.random(count) < 0.03)  # noqa: PLR2004


# Ten kinds of column, five of each, as data sets have them.
KINDS: tuple[Maker, ...] = (
    lambda random, count: pa.array(random.normal(size=count)),
    lambda random, count: pa.array(random.lognormal(0, 1.5, count)),
    lambda random, count: pa.array(np.round(random.gamma(2, 20, count))),
    lambda random, count: pa.array(random.lognormal(size=count) * (random.random(count) < 0.3)),  # noqa: PLR2004
    lambda random, count: pa.array(random.poisson(1.0, count).astype(float)),
    lambda random, count: pa.array((random.random(count) < 0.02).astype(float)),  # noqa: PLR2004
    lambda random, count: pa.array(random.standard_t(2, count)),
    lambda random, count: pa.array(random.choice(WORDS, count, p=SHARES)),
    _sometimes_missing,
    lambda random, count: pa.array(random.beta(0.5, 5, count)),
)


@dataclass(frozen=True)
class Reference:
    """Bins and counts of each column then."""

    bins: list[Bins]
    counted: list[Counted]

    @classmethod
    def of(cls, columns: list[pa.Array]) -> "Reference":
        """Bins are cut from the reference itself, as the product does it."""
        bins = [_bins(column) for column in columns]
        return cls(bins, [one.count(column) for one, column in zip(bins, columns, strict=True)])

    def alarms(self, counted: list[Counted]) -> list[int]:
        """Places of the columns that the verdict calls drifted."""
        looked_at = []
        for place, (bins, was, now) in enumerate(zip(self.bins, self.counted, counted, strict=True)):
            looked_at.append(Compared(str(place), "feature", bins, was, now))
            if was.missing or now.missing:
                looked_at.append(Compared(str(place), "missing", bins, was, now))
        found = drifts(looked_at, LEAST, families=len(AGAINST))
        return sorted({int(one.column) for one in found if one.drifted})

    def count(self, columns: list[pa.Array]) -> list[Counted]:
        """Counts of a batch."""
        return [bins.count(column) for bins, column in zip(self.bins, columns, strict=True)]


def _bins(column: pa.Array) -> Bins:
    if pa.types.is_string(column.type):
        return cut_text(WORDS)
    return cut_numbers(column.to_numpy(zero_copy_only=False))


def _batch(random: Random, count: int, *, shift: float = 0.0) -> list[pa.Array]:
    """50 columns; the first is normal and may be shifted by ``shift`` standard deviations."""
    columns = [KINDS[place % len(KINDS)](random, count) for place in range(COLUMNS)]
    return [pa.array(columns[0].to_numpy() + shift), *columns[1:]]


def drawn(random: Random, then: int, now: int, batches: int, shift: float = 0.0) -> Iterator[list[int]]:
    """Alarms of batches that are drawn customer by customer; the reference is drawn anew for every ten of them."""
    for number in range(batches):
        if number % 10 == 0:
            reference = Reference.of(_batch(random, then))
        yield reference.alarms(reference.count(_batch(random, now, shift=shift)))


def counted(random: Random, then: int, now: int, batches: int) -> Iterator[list[int]]:
    """The same for batches of which only the counts are drawn, of both sides, by the shares of a large population.

    That is the distribution of counts of customers that are drawn one by one. The bins are those of another sample.
    """
    population = Reference.of(_batch(random, 200_000))
    shares = [one.counts / one.counts.sum() for one in population.counted]

    def side(count: int) -> list[Counted]:
        return [
            Counted(random.multinomial(count, share), one.sums, one.squares)
            for share, one in zip(shares, population.counted, strict=True)
        ]

    for _ in range(batches):
        yield Reference(population.bins, side(then)).alarms(side(now))


def simulate(scale: float = typer.Option(1.0, help="Share of the batches to draw, for a quick look.")) -> None:
    """Draw batches and say how often the verdict was wrong; a whole run renews the document."""
    began, random = time.monotonic(), np.random.default_rng(0)
    plan = (
        ("nothing happened", REFERENCE, 200, 2000, "customers", 0.0),
        ("nothing happened", REFERENCE, 1_000, 2000, "customers", 0.0),
        ("nothing happened", REFERENCE, 10_000, 600, "customers", 0.0),
        ("nothing happened", 1_000_000, 1_000_000, 2000, "counts", 0.0),
        ("nothing happened", 1_000_000, 1_000_000, 3, "customers", 0.0),
        ("nothing happened", 200, 200, 2000, "customers", 0.0),
        ("nothing happened", 1_000_000, 200, 2000, "counts", 0.0),
        (f"one column moved by {SHIFT} sigma", REFERENCE, 10_000, 400, "customers", SHIFT),
        (f"one column moved by {SHIFT} sigma", REFERENCE, 1_000, 1000, "customers", SHIFT),
        ("one column moved by 0.1 sigma", REFERENCE, 10_000, 200, "customers", 0.1),
    )
    rows = []
    for what, then, now, most, how, shift in plan:
        batches = max(1, round(most * scale))
        if how == "counts":
            found = list(counted(random, then, now, batches))
        else:
            found = list(drawn(random, then, now, batches, shift))
        rows.append((what, f"{then:,}", f"{now:,}", f"{len(found):,}", how, *_said(found, now, shift)))
        print(" | ".join(rows[-1]), flush=True)
    if scale == 1.0:
        by = "make simulate-drift"
        said = made(by, time.monotonic() - began)
        renew("drift-simulations.md", "results", by, [table(HEADINGS, rows), said])


def _said(found: list[list[int]], now: int, shift: float) -> tuple[str, str, str]:
    """What is counted, its share with an interval, and what is wanted of it."""
    said, wanted = ("the column drifted", "-") if shift else ("some column drifted", "at most 5 %")
    if shift == SHIFT and now >= 10_000:  # noqa: PLR2004
        wanted = "at least 95 %"
    hits = sum(0 in alarms if shift else bool(alarms) for alarms in found)
    low, high = binomtest(hits, len(found)).proportion_ci(method="wilson")
    return said, f"{hits / len(found):.1%} ({low:.1%} to {high:.1%})", wanted


if __name__ == "__main__":
    typer.run(simulate)
