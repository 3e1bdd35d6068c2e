"""The CRM stand-in: what it accepts, what it refuses, what it remembers and how it is told to fail."""

import datetime as dt
import json
import os
import socket
import subprocess
import sys

import pytest
import requests
from factories_notify import new_secret
from pydantic import SecretStr
from standardwebhooks import Webhook
from waiting import PATIENCE, until

from scoring.errors import ConfigurationError
from scoring.local.receiver import Fault, FaultPlan, Receiver, serve
from scoring.settings import PROJECT

SECRET = new_secret()
BEARER = {"Authorization": f"Bearer {SECRET.get_secret_value()}"}
SERVE = """
import sys
from pathlib import Path
from pydantic import SecretStr
from scoring.local.receiver import serve
serve("127.0.0.1", int(sys.argv[1]), SecretStr(sys.argv[2]), Path(sys.argv[3]))
"""


@pytest.fixture
def receiver(tmp_path):
    with Receiver(SECRET, tmp_path / "crm.sqlite3") as running:
        yield running


def body_of(*versions, score="delinquency_risk"):
    events = [{"score": score, "customer_id": f"c{n}", "version": v} for n, v in enumerate(versions)]
    return json.dumps({"type": "scores.changed", "data": {"events": events}}).encode()


def post(receiver, body, message_id="msg_1", *, secret=SECRET, at=None, **headers):
    at = at or dt.datetime.now(dt.UTC)
    signed = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret.get_secret_value()).sign(message_id, at, body.decode("latin-1")),
    }
    return requests.post(receiver.url, data=body, headers=signed | headers, timeout=PATIENCE)


def address(receiver, path):
    return f"http://127.0.0.1:{receiver.port}{path}"


def test_a_signed_message_is_taken_in(receiver):
    assert post(receiver, body_of(1, 4)).status_code == 204
    assert {key: event["version"] for key, event in receiver.newest().items()} == {
        ("delinquency_risk", "c0"): 1,
        ("delinquency_risk", "c1"): 4,
    }


def test_a_message_with_a_known_id_is_acknowledged_and_dropped(receiver):
    assert post(receiver, body_of(1)).status_code == 204
    assert post(receiver, body_of(2)).status_code == 204
    counts = receiver.counts()
    assert (counts["requests"], counts["accepted"], counts["duplicates"]) == (2, 1, 1)
    assert receiver.newest()["delinquency_risk", "c0"]["version"] == 1


def test_an_older_version_does_not_replace_a_newer_one(receiver):
    post(receiver, body_of(5, 1), "msg_1")
    post(receiver, body_of(3, 2), "msg_2")
    assert [event["version"] for event in receiver.newest().values()] == [5, 2]
    assert receiver.counts()["outdated"] == 1


NOW = dt.datetime.now(dt.UTC)  # when the tests are collected: minutes before the last of them runs
FORGED = [
    ({"secret": new_secret()}, "another secret"),
    ({"at": NOW - dt.timedelta(hours=1)}, "an old request played again"),
    ({"at": NOW + dt.timedelta(hours=1)}, "a timestamp from the future"),
    ({"webhook-id": "msg_2"}, "an id that was not signed"),
    ({"webhook-timestamp": "yesterday"}, "a timestamp that is none"),
    ({"webhook-timestamp": "nan"}, "a timestamp that is no number"),
    ({"webhook-signature": ""}, "no signature"),
    ({"webhook-signature": "v1"}, "a broken signature"),
    ({"webhook-signature": "v1,A"}, "a signature that is not base64"),
]


@pytest.mark.parametrize(("forgery", "why"), FORGED)
def test_what_is_not_signed_is_refused(receiver, forgery, why):
    assert post(receiver, body_of(1), **forgery).status_code == 401, why
    assert receiver.newest() == {}
    assert receiver.counts()["refused"] == 1


def test_a_body_changed_on_the_way_is_refused(receiver):
    at = dt.datetime.now(dt.UTC)
    signature = Webhook(SECRET.get_secret_value()).sign("msg_1", at, body_of(1).decode())
    assert post(receiver, body_of(2), **{"webhook-signature": signature}).status_code == 401


def test_bytes_that_are_no_text_are_refused(receiver):
    assert post(receiver, b"\xff\xfe").status_code == 401


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[1]", b"{", b'{"type":"scores.changed","data":{"events":[{"score":"s"}]}}']
)
def test_a_signed_body_of_another_form_is_refused(receiver, body):
    assert post(receiver, body).status_code == 400


