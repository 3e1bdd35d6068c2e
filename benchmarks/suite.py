"""``make bench``: for each size the ways take turns, round by round; then the table."""

import tempfile
from pathlib import Path
from typing import Annotated

import report
import typer
from rich.console import Console
from stage import Stage

from scoring.local.interrupts import interruptible
from scoring.local.places import Places
from scoring.local.postgres import running_postgres

SIZES = "100000,1000000,10000000"
ROUNDS = "3,5,1"


def bench(
    sizes: Annotated[str, typer.Option(help="Numbers of customers, separated by commas.")] = SIZES,
    rounds: Annotated[str, typer.Option(help="How often each way is measured: one number for each size.")] = ROUNDS,
    tutorial_up_to: Annotated[
        int, typer.Option(help="The largest size at which the tutorial way is run; it holds all rows at once.")
    ] = 1_000_000,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Where to work; everything is removed at the end.")
    ] = None,
) -> None:
    """Measure the pipeline, the tutorial way and the floor. A run of all sizes renews docs/benchmarks.md."""
    console, results, machine = _console(), report.Results(), report.machine()
    with tempfile.TemporaryDirectory(prefix="scoring-bench-", dir=directory) as scratch:
        places = Places(Path(scratch))
        places.make()
        with running_postgres(places):
            pass  # some of its settings hold from the second start on
        with running_postgres(places) as server, console.status("the champion is trained") as status:
            stage = Stage(places.home, server)
            machine["PostgreSQL"] = str(stage.execute("postgres", "SHOW server_version"))
            for count, repeats in zip(map(int, sizes.split(",")), map(int, rounds.split(",")), strict=True):
                status.update(f"{count:,} customers are made and published for the first time")
                with stage.customers(count, repeats, tutorial=count <= tutorial_up_to) as customers:
                    for number in range(repeats):
                        for way, measured in customers.round(number):
                            results.add(count, way, measured)
                            console.print(f"{count:>12,}  round {number + 1}  {way:<32} {report.line(measured)}")
                            status.update(f"{count:,} customers, round {number + 1} of {repeats}")
    console.print(report.table(results))
    console.print(*report.ratios(results), sep="\n")
    if (sizes, rounds) == (SIZES, ROUNDS):
        report.write(results, machine)


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=160)


def main() -> None:
    """Read the command line and measure; however it is stopped, nothing is left running or lying about."""
    with interruptible():
        typer.run(bench)
