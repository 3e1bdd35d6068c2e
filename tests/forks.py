"""Processes that are forked from one whose libraries are imported: as if Python were started, but at once.

They get arguments, environment, directory and streams of their own and are killed as any other process. What they
cannot show is that nothing too much is imported, and how long a start takes: tests of those start Python.
"""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from scoring.settings import PROJECT

HERE = Path(__file__).parent


class Forked:
    """A process that was forked; the part of :class:`subprocess.Popen` that tests need."""

    def __init__(self, connection: socket.socket) -> None:
        self._said = connection.makefile("r")
        connection.close()  # what is said is still read
        said = self._said.readline()
        if not said:
            self._said.close()
            raise RuntimeError("The server of forks has ended; its log says why.")
        self.pid = int(said)
        self.returncode: int | None = None
        self._ended = threading.Thread(target=self._wait, daemon=True)
        self._ended.start()

    def _wait(self) -> None:
        self.returncode = int(self._said.readline() or -signal.SIGKILL)
        self._said.close()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        self._ended.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(f"fork {self.pid}", timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Forks:
    """One server of forks, for all workers that share a folder; whoever comes first starts it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.home = folder
        self._address = str(folder / "socket")
        self._users = (folder / "users").open("wb")
        fcntl.flock(self._users, fcntl.LOCK_SH)
        with (folder / "starting").open("wb") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            if not self._is_up():
                self._start()

    def close(self) -> None:
        """Need no forks any more; without users the server ends."""
        self._users.close()

    def _is_up(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            return connection.connect_ex(self._address) == 0

    def _start(self) -> None:
        Path(self._address).unlink(missing_ok=True)
        with (self.home / "log").open("wb") as log, socket.socket(socket.AF_UNIX) as listening:
            listening.bind(self._address)
            listening.listen(64)  # whoever comes while the libraries are imported waits
            subprocess.run(
                [sys.executable, str(HERE / "fork_server.py"), str(listening.fileno()), self._users.name],
                env={name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "SCORING_"))}
                | {
                    "AIRFLOW_HOME": str(self.home),
                    "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
                    "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
                    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://nowhere/none",
                    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": "",
                    "PYTHONPATH": os.pathsep.join(str(PROJECT / part) for part in ("", "plugins", "tests")),
                    "MLFLOW_DISABLE_TELEMETRY": "true",
                    "GX_ANALYTICS_ENABLED": "false",
                },
                cwd=PROJECT,
                pass_fds=[listening.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=True,
                start_new_session=True,  # Ctrl-C ends the tests, and that ends the server
            )

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        directory: Path = PROJECT,
        given: str = "",
        stdout: IO[bytes] | None = None,
        stderr: IO[bytes] | None = None,
    ) -> Forked:
        """Do in a new process what ``python ARGUMENTS`` does, with ``given`` on standard input."""
        asked = {"arguments": list(arguments), "environment": dict(environment), "directory": str(directory)}
        content = json.dumps(asked).encode()
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._address)
        with tempfile.TemporaryFile() as stdin:
            stdin.write(given.encode())
            stdin.seek(0)
            streams = [stdin.fileno(), stdout.fileno() if stdout else 1, stderr.fileno() if stderr else 2]
            socket.send_fds(connection, [len(content).to_bytes(8, "big")], streams)
            connection.sendall(content)
            return Forked(connection)

    def run(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        timeout: float = 300,
        directory: Path = PROJECT,
    ) -> subprocess.CompletedProcess[str]:
        """Do it and wait for the end; what is said is in the result."""
        with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            process = self.start(arguments, environment, directory=directory, stdout=stdout, stderr=stderr)
            try:
                code = process.wait(timeout)
            finally:
                process.kill()
            said = []
            for stream in (stdout, stderr):
                stream.seek(0)
                said.append(stream.read().decode())
        return subprocess.CompletedProcess(list(arguments), code, *said)
