"""The exporter answers Prometheus and nobody else, keeps strangers short, and stops when it is told to."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests
from factories_exporter import BEARER, TOKEN, catalog, samples, serving
from ports import free_port
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from statsd import StatsClient
from waiting import PATIENCE, until

from scoring.errors import ConfigurationError
from scoring.exporter.collector import reader
from scoring.exporter.exporter import listening
from scoring.exporter.server import CONNECTIONS, Server
from scoring.local.environment import base_environment
from scoring.settings import ExporterSettings, load_exporter_settings


@pytest.fixture(scope="module")
def exporter(filled: str) -> Iterator[Server]:
    with serving(reader(filled, catalog())) as running:
        yield running


def get(exporter: Server, path: str, **headers: str) -> requests.Response:
    return requests.get(f"http://127.0.0.1:{exporter.port}{path}", headers=headers, timeout=PATIENCE)


def test_who_knows_the_token_gets_the_metrics(exporter: Server) -> None:
    answer = get(exporter, "/metrics", **BEARER)
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, "text/plain")
    found = samples(answer.text)
    assert found["scoring_up", ()] == 1
    assert found["scoring_exporter_process_open_fds", ()] > 0


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer"}, {"Authorization": TOKEN}, {"Authorization": f"Basic {TOKEN}"},
     {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": "Bearer ä"}],
)  # fmt: skip
def test_nobody_else_does(exporter: Server, headers: dict[str, str]) -> None:
    answer = get(exporter, "/metrics", **{name: value.encode() for name, value in headers.items()})
    assert (answer.status_code, answer.text) == (401, "")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_health_is_for_everybody_and_there_is_nothing_else(exporter: Server) -> None:
    assert get(exporter, "/healthz").text == "ok\n"
    assert get(exporter, "/", **BEARER).status_code == 404
    for method in ("POST", "PUT", "DELETE", "HEAD"):
        url = f"http://127.0.0.1:{exporter.port}/metrics"
        assert requests.request(method, url, headers=BEARER, data=b"x", timeout=PATIENCE).status_code == 405


def test_openmetrics_is_spoken_to_who_asks_for_it(exporter: Server) -> None:
    answer = get(exporter, "/metrics", **BEARER, Accept="application/openmetrics-text; version=1.0.0")
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_more_connections_than_are_allowed_are_closed_and_the_next_is_served(exporter: Server) -> None:
    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            silent = stack.enter_context(socket.create_connection(("127.0.0.1", exporter.port)))
            silent.sendall(b"GET /heal")
        until(lambda: exporter._free._value == 0)
        refused = stack.enter_context(socket.create_connection(("127.0.0.1", exporter.port), timeout=PATIENCE))
        assert refused.recv(1) == b""
    until(lambda: exporter._free._value == CONNECTIONS)
    assert get(exporter, "/healthz").status_code == 200


@pytest.mark.parametrize("token", ["", " "])
def test_without_a_token_it_does_not_start(token: str) -> None:
    with pytest.raises(ConfigurationError, match="SCORING_EXPORTER_TOKEN"):
        Server(CollectorRegistry(), SecretStr(token), host="127.0.0.1", port=0)


def test_a_port_that_is_taken_is_named(exporter: Server) -> None:
    with pytest.raises(ConfigurationError, match=f"{exporter.port}.*SCORING_EXPORTER_PORT"):
        Server(CollectorRegistry(), SecretStr(TOKEN), host="127.0.0.1", port=exporter.port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        settings = ExporterSettings(token=SecretStr(TOKEN), port=0, statsd_port=taken.getsockname()[1])
        with (
            pytest.raises(ConfigurationError, match="SCORING_EXPORTER_STATSD_PORT"),
            listening(lambda: None, catalog(), settings),
        ):
            pytest.fail("it listens")


def test_the_token_is_shown_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCORING_EXPORTER_TOKEN", TOKEN)
    assert TOKEN not in repr(load_exporter_settings())


def test_the_command_serves_postgresql_and_airflow_and_ends_on_sigterm(filled: str) -> None:
    port, statsd_port = free_port(), free_port(socket.SOCK_DGRAM)
    environment = base_environment() | {
        "SCORING_DATABASE_URL": filled,
        "SCORING_DEFINITIONS": "page_definitions",
        "PYTHONPATH": ":".join(sys.path),
        "SCORING_EXPORTER_TOKEN": TOKEN,
        "SCORING_EXPORTER_PORT": str(port),
        "SCORING_EXPORTER_STATSD_PORT": str(statsd_port),
    }
    command = [sys.executable, "-m", "scoring", "exporter"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            until(lambda: _answers(port))
            airflow = StatsClient("127.0.0.1", statsd_port, prefix="airflow")
            airflow.incr("scheduler_heartbeat")
            airflow.close()
            until(lambda: _metrics(port)["airflow_heartbeats_total", ("scheduler",)] == 1)
            assert _metrics(port)["scoring_up", ()] == 1
        finally:
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "Traceback" in said) == (0, False)


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE).ok
    except requests.ConnectionError:
        return False


def _metrics(port: int) -> dict:
    return samples(requests.get(f"http://127.0.0.1:{port}/metrics", headers=BEARER, timeout=PATIENCE).text)
