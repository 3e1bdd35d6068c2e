"""The benchmark of sending: events a second from the outbox to a fast receiver, beside a plain loop of ``requests``."""

import base64
import json
import secrets
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

import report
import typer
from installation import environment_of, installed
from measure import HERE, Measured, in_fresh_process
from sections import measured, renew, table

from scoring.database import connect, execute, migrate, transaction
from scoring.local.environment import LOOPBACK
from scoring.local.interrupts import interruptible

OURS, PLAIN = "ours", "plain loop"
HEADINGS = ("events in a request", "way", "events/s", "slowest-fastest", "requests/s", "CPU ms of a request", "peak MB")

LEAVE = "TRUNCATE scoring.attempt, scoring.delivery, scoring.outbox, scoring.event"
LIMITS = "UPDATE scoring.endpoint SET max_events = %s, max_bytes = 1000000"
PUBLISH = """
    WITH told AS (
        INSERT INTO scoring.event (score, customer_id, version, as_of, publication_id, model_version, value, points,
            band, previous_value, previous_points, previous_band)
        SELECT 'delinquency_risk', 'c' || lpad(n::text, 9, '0'), 1, '2005-07-31', 1, 3, random(), 500, 'C', random(),
            300, 'B'
        FROM generate_series(1, %s) n RETURNING event_id)
    INSERT INTO scoring.outbox (endpoint, event_id) SELECT 'crm_webhook', event_id FROM told"""

Key = tuple[int, str]


def bench(
    rounds: Annotated[int, typer.Option(help="How often each is measured, in turns.")] = 5,
    events: Annotated[int, typer.Option(help="Events that are told 100 at a time.")] = 100_000,
    single: Annotated[int, typer.Option(help="Events that are told one at a time.")] = 5_000,
    quick: Annotated[bool, typer.Option(help="Writes nothing.")] = False,
) -> None:
    """Tell a receiver what waits by both ways in turns; unless it is quick, renew a part of docs/benchmarks.md."""
    machine, results = report.machine(), dict[Key, list[Measured]]()
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    with installed("scoring.definitions") as settings:
        migrate(settings.database())
        environment = environment_of(settings) | {"NOTIFY_SECRET": secret}
        with _receiver(environment) as url:
            for number in range(rounds):
                for most, count in ((100, events), (1, single)):
                    for way in (OURS, PLAIN):
                        _wait(settings.database(), most, count)
                        found = _told(environment, way, url, most)
                        results.setdefault((most, way), []).append(found)
                        print(f"round {number + 1}", *_row((most, way), [found]), sep=" | ", flush=True)
    lines = [_row(key, found) for key, found in results.items()]
    said = [_ratio(results, most) for most in (100, 1)]
    print(*(" | ".join(line) for line in (HEADINGS, *lines)), *said, sep="\n")
    if not quick:
        by = "make bench"
        renew("benchmarks.md", "notify", by, [table(HEADINGS, lines), "\n".join(said), measured(by, machine)])


def _wait(database: str, most: int, count: int) -> None:
    """So many events wait, as just after a publication."""
    with transaction(database) as connection:
        execute(connection, LEAVE)
        execute(connection, LIMITS, (most,))
        execute(connection, PUBLISH, (count,))
    with connect(database) as connection:
        connection.autocommit = True
        execute(connection, "CHECKPOINT")


def _told(environment: Mapping[str, str], way: str, url: str, most: int) -> Measured:
    """Measure one way.

    Raises
    ------
    RuntimeError
        If the receiver did not get every event once, each with a good signature.
    """
    before = _counts(url)
    found = in_fresh_process("notify_steps.py", environment, way=way, url=url, most=most)
    got = {name: count - before[name] for name, count in _counts(url).items()}
    if got != {"requests": found.changed, "events": found.rows, "refused": 0} or found.changed != -(
        -found.rows // most
    ):
        raise RuntimeError(f"{way} sent {found.rows} events in {found.changed} requests; the receiver got {got}")
    return found


def _row(key: Key, found: list[Measured]) -> tuple[str, ...]:
    rates = sorted(one.rows / one.seconds for one in found)
    requests = median((one.changed or 0) / one.seconds for one in found)
    busy = median(1000 * one.cpu_seconds / (one.changed or 1) for one in found)
    peak = max(one.peak_mb for one in found)
    spread = f"{rates[0]:,.0f}-{rates[-1]:,.0f}"
    return str(key[0]), key[1], f"{median(rates):,.0f}", spread, f"{requests:,.0f}", f"{busy:.2f}", f"{peak:.0f}"


def _ratio(results: Mapping[Key, list[Measured]], most: int) -> str:
    pairs = zip(results[most, OURS], results[most, PLAIN], strict=True)
    ratios = [plain.seconds / ours.seconds for ours, plain in pairs if ours.rows == plain.rows]
    rounds = ", ".join(f"{one:.2f}" for one in ratios)
    return f"- {most} events a request: ours is {median(ratios):.2f} times as fast as the plain loop (rounds {rounds})."


@contextmanager
def _receiver(environment: Mapping[str, str]) -> Iterator[str]:
    """The receiver in a process of its own, with its address."""
    command = [sys.executable, str(HERE / "notify_receiver.py")]
    with subprocess.Popen(command, env=dict(environment), stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        try:
            port = int(process.stdout.readline()) if process.stdout else 0
            yield f"http://{LOOPBACK}:{port}/"
        finally:
            process.kill()


def _counts(url: str) -> dict[str, int]:
    with urllib.request.urlopen(url, timeout=15) as answered:  # noqa: S310 - our own receiver
        counts: dict[str, int] = json.load(answered)
    return counts


if __name__ == "__main__":
    with interruptible():
        typer.run(bench)
