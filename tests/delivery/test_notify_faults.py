"""Notify when the network, the CRM or the notifying process itself fails."""

import http.server
import logging
import os
import socket
import threading
from contextlib import contextmanager

import pytest
from factories_notify import attempts, deliveries, execute, make_due, new_secret, publish, rows, set_limits
from waiting import until

from scoring.database import connect
from scoring.delivery import deliveries as store
from scoring.delivery import endpoints, outbox
from scoring.delivery.adapters.webhook import Webhook
from scoring.delivery.notified import Notified
from scoring.delivery.notify import notify
from scoring.errors import IntegrityError, NotFound
from scoring.local.receiver import FaultPlan, Receiver

SECRET = new_secret()
CHILD = """
from scoring.delivery.adapters.webhook import Webhook
from scoring.delivery.notify import notify
from scoring.settings import load_crm_settings, load_settings
crm = load_crm_settings()
notify(load_settings().database(), Webhook(crm.url, crm.secret))
"""


def tell(settings, url, **limits):
    return notify(settings.database(), Webhook(url, SECRET), **limits)


@pytest.fixture
def nobody():
    """The address of a port on which nobody listens, with a token in it."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/hook?token=hidden"


@contextmanager
def server(answer):
    """A web server whose every POST is answered by ``answer(handler)``; yields its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        do_POST = answer  # noqa: N815 - the standard library's name
        do_GET = answer  # noqa: N815 - the standard library's name

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/hook"
        running.shutdown()
        thread.join()


def test_a_run_killed_during_delivery_is_made_good_by_the_next_with_the_same_ids(settings, forks, tmp_path):
    set_limits(settings, max_events=5)
    publish(settings, 100)
    with Receiver(SECRET, tmp_path / "crm.sqlite3", plan=FaultPlan(delay=600)) as receiver:
        environment = os.environ | {
            "SCORING_DATABASE_URL": settings.database(),
            "SCORING_CRM_URL": receiver.url,
            "SCORING_CRM_SECRET": SECRET.get_secret_value(),
        }
        child = forks.start(["-c", CHILD], environment)
        until(lambda: receiver.counts()["accepted"] == 8)
        assert tell(settings, receiver.url, max_seconds=0).requests == 0
        child.kill()
        child.wait()
        receiver.follow(FaultPlan())
        assert attempts(settings) == [], "it was killed between sending and recording"

        def all_delivered():
            tell(settings, receiver.url)
            return all(delivery["state"] == "delivered" for delivery in deliveries(settings))

        until(all_delivered)
        counts = receiver.counts()
        assert (counts["accepted"], counts["duplicates"], counts["events"], counts["customers"]) == (
            20,
            8,
            100,
            100,
        )
        assert len(attempts(settings)) == len(deliveries(settings)) == 20


def test_while_one_run_waits_for_an_answer_another_sends_the_rest(settings, tmp_path):
    """Without SKIP LOCKED the other run would wait for the claim: the lock timeout makes it fail instead."""
    set_limits(settings, max_events=1)
    publish(settings, 20)
    impatient = f"{settings.database()}&options=-clock_timeout%3D2000"
    with Receiver(SECRET, tmp_path / "crm.sqlite3") as receiver:
        webhook = Webhook(receiver.url, SECRET)
        with connect(settings.database()) as connection, connection:
            outbox.pack(connection, webhook)
        with connect(settings.database()) as other, other:
            assert store.claim(other, endpoints.CRM) is not None
            assert notify(impatient, webhook).delivered == 19
        assert notify(impatient, webhook).delivered == 1


def test_packers_do_not_wait_for_each_other(settings):
    publish(settings, 20)
    impatient = f"{settings.database()}&options=-clock_timeout%3D2000"
    webhook = Webhook("", SECRET)
    with connect(settings.database()) as one, connect(impatient) as other, one, other:
        assert outbox.pack(one, webhook, limit=15) == 15
        assert outbox.pack(other, webhook) == 5


def test_a_dead_host_is_left_alone_after_several_refusals(settings, nobody):
    set_limits(settings, max_events=1)
    publish(settings, 100)
    notified = tell(settings, nobody)
    assert 5 <= notified.requests == notified.failed <= 12, "five in a row, and what was under way then"
    assert "held back until" in notified.held_because
    assert tell(settings, nobody).requests == 0
    (held,) = rows(settings, "SELECT EXTRACT(epoch FROM not_before - now())::int AS seconds FROM scoring.endpoint")
    assert 50 <= held["seconds"] <= 60
    assert {attempt["status"] for attempt in attempts(settings)} == {None}
    assert {attempt["error"] for attempt in attempts(settings)} == {"the connection was refused or broke off"}
    assert len(attempts(settings)) == notified.requests


