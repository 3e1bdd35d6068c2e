"""The benchmark of streams: messages a second from a topic to a committed score, beside a bare loop, on one machine."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

import report
import typer
from installation import environment_of, free_port, installed
from measure import Measured, in_fresh_process
from sections import measured, renew, table

from scoring.local.broker import broker_command
from scoring.local.environment import LOOPBACK
from scoring.local.interrupts import interruptible
from scoring.local.streamed import answers
from scoring.settings import KafkaSettings

OURS, BARE = "our worker", "bare loop"
HEADINGS = ("messages", "way", "messages/s", "peak MB")


def bench(
    rounds: Annotated[int, typer.Option(help="How often each is measured, in turns.")] = 3,
    sizes: Annotated[
        str, typer.Option(help="Numbers of messages for our worker, separated by commas.")
    ] = "20000,100000",
    bare: Annotated[int, typer.Option(help="Messages for the bare loop.")] = 3000,
    quick: Annotated[bool, typer.Option(help="Writes nothing.")] = False,
) -> None:
    """Read topics by both in turns. A run that is not quick renews its part of docs/benchmarks.md."""
    machine, counts = report.machine(), [int(size) for size in sizes.split(",")]
    results: dict[tuple[int, str], list[Measured]] = {}
    with installed("scoring.definitions") as settings, _broker() as servers:
        environment = environment_of(settings) | {"SCORING_KAFKA_SERVERS": servers, "OMP_NUM_THREADS": "1"}
        in_fresh_process("stream_steps.py", environment, step="prepare")
        for number in range(rounds):
            for count in counts:
                topic = f"ours-{count}-{number}"
                in_fresh_process("stream_steps.py", environment, step="fill", messages=count, topics=[topic])
                found = in_fresh_process("stream_steps.py", environment, step="ours", topic=topic)
                results.setdefault((count, OURS), []).append(found)
                print(count, OURS, _row(found), f"{found.changed:,} events", flush=True)
            topic = f"bare-{number}"
            in_fresh_process("stream_steps.py", environment, step="fill", messages=bare, topics=[topic])
            found = in_fresh_process("stream_steps.py", environment, step="bare", topic=topic, most=bare)
            results.setdefault((bare, BARE), []).append(found)
            print(bare, BARE, _row(found), flush=True)
    lines = [(f"{count:,}", way, *_medians(found)) for (count, way), found in results.items()]
    rates = {way: median(one.rows / one.seconds for one in found) for (_, way), found in results.items()}
    print(*(" | ".join(line) for line in (HEADINGS, *lines)), sep="\n")
    said = f"- Our worker records {rates[OURS] / rates[BARE]:.1f} times as many messages a second as the bare loop."
    print(said)
    if not quick:
        by = "make bench"
        renew("benchmarks.md", "stream", by, [table(HEADINGS, lines), said, measured(by, machine)])


def _row(found: Measured) -> str:
    return f"{found.rows / found.seconds:,.0f} messages/s, {found.peak_mb:.0f} MB"


def _medians(found: list[Measured]) -> tuple[str, str]:
    rate = median(one.rows / one.seconds for one in found)
    return f"{rate:,.0f}", f"{median(one.peak_mb for one in found):.0f}"


@contextmanager
def _broker() -> Iterator[str]:
    """A broker that keeps all in memory, with its address."""
    port = free_port()
    servers = f"{LOOPBACK}:{port}"
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(broker_command(port), stdout=log, stderr=subprocess.STDOUT)  # noqa: S603 - ours
        try:
            while process.poll() is None and not answers(KafkaSettings(servers=servers)):
                time.sleep(0.1)
            yield servers
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    with interruptible():
        typer.run(bench)
