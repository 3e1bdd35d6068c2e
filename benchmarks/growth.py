"""``make growth``: how seconds, memory and disk of a publication grow with the customers, and what ends it.

python benchmarks/growth.py --sizes 100000,1000000 --rounds 1,1 --dir <a disk with room>
"""

import shutil
import sys
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

import typer
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from measure import Measured
from report import machine
from sections import measured, renew, table
from stage import Customers, Stage

from scoring.local.interrupts import interruptible
from scoring.local.places import Places
from scoring.local.postgres import running_postgres
from scoring.settings import PROJECT

SIZES, ROUNDS = "100000,1000000,10000000", "3,3,1"
NEXT = 10  # times as many customers as the largest size: what would they need?
GIGABYTE = 2**30
HEADINGS = ("customers", "seconds", "fastest-slowest", "microseconds/customer", "peak MB", "disk GB", "seconds by part")
PICTURE = PROJECT / "docs" / "images" / "growth.png"


@dataclass(frozen=True)
class Size:
    """What was measured of so many customers: each round, and the bytes on disk."""

    customers: int
    rounds: list[Measured]
    disk: int

    @property
    def seconds(self) -> float:
        """The median of the rounds."""
        return median(one.seconds for one in self.rounds)

    @property
    def peak_mb(self) -> float:
        """The largest of the rounds."""
        return max(one.peak_mb for one in self.rounds)

    @property
    def row(self) -> tuple[str, ...]:
        """A line of the table."""
        seconds = [one.seconds for one in self.rounds]
        parts = {name: median(one.phases[name] for one in self.rounds) for name in self.rounds[0].phases}
        return (
            f"{self.customers:,}",
            f"{self.seconds:.2f}",
            f"{min(seconds):.2f}-{max(seconds):.2f}",
            f"{self.seconds / self.customers * 1e6:.2f}",
            f"{self.peak_mb:,.0f}",
            f"{self.disk / GIGABYTE:.1f}",
            ", ".join(f"{name} {passed:.2f}" for name, passed in parts.items()),
        )


def bench(
    sizes: Annotated[str, typer.Option(help="Numbers of customers, separated by commas, growing.")] = SIZES,
    rounds: Annotated[str, typer.Option(help="How often: one number for each size.")] = ROUNDS,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Where to work; everything is removed at the end.")
    ] = None,
) -> None:
    """Measure the pipeline at each size that the disk can hold. A run of all sizes renews docs/benchmarks.md."""
    found: list[Size] = []
    with tempfile.TemporaryDirectory(prefix="scoring-bench-", dir=directory) as scratch:
        places, facts = Places(Path(scratch)), machine()
        places.make()
        with running_postgres(places):
            pass  # some of its settings hold from the second start on
        with running_postgres(places) as server:
            stage = Stage(places.home, server)
            for count, repeats in zip(map(int, sizes.split(",")), map(int, rounds.split(",")), strict=True):
                if found and not _fits(found[-1], count, _free(scratch)):
                    break
                with stage.customers(count, repeats, tutorial=False) as customers:
                    found.append(_measured(count, customers, repeats))
                print(" | ".join(found[-1].row), flush=True)
        said = [*growth(found), verdict(found[-1], found[-1].customers * NEXT, _free(scratch))]
    print(*said, sep="\n")
    if (sizes, rounds) == (SIZES, ROUNDS):
        draw(found).savefig(PICTURE, dpi=100)
        picture = f"![Seconds and peak memory over customers](images/{PICTURE.name})"
        lines = [table(HEADINGS, [one.row for one in found]), picture, "\n".join(f"- {line}" for line in said)]
        renew("benchmarks.md", "growth", "make growth", [*lines, measured("make growth", facts)])


def _measured(count: int, customers: Customers, repeats: int) -> Size:
    done = [customers.pipeline(number + 1) for number in range(repeats)]
    return Size(count, [one for one, _ in done], max(size for _, size in done))


def _free(directory: str) -> int:
    return shutil.disk_usage(directory).free


def needed(known: Size, count: int) -> int:
    """Bytes that ``count`` customers need, as many for each as where it was measured."""
    return round(known.disk / known.customers * count)


def _fits(known: Size, count: int, free: int) -> bool:
    if needed(known, count) <= free:
        return True
    print(verdict(known, count, free))
    return False


def verdict(known: Size, count: int, free: int) -> str:
    """Whether the disk holds ``count`` customers, in a sentence."""
    need = f"{count:,} customers need {needed(known, count) / GIGABYTE:.0f} GB of disk"
    whether = "hold them" if needed(known, count) <= free else "do not hold them"
    return f"{need}, as much for each as {known.customers:,} do; the {free / GIGABYTE:.0f} GB that were free {whether}."


def growth(found: list[Size]) -> list[str]:
    """From each size to the next: seconds against linear growth, and memory."""
    return [
        f"From {one.customers:,} to {more.customers:,} customers: seconds grow "
        f"{more.seconds / one.seconds / (more.customers / one.customers):.2f} times linearly, peak memory is "
        f"{more.peak_mb / one.peak_mb:.2f} times."
        for one, more in pairwise(found)
    ]


def draw(found: list[Size]) -> Figure:
    """Seconds, beside a line of linear growth through the last size, and peak memory, both over customers."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    counts = [one.customers for one in found]
    last = found[-1]
    left.loglog(counts, [one.seconds for one in found], "o-", label="measured")
    left.loglog(counts, [last.seconds / last.customers * count for count in counts], "--", color="grey", label="linear")
    left.legend(frameon=False)
    right.semilogx(counts, [one.peak_mb for one in found], "o-")
    right.set_ylim(0, 1.2 * max(one.peak_mb for one in found))
    _named(left, "seconds")
    _named(right, "peak MB of the scoring process")
    return figure


def _named(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_xlabel("customers")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, alpha=0.3)


if __name__ == "__main__":
    with interruptible():
        typer.run(bench)
