"""The command starts a process that ends without failing a request; keys are made and ended by commands."""

import json
import signal
import socket

import httpx
import pytest
from factories_serving import bearer, new_key, record
from ports import free_port
from typer.testing import CliRunner
from waiting import PATIENCE, until

from scoring.cli import app
from scoring.serving import keys
from scoring.settings import PROJECT


@pytest.fixture
def environment(shop):
    port = str(free_port())
    return {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": f"{PROJECT}:{PROJECT / 'tests'}", "SCORING_DEFINITIONS": "shop_definitions",
        "SCORING_DATABASE_URL": shop.database(), "SCORING_EXPECTATIONS_DIR": str(shop.expectations_dir),
        "SCORING_MLFLOW_TRACKING_URI": shop.mlflow_tracking_uri.get_secret_value(), "SCORING_API_PORT": port,
        "SCORING_API_DRAIN_SECONDS": "1.5", "SCORING_API_RECEIVE_SECONDS": "60", "MLFLOW_DISABLE_TELEMETRY": "true",
    }  # fmt: skip


def test_told_to_end_it_says_so_and_answers_what_is_under_way(shop, forks, environment, tmp_path):
    port, key = int(environment["SCORING_API_PORT"]), new_key(shop)
    body = json.dumps({"records": [record(1)]}).encode()
    with (
        (tmp_path / "log").open("wb") as log,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        process = forks.start(["-m", "scoring", "api"], environment, stdout=log, stderr=log)
        try:
            until(lambda: is_ready(client))
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as under_way:
                head = f"POST /v1/scores/leaving HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
                head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                under_way.sendall(head.encode() + body[:10])
                until(lambda: "in_flight_requests 2.0" in client.get("/metrics", headers=bearer(key)).text)
                process.send_signal(signal.SIGTERM)
                until(lambda: client.get("/readyz").status_code == 503)
                client.close()
                until(lambda: b"Shutting down" in (tmp_path / "log").read_bytes())
                under_way.sendall(body[10:])
                assert b" 200 OK" in under_way.recv(65_536).splitlines()[0]
            assert process.wait(60) == 0
        finally:
            process.kill()
    said = (tmp_path / "log").read_text()
    assert "POST /v1/scores/{score} 200" in said
    assert keys.parts(key)[1] not in said


def is_ready(client):
    try:
        answer = client.get("/readyz")
    except httpx.TransportError:
        return False
    return answer.status_code == 200


def test_keys_are_shown_once_listed_rotated_and_revoked(shop, monkeypatch):
    monkeypatch.setenv("SCORING_DATABASE_URL", shop.database())

    def run(*arguments, code=0):
        done = CliRunner().invoke(app, ["api-key", *arguments])
        assert done.exit_code == code, done.output
        return done.output.strip()

    key = run("create", "crm", "--scope", "read", "--scope", "score", "--days", "30", "--by", "ann")
    key_id, secret = keys.parts(key)
    assert "valid    crm" in run("list")
    renewed = run("rotate", key_id, "--grace-hours", "1")
    assert keys.parts(renewed)[0] == key_id
    assert renewed != key
    assert run("revoke", key_id) == f"Key {key_id} is revoked."
    listed = run("list")
    assert "revoked  crm" in listed
    assert secret not in listed
    run("create", "crm", "--scope", "everything", code=2)
    run("rotate", key_id, code=1)
    run("revoke", "none", code=1)
