"""Child processes: each leads its own session, and its whole tree is stopped at the end, or at the next start."""

import json
import os
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from scoring.local.places import UMASK, Places, write_private

GRACE_SECONDS = 5.0
TAIL_LINES = 15


class Child:
    """A started process with its log file; ``ends`` if it is done at some time, and does not serve until the end."""

    def __init__(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, *, ends: bool
    ) -> None:
        self.name, self.log, self.ends = name, log, ends
        with log.open("ab") as stream:
            self.start = stream.tell()  # earlier starts wrote what comes before
            self.process = subprocess.Popen(  # noqa: S603 - our own commands
                list(command),
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                umask=UMASK,
                start_new_session=True,  # so Ctrl-C reaches only us, and we stop the children in order
            )

    @property
    def ended(self) -> int | None:
        """The exit status; None while the process runs."""
        return self.process.poll()

    def tail(self, lines: int = TAIL_LINES) -> str:
        """The last lines that it wrote since it was started."""
        with self.log.open("rb") as stream:
            stream.seek(self.start)
            return "\n".join(stream.read().decode(errors="replace").splitlines()[-lines:])


class Children:
    """All child processes of one ``run`` or ``up``."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._children: list[Child] = []
        self._known: list[tuple[int, float]] = []

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str], *, ends: bool = False) -> Child:
        """Start a process whose output goes to ``log/<name>.log``; ``ends`` as in :class:`Child`."""
        child = Child(name, command, environment, self._places.logs / f"{name}.log", ends=ends)
        self._children.append(child)
        with suppress(psutil.NoSuchProcess):
            self._known.append((child.process.pid, psutil.Process(child.process.pid).create_time()))
        write_private(self._places.processes, json.dumps(self._known))
        return child

    def ended(self) -> Child | None:
        """The first process that has ended with an error, or has ended though it should serve, if any."""
        fine = {True: (None, 0), False: (None,)}
        return next((child for child in self._children if child.ended not in fine[child.ends]), None)

    def stop(self) -> None:
        """Stop all processes with their descendants, last one first: SIGTERM, and SIGKILL to those that stay."""
        families = [_family(child.process.pid) for child in reversed(self._children)]
        for family in families:
            _signal(family[:1], signal.SIGTERM)  # the leader stops its own children
        psutil.wait_procs([process for family in families for process in family], timeout=GRACE_SECONDS)
        left = [process for child in self._children for process in _family(child.process.pid)]
        _signal(left, signal.SIGKILL)
        psutil.wait_procs(left, timeout=GRACE_SECONDS)
        for child in self._children:
            child.process.wait()
        self._places.processes.unlink(missing_ok=True)


@contextmanager
def children(places: Places) -> Iterator[Children]:
    """Run child processes, and stop all of them at the end, also after an error."""
    started = Children(places)
    try:
        yield started
    finally:
        started.stop()


def stop_left_behind(places: Places) -> int:
    """Stop the processes that a killed ``run`` or ``up`` left running; returns how many there were."""
    if not places.processes.exists():
        return 0
    left: list[psutil.Process] = []
    for pid, created in json.loads(places.processes.read_text()):
        family = _family(pid)
        if not family or family[0].pid != pid or family[0].create_time() == created:
            left += [process for process in family if process.create_time() >= created]
    _signal(left, signal.SIGKILL)
    psutil.wait_procs(left, timeout=GRACE_SECONDS)
    places.processes.unlink()
    return len(left)


def _family(leader: int) -> list[psutil.Process]:
    """The live processes of a leader's session, the leader first; it may itself be gone."""
    members = []
    for process in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
    return sorted(members, key=lambda process: process.pid != leader)


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
