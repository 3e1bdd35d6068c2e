"""A body that the CRM refuses is split until the event that it cannot take stands alone; all others arrive."""

import http.server
import json
import threading
from contextlib import contextmanager

import pytest
from factories_notify import attempts, deliveries, make_due, new_secret, publish, rows, set_limits
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from scoring.delivery.adapters.webhook import Webhook
from scoring.delivery.notify import notify
from scoring.delivery.retry import WAITS
from scoring.delivery.splitting import PARTS_LIMIT

SECRET = new_secret()
TRIES = len(WAITS) + 1


class Picky:
    """A CRM that refuses bodies for which ``refuses`` gives a status; knows what it took and was asked."""

    def __init__(self, refuses):
        self.refuses, self.taken, self.requests = refuses, [], 0
        self._lock = threading.Lock()

    def status(self, body):
        events = json.loads(body)["data"]["events"]
        with self._lock:
            self.requests += 1
            refusal = self.refuses(events, body)
            if refusal is None:
                self.taken += [(event["customer_id"], event["version"]) for event in events]
        return refusal or 204


@contextmanager
def serving(crm):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.send_response(crm.status(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield Webhook(f"http://127.0.0.1:{running.server_port}/hook", SECRET)
        running.shutdown()
        thread.join()


def refusing(*customers, status=400):
    return lambda events, _: status if any(event["customer_id"] in customers for event in events) else None


def name(number):
    return f"c{number:09d}"


def to_the_end(settings, webhook):
    """Let all the time pass that tries need; returns what the runs said."""
    runs = []
    while not runs or any(delivery["state"] == "pending" for delivery in deliveries(settings)):
        runs.append(notify(settings.database(), webhook))
        make_due(settings)
    return runs


@pytest.mark.parametrize("status", [400, 413, 422])
def test_one_poisonous_event_dies_alone_and_all_others_arrive(settings, status):
    publish(settings, 250)
    crm = Picky(refusing(name(142), status=status))
    with serving(crm) as webhook:
        runs = to_the_end(settings, webhook)
    assert sorted(crm.taken) == [(name(n), 1) for n in range(1, 251) if n != 142]
    (dead,) = [delivery for delivery in deliveries(settings) if delivery["state"] == "dead"]
    assert (dead["events"], dead["attempts"]) == (1, TRIES)
    assert [event["customer_id"] for event in json.loads(dead["body"])["data"]["events"]] == [name(142)]
    assert sum(run.dead for run in runs) == 1
    assert crm.requests == sum(run.requests for run in runs) == len(attempts(settings)) <= 60


def test_the_only_delivery_is_split_too_once_the_trouble_has_lasted(settings):
    publish(settings, 8)
    crm = Picky(refusing(name(3)))
    with serving(crm) as webhook:
        first = [notify(settings.database(), webhook)]
        assert (first[0].requests, first[0].split) == (1, 0), "perhaps the CRM refuses everything"
        to_the_end(settings, webhook)
    assert sorted(crm.taken) == [(name(n), 1) for n in range(1, 9) if n != 3]
    assert [delivery["events"] for delivery in deliveries(settings) if delivery["state"] == "dead"] == [1]


def test_a_crm_that_refuses_everything_is_not_asked_about_each_event(settings):
    publish(settings, 200)
    crm = Picky(lambda *_: 400)
    with serving(crm) as webhook:
        to_the_end(settings, webhook)
    states = [(delivery["state"], delivery["events"]) for delivery in deliveries(settings)]
    assert sorted(states) == sorted([("split", size) for size in whole_sizes(settings)] + dead_halves(settings))
    assert crm.requests <= len(whole_sizes(settings)) * (3 + 2 * TRIES)
    assert sum(delivery["events"] for delivery in deliveries(settings) if delivery["state"] == "dead") == 200


def whole_sizes(settings):
    return [row["events"] for row in deliveries(settings) if row["split_from"] is None]


def dead_halves(settings):
    return [("dead", row["events"]) for row in deliveries(settings) if row["split_from"] is not None]


def test_so_many_poisonous_events_that_the_search_is_bounded(settings):
    """Every second customer is refused; others are taken, so that splitting looks worth while."""
    set_limits(settings, max_events=100, max_bytes=100_000)
    publish(settings, 1500)
    most = []
    crm = Picky(lambda events, _: 422 if any(int(event["customer_id"][1:]) % 2 for event in events) else None)
    with serving(crm) as webhook:
        while not most or any(delivery["state"] == "pending" for delivery in deliveries(settings)):
            notify(settings.database(), webhook)
            pending = "SELECT count(*)::int FROM scoring.delivery WHERE state = 'pending' AND split_from IS NOT NULL"
            most.append(rows(settings, pending)[0]["count"])
            make_due(settings)
    assert max(most) <= PARTS_LIMIT + 8, "each of the workers may split one more"
    told = {customer for customer, _ in crm.taken}
    left = [
        event["customer_id"]
        for delivery in deliveries(settings)
        if delivery["state"] == "dead"
        for event in json.loads(delivery["body"])["data"]["events"]
    ]
    assert len(told) + len(left) == 1500
    assert told | set(left) == {name(n) for n in range(1, 1501)}


def test_a_body_that_is_too_large_is_halved_until_it_fits(settings):
    publish(settings, 100)
    crm = Picky(lambda _, body: 413 if len(body) > 4000 else None)
    with serving(crm) as webhook:
        run = notify(settings.database(), webhook)
    assert (run.events, run.dead) == (100, 0)
    assert len(crm.taken) == 100


def test_older_events_told_by_a_newer_one_go_with_it_into_its_part(settings):
    publish(settings, 6)
    publish(settings, 6, version=2)
    crm = Picky(refusing(name(2), status=413))
    with serving(crm) as webhook:
        to_the_end(settings, webhook)
    carried = rows(
        settings,
        """
        SELECT e.customer_id, d.state, count(*)::int AS events, count(DISTINCT d.delivery_id)::int AS carriers
        FROM scoring.outbox o JOIN scoring.event e USING (event_id) JOIN scoring.delivery d USING (delivery_id)
        GROUP BY 1, 2 ORDER BY 1
        """,
    )
    assert [tuple(row.values()) for row in carried] == [
        (name(n), "dead" if n == 2 else "delivered", 2, 1) for n in range(1, 7)
    ]


@given(poison=st.sets(st.integers(1, 40), max_size=40), max_events=st.integers(1, 20))
@hypothesis_settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_poisonous_every_other_event_arrives_and_every_event_has_one_carrier(settings, poison, max_events):
    for table in ("attempt", "outbox", "event"):
        rows(settings, f"DELETE FROM scoring.{table} RETURNING 1")
    rows(settings, "UPDATE scoring.delivery SET split_from = NULL RETURNING 1")
    rows(settings, "DELETE FROM scoring.delivery RETURNING 1")
    set_limits(settings, max_events=max_events)
    publish(settings, 40)
    crm = Picky(refusing(*map(name, poison), status=413))
    with serving(crm) as webhook:
        to_the_end(settings, webhook)
    assert sorted(crm.taken) == [(name(n), 1) for n in range(1, 41) if n not in poison]
    dead = [delivery for delivery in deliveries(settings) if delivery["state"] == "dead"]
    assert [delivery["events"] for delivery in dead] == [1] * len(poison)
    carriers = "SELECT d.state FROM scoring.outbox JOIN scoring.delivery d USING (delivery_id)"
    states = [row["state"] for row in rows(settings, carriers)]
    assert (states.count("delivered"), states.count("dead")) == (40 - len(poison), len(poison))
