"""A new installation for a benchmark or a simulation: PostgreSQL, a lake and MLflow in a directory of its own."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import HERE
from pydantic import SecretStr

from scoring.local.environment import LOOPBACK, base_environment, scoring_variables
from scoring.local.places import Places
from scoring.local.postgres import Server, running_postgres
from scoring.settings import PROJECT, Settings


@contextmanager
def installed(definitions: str) -> Iterator[Settings]:
    """The settings of one whose PostgreSQL runs; all of it is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="scoring-bench-") as scratch:
        places = Places(Path(scratch))
        places.make()
        with running_postgres(places) as server:
            yield settings_of(places.home, server, definitions)


def settings_of(home: Path, server: Server, definitions: str, database: str = "scoring") -> Settings:
    """Settings for a database of a server; lake and artifacts are under ``home``."""
    return Settings(
        home=home,
        database_url=SecretStr(server.url(database)),
        mlflow_tracking_uri=SecretStr(server.sqlalchemy_url("mlflow")),
        mlflow_artifacts=str(home / "mlflow"),
        definitions=definitions,
    )


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment of a measured process."""
    path = os.pathsep.join([str(HERE), str(PROJECT)])
    return base_environment() | scoring_variables(settings) | {"PYTHONPATH": path}


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
