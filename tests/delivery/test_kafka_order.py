"""Order: whatever is tried again, killed, split or replayed, no topic gets an older event after a newer one."""

import json
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from factories_faults import together, wait_until_somebody_waits
from factories_notify import deliveries, execute, make_due, rows, set_limits
from factories_topics import ENDPOINT, announced, publish
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from pydantic import SecretStr

from scoring.database import connect, transaction
from scoring.delivery import deliveries as store
from scoring.delivery import endpoints, order, outbox, topics
from scoring.delivery.adapters.contract import Answer
from scoring.delivery.adapters.kafka import Kafka
from scoring.delivery.adapters.webhook import Webhook
from scoring.delivery.notify import notify
from scoring.delivery.retry import Next
from scoring.settings import KafkaSettings

KAFKA = Kafka(KafkaSettings(), "scoring.{score}")
SCORE = "delinquency_risk"
CUSTOMERS = 4


class Topic:
    """What is written, in order; refuses to become older."""

    def __init__(self) -> None:
        self.log: list[tuple[str, dict[str, Any]]] = []
        self._last: dict[str, int] = {}

    def write(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            key = event["customer_id"]
            assert event["version"] >= self._last.get(key, 0), f"{key} became older"
            self._last[key] = event["version"]
            self.log.append((key, event))

    @property
    def compacted(self) -> dict[str, tuple[int, float]]:
        return {key: (event["version"], event["value"]) for key, event in self.log}

    @property
    def newest(self) -> dict[str, tuple[int, float]]:
        found: dict[str, tuple[int, float]] = {}
        for key, event in self.log:
            found[key] = max(found.get(key, (0, 0.0)), (event["version"], event["value"]))
        return found


class Relay:
    """Packers and senders, one step at a time; each claim is a transaction of its own, as in a worker."""

    def __init__(self, settings, stack: ExitStack) -> None:
        self.settings, self.stack, self.topic = settings, stack, Topic()
        self.connection = stack.enter_context(connect(settings.database()))
        self.claims: list[tuple[Any, store.Claimed]] = []
        self.version = 0

    def publish(self, customers: int) -> None:
        self.version += 1
        publish(self.settings, customers, version=self.version)

    def pack(self, limit: int) -> None:
        with self.connection:
            outbox.pack(self.connection, KAFKA, ENDPOINT, limit=limit)

    def claim(self, _: int) -> None:
        other = self.stack.enter_context(connect(self.settings.database()))
        claimed = store.claim(other, ENDPOINT)
        if claimed is None:
            other.close()
        else:
            self.claims.append((other, claimed))

    def taken(self, which: int) -> None:
        self._end(which, written=1.0, following=Next("delivered"))

    def failed(self, which: int) -> None:
        self._end(which, written=0.0, following=Next("pending"))

    def half_written(self, which: int) -> None:
        self._end(which, written=0.5, following=Next("pending"))

    def answer_lost(self, which: int) -> None:
        self._end(which, written=1.0, following=Next("pending"))

    def given_up(self, which: int) -> None:
        self._end(which, written=0.5, following=Next("dead"))

    def killed(self, which: int) -> None:
        self._end(which, written=0.0, following=None)

    def killed_after_writing(self, which: int) -> None:
        self._end(which, written=1.0, following=None)

    def split(self, which: int) -> None:
        self._end(which, written=0.5, following=Next("split"))

    def replay(self, _: int) -> None:
        with self.connection:
            store.replay_dead(self.connection, ENDPOINT)

    def _end(self, which: int, *, written: float, following: Next | None) -> None:
        if not self.claims:
            return
        connection, claimed = self.claims.pop(which % len(self.claims))
        events = json.loads(claimed.body)["data"]["events"]
        self.topic.write(events[: int(len(events) * written)])
        if following is not None and (following.state != "split" or claimed.events > 1):
            if following.state == "split":
                outbox.split(connection, KAFKA, claimed, endpoints.look_up(connection, ENDPOINT).limits)
            store.record(connection, claimed, Answer(200, None, None, 0.0), following)
            connection.commit()
        connection.close()

    def finish(self) -> None:
        """All that is under way is killed, dead deliveries are replayed, and then nothing fails any more."""
        while self.claims:
            self.killed(0)
        self.replay(0)
        while outbox_undelivered(self.settings):
            self.pack(1000)
            self.claim(0)
            self.taken(0)


def outbox_undelivered(settings) -> bool:
    with transaction(settings.database()) as connection:
        return outbox.undelivered(connection, ENDPOINT)


@contextmanager
def relay_of(settings) -> Iterator[Relay]:
    emptied = ("attempt", "delivery", "outbox", "event", "announcement", "endpoint")  # faster than TRUNCATE
    execute(settings, "; ".join(f"DELETE FROM scoring.{table}" for table in emptied))
    with transaction(settings.database()) as connection:
        topics.add(connection, ENDPOINT)
    set_limits(settings, max_events=3)
    with ExitStack() as stack:
        yield Relay(settings, stack)


ENDINGS = ["taken", "failed", "half_written", "answer_lost", "given_up", "killed", "killed_after_writing", "split"]
STEP = st.one_of(
    st.tuples(st.just("publish"), st.integers(1, CUSTOMERS)),
    st.tuples(st.just("pack"), st.sampled_from([1, 2, 1000])),
    st.tuples(st.just("claim"), st.just(0)),
    st.tuples(st.sampled_from(ENDINGS), st.integers(0, 3)),
    st.tuples(st.just("replay"), st.just(0)),
)


@profile(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=5, max_size=40))
def test_both_views_end_with_what_is_announced_whatever_happened_on_the_way(settings, steps):
    with relay_of(settings) as relay:
        for step, number in steps:
            getattr(relay, step)(number)
        relay.finish()
        assert relay.topic.compacted == relay.topic.newest == announced(settings)


