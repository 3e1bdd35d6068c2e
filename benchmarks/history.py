"""What a history costs: customers scored without one, and with ten columns of six earlier snapshots, in turns.

The six periods are 20 features of a model that is as wide as the plain one, and 60 features of one four times as wide.

python benchmarks/history.py --sizes 250000,1000000 --rounds 3
"""

import statistics
import sys
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

import typer
from installation import environment_of, installed
from measure import Measured, in_fresh_process

from scoring.database import connect
from scoring.local.interrupts import interruptible
from scoring.publishing import erasing, publications
from scoring.settings import Settings

SCORES = ("plain", "summarising", "remembering")


def bench(
    sizes: Annotated[str, typer.Option(help="Numbers of customers, separated by commas.")] = "250000,1000000",
    rounds: Annotated[int, typer.Option(help="How often each is measured.")] = 3,
) -> None:
    """Print seconds, CPU and peak memory of scoring without and with a history, and their ratio."""
    for size in (int(one) for one in sizes.split(",")):
        with installed("history_definitions") as settings:
            environment = environment_of(settings)
            in_fresh_process("history_ours.py", environment, step="prepare", size=size)
            measured: dict[str, list[Measured]] = {score: [] for score in SCORES}
            for _ in range(rounds):
                for score in SCORES:
                    measured[score].append(in_fresh_process("history_ours.py", environment, step="run", score=score))
                    _drop(settings, score)
        _tell(size, *(measured[score] for score in SCORES))


def _drop(settings: Settings, score: str) -> None:
    """Remove what was scored, so that the next round scores it again."""
    with connect(settings.database()) as connection, connection:
        for one in erasing.every(connection, [score]):
            publications.drop(connection, one)


def _tell(size: int, *measured: list[Measured]) -> None:
    print(f"{size:>13,}" + "".join(f" {score:>20}" for score in SCORES))
    for part in ("seconds", "cpu_seconds", "peak_mb"):
        medians = [statistics.median(getattr(one, part) for one in found) for found in measured]
        print(f"{part:<13}" + "".join(f" {one:12.2f} ({one / medians[0]:5.2f})" for one in medians))


if __name__ == "__main__":
    with interruptible():
        typer.run(bench)
