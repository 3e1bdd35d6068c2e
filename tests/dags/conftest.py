"""Airflow for the DAG tests: always in a process of its own, with its metadata on the session's PostgreSQL."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from forks import Forks

from scoring.settings import PROJECT, Settings

HERE = Path(__file__).parent

Environment = dict[str, str]


@pytest.fixture(scope="session")
def airflow(server: str, forks: Forks) -> Environment:
    """Environment of an Airflow whose metadata database is ready."""
    connection = psycopg2.connect(server)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE airflow")
    connection.close()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "SCORING_"))}
    environment = inherited | {
        "AIRFLOW_HOME": str(forks.home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": server.replace("postgresql://", "postgresql+psycopg2://").replace(
            "/postgres?", "/airflow?"
        ),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": "",
        "PYTHONPATH": os.pathsep.join(str(PROJECT / part) for part in ("", "plugins", "tests")),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "GX_ANALYTICS_ENABLED": "false",
    }
    _run(forks, ["-m", "airflow", "db", "migrate"], environment)
    return environment


@pytest.fixture(scope="session")
def report(airflow: Environment, forks: Forks) -> dict[str, Any]:
    """What Airflow reads from the project's DAG files; see inspect_dags.py."""
    return json.loads(_run(forks, [str(HERE / "inspect_dags.py")], airflow))


@pytest.fixture(scope="session")
def shop_report(airflow: Environment, forks: Forks) -> dict[str, Any]:
    """The same with the shop, which has no schedule."""
    return json.loads(
        _run(forks, [str(HERE / "inspect_dags.py")], airflow | {"SCORING_DEFINITIONS": "shop_definitions"})
    )


@pytest.fixture
def run_dags(airflow: Environment, forks: Forks, shop: Settings) -> Callable[..., list[dict[str, Any]]]:
    """Run DAGs of the shop by ``dag.test()``, with settings that come as in production; see run_dags.py."""
    environment = airflow | {
        "SCORING_HOME": str(shop.home),
        "SCORING_INBOX": shop.inbox,
        "SCORING_EXPECTATIONS_DIR": str(shop.expectations_dir),
        "SCORING_MLFLOW_TRACKING_URI": shop.mlflow_tracking_uri.get_secret_value(),
        "SCORING_DEFINITIONS": shop.definitions,
        "SCORING_ROW_GROUP_ROWS": str(shop.row_group_rows),
        "SCORING_SHARD_ROWS": str(shop.shard_rows),
        "AIRFLOW_CONN_SCORING_DB": shop.database(),
    }

    def run(*runs: tuple[str, dict[str, Any]], **variables: str) -> list[dict[str, Any]]:
        return json.loads(_run(forks, [str(HERE / "run_dags.py"), json.dumps(runs)], environment | variables))

    return run


def _run(forks: Forks, arguments: list[str], environment: Environment) -> str:
    """Run Python; returns the last line that it printed, for Airflow prints others before."""
    done = forks.run(arguments, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return (done.stdout.strip().splitlines() or [""])[-1]
