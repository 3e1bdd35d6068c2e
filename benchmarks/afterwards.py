"""What comes after a publication: a training set, outcomes and the monitor, each beside its floor.

python benchmarks/afterwards.py --rows 100000 --rounds 1     # a quick look; writes nothing
"""

import sys
from pathlib import Path
from statistics import median
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

import report
import typer
from installation import environment_of, installed
from measure import Measured, in_fresh_process
from sections import measured, renew, table

from scoring.local.interrupts import interruptible

ROWS, ROUNDS = 1_000_000, 3
WAYS = ("training set", "training set, floor", "monitor", "monitor, floor")
HEADINGS = ("customers", "step", "seconds", "fastest-slowest", "CPU seconds", "peak MB", "seconds by part")


def bench(
    rows: Annotated[int, typer.Option(help="Customers.")] = ROWS,
    rounds: Annotated[int, typer.Option(help="Months: each is published, then looked at.")] = ROUNDS,
) -> None:
    """Measure each step. A run of the usual size renews its part of docs/benchmarks.md."""
    found: dict[str, list[Measured]] = {way: [] for way in WAYS}
    facts = report.machine()
    with installed("bench_definitions") as settings:
        environment = environment_of(settings)
        model = str(settings.home / "model.skops")
        in_fresh_process("prepare.py", environment, step="champion", model=model)
        in_fresh_process("prepare.py", environment, step="steady_state", rows=rows, runs=rounds + 1, tutorial=False)
        for month in range(1, rounds + 1):
            in_fresh_process("afterwards_ours.py", environment, step="publish", month=month)
            for way in WAYS:
                found[way].append(in_fresh_process("afterwards_ours.py", environment, step=way, month=month))
                print(month, way, report.line(found[way][-1]), flush=True)
    _same_rows(found)
    lines = [_row(rows, way, done) for way, done in found.items()]
    print(table(HEADINGS, lines))
    if (rows, rounds) == (ROWS, ROUNDS):
        by = "make bench"
        renew("benchmarks.md", "afterwards", by, [table(HEADINGS, lines), measured(by, facts)])


def _same_rows(found: dict[str, list[Measured]]) -> None:
    counted = {way: [one.rows for one in done] for way, done in found.items()}
    if len({tuple(rows) for rows in counted.values()}) > 1:
        raise AssertionError(f"the ways do not look at the same customers: {counted}")


def _row(rows: int, way: str, done: list[Measured]) -> tuple[str, ...]:
    seconds = [one.seconds for one in done]
    return (
        f"{rows:,}",
        way,
        f"{median(seconds):.2f}",
        f"{min(seconds):.2f}-{max(seconds):.2f}",
        f"{median(one.cpu_seconds for one in done):.2f}",
        f"{max(one.peak_mb for one in done):,.0f}",
        ", ".join(f"{name} {median(one.phases[name] for one in done):.2f}" for name in done[0].phases),
    )


if __name__ == "__main__":
    with interruptible():
        typer.run(bench)
