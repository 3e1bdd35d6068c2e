"""Tasks take the database, the sources and the CRM from Airflow's connections, else from the environment."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from forks import Forks

SCRIPT = """
import json
from scoring_airflow.connections import channel_settings, crm_settings, task_settings
settings, crm, people = task_settings(), crm_settings(), channel_settings()
assert not any("hidden" in show(kept) for show in (repr, str) for kept in (settings, crm, people))
print("\\n" + json.dumps({
    "database_url": settings.database_url.get_secret_value(),
    "channels": {name: [url.get_secret_value() for url in urls] for name, urls in people.channels.items()},
    "crm_url": crm.url,
    "crm_secret": crm.secret.get_secret_value(),
    "source_urls": {name: url.get_secret_value() for name, url in settings.source_urls.items()},
}))
"""

SOURCE = """
from scoring.domain.dataset import Column, DataSet, PostgresSource
PEOPLE = DataSet(name="people", title="People", key="id", columns=(Column(name="id", type="text"),),
                 source=PostgresSource(connection="warehouse", query="SELECT id FROM people"))
"""

OUTCOMES = """
from scoring.domain.dataset import Column, CsvSource, DataSet, PostgresSource
from scoring.domain.score import ChangeRule, Score, Target
PEOPLE = DataSet(name="people", title="People", key="id", source=CsvSource(path="people.csv"),
                 columns=(Column(name="id", type="text"), Column(name="age", type="integer")))
ASKED = PostgresSource(connection="crm", query="SELECT id, spent FROM spent WHERE day = %(as_of)s")
SPEND = Score(name="spend", title="Spend", data_set="people", kind="regression", features=("age",), estimator=object,
              target=Target(column="spent", source=ASKED), change=ChangeRule(absolute=1))
