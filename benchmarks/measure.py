"""How everything here is measured: each time in a fresh process, without its imports, with its own peak memory."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MEGABYTE = 1024 * 1024


@dataclass
class Measured:
    """One measurement. ``peak_mb``: the largest resident memory of a scoring process; ``changed``: changes found.

    ``cpu_seconds`` are those of the process itself: they say something on a busy machine, too.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0
    rows: int = 0
    changed: int | None = None
    phases: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time a part of the work; the whole is the sum of its parts."""
        began, busy = time.perf_counter(), time.process_time()
        yield
        passed = time.perf_counter() - began
        self.cpu_seconds += time.process_time() - busy
        self.phases[name] = self.phases.get(name, 0.0) + passed
        self.seconds += passed


def peak_mb() -> float:
    """Largest resident memory of this process so far, in MB (2**20 bytes)."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would also count what the parent had in memory when it started us
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEGABYTE


def answer(way: Callable[..., Measured]) -> None:
    """Body of a measuring script: run ``way`` with the arguments of the command line, print what was measured."""
    measured = way(**json.loads(sys.argv[1]))
    measured.peak_mb = max(measured.peak_mb, peak_mb())
    print(json.dumps(asdict(measured)))


def in_fresh_process(script: str, environment: Mapping[str, str], **arguments: Any) -> Measured:
    """Run a measuring script of this directory and read its answer."""
    done = subprocess.run(  # noqa: S603 - our own scripts
        [sys.executable, str(HERE / script), json.dumps(arguments)],
        env=dict(environment),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Measured(**json.loads(done.stdout.splitlines()[-1]))