def test_a_body_above_one_megabyte_is_refused_unread(receiver):
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=PATIENCE) as client:
        client.sendall(b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 1000001\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 413")


def test_a_body_without_a_length_is_refused(receiver):
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=PATIENCE) as client:
        client.sendall(b"POST /webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 411")


def test_it_can_be_told_to_fail_over_http(receiver):
    plan = {"fail": [{"status": 503, "retry_after": 2, "times": 2}, {"status": 410}]}
    assert requests.post(address(receiver, "/control"), json=plan, headers=BEARER, timeout=PATIENCE).status_code == 204
    answers = [post(receiver, body_of(1)) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 503, 410, 204]
    assert [answer.headers.get("Retry-After") for answer in answers] == ["2", "2", None, None]
    assert receiver.counts()["failed"] == 3


def test_it_can_be_told_to_lose_its_answer(receiver):
    receiver.follow(FaultPlan(drop_connection=1))
    with pytest.raises(requests.ConnectionError):
        post(receiver, body_of(1))
    assert post(receiver, body_of(1)).status_code == 204
    assert (receiver.counts()["accepted"], receiver.counts()["duplicates"]) == (1, 1)


@pytest.mark.parametrize("plan", [{"fail": [{"status": 99}]}, {"fial": []}, {"delay": -1}, "no plan"])
def test_a_plan_that_makes_no_sense_is_refused(receiver, plan):
    assert requests.post(address(receiver, "/control"), json=plan, headers=BEARER, timeout=PATIENCE).status_code == 400


def test_state_and_control_are_for_those_who_know_the_secret(receiver):
    for path in ("/state", "/state/customers"):
        assert requests.get(address(receiver, path), timeout=PATIENCE).status_code == 401
        wrong = {"Authorization": "Bearer whsec_wrong"}
        assert requests.get(address(receiver, path), headers=wrong, timeout=PATIENCE).status_code == 401
    assert requests.post(address(receiver, "/control"), json={}, timeout=PATIENCE).status_code == 401
    assert requests.get(address(receiver, "/health"), timeout=PATIENCE).json() == {"status": "ok"}
    assert requests.get(address(receiver, "/else"), timeout=PATIENCE).status_code == 404


def test_state_over_http_is_counts_and_a_stream_of_customers(receiver):
    post(receiver, body_of(*range(1, 2001)))
    assert requests.get(address(receiver, "/state"), headers=BEARER, timeout=PATIENCE).json() == receiver.counts()
    answer = requests.get(address(receiver, "/state/customers"), headers=BEARER, timeout=PATIENCE)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert {(line["score"], line["customer_id"]): line for line in lines} == receiver.newest()
    assert len(lines) == 2000


def test_what_was_acknowledged_survives_a_killed_process(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-c",
        SERVE,
        str(port),
        SECRET.get_secret_value(),
        str(tmp_path / "crm.sqlite3"),
    ]

    class Running:
        url = f"http://127.0.0.1:{port}/webhook"

    def healthy():
        try:
            return requests.get(f"http://127.0.0.1:{port}/health", timeout=PATIENCE).ok
        except requests.ConnectionError:
            return False

    child = subprocess.Popen(command, cwd=PROJECT, env=dict(os.environ))
    try:
        until(healthy)
        assert post(Running, body_of(7)).status_code == 204
    finally:
        child.kill()
        child.wait()
    with Receiver(SECRET, tmp_path / "crm.sqlite3", port=port) as again:
        assert again.newest()["delinquency_risk", "c0"]["version"] == 7
        assert post(again, body_of(8)).status_code == 204
        assert (again.counts()["accepted"], again.counts()["duplicates"]) == (1, 1)


def test_a_taken_port_another_machine_and_a_secret_that_is_not_one_are_named(receiver, tmp_path):
    with pytest.raises(ConfigurationError, match=f"127.0.0.1:{receiver.port} .*SCORING_RECEIVER_PORT"):
        serve("127.0.0.1", receiver.port, SECRET, tmp_path / "other.sqlite3")
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1 or localhost only"):
        Receiver(SECRET, tmp_path / "other.sqlite3", host="0.0.0.0")  # noqa: S104 - that it is refused
    for none_or_two in ("", f"{SECRET.get_secret_value()} {SECRET.get_secret_value()}"):
        with pytest.raises(ConfigurationError, match="one signing secret: SCORING_CRM_SECRET"):
            Receiver(SecretStr(none_or_two), tmp_path / "other.sqlite3")


def test_a_plan_can_be_given_from_the_start(tmp_path):
    plan = FaultPlan(fail=(Fault(status=500),))
    with Receiver(SECRET, tmp_path / "crm.sqlite3", plan=plan) as receiver:
        assert post(receiver, body_of(1)).status_code == 500
