"""The tests of streams under faults, at full size: 20 kills, 50 rounds of batches, a broker or database that is away.

Usage: .venv/bin/python benchmarks/stream_faults.py [messages kills rounds seconds]. The usual size, 100,000 messages
and outages of 60 seconds, takes a quarter of an hour on an idle machine; docs/benchmarks.md holds a result. Without
``seconds`` there are no outages; without messages (0) there are only outages.
"""

import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
OUTAGE_MESSAGES = 30_000  # of each outage


def main() -> int:
    """Run the tests; returns pytest's code."""
    given = sys.argv[1:] or ["100000", "20", "50", "60"]
    messages, kills, rounds, seconds = *given[:3], *(given[3:] or ["0"])
    names = ["test_kills.py", "test_batches.py"] if int(messages) else []
    names += ["test_outages.py"] if int(seconds) else []
    asked = {
        "STREAM_FAULTS": f"{messages} {kills}",
        "STREAM_ROUNDS": rounds,
        "STREAM_OUTAGE": f"{seconds} {OUTAGE_MESSAGES}",
        "PYTHONPATH": str(PROJECT),
    }
    tests = [f"tests/streaming/{name}" for name in names]
    command = [sys.executable, "-m", "pytest", "-q", "--timeout", "3600", "--durations", "6", *tests]
    return subprocess.run(command, cwd=PROJECT, env=os.environ | asked, check=False).returncode  # noqa: S603 - our own


if __name__ == "__main__":
    sys.exit(main())
