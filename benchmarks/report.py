"""What was measured, as a table for the terminal and as the results in docs/benchmarks.md."""

import datetime as dt
import os
import platform
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from statistics import median

import psutil
from measure import Measured
from rich.table import Table
from sections import measured, renew
from sections import table as markdown
from stage import FLOOR, FLOOR_ACCELERATED, PIPELINE, TUTORIAL

LIBRARIES = ("scikit-learn", "numpy", "pandas", "pyarrow", "psycopg2-binary", "SQLAlchemy", "mlflow")
COMPARED = {
    TUTORIAL: "times as fast as the tutorial way",
    FLOOR: "times the floor's time",
    FLOOR_ACCELERATED: "times the time of the floor with the accelerated predictor",
}
HEADINGS = ("customers", "way", "seconds", "fastest-slowest", "rows/s", "peak MB", "changes", "seconds by part")


class Results:
    """Measurements by size and way, in the order of the rounds."""

    def __init__(self) -> None:
        self._of: dict[int, dict[str, list[Measured]]] = defaultdict(lambda: defaultdict(list))

    def add(self, count: int, way: str, measured: Measured) -> None:
        """Take one in."""
        self._of[count][way].append(measured)

    def rows(self) -> list[tuple[str, ...]]:
        """A line for each size and way, in the columns HEADINGS."""
        return [_row(count, way, rounds) for count, ways in self._of.items() for way, rounds in ways.items()]

    def seconds(self, count: int, way: str) -> list[float]:
        """Seconds of each round; empty where it was not measured."""
        return [measured.seconds for measured in self._of[count].get(way, [])]

    def peak_mb(self, count: int, way: str) -> float:
        """The largest of all rounds."""
        return max(measured.peak_mb for measured in self._of[count][way])

    @property
    def sizes(self) -> list[int]:
        """Sizes measured, as they were asked for."""
        return list(self._of)


def _row(count: int, way: str, rounds: list[Measured]) -> tuple[str, ...]:
    seconds = [measured.seconds for measured in rounds]
    parts = {name: median(measured.phases[name] for measured in rounds) for name in rounds[0].phases}
    changed = rounds[-1].changed
    return (
        f"{count:,}",
        way,
        f"{median(seconds):.2f}",
        f"{min(seconds):.2f}-{max(seconds):.2f}",
        f"{count / median(seconds):,.0f}",
        f"{max(measured.peak_mb for measured in rounds):,.0f}",
        "-" if changed is None else f"{changed:,}",
        ", ".join(f"{name} {passed:.2f}" for name, passed in parts.items()),
    )


def line(measured: Measured) -> str:
    """One measurement while others still run."""
    return f"{measured.seconds:8.2f} s  {measured.peak_mb:7,.0f} MB"


def table(results: Results) -> Table:
    """All results for the terminal."""
    shown = Table(*HEADINGS)
    for row in results.rows():
        shown.add_row(*row)
    return shown


def ratios(results: Results) -> list[str]:
    """The ratios by which the pipeline is judged: medians over the rounds, each way against its neighbours."""
    said = []
    for count in results.sizes:
        ours = results.seconds(count, PIPELINE)
        for other, words in COMPARED.items():
            theirs = results.seconds(count, other)
            if theirs:
                pairs = zip(theirs, ours, strict=True)
                by_round = [their / our if other == TUTORIAL else our / their for their, our in pairs]
                said.append(f"{count:,} customers: the pipeline is {median(by_round):.2f} {words}.")
    for smaller, larger in zip(results.sizes, results.sizes[1:], strict=False):
        ratio = results.peak_mb(larger, PIPELINE) / results.peak_mb(smaller, PIPELINE)
        said.append(f"Its peak memory at {larger:,} customers is {ratio:.2f} times that at {smaller:,}.")
    return said


def machine() -> dict[str, str]:
    """What the figures depend on; the load is that before anything is started."""
    return {
        "date": f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d %H:%M} UTC",
        "cores": str(len(psutil.Process().cpu_affinity())),
        "processor": _processor(),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GB",
        "load before the start": f"{os.getloadavg()[0]:.2f}",
        "Python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def write(results: Results, made_on: dict[str, str]) -> None:
    """Renew the results in docs/benchmarks.md."""
    said = "\n".join(f"- {it}" for it in ratios(results))
    renew(
        "benchmarks.md",
        "results",
        "make bench",
        [markdown(HEADINGS, results.rows()), said, measured("make bench", made_on)],
    )
