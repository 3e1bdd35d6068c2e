"""The benchmark of drift: ours beside Evidently's preset, on the same data; part of ``make bench``."""

import sys
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

import report
import typer
from drift_definitions import NOW, TRAINED
from installation import environment_of, installed
from measure import Measured, in_fresh_process
from sections import measured, renew, table

from scoring.database import connect, value
from scoring.local.interrupts import interruptible

ROWS = 1_000_000
STEADY, FIRST, EVIDENTLY = "ours, profiles of the references are there", "ours, nothing is there", "Evidently's preset"
HEADINGS = ("customers x columns", "way", "seconds", "CPU seconds", "peak MB", "drifted columns", "compares")
COMPARES = {
    STEADY: "with training and the publication before; 50 columns and the score",
    FIRST: "the same; also cuts, predicts and counts the training snapshot, and counts the publication before",
    EVIDENTLY: "with the training snapshot; 50 columns",
}


def bench(
    rows: Annotated[int, typer.Option(help="Customers of each side.")] = ROWS,
    rounds: Annotated[int, typer.Option(help="How often our way is measured; Evidently's is measured once.")] = 3,
) -> None:
    """Measure both ways. A run of the usual size renews its part of docs/benchmarks.md."""
    results: dict[str, list[Measured]] = {STEADY: [], FIRST: [], EVIDENTLY: []}
    machine = report.machine()
    with installed("drift_definitions") as settings:
        environment = environment_of(settings)
        in_fresh_process("drift_prepare.py", environment, rows=rows)
        for _ in range(rounds):
            for way, first_time in ((FIRST, True), (STEADY, False)):
                results[way].append(in_fresh_process("drift_ours.py", environment, first_time=first_time))
                print(way, report.line(results[way][-1]), f"{results[way][-1].cpu_seconds:.2f} CPU s", flush=True)
        with connect(settings.database()) as connection:
            query = "SELECT location FROM scoring.snapshot WHERE as_of = %s"
            reference, current = (value(connection, query, (as_of,)) for as_of in (TRAINED, NOW))
        theirs = in_fresh_process("drift_evidently.py", environment, reference=reference, current=current)
        results[EVIDENTLY].append(theirs)
        print(EVIDENTLY, report.line(theirs), f"{theirs.cpu_seconds:.2f} CPU s", flush=True)
    lines = [_row(rows, way, rounds_of) for way, rounds_of in results.items()]
    print(*(" | ".join(line) for line in lines), _ratio(results), sep="\n")
    if rows == ROWS:
        by = "make bench"
        renew("benchmarks.md", "drift", by, [table(HEADINGS, lines), _ratio(results), measured(by, machine)])


def _row(rows: int, way: str, measured: list[Measured]) -> tuple[str, ...]:
    seconds = sorted(one.seconds for one in measured)
    spread = f" ({seconds[0]:.2f}-{seconds[-1]:.2f})" if len(seconds) > 1 else ""
    peak = max(one.peak_mb for one in measured)
    middle = f"{seconds[len(seconds) // 2]:.2f}{spread}"
    busy = f"{min(one.cpu_seconds for one in measured):.2f}"
    return f"{rows:,} x 50", way, middle, busy, f"{peak:,.0f}", str(measured[-1].changed), COMPARES[way]


def _ratio(results: dict[str, list[Measured]]) -> str:
    def least(way: str, figure: str) -> float:
        return min(getattr(one, figure) for one in results[way])

    def times(way: str) -> str:
        wall, busy = (least(EVIDENTLY, figure) / least(way, figure) for figure in ("seconds", "cpu_seconds"))
        return f"{wall:.0f} times the time ({busy:.0f} times the CPU time)"

    memory = least(EVIDENTLY, "peak_mb") / max(one.peak_mb for way in (STEADY, FIRST) for one in results[way])
    return (
        f"Evidently's preset takes {times(STEADY)} of ours in the steady state, {times(FIRST)} of ours the first time, "
        f"and {memory:.1f} times the memory; the fastest rounds are compared."
    )


if __name__ == "__main__":
    with interruptible():
        typer.run(bench)
