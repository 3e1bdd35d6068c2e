"""Asks a server over connections that stay open, and says how long its answers took; it asks all servers alike."""

import http.client
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from measure import MEGABYTE

PERCENTILES = (50, 95, 99)


@dataclass
class Asked:
    """Latencies in milliseconds by percentile, and answers per second."""

    latency: dict[int, float]
    per_second: float


class Client:
    """One open connection that sends the same kind of request again and again."""

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        self._path, self._headers = path, {"Content-Type": "application/json"} | headers
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, body: bytes) -> float:
        """Send a request, read the whole answer; returns milliseconds.

        Raises
        ------
        RuntimeError
            If the answer is no 200.
        """
        began = time.perf_counter()
        self._connection.request("POST", self._path, body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read(16 * MEGABYTE)
        passed = (time.perf_counter() - began) * 1000
        if answer.status != http.client.OK:
            raise RuntimeError(f"{answer.status}: {content[:500].decode(errors='replace')}")
        return passed


def ask(port: int, path: str, headers: dict[str, str], bodies: Sequence[bytes], *, clients: int) -> Asked:
    """Send all bodies, ``clients`` at a time; each has a connection of its own that is open already."""
    latencies: list[list[float]] = [[] for _ in range(clients)]
    made = [Client(port, path, headers) for _ in range(clients)]
    for client in made:
        client.ask(bodies[0])

    def work(number: int) -> None:
        latencies[number] = [made[number].ask(body) for body in bodies[number::clients]]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed = time.perf_counter() - began
    every = np.concatenate([np.array(one) for one in latencies])
    if len(every) != len(bodies):
        raise RuntimeError(f"{len(bodies) - len(every)} of {len(bodies)} requests were not answered")
    return Asked({p: float(np.percentile(every, p)) for p in PERCENTILES}, len(bodies) / passed)


def main(task: dict) -> None:
    """Body of the process: the bodies stand in a file, one a line."""
    bodies = Path(task["bodies"]).read_bytes().splitlines()
    asked = ask(task["port"], task["path"], task["headers"], bodies, clients=task["clients"])
    print(json.dumps(asdict(asked)))


if __name__ == "__main__":
    import sys

    main(json.loads(sys.argv[1]))
