"""One publication by two Celery workers, one of which is killed in the middle; compared with LocalExecutor.

    PYTHONPATH=. .venv/bin/python deploy/trials/celery_workers.py [FOLDER]

Starts docker-compose.yaml's services natively (native.py), scores a month of the sample in 12 shards three times: under
LocalExecutor, on two workers, and on two workers of which one gets SIGKILL with all its processes while it scores. The
checksums must agree. Takes about eight minutes on two cores; docs/production.md has the figures.
"""

import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import requests

from deploy.new_env import EXAMPLE, filled
from deploy.trials.native import LOOPBACK, POLL_SECONDS, PROJECT, Native

SCORE, AS_OF = "delinquency_risk", "2005-06-30"
DAG = f"score_{SCORE}"
ROWS = "2500"  # of a shard; 12 of them
LIMIT_SECONDS = 900.0
LOCAL = {"AIRFLOW__CORE__EXECUTOR": "LocalExecutor", "AIRFLOW__CORE__PARALLELISM": "4"}
WORKERS = ("celery@one", "celery@two")


def variables() -> dict[str, str]:
    """What .env would hold, with new secrets."""
    lines = filled(EXAMPLE.read_text()).splitlines()
    found = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return found | {"SCORING_METRICS_KEY": "none", "AIRFLOW_API_WORKERS": "1", "MLFLOW_WORKERS": "1"}


class Trial:
    """The installation of a trial and what is asked of it."""

    def __init__(self, native: Native, env: dict[str, str]) -> None:
        self.native = native
        self._env = env
        self._session = requests.Session()
        self._session.trust_env = False

    def prepare(self) -> None:
        """Start what both executors need, and train a champion."""
        native = self.native
        native.start_postgres()
        native.start_redis()
        native.start_s3()
        native.start("mlflow")
        native.run("airflow-init")
        native.wait("mlflow", lambda: native.healthy("mlflow"))
        self.scoring("scoring.local.champions")
        for service in ("airflow-api-server", "airflow-dag-processor"):
            native.start(service)
        native.wait("airflow-api-server", lambda: native.healthy("airflow-api-server"))
        login = {"username": self._env["AIRFLOW_ADMIN_USER"], "password": self._env["AIRFLOW_ADMIN_PASSWORD"]}
        token = self.ask("POST", "/auth/token", login)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"
        native.wait("airflow-dag-processor", lambda: self.rows("SELECT 1 FROM dag WHERE dag_id = %s", DAG) != [])
        self.ask("PATCH", f"/api/v2/dags/{DAG}", {"is_paused": False})

    def scoring(self, *arguments: str) -> None:
        """Run a command of ours, as in a worker's container."""
        self.native.run_command("airflow-worker", [sys.executable, "-m", *arguments])

    def ask(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A request to Airflow's API server."""
        answer = self._session.request(method, f"{self.native.address(8080)}{path}", json=body, timeout=30)
        answer.raise_for_status()
        return dict(answer.json())

    def rows(self, statement: str, *arguments: Any, database: str = "airflow") -> list[Any]:
        """Rows of a database of the installation."""
        password = self._env[f"{database.upper()}_DB_PASSWORD"]
        url = f"postgresql://{database}:{password}@{LOOPBACK}:{self.native.ports[5432]}/{database}"
        with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement, arguments)
            return cursor.fetchall()

    def shards(self, run: str) -> Iterator[tuple[str, str, int]]:
        """State, worker and number of tries of each shard of a run."""
        yield from self.rows(
            "SELECT coalesce(state, ''), coalesce(hostname, ''), try_number FROM task_instance "
            "WHERE run_id = %s AND task_id = 'score_shard'",
            run,
        )

    def publication(self, run: str, victim: str = "") -> dict[str, Any]:
        """Score the month anew; returns what came of it. ``victim`` is killed once it is in the middle of a shard."""
        began, killed = time.monotonic(), 0.0
        self.ask(
            "POST", f"/api/v2/dags/{DAG}/dagRuns", {"dag_run_id": run, "logical_date": None, "partition_key": AS_OF}
        )
        while self.rows("SELECT state FROM dag_run WHERE run_id = %s", run)[0][0] not in ("success", "failed"):
            if time.monotonic() - began > LIMIT_SECONDS:
                raise TimeoutError(f"{run} does not end: {list(self.shards(run))}")
            if victim and not killed:
                found = list(self.shards(run))
                done = {worker for state, worker, _ in found if state == "success"}
                if done == set(WORKERS) and ("running", victim) in {(state, worker) for state, worker, _ in found}:
                    kill(self.native.started[victim])
                    killed = time.monotonic()
            time.sleep(POLL_SECONDS / 2)
        end, shards = time.monotonic(), list(self.shards(run))
        state = self.rows("SELECT state FROM dag_run WHERE run_id = %s", run)[0][0]
        rows, checksum = self.rows(
            "SELECT rows, checksum FROM scoring.publication WHERE score = %s AND state = 'published'",
            SCORE, database="scoring",
        )[0]  # fmt: skip
        return {
            "run": run,
            "state": state,
            "seconds": round(end - began, 1),
            "seconds after the kill": round(end - killed, 1) if killed else None,
            "shards by worker": dict(Counter(worker for _, worker, _ in shards)),
            "shards tried twice": sum(tries > 1 for _, _, tries in shards),
            "rows": rows,
            "checksum": checksum,
        }

    def forget(self) -> None:
        """Drop the publication, so that the next run computes it again."""
        self.scoring("scoring", "publication", "drop", SCORE, AS_OF)


def kill(process: psutil.Popen) -> None:
    """SIGKILL a process and all its descendants, as the loss of a container would."""
    for one in [process, *process.children(recursive=True)]:
        one.kill()


def main(folder: str = "") -> int:
    """Run the trial; returns the exit status: 0 if all three checksums are the same."""
    home, env = Path(folder or tempfile.mkdtemp(prefix="scoring-celery-")), variables()
    home.mkdir(parents=True, exist_ok=True)
    shutil.copytree(PROJECT / "great_expectations", home / "gx", ignore=shutil.ignore_patterns("uncommitted"))
    extra = {
        "SCORING_INBOX": str(PROJECT / "sample_data"), "SCORING_EXPECTATIONS_DIR": str(home / "gx"),
        "SCORING_ROW_GROUP_ROWS": ROWS, "SCORING_SHARD_ROWS": ROWS, "SCORING_THREADS": "1",
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "2",
    }  # fmt: skip
    found = []
    with Native(home, env, extra) as native:
        trial = Trial(native, env)
        trial.prepare()
        native.start("airflow-scheduler", **LOCAL)
        found.append(trial.publication("local"))
        trial.forget()
        native.stop_one("airflow-scheduler")
        native.start("airflow-scheduler")
        for number, worker in enumerate(WORKERS):
            callable_ = {"AIRFLOW__CORE__HOSTNAME_CALLABLE": "deploy.trials.node.name", "CELERY_NODE": worker}
            port = {"AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(native.ports[8793] + number)}
            native.start("airflow-worker", "--celery-hostname", worker, name=worker, **callable_, **port)
            native.wait(worker, lambda worker=worker: native.healthy("airflow-worker", CELERY_NODE=worker))
        found.append(trial.publication("two_workers"))
        trial.forget()
        found.append(trial.publication("one_killed", victim=WORKERS[1]))
        for one in found:
            print(json.dumps(one), flush=True)
    same = len({one["checksum"] for one in found}) == 1 and {one["state"] for one in found} == {"success"}
    print("The same checksum three times." if same else "THE CHECKSUMS DIFFER, or a run failed.")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
