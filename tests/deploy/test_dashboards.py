"""Every query of every dashboard gives figures: a real Prometheus scrapes the exporter, PostgreSQL, an API's page."""

import datetime as dt
import json
import os
import re
import runpy
import shutil
import socket
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import factories_exporter
import psycopg2.extensions
import pytest
import yaml
from factories_exporter import TOKEN, serving
from ports import free_port
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from statsd import StatsClient

from scoring.exporter.airflow_names import METRICS as OF_AIRFLOW
from scoring.exporter.collector import reader
from scoring.exporter.names import METRICS
from scoring.settings import PROJECT

DEPLOY = PROJECT / "deploy"
GRAFANA = DEPLOY / "grafana"
ROUTE = "/v1/scores/{score}"
SENT = (
    "scheduler_heartbeat:1|c", "dag_processor_heartbeat:1|c", "dagbag_size:16|g", "dag_processing.import_errors:0|g",
    "scheduler.scheduler_loop_duration:42.5|ms", "scheduler.tasks.starving:0|g", "executor.open_slots,status=open:4|g",
    "executor.queued_tasks,status=queued:0|g", "executor.running_tasks,status=running:1|g",
    "pool.open_slots,pool_name=default_pool:127|g", "ti_failures,dag_id=score_churn,task_id=plan:1|c",
    "dagrun.duration.success,dag_id=score_churn,run_type=manual:5000|ms",
)  # fmt: skip


class Api:
    """The page of an API that answers a few requests each time it is looked at; names are those of the contract."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels, of = ("route", "method", "score"), {"registry": self.registry}
        self.seconds = Histogram("scoring_api_request_duration_seconds", "_", labels, buckets=(0.01, 0.25, 1), **of)
        self.requests = Counter("scoring_api_requests", "_", ("route", "method", "status"), **of)
        self.records = Counter("scoring_api_records_scored", "_", ("score",), **of)
        Gauge("scoring_api_in_flight_requests", "_", **of).set(1)
        Gauge("scoring_api_model_version", "_", ("score", "arm"), **of).labels("churn", "champion").set(1)
        Counter("scoring_api_model_reloads", "_", ("score", "result"), **of).labels("churn", "loaded").inc()

    def page(self) -> bytes:
        self.seconds.labels(ROUTE, "POST", "churn").observe(0.005)
        self.requests.labels(ROUTE, "POST", "200").inc()
        self.records.labels("churn").inc()
        return generate_latest(self.registry)


@contextmanager
def api(statsd_port: int) -> Iterator[int]:
    """The API's page on a port; whenever it is looked at, Airflow sends its facts, too."""
    shown, airflow = Api(), StatsClient("127.0.0.1", statsd_port, prefix="airflow")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            for line in SENT:
                airflow._send(f"airflow.{line}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(shown.page())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
    airflow.close()


@contextmanager
def started(*command: str, **environment: str) -> Iterator[None]:
    with subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def configured(folder: Path, targets: dict[str, int]) -> Path:
    """The project's own configuration, with the addresses and tokens of this test, and in a hurry."""
    shutil.copytree(DEPLOY / "prometheus", folder)
    file = folder / "prometheus.yml"
    configuration = yaml.safe_load(file.read_text())
    configuration["global"] = dict.fromkeys(configuration["global"], "1s")
    (folder / "token").write_text(TOKEN)
    for job in configuration["scrape_configs"]:
        job["static_configs"] = [{"targets": [f"127.0.0.1:{targets[job['job_name']]}"]}]
        if "authorization" in job:
            job["authorization"]["credentials_file"] = str(folder / "token")
    assert {job["job_name"] for job in configuration["scrape_configs"]} == set(targets)
    file.write_text(yaml.safe_dump(configuration))
    return file


@pytest.fixture
def prometheus(server: str, promtool: str, tmp_path: Path) -> Iterator[str]:  # noqa: ARG001 - says that it is there
    """The address of a Prometheus that scrapes all there is."""
    url = factories_exporter.filled(server, "dashboards_filled", last=dt.datetime.now(dt.UTC).date())
    host = urllib.parse.quote(psycopg2.extensions.parse_dsn(url)["host"], safe="")
    of_postgres, port, statsd_port = free_port(), free_port(), free_port(socket.SOCK_DGRAM)
    with ExitStack() as stack:
        exporter = stack.enter_context(serving(reader(url, factories_exporter.catalog()), statsd_port=statsd_port))
        stack.enter_context(
            started(
                "prometheus-postgres-exporter",
                f"--web.listen-address=127.0.0.1:{of_postgres}",
                DATA_SOURCE_NAME=f"postgresql:///dashboards_filled?host={host}&user=postgres&sslmode=disable",
            )
        )
        targets = {
            "scoring-exporter": exporter.port,
            "scoring-api": stack.enter_context(api(statsd_port)),
            "postgres": of_postgres,
            "prometheus": port,
        }
        file = configured(tmp_path / "prometheus", targets)
        stack.enter_context(
            started(
                "prometheus",
                f"--config.file={file}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            )
        )
        yield f"http://127.0.0.1:{port}"


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DEPLOY / "check_dashboards.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_query_of_every_dashboard_gives_figures(prometheus: str) -> None:
    checked = check("--prometheus", prometheus, "--wait", "120")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    found = runpy.run_path(str(DEPLOY / "check_dashboards.py"))
    assert found["figures"](prometheus, "scoring_up") == 1
    assert found["figures"](prometheus, "no_such_metric") == 0
    assert found["figures"](prometheus, "0 / vector(0)") == 0
    with pytest.raises(ValueError, match="parse error"):
        found["figures"](prometheus, "sum(")
    firing = found["figures"](prometheus, 'ALERTS{alertname="DeliveriesDead", alertstate="firing"}')
    assert firing == 1  # the rules are evaluated on the same data


def test_the_dashboards_are_what_their_script_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(GRAFANA))
    made = runpy.run_path(str(GRAFANA / "make.py"))["made"]()
    assert made == {file.name: file.read_text() for file in (GRAFANA / "dashboards").glob("*.json")}


def test_a_dashboard_has_units_thresholds_and_a_place_for_each_panel() -> None:
    for file in (GRAFANA / "dashboards").glob("*.json"):
        dashboard = json.loads(file.read_text())
        taken: set[tuple[int, int]] = set()
        for panel in dashboard["panels"]:
            assert panel["fieldConfig"]["defaults"]["unit"]
            assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            assert not cells & taken
            taken |= cells
        assert max(x for x, _ in taken) < 24


def test_the_data_source_is_the_one_that_the_panels_name() -> None:
    (source,) = yaml.safe_load((GRAFANA / "datasources" / "prometheus.yaml").read_text())["datasources"]
    for file in (GRAFANA / "dashboards").glob("*.json"):
        assert set(re.findall(r'"uid": "([a-z]+)"', file.read_text())) == {source["uid"]}


def test_dashboards_and_alerts_use_metrics_that_are_documented() -> None:
    known = {*METRICS, *OF_AIRFLOW}
    texts = [file.read_text() for file in [*DEPLOY.glob("prometheus/rules/*.yml"), *GRAFANA.glob("dashboards/*.json")]]
    used = {name for text in texts for name in re.findall(r"\b((?:scoring|airflow)_[a-z_0-9]+)\b(?!:)", text)}
    plain = {re.sub(r"_(bucket|sum|count)$", "", name) for name in used if not name.startswith("scoring_api")}
    assert plain <= known | {"scoring_exporter"}
