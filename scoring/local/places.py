"""Where the local platform keeps its things: everything is under one directory, so that removing it starts anew."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

UMASK = 0o077


@dataclass(frozen=True)
class Places:
    """Paths under ``home`` (``var/`` by default)."""

    home: Path

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data directory."""
        return self.home / "postgres"

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME: its configuration file; nothing of it is kept elsewhere."""
        return self.home / "airflow"

    @property
    def logs(self) -> Path:
        """What the processes write, one file each."""
        return self.home / "log"

    @property
    def task_logs(self) -> Path:
        """Airflow's logs by DAG, run and task."""
        return self.logs / "tasks"

    @property
    def keys(self) -> Path:
        """The secrets made on the first run (0600)."""
        return self.home / "keys.json"

    @property
    def passwords(self) -> Path:
        """The passwords file of Airflow's simple auth manager (0600)."""
        return self.airflow / "passwords.json"

    @property
    def receiver(self) -> Path:
        """What the CRM stand-in has been told."""
        return self.home / "receiver.sqlite3"

    @property
    def lock(self) -> Path:
        """Held by the one ``run`` or ``up`` that uses these places."""
        return self.home / "lock"

    @property
    def processes(self) -> Path:
        """Which processes were started; tells what a killed ``run`` or ``up`` left behind."""
        return self.home / "processes.json"

    def make(self) -> None:
        """Make the directories that others expect to exist, and close what an earlier version left open to others."""
        for directory in (self.home, self.airflow, self.logs, self.task_logs):
            directory.mkdir(parents=True, exist_ok=True)
        for path in (self.airflow, self.logs, *self.home.iterdir()):
            if path != self.postgres:  # PostgreSQL sees to its own
                make_private(path)
        foreign = self.postgres.exists() and self.postgres.stat().st_uid != os.getuid()
        self.home.chmod(0o711 if foreign else 0o700)  # PostgreSQL's own system user must get through


@contextmanager
def private_files() -> Iterator[None]:
    """Let nobody but us read what this process makes, whatever the person's umask."""
    before = os.umask(UMASK)
    try:
        yield
    finally:
        os.umask(before)


def make_private(path: Path) -> None:
    """Take a file, or a directory with all that is in it, from other users; symbolic links are not followed."""
    if path.is_symlink() or not path.exists():
        return
    if path.is_dir():
        for child in path.iterdir():
            make_private(child)
    with suppress(FileNotFoundError, PermissionError):  # removed meanwhile, or another user's
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~UMASK)


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(content)
    draft.replace(path)