"""


@pytest.fixture
def seen(airflow: dict[str, str], forks: Forks) -> Callable[..., dict[str, Any]]:
    """The settings that a task sees with these variables."""

    def see(**variables: str) -> dict[str, Any]:
        done = forks.run(["-W", "ignore", "-c", SCRIPT], airflow | variables)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return see


def test_connections_win_over_the_environment_and_keep_every_character(
    seen: Callable[..., dict[str, Any]], airflow: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "people_definitions.py").write_text(SOURCE)
    found = seen(
        PYTHONPATH=f"{tmp_path}:{airflow['PYTHONPATH']}",
        SCORING_DEFINITIONS="people_definitions",
        SCORING_DATABASE_URL="postgresql://elsewhere/db",
        SCORING_CRM_URL="https://elsewhere.example",
        SCORING_CHANNELS='{"risk": ["elsewhere"]}',
        AIRFLOW_CONN_ALERT_CHANNELS=json.dumps(
            {"conn_type": "generic", "password": '{"risk": ["mailto://u:hidden@mail.example"]}'}
        ),
        AIRFLOW_CONN_SCORING_DB=json.dumps(
            {
                "conn_type": "postgres", "login": "a user", "password": "hidden/@:%", "host": "db.example",
                "port": 5433, "schema": "scoring", "extra": {"sslmode": "verify-full"},
            }
        ),
        AIRFLOW_CONN_CRM_WEBHOOK=json.dumps(
            {"conn_type": "http", "host": "https://crm.example/hooks?a=1", "password": "whsec_hidden"}
        ),
        AIRFLOW_CONN_WAREHOUSE=json.dumps(
            {"conn_type": "postgres", "login": "reader", "host": "/run/sockets", "schema": "dwh"}
        ),
    )  # fmt: skip
    assert found == {
        "database_url": "postgresql://a%20user:hidden%2F%40%3A%25@db.example:5433/scoring?sslmode=verify-full",
        "channels": {"risk": ["mailto://u:hidden@mail.example"]},
        "crm_url": "https://crm.example/hooks?a=1",
        "crm_secret": "whsec_hidden",
        "source_urls": {"warehouse": "postgresql://reader@/dwh?host=%2Frun%2Fsockets"},
    }


def test_a_source_of_outcomes_has_a_connection_too(
    seen: Callable[..., dict[str, Any]], airflow: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "outcome_definitions.py").write_text(OUTCOMES)
    found = seen(
        PYTHONPATH=f"{tmp_path}:{airflow['PYTHONPATH']}",
        SCORING_DEFINITIONS="outcome_definitions",
        AIRFLOW_CONN_CRM=json.dumps({"conn_type": "postgres", "host": "crm.example", "schema": "crm"}),
    )
    assert found["source_urls"] == {"crm": "postgresql://crm.example/crm"}


def test_a_query_of_another_database_has_a_connection_of_any_type(
    seen: Callable[..., dict[str, Any]], airflow: dict[str, str], tmp_path: Path
) -> None:
    source = SOURCE.replace("PostgresSource", "SqlSource")
    (tmp_path / "sql_definitions.py").write_text(source)
    for connection, url in (
        (
            {"conn_type": "mysql", "login": "a user", "password": "hidden/@:%", "host": "db.example", "port": 3307,
             "schema": "dwh", "extra": {"charset": "utf8mb4"}},
            "mysql+pymysql://a user:hidden%2F%40%3A%25@db.example:3307/dwh?charset=utf8mb4",
        ),
        ({"conn_type": "sqlite", "schema": "/data/x.db"}, "sqlite:////data/x.db"),
        ({"conn_type": "generic", "host": "h", "extra": {"dialect": "duckdb"}}, "duckdb://h"),
        ({"conn_type": "mysql", "host": "h", "extra": {"driver": "mysqldb"}}, "mysql+mysqldb://h"),
        ({"conn_type": "postgres", "host": "h", "schema": "d"}, "postgresql://h/d"),
    ):  # fmt: skip
        found = seen(
            PYTHONPATH=f"{tmp_path}:{airflow['PYTHONPATH']}",
            SCORING_DEFINITIONS="sql_definitions",
            AIRFLOW_CONN_WAREHOUSE=json.dumps(connection),
        )
        assert found["source_urls"] == {"warehouse": url}


def test_without_connections_the_environment_counts(seen: Callable[..., dict[str, Any]]) -> None:
    found = seen(
        SCORING_DATABASE_URL="postgresql://environment/db",
        SCORING_CRM_URL="https://crm.example",
        SCORING_CHANNELS='{"default": ["file"]}',
    )
    assert found["channels"] == {"default": ["file"]}
    assert found["database_url"] == "postgresql://environment/db"
    assert found["crm_url"] == "https://crm.example"


KAFKA = """
import json
from scoring_airflow.connections import kafka_settings
found = kafka_settings("stream")
assert not any("hidden" in show(found) for show in (repr, str))
print("\\n" + json.dumps(found.client()))
"""


def test_the_brokers_of_an_endpoint_are_in_a_connection_of_its_name_or_in_the_environment(
    airflow: dict[str, str], forks: Forks
) -> None:
    here = {"SCORING_KAFKA_SERVERS": "a:1", "SCORING_KAFKA_OPTIONS": '{"sasl.password": "hidden"}'}
    extras = {"bootstrap.servers": "b:1,c:1", "sasl.username": "ours", "socket.keepalive.enable": "true"}
    named = {"conn_type": "kafka", "password": "hidden too", "extra": extras}
    seen = []
    for further in ({}, {"AIRFLOW_CONN_STREAM": json.dumps(named)}):
        done = forks.run(["-W", "ignore", "-c", KAFKA], airflow | here | further)
        assert done.returncode == 0, done.stderr
        seen.append(json.loads(done.stdout.splitlines()[-1]))
    assert seen == [
        {"bootstrap.servers": "a:1", "sasl.password": "hidden"},
        extras | {"sasl.password": "hidden too"},
    ]


def test_an_http_connection_may_give_its_parts(seen: Callable[..., dict[str, Any]]) -> None:
    parts = {"conn_type": "http", "schema": "http", "host": "localhost", "port": 8090, "extra": {"path": "/webhook"}}
    assert seen(AIRFLOW_CONN_CRM_WEBHOOK=json.dumps(parts))["crm_url"] == "http://localhost:8090/webhook"
