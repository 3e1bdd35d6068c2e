"""The client of Airflow's REST API reads lists to their end."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from scoring.local.airflow_api import AirflowApi, Run
from scoring.local.keys import Keys

ENTRIES = 250
AT_MOST = 60  # fewer than are asked for: Airflow's maximum_page_limit may be lower
RUN = {"dag_id": "d", "state": "success", "partition_key": None, "duration": 1.0}
TASK = {"dag_id": "d", "dag_run_id": "r", "map_index": -1, "try_number": 1}
ERROR = {"stack_trace": "wrong"}
LISTS = {
    "/dags": ("dags", lambda number: {"dag_id": f"dag_{number}"}),
    "/importErrors": ("import_errors", lambda number: ERROR | {"filename": f"file_{number}"}),
    "/dags/~/dagRuns": ("dag_runs", lambda number: RUN | {"dag_run_id": f"run_{number}"}),
    "/dags/~/dagRuns/~/taskInstances": ("task_instances", lambda number: TASK | {"task_id": f"task_{number}"}),
    "/dags/d/dagRuns/r/taskInstances": ("task_instances", lambda number: TASK | {"task_id": f"task_{number}"}),
}


class Airflow(BaseHTTPRequestHandler):
    """Lists of 250 entries that are given in pages."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        key, entry = LISTS[url.path.removeprefix("/api/v2")]
        first = int(query.get("offset", 0))
        numbers = range(first, min(first + min(int(query.get("limit", 50)), AT_MOST), ENTRIES))
        self.answer({key: [entry(number) for number in numbers], "total_entries": ENTRIES})

    def do_POST(self) -> None:
        self.answer({"access_token": "token"})

    def answer(self, content: dict) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[AirflowApi]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Airflow) as server:
        threading.Thread(target=server.serve_forever).start()
        keys = Keys(
            airflow_password="p",
            api_secret="a",
            fernet="f",
            jwt="j",
            crm="c",
            api_key="k",
            exporter="e",
            mlflow_session="m",
        )
        client = AirflowApi(f"http://127.0.0.1:{server.server_port}", keys)
        yield client
        client._session.close()
        server.shutdown()


def test_every_dag_is_known_however_many_there_are(api):
    assert api.dag_ids() == {f"dag_{number}" for number in range(ENTRIES)}


def test_every_other_list_is_read_to_its_end_too(api):
    assert len(api.import_errors()) == ENTRIES
    assert len({run.run_id for run in api.runs_since("2024-06-30")}) == ENTRIES
    assert len({task.task_id for task in api.running_tasks()}) == ENTRIES
    assert len({task.task_id for task in api.failed_tasks(Run("d", "r", "failed", None, None))}) == ENTRIES
