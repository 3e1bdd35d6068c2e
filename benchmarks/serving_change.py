"""A trial, not a benchmark: 200 requests/s while versions are promoted and rolled back; none may fail.

``.venv/bin/python benchmarks/serving_change.py`` prints what came of it; docs/api.md holds the last result.
"""

import json
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

import http.client

import numpy as np
import typer
from serving import OURS, Case, Server, bodies_of, command, our_environment, our_server, prepared

from scoring.definitions.credit_cards import DELINQUENCY_RISK
from scoring.local.interrupts import interruptible

CLIENTS = 16


class Load:
    """Sends requests at set times, whether or not earlier ones have been answered, and counts what comes."""

    def __init__(self, server: Server, bodies: list[bytes], per_second: float) -> None:
        self._server, self._bodies, self._per_second = server, bodies, per_second
        self.statuses: Counter[str] = Counter()
        self.versions: Counter[int] = Counter()
        self.milliseconds: list[float] = []
        self._next, self._lock = 0, threading.Lock()

    def run(self, seconds: float) -> None:
        """Send for so long."""
        self._began, self._last = time.perf_counter(), int(seconds * self._per_second)
        threads = [threading.Thread(target=self._work) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=30)
        headers = {"Content-Type": "application/json"} | dict(self._server.headers)
        while True:
            with self._lock:
                number, self._next = self._next, self._next + 1
            if number >= self._last:
                return
            due = self._began + number / self._per_second
            time.sleep(max(0.0, due - time.perf_counter()))
            try:
                connection.request("POST", self._server.path, self._bodies[number % len(self._bodies)], headers)
                answer = connection.getresponse()
                content = json.loads(answer.read())
                self._count(str(answer.status), content, (time.perf_counter() - due) * 1000)
            except OSError as error:
                connection.close()
                self._count(type(error).__name__, {}, 0.0)

    def _count(self, status: str, content: dict, passed: float) -> None:
        with self._lock:
            self.statuses[status] += 1
            self.milliseconds.append(passed)
            for result in content.get("results", []):
                self.versions[result["result"]["model"]["version"]] += 1


def trial(
    per_second: Annotated[float, typer.Option(help="Requests per second.")] = 200,
    seconds: Annotated[float, typer.Option(help="How long.")] = 60,
    changes: Annotated[int, typer.Option(help="How often the version in charge changes meanwhile.")] = 6,
) -> None:
    """Change the version in charge again and again under load."""
    with tempfile.TemporaryDirectory(prefix="scoring-serving-change-") as scratch, ExitStack() as stack:
        environment = our_environment(Path(scratch), stack)
        prepared(environment, Path(scratch))
        for as_of in ("2005-06-30", "2005-07-31"):
            command(environment, "ingest", DELINQUENCY_RISK.data_set, "--as-of", as_of)
        command(environment, "train", DELINQUENCY_RISK.name, "--as-of", "2005-06-30")  # version 2, not in charge
        server = our_server(environment, Path(scratch), stack)
        bodies = bodies_of(Path(scratch), OURS, Case(1, 1, 2000)).read_bytes().splitlines()
        load = Load(server, bodies, per_second)
        sending = threading.Thread(target=load.run, args=(seconds,))
        sending.start()
        for number in range(changes):
            time.sleep(seconds / (changes + 2))
            version = str(2 - number % 2)
            command(environment, "model", "promote", DELINQUENCY_RISK.name, version, "--reason", "a trial under load")
        sending.join()
    percentiles = ", ".join(f"p{p} {np.percentile(load.milliseconds, p):.1f} ms" for p in (50, 95, 99, 100))
    print(f"{sum(load.statuses.values()):,} requests at {per_second:.0f}/s, {changes} changes: {percentiles}")
    print("answers by status:", dict(load.statuses))
    print("answers by model version:", dict(load.versions))


if __name__ == "__main__":
    with interruptible():
        typer.run(trial)
