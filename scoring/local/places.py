"""The files of the local platform, all under one directory: removing it resets the platform."""

import fcntl
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
        """AIRFLOW_HOME: Airflow's configuration and passwords; its logs and its database are elsewhere."""
        return self.home / "airflow"

    @property
    def logs(self) -> Path:
        """The output of the processes, one file each."""
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
    def mlflow_login(self) -> Path:
        """How MLflow's own UI asks for the password."""
        return self.home / "mlflow_login.ini"

    @property
    def mlflow_users(self) -> Path:
        """MLflow's database of users."""
        return self.home / "mlflow_users.sqlite3"

    @property
    def receiver(self) -> Path:
        """The CRM stand-in's database."""
        return self.home / "receiver.sqlite3"

    @property
    def lock(self) -> Path:
        """The lock file of the one ``run`` or ``up``, or command, that uses these places."""
        return self.home / "lock"

    @property
    def guests(self) -> Path:
        """The lock file shared by the commands that use a PostgreSQL which another command has started."""
        return self.home / "guests"

    @property
    def processes(self) -> Path:
        """The list of started processes, to find those that a killed ``run`` or ``up`` left behind."""
        return self.home / "processes.json"

    def make(self) -> None:
        """Create the directories, and take away from other users what an earlier version let them read."""
        for directory in (self.home, self.airflow, self.logs, self.task_logs):
            directory.mkdir(parents=True, exist_ok=True)
        for path in (self.airflow, self.logs, *self.home.iterdir()):
            if path != self.postgres:  # PostgreSQL sets its own modes
                make_private(path)
        with self.modes_are_mine():
            foreign = self.postgres.exists() and self.postgres.stat().st_uid != os.getuid()
            self.home.chmod(0o711 if foreign else 0o700)  # PostgreSQL's own system user must get through

    @contextmanager
    def modes_are_mine(self) -> Iterator[None]:
        """Let no other command change the modes of these directories meanwhile: PostgreSQL's start opens them."""
        path = self.home / "modes"
        path.touch(mode=0o600)
        with path.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


@contextmanager
def private_files() -> Iterator[None]:
    """Let only the owner read the files that this process creates, whatever the person's umask."""
    before = os.umask(UMASK)
    try:
        yield
    finally:
        os.umask(before)


def make_private(path: Path) -> None:
    """Make a file, or a directory with its content, private to its owner; does not follow symbolic links."""
    if path.is_symlink() or not path.exists():
        return
    if path.is_dir():
        for child in path.iterdir():
            make_private(child)
    with suppress(FileNotFoundError, PermissionError):  # removed meanwhile, or another user's
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~UMASK)


def write_private(path: Path, content: str) -> None:
    """Write a file atomically that only its owner can read."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(content)
    draft.replace(path)
