"""What reasons cost a publication: the sample's scores without and with them, in turns. See docs/reason-codes.md.

python benchmarks/reasons.py --sizes 30000,200000 --rounds 5
"""

import datetime as dt
import statistics
import sys
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

import psutil
import typer
from installation import environment_of, installed
from measure import Measured, in_fresh_process

from scoring.database import transaction, value
from scoring.domain.calendar import months_after
from scoring.local.interrupts import interruptible
from scoring.publishing import publications
from scoring.settings import Settings

SHOWN = dt.date(2005, 6, 30)
PAIRS = (("risk", "risk_explained"), ("payment", "payment_explained"))


def bench(
    sizes: Annotated[str, typer.Option(help="Numbers of customers, separated by commas.")] = "30000,200000",
    rounds: Annotated[int, typer.Option(help="How often each is measured.")] = 5,
) -> None:
    """Print seconds without and with reasons, and their ratio; CPU is that of the process and of its connections."""
    counts = [int(size) for size in sizes.split(",")]
    with installed("reasons_definitions") as settings:
        environment = environment_of(settings)
        one_thread = environment | {"OMP_NUM_THREADS": "1"}  # faster on a busy machine
        in_fresh_process("reasons_ours.py", one_thread, step="prepare", sizes=counts)
        for months, count in enumerate(counts, 1):
            for pair in PAIRS:
                _compare(settings, environment, pair, months_after(SHOWN, months), count, rounds)


def _compare(  # noqa: PLR0917 - one line of the table
    settings: Settings, environment: dict[str, str], pair: tuple[str, str], as_of: dt.date, count: int, rounds: int
) -> None:
    measured: dict[str, list[Measured]] = {score: [] for score in pair}
    for _ in range(rounds):
        for score in pair:
            before = _server_cpu(settings)
            found = in_fresh_process("reasons_ours.py", environment, step="run", score=score, as_of=as_of.isoformat())
            found.cpu_seconds += _server_cpu(settings) - before
            measured[score].append(found)
            with transaction(settings.database()) as connection:
                publication = publications.published(connection, score, as_of)
                if publication is not None:
                    publications.drop(connection, publication)
    without, explained = (_medians(measured[score]) for score in pair)
    print(f"{count:>9,}  {pair[0]}")
    for part in without:
        ratio = explained[part] / without[part]
        print(f"{'':11}{part:<14} {without[part]:8.3f} s  with reasons {explained[part]:8.3f} s  {ratio:5.2f}")


def _server_cpu(settings: Settings) -> float:
    """CPU seconds of all connections of the server that have ended."""
    with transaction(settings.database()) as connection:
        server = psutil.Process(int(value(connection, "SELECT pg_backend_pid()"))).parent()
    times = server.cpu_times()  # type: ignore[union-attr]
    return float(times.children_user + times.children_system)


def _medians(found: list[Measured]) -> dict[str, float]:
    medians = {name: statistics.median(one.phases[name] for one in found) for name in found[0].phases}
    whole = statistics.median(one.seconds for one in found)
    return medians | {"all": whole, "CPU": statistics.median(one.cpu_seconds for one in found)}


if __name__ == "__main__":
    with interruptible():
        typer.run(bench)
