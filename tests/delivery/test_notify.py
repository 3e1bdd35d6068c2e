"""Notify: events from the outbox reach a CRM over real HTTP, once each, and nothing is lost on the way."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from factories_notify import attempts, deliveries, execute, make_due, new_secret, publish, rows, set_limits
from pydantic import SecretStr

from scoring.database import connect
from scoring.delivery import deliveries as store
from scoring.delivery import endpoints, outbox
from scoring.delivery.adapters.webhook import Webhook
from scoring.delivery.notified import Notified
from scoring.delivery.notify import notify
from scoring.errors import ConfigurationError
from scoring.local.receiver import Fault, FaultPlan, Receiver

SECRET = new_secret()
SILENT = Webhook("", SecretStr(""))  # renders, and could not send


@pytest.fixture
def receiver(tmp_path):
    with Receiver(SECRET, tmp_path / "crm.sqlite3") as running:
        yield running


@pytest.fixture
def tell(settings, receiver):
    """Tells this receiver what is due."""

    def notify_receiver(**limits):
        return notify(settings.database(), Webhook(receiver.url, SECRET), **limits)

    return notify_receiver


def failing(status, times=1, retry_after=None):
    return FaultPlan(fail=(Fault(status=status, times=times, retry_after=retry_after),))


def test_while_the_secret_is_changed_a_crm_that_knows_either_of_the_two_takes_the_requests(settings, tmp_path):
    new, old = new_secret(), new_secret()
    both = SecretStr(f"{new.get_secret_value()} {old.get_secret_value()}")
    for score, known in (("one", old), ("another", new)):
        publish(settings, 3, score=score)
        with Receiver(known, tmp_path / "crm.sqlite3") as receiver:
            told = notify(settings.database(), Webhook(receiver.url, both))
            assert told.delivered == 1
    publish(settings, 1)
    with Receiver(new_secret(), tmp_path / "crm.sqlite3") as receiver:
        told = notify(settings.database(), Webhook(receiver.url, both))
        assert (told.delivered, [row["status"] for row in attempts(settings)][-1]) == (0, 401)


def test_with_nothing_to_tell_no_crm_needs_to_be_set(settings):
    assert notify(settings.database(), Webhook("", SecretStr(""))) == Notified()


def test_without_a_crm_events_wait_and_the_setting_is_named(settings):
    publish(settings)
    with pytest.raises(ConfigurationError, match="SCORING_CRM_URL") as refused:
        notify(settings.database(), Webhook("", SECRET))
    refused.value.read_in_airflow = True
    assert "connection crm_webhook" in str(refused.value)
    assert rows(settings, "SELECT count(*) FROM scoring.outbox WHERE delivery_id IS NULL") == [{"count": 1}]


def test_without_a_secret_deliveries_stay_pending_and_the_setting_is_named(settings, tell, receiver):
    publish(settings)
    receiver.follow(failing(500))
    tell()
    with pytest.raises(ConfigurationError, match="SCORING_CRM_SECRET"):
        notify(settings.database(), Webhook(receiver.url, SecretStr("")))
    assert [delivery["state"] for delivery in deliveries(settings)] == ["pending"]


def test_what_the_crm_knows_is_what_was_published(settings, tell, receiver):
    publish(settings, 250)
    publish(settings, 50, score="next_payment")
    assert tell() == Notified(requests=4, delivered=4, events=300)
    told = {
        (event["score"], event["customer_id"]): (event["version"], event["value"])
        for event in rows(settings, "SELECT score, customer_id, version, value FROM scoring.event")
    }
    newest = {subject: (event["version"], event["value"]) for subject, event in receiver.newest().items()}
    assert newest == told
    assert tell() == Notified()


def test_several_events_of_a_customer_and_score_are_told_as_the_newest(settings, tell, receiver):
    publish(settings, 3)
    publish(settings, 2, version=2)
    publish(settings, 1, version=3)
    publish(settings, 1, score="next_payment")
    assert tell().events == 4
    assert sorted(event["version"] for event in receiver.newest().values()) == [1, 1, 2, 3]
    carriers = rows(
        settings,
        """
        SELECT version, coalesced, count(DISTINCT delivery_id)::int AS carriers, count(*)::int AS events
        FROM scoring.outbox JOIN scoring.event USING (event_id) GROUP BY 1, 2 ORDER BY 1, 2
        """,
    )
    assert [tuple(row.values()) for row in carriers] == [
        (1, False, 1, 2),
        (1, True, 1, 2),
        (2, False, 1, 1),
        (2, True, 1, 1),
        (3, False, 1, 1),
    ]


def test_an_older_version_is_coalesced_even_when_a_newer_one_lies_beyond_the_piece(settings):
    publish(settings, 10)
    publish(settings, 10, version=2)
    with connect(settings.database()) as connection:
        with connection:
            assert outbox.pack(connection, SILENT, limit=4) == 8
        with connection:
            assert outbox.pack(connection, SILENT) == 12
    assert rows(settings, "SELECT count(*) FROM scoring.outbox WHERE coalesced") == [{"count": 10}]


def test_bodies_keep_the_limits_of_the_endpoint(settings, tell):
    set_limits(settings, max_events=7, max_bytes=1500)
    publish(settings, 40)
    tell()
    packed = deliveries(settings)
    assert all(len(delivery["body"].encode()) <= 1500 for delivery in packed)
    assert all(delivery["events"] == len(json.loads(delivery["body"])["data"]["events"]) for delivery in packed)
    assert sum(delivery["events"] for delivery in packed) == 40
    set_limits(settings, max_events=7)
    publish(settings, 40, version=2)
    tell()
    assert [delivery["events"] for delivery in deliveries(settings)[len(packed) :]].count(7) == 5


def test_an_event_beyond_the_limit_is_sent_alone(settings, tell):
    set_limits(settings, max_bytes=1000)
    publish(settings, 2)
    execute(settings, "UPDATE scoring.event SET customer_id = repeat('x', 2000) WHERE customer_id = 'c000000001'")
    assert tell().events == 2
    assert sorted(delivery["events"] for delivery in deliveries(settings)) == [1, 1]


def test_a_delivery_keeps_its_id_and_body_over_all_tries(settings, tell, receiver):
    publish(settings)
    receiver.follow(failing(500, times=3))
    for _ in range(3):
        assert tell().failed == 1
        make_due(settings)
    before = deliveries(settings)[0]
    assert tell().delivered == 1
    after = deliveries(settings)[0]
    assert (after["delivery_id"], after["body"]) == (before["delivery_id"], before["body"])
    assert after["attempts"] == 4
    assert [attempt["status"] for attempt in attempts(settings)] == [500, 500, 500, 204]
    assert [attempt["attempt"] for attempt in attempts(settings)] == [1, 2, 3, 4]


def test_a_lost_answer_leads_to_a_duplicate_that_the_receiver_drops(settings, tell, receiver):
    publish(settings, 5)
    receiver.follow(FaultPlan(drop_connection=1))
    assert tell() == Notified(requests=1, failed=1)
    make_due(settings)
    assert tell().delivered == 1
    counts = receiver.counts()
    assert (counts["requests"], counts["accepted"], counts["duplicates"], counts["events"]) == (2, 1, 1, 5)


def test_a_failed_delivery_is_due_again_by_schedule_and_not_before(settings, tell, receiver):
    publish(settings)
    receiver.follow(failing(500))
    assert tell().failed == 1
    assert 3 < deliveries(settings)[0]["wait"] <= 6
    assert tell().requests == 0


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_holds_back_everything_for_the_endpoint(settings, tell, receiver, status):
    publish(settings)
    receiver.follow(failing(status, retry_after=3600))
    notified = tell()
    assert (notified.failed, notified.delivered) == (1, 0)
    assert "held back until" in notified.held_because
    assert 3590 < deliveries(settings)[0]["wait"] <= 3600
    publish(settings, score="next_payment")
    assert tell().requests == 0
    make_due(settings)
    assert tell() == Notified(requests=2, delivered=2, events=2)


def test_gone_disables_the_endpoint_and_drops_nothing(settings, tell, receiver):
    set_limits(settings, max_events=1)
    publish(settings, 20)
    receiver.follow(failing(410, times=20))
    notified = tell()
    assert 1 <= notified.requests <= 8, "only what was under way when the first one answered"
    assert (notified.delivered, notified.dead, notified.disabled) == (0, 0, True)
    (alert,) = rows(settings, "SELECT kind, owner, text FROM scoring.alert")
    assert (alert["kind"], alert["owner"]) == ("endpoint_down", "scoring")
    assert "answered 410 Gone to msg_" in alert["text"]
    assert "answered 410 Gone to msg_" in notified.held_because
    assert tell().requests == 0
    receiver.follow(FaultPlan())
    with connect(settings.database()) as connection, connection:
        shown = outbox.backlog(connection)
        assert (endpoints.look_up(connection).state, shown.pending, shown.dead) == ("disabled", 20, 0)
        endpoints.enable(connection)
    assert tell() == Notified(requests=20, delivered=20, events=20)


def test_after_the_last_try_a_delivery_is_dead_and_can_be_replayed_with_the_same_id(settings, tell, receiver):
    publish(settings)
    receiver.follow(failing(500, times=11))
    for _ in range(10):
        dead = tell().dead
        make_due(settings)
    assert dead == 1
    (alert,) = rows(settings, "SELECT kind, text FROM scoring.alert")
    assert alert["kind"] == "dead_deliveries"
    assert "failed at the last try: 5" in alert["text"]
    before = deliveries(settings)[0]
    assert (before["state"], before["attempts"]) == ("dead", 10)
    assert tell() == Notified()
    with connect(settings.database()) as connection, connection:
        assert store.replay_dead(connection, endpoints.CRM, [f"msg_{before['delivery_id']}"]) == 1
    assert tell().dead == 0, "a replayed delivery has all tries before it"
    assert deliveries(settings)[0]["state"] == "pending"
    make_due(settings)
    assert tell().delivered == 1
    after = deliveries(settings)[0]
    assert (after["delivery_id"], after["attempts"]) == (before["delivery_id"], 12)
    assert [attempt["attempt"] for attempt in attempts(settings)] == list(range(1, 13))


def test_attempts_are_the_requests_that_the_receiver_saw(settings, tell, receiver):
    set_limits(settings, max_events=10)
    publish(settings, 200)
    faults = (Fault(status=500, times=3), Fault(status=429, times=2), Fault(status=404))
    receiver.follow(FaultPlan(fail=faults, drop_connection=2))
    requests = 0
    while requests == 0 or any(delivery["state"] == "pending" for delivery in deliveries(settings)):
        requests += tell().requests
        make_due(settings)
    assert len(attempts(settings)) == requests == receiver.counts()["requests"] == 28
    assert receiver.counts()["customers"] == 200


def test_two_runs_at_once_deliver_each_event_once(settings, tell, receiver):
    set_limits(settings, max_events=5)
    publish(settings, 500)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(tell) for _ in range(2)]
        assert sum(run.result().events for run in runs) == 500
    counts = receiver.counts()
    assert (counts["events"], counts["duplicates"], counts["customers"]) == (500, 0, 500)
    assert counts["requests"] == len(attempts(settings)) == len(deliveries(settings))


def test_two_packers_at_once_lose_nothing_and_pack_nothing_twice(settings):
    publish(settings, 300)
    publish(settings, 300, version=2)
    with connect(settings.database()) as one, connect(settings.database()) as other, one, other:
        assert outbox.pack(one, SILENT, limit=100) == 200
        assert outbox.pack(other, SILENT, limit=1000) == 400
    packed = [event["id"] for row in deliveries(settings) for event in json.loads(row["body"])["data"]["events"]]
    assert len(packed) == len(set(packed)) == 300
    assert rows(settings, "SELECT count(*) FROM scoring.outbox WHERE delivery_id IS NULL") == [{"count": 0}]


def test_a_run_ends_when_its_time_is_up(settings, tell):
    publish(settings)
    assert tell(max_seconds=0).requests == 0
    assert tell(max_seconds=60).delivered == 1


def test_deliveries_are_listed_with_their_last_answer(settings, tell, receiver):
    publish(settings)
    receiver.follow(failing(404))
    tell()
    with connect(settings.database()) as connection, connection:
        (listed,) = store.newest(connection, endpoints.CRM, state="pending")
        assert (listed.attempts, listed.last_status, listed.last_error) == (1, 404, None)
        assert store.newest(connection, endpoints.CRM, state="dead") == []
