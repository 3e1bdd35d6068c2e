"""Every service of ours in docker-compose.yaml started as it stands there, without containers, and asked how it is."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from typing import Any

import pandas as pd
import psycopg2
import pytest
import requests
from factories_kafka import produce
from ports import free_port
from waiting import PATIENCE, until

from deploy.trials.celery_workers import variables
from deploy.trials.native import LOOPBACK, PROJECT, Native
from scoring.definitions.credit_cards import CREDIT_CARDS
from scoring.local import streamed
from scoring.settings import KafkaSettings

ADMIN = "admin"
AIRFLOW = ("airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer", "airflow-worker")
COMMANDS = {"api": "api", "exporter": "exporter", "stream": "stream"}  # services that are a command of `scoring`
DATABASES = ("scoring", "airflow", "mlflow")
TYPES = {"text": "str", "category": "str", "integer": "int64"}
SAMPLE = PROJECT / "sample_data" / "credit_cards" / "credit_cards_2005-06-30.csv.gz"


@cache
def lacking() -> set[str]:
    """Services whose command this version of the code does not have."""
    ask = [sys.executable, "-m", "scoring", "--help"]
    done = subprocess.run(ask, cwd=PROJECT, capture_output=True, text=True, check=True)
    return {name for name, command in COMMANDS.items() if not re.search(rf"^\W*{command}\s", done.stdout, re.MULTILINE)}


@pytest.fixture(scope="module")
def env() -> dict[str, str]:
    return variables() | {"CRM_URL": "http://127.0.0.1:8090/webhook", "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory, env: dict[str, str]) -> Iterator[Native]:
    """All of them, in the order that the file asks for."""
    with Native(tmp_path_factory.mktemp("native"), env, new_port=free_port) as started:
        started.start_postgres()
        started.start_redis()
        started.start_s3()
        started.start_kafka()
        started.start("mlflow")
        started.run("airflow-init")
        for service in own(started):
            if service not in ("mlflow", "airflow-init"):
                started.start(service)
        yield started


def own(native: Native) -> list[str]:
    left_out = lacking()
    return [
        name
        for name, service in native.services.items()
        if service["image"].startswith("scoring:") and name not in left_out
    ]


def get(url: str, **options: Any) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=PATIENCE, allow_redirects=False, **options)


@pytest.mark.timeout(1200)
def test_every_own_service_starts_as_the_file_says_and_lets_nobody_in_without_a_login(
    native: Native, env: dict[str, str]
) -> None:
    for service in own(native):
        if service != "airflow-init":
            native.wait(service, lambda service=service: native.healthy(service), 300)
    assert set(own(native)) >= {*AIRFLOW, "mlflow", "crm"}
    check_that_health_checks_see_what_is_wrong(native)
    check_airflow(native, env)
    for service in AIRFLOW:
        native.stop_one(service)  # a dozen processes that other tests would wait for
    check_mlflow(native, env)
    check_that_each_role_reaches_its_own_database_only(native, env)
    check_that_updates_are_scored(native)
    if "api" in own(native):
        assert get(f"{native.address(8000)}/v1/scores").status_code == 401
        assert get(f"{native.address(8000)}/metrics").status_code == 401
    if "exporter" in own(native):
        assert get(f"{native.address(9108)}/metrics").status_code == 401
    assert get(f"{native.address(8090)}/state").status_code == 401


def check_that_health_checks_see_what_is_wrong(native: Native) -> None:
    health = [sys.executable, str(PROJECT / "deploy" / "health.py")]
    environment = native.environment("airflow-scheduler")
    nobody = f"http://{LOOPBACK}:{free_port()}"
    for wrong in (["job", "NoSuchJob"], ["http", f"{native.address(8080)}/api/v2/dags"], ["http", nobody]):
        done = subprocess.run([*health, *wrong], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 1, (wrong, done.stdout)
    assert not native.healthy("airflow-worker", CELERY_NODE="celery@nobody")
    beat = native.home / "data" / "stream-credit_cards.beat"
    assert beat.exists()
    hung = native.home / "hung.beat"
    hung.touch()
    os.utime(hung, (0, 0))
    for file in (hung, native.home / "never.beat"):
        done = subprocess.run([*health, "beat", str(file)], capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stdout


def check_airflow(native: Native, env: dict[str, str]) -> None:
    """Flask AppBuilder's login stands before everything, the page of a plugin, too."""
    url = native.address(8080)
    closed = ["/api/v2/dags", "/api/v2/variables", "/api/v2/connections", "/scoring/", "/scoring/api/overview"]
    for path in closed:
        assert get(f"{url}{path}").status_code == 401, path
        assert get(f"{url}{path}", headers={"Authorization": "Bearer made.up.token"}).status_code in (401, 403), path
    login = get(f"{url}/auth/login/")
    assert login.status_code in (200, 302, 307)
    wrong = requests.post(f"{url}/auth/token", json={"username": ADMIN, "password": ADMIN}, timeout=PATIENCE)
    assert wrong.status_code == 401
    right = requests.post(
        f"{url}/auth/token", json={"username": ADMIN, "password": env["AIRFLOW_ADMIN_PASSWORD"]}, timeout=PATIENCE
    )
    assert right.status_code == 201
    bearer = {"Authorization": f"Bearer {right.json()['access_token']}"}
    for path in ("/api/v2/dags", "/scoring/", "/scoring/api/overview"):
        assert get(f"{url}{path}", headers=bearer).status_code == 200, path
    parts = ("metadatabase", "scheduler", "dag_processor", "triggerer")

    def all_well() -> bool:
        health = get(f"{url}/api/v2/monitor/health").json()
        return all(health[part]["status"] == "healthy" for part in parts)

    until(all_well)
    pools = get(f"{url}/api/v2/pools", headers=bearer).json()["pools"]
    assert {pool["name"]: pool["slots"] for pool in pools}["notify"] == 2