def story(relay, *steps):
    for step, number in steps:
        getattr(relay, step)(number)


def test_a_newer_event_takes_the_place_of_one_that_failed_and_does_not_wait_for_its_next_try(settings):
    with relay_of(settings) as relay:
        story(relay, ("publish", 4), ("pack", 1000), ("claim", 0), ("failed", 0))
        execute(settings, "UPDATE scoring.delivery SET next_attempt_at = now() + interval '1 day' WHERE attempts = 1")
        story(relay, ("publish", 1), ("pack", 1000), ("claim", 0), ("claim", 0), ("taken", 0), ("taken", 0))
        assert relay.topic.compacted["c000000001"][0] == 2
        (waits,) = [one for one in deliveries(settings) if one["state"] == "pending"]
        assert waits["events"] == 2
        assert "c000000001" not in waits["body"]
        coalesced = rows(
            settings, "SELECT e.version FROM scoring.outbox JOIN scoring.event e USING (event_id) WHERE coalesced"
        )
        assert coalesced == [{"version": 1}]


def test_while_an_older_event_is_being_sent_the_newer_one_waits(settings):
    with relay_of(settings) as relay:
        story(relay, ("publish", 1), ("pack", 1000), ("claim", 0), ("publish", 2), ("pack", 1000))
        waiting = rows(
            settings,
            "SELECT customer_id FROM scoring.outbox JOIN scoring.event USING (event_id) WHERE delivery_id IS NULL",
        )
        assert waiting == [{"customer_id": "c000000001"}], "the other customer does not wait"
        story(relay, ("answer_lost", 0))
        relay.finish()
        assert relay.topic.compacted == announced(settings)


def test_of_two_packers_one_waits_or_each_would_pack_an_event_of_the_same_customer(settings):
    with relay_of(settings) as relay, connect(settings.database()) as first, ThreadPoolExecutor(1) as pool:
        relay.publish(1)
        outbox.pack(first, KAFKA, ENDPOINT)
        relay.publish(1)
        second = pool.submit(relay.pack, 1000)
        wait_until_somebody_waits(settings, lambda: not second.done())
        first.commit()
        second.result()
        assert [(one["state"], one["events"]) for one in deliveries(settings)] == [("coalesced", 1), ("pending", 1)]


def test_a_dead_delivery_whose_customers_were_told_of_newer_scores_is_over(settings):
    with relay_of(settings) as relay:
        story(relay, ("publish", 2), ("pack", 1000), ("claim", 0), ("given_up", 0), ("publish", 2), ("pack", 1000))
        assert [one["state"] for one in deliveries(settings)] == ["coalesced", "pending"]
        story(relay, ("claim", 0), ("taken", 0), ("replay", 0), ("claim", 0))
        assert relay.claims == []


def test_a_webhook_receives_older_events_again_for_it_compares_versions(settings):
    """The endpoint of the CRM pays nothing for the order of others."""
    webhook = Webhook("", SecretStr(""))
    with connect(settings.database()) as connection:
        for version in (1, 2):
            publish(settings, 1, version=version)
            with connection:
                assert outbox.pack(connection, webhook) == 1
    assert [(one["state"], one["events"]) for one in deliveries(settings)] == [("pending", 1)] * 2


class Faulty:
    """An adapter like Kafka's whose broker takes, loses and refuses by chance."""

    kind, ordered, target = "kafka", True, "topics"

    def __init__(self, seed: int) -> None:
        self.topic, self._lock, self._chance = Topic(), threading.Lock(), random.Random(seed)  # noqa: S311 - chance of a test
        self.render = KAFKA.render
        self.healthy = False

    @contextmanager
    def opened(self):
        yield self

    def send(self, message):
        events = json.loads(message.body)["data"]["events"]
        with self._lock:
            chance = 1.0 if self.healthy else self._chance.random()
            self.topic.write(events[: int(len(events) * min(1.0, 2 * chance))])
        return Answer(200 if chance > 0.5 else 500, None, None, 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_several_relays_at_once_keep_the_order_while_scores_are_published(settings, seed):
    with relay_of(settings):
        faulty = Faulty(seed)
        published = threading.Event()

        def publisher():
            for version in range(1, 21):
                publish(settings, 20, version=version)
                make_due(settings)
            published.set()

        def relay():
            while not published.is_set():
                notify(settings.database(), faulty, ENDPOINT)

        together(publisher, relay, relay)
        faulty.healthy = True
        make_due(settings)
        notify(settings.database(), faulty, ENDPOINT)
        assert faulty.topic.compacted == faulty.topic.newest == announced(settings)


def test_what_was_delivered_long_ago_is_not_looked_at_when_events_are_packed(settings):
    """The plan of the search for older events: indexes find what is not delivered, and only that is read."""
    with relay_of(settings) as relay:
        publish(settings, 3000)
        relay.pack(10_000)
        execute(settings, "UPDATE scoring.delivery SET state = 'delivered', delivered_at = now()")
        publish(settings, 6, version=2)
        relay.pack(10_000)
        execute(settings, "ANALYZE scoring.delivery, scoring.outbox, scoring.event")
        names = {"endpoint": ENDPOINT, "scores": [SCORE] * 6, "customers": [f"c{n:09}" for n in range(1, 7)]}
        with connect(settings.database()) as connection, connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + order.UNDELIVERED, names)
            (((found,),),) = cursor.fetchall()
        assert found["Plan"]["Actual Rows"] == 6
        assert found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"] < 40, "all deliveries were read"
