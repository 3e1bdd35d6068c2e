"""A client of Airflow's REST API: triggers runs and reads their states and logs."""

from dataclasses import dataclass
from typing import Any

import requests

from scoring.errors import TransientError
from scoring.local.keys import USER, Keys

TIMEOUT_SECONDS = 30.0
PAGE = 100  # Airflow's default limit


@dataclass(frozen=True)
class Run:
    """The parts of a DAG run that we use."""

    dag_id: str
    run_id: str
    state: str
    partition_key: str | None
    seconds: float | None

    @property
    def running(self) -> bool:
        """Whether the run has not ended yet."""
        return self.state not in ("success", "failed")


@dataclass(frozen=True)
class Task:
    """A task instance of a run."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int


class AirflowApi:
    """Airflow at ``url``, as the user of ``keys``. A request without a good answer raises TransientError."""

    def __init__(self, url: str, keys: Keys) -> None:
        self.url = url
        self._keys = keys
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy in the environment is not for 127.0.0.1

    def healthy(self) -> bool:
        """Whether the API server answers, and its database, scheduler and DAG processor are healthy."""
        try:
            health = self._session.get(f"{self.url}/api/v2/monitor/health", timeout=TIMEOUT_SECONDS).json()
        except (requests.RequestException, ValueError):
            return False
        parts = ("metadatabase", "scheduler", "dag_processor")
        return all(health.get(part, {}).get("status") == "healthy" for part in parts)

    def dag_ids(self) -> set[str]:
        """The DAGs that Airflow knows, without those whose files are gone."""
        return {dag["dag_id"] for dag in self._all("/dags", "dags", {"exclude_stale": True, "order_by": "dag_id"})}

    def import_errors(self) -> list[str]:
        """The DAG files that could not be read, with the reason."""
        found = self._all("/importErrors", "import_errors", {"order_by": "id"})
        return [f"{error['filename']}: {error['stack_trace'].strip()}" for error in found]

    def set_pool(self, name: str, slots: int, description: str) -> None:
        """Create a pool, or update the one of that name."""
        wanted = {"slots": slots, "description": description, "include_deferred": False}
        known = {pool["name"] for pool in self._get("/pools", {"pool_name_pattern": name})["pools"]}
        if name in known:
            self._send("PATCH", f"/pools/{name}", json=wanted | {"pool": name})
        else:
            self._send("POST", "/pools", json=wanted | {"name": name})

    def trigger(self, dag_id: str, run_id: str, partition_key: str | None, note: str) -> Run:
        """Start a run now."""
        body = {"dag_run_id": run_id, "logical_date": None, "partition_key": partition_key, "note": note}
        return _run(self._send("POST", f"/dags/{dag_id}/dagRuns", json=body))

    def runs_since(self, since: str) -> list[Run]:
        """The runs of all DAGs that were due at or after ``since`` (ISO 8601), newest first."""
        found = self._all("/dags/~/dagRuns", "dag_runs", {"run_after_gte": since, "order_by": "-run_after"})
        return [_run(run) for run in found]

    def running_tasks(self) -> list[Task]:
        """The task instances that are running now."""
        found = self._all("/dags/~/dagRuns/~/taskInstances", "task_instances", {"state": "running"})
        return [_task(task) for task in found]

    def failed_tasks(self, run: Run) -> list[Task]:
        """The task instances of a run that failed, without those that failed only because an earlier one did."""
        path = f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
        return [_task(task) for task in self._all(path, "task_instances", {"state": "failed"})]

    def log_tail(self, task: Task, lines: int = 15) -> str:
        """The last log lines of a task instance's last try, its error included."""
        path = f"/dags/{task.dag_id}/dagRuns/{task.run_id}/taskInstances/{task.task_id}/logs/{task.try_number}"
        found = self._get(path, {"map_index": task.map_index, "full_content": True})
        return "\n".join([line for entry in found["content"] for line in _log_lines(entry)][-lines:])

    def _all(self, path: str, key: str, query: dict[str, Any]) -> list[dict[str, Any]]:
        """Every entry of a list, read page by page."""
        entries: list[dict[str, Any]] = []
        while True:
            page = self._get(path, query | {"limit": PAGE, "offset": len(entries)})
            entries += page[key]
            if not page[key] or len(entries) >= page["total_entries"]:
                return entries

    def _get(self, path: str, query: dict[str, Any] | None = None) -> Any:
        return self._send("GET", path, params=query)

    def _send(self, method: str, path: str, **kwargs: Any) -> Any:
        if "Authorization" not in self._session.headers:
            self._log_in()
        try:
            answer = self._session.request(method, f"{self.url}/api/v2{path}", timeout=TIMEOUT_SECONDS, **kwargs)
        except requests.RequestException as error:
            raise TransientError(f"Airflow's API server did not answer to {method} {path}.") from error
        if not answer.ok:
            raise TransientError(f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:500]}")
        return answer.json()

    def _log_in(self) -> None:
        body = {"username": USER, "password": self._keys.airflow_password.get_secret_value()}
        try:
            answer = self._session.post(f"{self.url}/auth/token", json=body, timeout=TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise TransientError("Airflow's API server did not answer to the login.") from error
        if not answer.ok:
            raise TransientError(f"Airflow answered {answer.status_code} to the login.")
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def _run(found: dict[str, Any]) -> Run:
    return Run(
        dag_id=found["dag_id"],
        run_id=found["dag_run_id"],
        state=found["state"],
        partition_key=found["partition_key"],
        seconds=found["duration"],
    )


def _task(found: dict[str, Any]) -> Task:
    return Task(
        dag_id=found["dag_id"],
        run_id=found["dag_run_id"],
        task_id=found["task_id"],
        map_index=found["map_index"],
        try_number=found["try_number"],
    )


def _log_lines(entry: str | dict[str, Any]) -> list[str]:
    if isinstance(entry, str):
        return entry.splitlines()
    event = str(entry.get("event", ""))
    if event.startswith("::"):
        return []  # a mark that folds the log in the UI
    errors = [f"{error['exc_type']}: {error['exc_value']}" for error in entry.get("error_detail") or ()]
    return [*event.splitlines(), *errors]
