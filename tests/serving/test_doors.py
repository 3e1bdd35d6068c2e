"""Who comes in, how often, with how much; and every refusal is a problem with its own status."""

import datetime as dt
import json
import socket
import threading
import time

import httpx
import psycopg2
import pytest
from factories import query
from factories_serving import bearer, new_key, record, running
from pydantic import SecretStr
from waiting import PATIENCE, until

from scoring.database import transaction
from scoring.serving import key_store, keys

JSON = {"Content-Type": "application/json"}
ONE = {"records": [record(1)]}


@pytest.fixture
def api(shop):
    with running(shop, most_records=3, most_body_bytes=20_000, receive_seconds=0.5, answer_seconds=20) as found:
        yield found


def statuses(*answers):
    for answer in answers:
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        assert answer.json().keys() >= {"type", "title", "status", "detail"}
        assert answer.json()["status"] == answer.status_code
    return [answer.status_code for answer in answers]


def test_no_route_but_health_answers_strangers(api):
    with httpx.Client(base_url=api.url, trust_env=False) as stranger:
        paths = (
            "/metrics",
            "/openapi.json",
            "/docs",
            "/v1/scores",
            "/v1/models",
            "/v1/customers/c1/scores",
            "/nowhere",
        )
        found = [stranger.get(path) for path in paths] + [stranger.post("/v1/scores/leaving", json=ONE)]
        assert set(statuses(*found)) == {401}
        assert found[0].headers["www-authenticate"] == "Bearer"
        assert [stranger.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    assert [api.client.get(path).status_code for path in paths[:5]] == [200] * 5


def test_answers_say_nothing_of_the_server_and_forbid_what_browsers_could_do(api):
    for answer in (api.client.get("/healthz"), api.client.get("/nowhere"), httpx.get(api.url, trust_env=False)):
        assert "server" not in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_key_opens_what_its_scopes_say_until_it_expires_or_is_revoked(shop, api):
    only = new_key(shop, "score")
    wrong = only[:-3] + ("abc" if not only.endswith("abc") else "xyz")
    ended = new_key(shop, days=-1)
    for key, status in ((only, 403), (wrong, 401), (ended, 401), ("sk_1", 401), ("sk_0123456789ab_" + "x" * 43, 401)):
        assert statuses(httpx.get(f"{api.url}/v1/scores", headers=bearer(key), trust_env=False)) == [status]

    def score():
        return httpx.post(f"{api.url}/v1/scores/leaving", json=ONE, headers=bearer(only), trust_env=False).status_code

    assert score() == 200
    key_id = keys.parts(only)[0]
    secret = keys.new_secret()
    with transaction(shop.database()) as connection:
        rotated = key_store.rotate(connection, key_id, keys.digest_of(secret), dt.timedelta(hours=1))
    renewed = keys.written(key_id, secret)
    until(lambda: httpx.get(f"{api.url}/v1/scores", headers=bearer(renewed), trust_env=False).status_code == 403)
    assert score() == 200
    assert rotated.last_used_at is not None
    with transaction(shop.database()) as connection:
        key_store.revoke(connection, key_id)
    until(lambda: score() == 401)


def test_whoever_comes_too_often_waits(shop, api):
    slow = new_key(shop, "read", per_minute=2)
    found = [httpx.get(f"{api.url}/v1/scores", headers=bearer(slow), trust_env=False) for _ in range(3)]
    assert [one.status_code for one in found[:2]] == [200, 200]
    assert statuses(found[2]) == [429]
    assert 1 <= int(found[2].headers["retry-after"]) <= 60
    assert api.client.get("/v1/scores").status_code == 200
    api.api.doorkeeper._refusals = api.api.doorkeeper._refusals.__class__(3)
    strangers = [httpx.get(f"{api.url}/v1/scores", trust_env=False).status_code for _ in range(5)]
    assert strangers[-1] == 429
    assert api.client.get("/v1/scores").status_code == 200  # of the same address, but with a key that is known


def test_however_often_anybody_asks_whether_it_is_ready_the_database_is_asked_once_a_second(api, monkeypatch):
    asked = []
    monkeypatch.setattr(api.api, "_reachable", lambda: asked.append(1) or True)
    began = time.monotonic()
    assert {httpx.get(f"{api.url}/readyz", trust_env=False).status_code for _ in range(40)} == {200}
    assert len(asked) <= time.monotonic() - began + 1


def test_a_request_that_cannot_be_read_or_is_too_large_is_refused_with_its_status(api):
    def post(content, headers=JSON, path="/v1/scores/leaving"):
        return api.client.post(path, content=content, headers=headers)

    good = json.dumps(ONE)
    bodies = ["{", "[" * 9000, '{"records": [NaN]}', '{"records": [{"a": 1, "a": 2}]}', b'{"records": ["\xff"]}']
    assert statuses(*map(post, bodies)) == [400] * 5
    shapes = ["[]", '{"records": []}', '{"records": {}}', '{"records": [], "more": 1}', "7"]
    assert statuses(*map(post, shapes)) == [422] * 5
    assert statuses(post(good, {"Content-Type": "text/csv"}), post(good, {})) == [415, 415]
    assert statuses(post(json.dumps({"records": [record(1)] * 4}))) == [413]
    assert statuses(post(good, path="/v1/scores/other"), api.client.get("/v1/nowhere")) == [404, 404]
    assert statuses(api.client.delete("/v1/scores")) == [405]
    assert statuses(post(" " * 30_000), post(iter([b" " * 15_000] * 4))) == [413, 413]
    assert statuses(api.client.get("/v1/scores", headers={"X-Long": "x" * 20_000})) == [431]
    assert statuses(api.client.get("/v1/customers/c1/scores?history=many")) == [422]


def talk(api, *pieces):
    """What comes back on a connection to which pieces are sent; it is read to its end."""
    with socket.create_connection(("127.0.0.1", api.port), timeout=PATIENCE) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_a_slow_head_and_a_slow_body_are_not_waited_for(shop, api):
    assert talk(api, b"GET /healthz HTTP/1.1\r\nHost: x\r\n").startswith(b"HTTP/1.1 408 ")
    assert talk(api).startswith(b"HTTP/1.1 408 ")
    authorized = f"Authorization: Bearer {new_key(shop)}\r\nContent-Type: application/json\r\n".encode()
    head = b"POST /v1/scores/leaving HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n" + authorized + b"\r\n{"
    assert talk(api, head).startswith(b"HTTP/1.1 408 ")
    assert b" 431 " in talk(api, b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000)
    assert b" 400 " in talk(api, b"nonsense\r\n\r\n")


def test_the_same_idempotency_key_gets_the_same_answer_and_another_body_a_problem(shop, api):
    named = {"Idempotency-Key": "k-1"}
    first, again = (api.client.post("/v1/scores/leaving", json=ONE, headers=named) for _ in range(2))
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert query(shop, "SELECT customers, asked, status FROM scoring.api_request") == [(["c0001"], None, 200)]
    other = api.client.post("/v1/scores/leaving", json={"records": [record(2)]}, headers=named)
    empty = api.client.post("/v1/scores/leaving", json=ONE, headers={"Idempotency-Key": ""})
    assert statuses(other, empty) == [422, 400]
    bad = [
        api.client.post("/v1/scores/leaving", json={"records": [7]}, headers={"Idempotency-Key": "k-2"}) for _ in "ab"
    ]
    assert statuses(*bad) == [422, 422]
    query(shop, "UPDATE scoring.api_request SET status = NULL, answer = NULL, answered_at = NULL")
    assert statuses(api.client.post("/v1/scores/leaving", json=ONE, headers=named)) == [409]
    query(shop, "UPDATE scoring.api_request SET started_at = now() - interval '1 hour'")
    assert api.client.post("/v1/scores/leaving", json=ONE, headers=named).status_code == 200


def test_all_requests_are_kept_if_the_setting_says_so(shop):
    with running(shop, store="all", store_records=True) as api:
        assert api.client.post("/v1/scores/leaving", json=ONE).status_code == 200
    (kept,) = query(shop, "SELECT * FROM scoring.api_request")
    assert json.loads(kept.asked) == ONE
    assert json.loads(kept.answer)["accepted"] == 1


def test_more_requests_than_allowed_get_503_and_a_late_answer_504(shop):
    with running(shop, most_requests=1, answer_seconds=0.3, connections=1) as api:
        held = threading.Event()
        api.api._computing.submit(held.wait)
        api.api._computing.submit(held.wait)
        late = []
        thread = threading.Thread(target=lambda: late.append(api.client.post("/v1/scores/leaving", json=ONE)))
        thread.start()
        seen = until(lambda: (one := httpx.get(f"{api.url}/v1/scores", headers=api.client.headers, trust_env=False))
                     .status_code == 503 and one)  # fmt: skip
        thread.join()
        held.set()
        assert (statuses(seen), seen.headers["retry-after"]) == ([503], "1")
        assert statuses(*late) == [504]


def test_without_a_free_connection_or_a_database_the_answer_is_503_and_it_recovers(shop, server):
    with running(shop, connections=1, key_cache_seconds=600, follow_seconds=600) as api:
        assert api.client.get("/v1/models").status_code == 200
        with api.api.pool.transaction():
            assert statuses(api.client.get("/v1/models")) == [503]
            assert api.client.post("/v1/scores/leaving", json=ONE).status_code == 200
        name = shop.database().partition("/test_")[2].partition("?")[0]
        admin = psycopg2.connect(server)
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE test_{name} ALLOW_CONNECTIONS false")
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (f"test_{name}",)
            )
            assert statuses(api.client.get("/v1/models")) == [503]
            until(lambda: api.client.get("/readyz").status_code == 503)
            assert api.client.post("/v1/scores/leaving", json=ONE).status_code == 200
            cursor.execute(f"ALTER DATABASE test_{name} ALLOW_CONNECTIONS true")
        admin.close()
        until(lambda: api.client.get("/readyz").status_code == 200)
        assert api.client.get("/v1/models").status_code == 200


def test_without_a_registry_requests_are_answered(own_registry, tmp_path):
    with running(own_registry) as api:
        gone = own_registry.model_copy(update={"mlflow_tracking_uri": SecretStr("http://127.0.0.1:9/")})
        api.api.board._settings = gone
        (tmp_path / "mlflow.db").unlink()
        assert api.client.post("/v1/scores/leaving", json=ONE).status_code == 200


def test_metrics_have_templates_and_no_customers_and_the_log_neither(api, caplog):
    with caplog.at_level("INFO", "scoring"):
        api.client.get("/v1/customers/c0001/scores")
        api.client.get("/v1/secret-place")
    text = api.client.get("/metrics").text
    assert (
        'scoring_api_requests_total{method="GET",route="/v1/customers/{customer_id}/scores",status="404"} 1.0' in text
    )
    assert 'scoring_api_requests_total{method="GET",route="other",status="404"} 1.0' in text
    assert 'scoring_api_request_duration_seconds_bucket{le="0.001"' in text
    assert "scoring_api_in_flight_requests 1.0" in text
    secret = keys.parts(api.client.headers["authorization"][7:])[1]
    for word in ("c0001", "secret-place", secret):
        assert word not in text + caplog.text