def check_that_updates_are_scored(native: Native) -> None:
    """The worker has waited for a model and for its topic."""
    assert "paused: No streamed score of credit_cards has a model" in native.output("stream")
    shutil.copytree(PROJECT / "sample_data", native.home / "data" / "inbox", dirs_exist_ok=True)
    native.run_command("airflow-worker", [sys.executable, "-m", "scoring.local.champions"])
    kafka = KafkaSettings(servers=f"{LOOPBACK}:{native.ports[9092]}")
    types = {one.name: TYPES.get(one.type, "float64") for one in CREDIT_CARDS.columns}
    (record,) = pd.read_csv(SAMPLE, dtype=types, nrows=1).to_dict("records")
    with closing(psycopg2.connect(native.environment("stream")["SCORING_DATABASE_URL"])) as connection:
        streamed.make_topics(kafka, connection, [CREDIT_CARDS])
        produce(kafka.servers, CREDIT_CARDS.stream.topic, [(record[CREDIT_CARDS.key], json.dumps(record).encode())])

        def recorded() -> int:
            with connection, connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM scoring.streamed_score")
                (count,) = cursor.fetchone()
            return int(count)

        native.wait("stream", lambda: recorded() == 2)
    assert native.healthy("stream")


def check_mlflow(native: Native, env: dict[str, str]) -> None:
    url = f"{native.address(5000)}/api/2.0/mlflow/experiments/search?max_results=1"
    assert get(url).status_code == 401
    assert get(url, auth=("scoring", "password")).status_code == 401
    assert get(url, auth=("scoring", env["MLFLOW_PASSWORD"])).status_code == 200
    assert get(url, auth=("scoring", env["MLFLOW_PASSWORD"]), headers={"Host": "evil.example"}).status_code == 403


def check_that_each_role_reaches_its_own_database_only(native: Native, env: dict[str, str]) -> None:
    where = {"host": LOOPBACK, "port": native.ports[5432]}
    for role in DATABASES:
        password = env[f"{role.upper()}_DB_PASSWORD"]
        for database in DATABASES:
            if role == database:
                psycopg2.connect(user=role, password=password, dbname=database, **where).close()
            else:
                with pytest.raises(psycopg2.OperationalError, match="permission denied"):
                    psycopg2.connect(user=role, password=password, dbname=database, **where)
        with pytest.raises(psycopg2.OperationalError, match="password"):
            psycopg2.connect(user=role, password="", dbname=role, **where)
