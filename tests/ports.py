"""Ports for servers of tests."""

import itertools
import os
import random
import socket

LOOPBACK = "127.0.0.1"
FIRST, OF_A_WORKER = 12_000, 1_000
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_numbers = itertools.cycle(random.sample(range(OF_A_WORKER), OF_A_WORKER))  # two runs at once begin at two places


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port that nobody uses now, and that nobody is given before its server has started.

    The system gives ports above 32,767 to whoever connects or listens anywhere; each worker takes from a range of its
    own below.
    """
    for number in itertools.islice(_numbers, OF_A_WORKER):
        port = FIRST + _worker * OF_A_WORKER + number
        if _can_be_bound(port, kind):
            return port
    raise AssertionError("all ports of this worker are in use")


def _can_be_bound(port: int, kind: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