def test_single_failures_between_successes_hold_nobody_back(settings, tmp_path):
    set_limits(settings, max_events=1)
    publish(settings, 60)
    with Receiver(SECRET, tmp_path / "crm.sqlite3", plan=FaultPlan(drop_connection=4)) as receiver:
        notified = tell(settings, receiver.url)
        assert (notified.requests, notified.delivered, notified.held_because) == (60, 56, None)


def test_redirects_are_not_followed(settings):
    def redirect(handler):
        asked.append(handler.path)
        handler.rfile.read(int(handler.headers["Content-Length"]))
        handler.send_response(307)
        handler.send_header("Location", "/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    asked = []
    publish(settings)
    with server(redirect) as url:
        assert tell(settings, url).failed == 1
    assert asked == ["/hook"]
    (attempt,) = attempts(settings)
    assert (attempt["status"], attempt["error"]) == (307, "redirects are not followed: set the final address")


def test_requests_carry_the_headers_of_standard_webhooks_over_kept_connections(settings):
    def keep(handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        seen.append((handler.client_address, dict(handler.headers.items()), body))
        handler.send_response(200)
        handler.send_header("Content-Length", "2")
        handler.send_header("Set-Cookie", "session=1")
        handler.end_headers()
        handler.wfile.write(b"ok")

    seen = []
    set_limits(settings, max_events=1)
    publish(settings, 40)
    with server(keep) as url:
        assert tell(settings, url).delivered == 40
    assert len({address for address, _, _ in seen}) <= 8
    sent = {(f"msg_{delivery['delivery_id']}", delivery["body"].encode()) for delivery in deliveries(settings)}
    assert {(headers["webhook-id"], body) for _, headers, body in seen} == sent
    for _, headers, _ in seen:
        assert headers["Content-Type"] == "application/json"
        assert headers["User-Agent"].startswith("customer-scoring/")
        assert headers["webhook-signature"].startswith("v1,")
        assert "Cookie" not in headers


def test_no_secret_and_no_token_is_in_attempts_logs_or_representations(settings, nobody, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    publish(settings, 3)
    tell(settings, nobody)
    make_due(settings)
    with Receiver(SECRET, tmp_path / "crm.sqlite3") as receiver:
        tell(settings, receiver.url)
        shown = repr(receiver) + repr(vars(receiver))
    shown += repr(attempts(settings)) + repr(deliveries(settings)) + repr(Webhook(nobody, SECRET))
    assert SECRET.get_secret_value()[6:] not in shown + caplog.text
    assert "hidden" not in shown + caplog.text


def test_an_event_that_cannot_be_told_is_named_and_nothing_is_lost(settings, tmp_path):
    publish(settings, 3)
    execute(settings, "UPDATE scoring.event SET value = 'NaN' WHERE customer_id = 'c000000002'")
    with (
        Receiver(SECRET, tmp_path / "crm.sqlite3") as receiver,
        pytest.raises(IntegrityError, match="customer 'c000000002'"),
    ):
        tell(settings, receiver.url)
    assert deliveries(settings) == []


def test_only_dead_deliveries_can_be_replayed(settings, nobody):
    publish(settings)
    assert tell(settings, nobody) == Notified(requests=1, failed=1)
    (pending,) = deliveries(settings)
    with connect(settings.database()) as connection:
        with pytest.raises(NotFound, match="Only 0 of these 1 deliveries are dead"), connection:
            store.replay_dead(connection, endpoints.CRM, [str(pending["delivery_id"])])
        with pytest.raises(NotFound, match="'nonsense' is not the id of a delivery"), connection:
            store.replay_dead(connection, endpoints.CRM, ["nonsense"])
        with connection:
            assert store.replay_dead(connection, endpoints.CRM) == 0
        with pytest.raises(NotFound, match="no endpoint 'nowhere'"), connection:
            endpoints.enable(connection, "nowhere")
        with pytest.raises(NotFound, match="no endpoint 'nowhere'"), connection:
            endpoints.look_up(connection, "nowhere")
