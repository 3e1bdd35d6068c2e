"""Broker or database are away for a while, under load: the same workers go on, and nothing is lost or done twice.

``make test`` does it with seconds; ``benchmarks/stream_faults.py`` with a minute of each.
"""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest
from confluent_kafka import Producer
from factories import query
from factories_proxy import Door
from factories_stream import JULY_10, TORN, dt, forked, offsets, streamed, update
from ports import free_port
from waiting import until

from scoring.local.broker import broker_command
from scoring.local.streamed import answers
from scoring.settings import KafkaSettings

SECONDS, MESSAGES = (int(one) for one in os.environ.get("STREAM_OUTAGE", "3 900").split())
PATIENCE = SECONDS + 240

EXPECTED = """
    SELECT customer_id, event_time, content::jsonb ->> 'spend' AS spend FROM scoring.customer_update ORDER BY 1"""
SCORED = "SELECT customer_id, event_time, value FROM scoring.streamed_score WHERE score = 'spending' ORDER BY 1"
TOLD_TWICE = "SELECT score, customer_id, version FROM scoring.event GROUP BY 1, 2, 3 HAVING count(*) > 1"


class Feeder:
    """Writes updates of customers, each newer than the one before; knows what must hold in the end."""

    def __init__(self, broker, topic):
        self._topic, self._rng = topic, random.Random(11)  # noqa: S311 - a seed
        given = {"bootstrap.servers": broker, "enable.idempotence": True, "linger.ms": 20, "log_level": 0}
        self._producer = Producer(given | {"message.timeout.ms": 1000 * PATIENCE})
        self.newest, self.sent = {}, 0

    def send(self, count):
        """Write so many; what the broker does not take waits."""
        for _ in range(count):
            who, spend = self._rng.randrange(MESSAGES // 5), float(self._rng.randrange(1, 1000))
            at = JULY_10 + dt.timedelta(seconds=self.sent)
            key, value, headers = update(who, at, spend=spend)
            self._producer.produce(self._topic, value, key, headers=headers)
            self._producer.poll(0)
            self.newest[key] = (at, spend)
            self.sent += 1

    def flush(self):
        assert self._producer.flush(PATIENCE) == 0


@pytest.fixture
def guarded(tmp_path):
    """A broker of its own behind a door: its address, the door and its process."""
    port = free_port()
    with ExitStack() as stack:
        door = stack.enter_context(Door(port))
        log = stack.enter_context((tmp_path / "broker.log").open("ab"))
        process = subprocess.Popen(broker_command(port, door.port), stdout=log, stderr=subprocess.STDOUT)
        stack.callback(process.wait)
        stack.callback(process.kill)
        address = f"127.0.0.1:{door.port}"
        until(lambda: answers(KafkaSettings(servers=address)))
        yield address, door, process


def refused(guarded, _):
    _, door, _ = guarded
    return door.shut, door.unlock


def hung(guarded, _):
    *_, process = guarded
    return lambda: process.send_signal(signal.SIGSTOP), lambda: process.send_signal(signal.SIGCONT)


def no_database(_, request):
    return request.getfixturevalue("database_away")


@pytest.mark.parametrize("outage", [refused, hung, no_database], ids=["broker refuses", "broker hangs", "no database"])
@pytest.mark.timeout(4 * PATIENCE)
def test_after_an_outage_the_same_workers_go_on_and_nothing_is_lost_or_done_twice(
    outage, loaded, guarded, forks, request
):
    broker, away, back = guarded[0], *outage(guarded, request)
    tmp_path = request.getfixturevalue("tmp_path")
    shop = streamed(broker, partitions=4)
    feeder = Feeder(broker, shop.stream.topic)
    with (tmp_path / "log").open("wb") as log:
        workers = [forked(forks, loaded, broker, shop, log=log) for _ in range(2)]
        try:
            feeder.send(MESSAGES // 3)
            until(lambda: recorded(loaded) >= MESSAGES // 6, PATIENCE)  # in the middle of it
            away()
            end = time.monotonic() + SECONDS
            feeder.send(MESSAGES // 3)
            until(lambda: time.monotonic() >= end, PATIENCE)
            back()
            began = time.monotonic()
            feeder.send(MESSAGES // 3)
            feeder.flush()
            until(lambda: recorded(loaded) >= feeder.sent, PATIENCE)
            seconds = time.monotonic() - began
            assert [one.poll() for one in workers] == [None, None]
        finally:
            back()
            for one in workers:
                one.kill()
                one.wait()
    assert sum(row[2] for row in offsets(loaded)) == feeder.sent
    assert query(loaded, TORN) == [(0,)]
    newest = [(who, *one) for who, one in sorted(feeder.newest.items())]
    assert [(row.customer_id, row.event_time, float(row.spend)) for row in query(loaded, EXPECTED)] == newest
    assert [tuple(row) for row in query(loaded, SCORED)] == newest
    assert query(loaded, TOLD_TWICE) == []
    said = f"away for {SECONDS} s, {feeder.sent:,} messages; all recorded {seconds:.1f} s after it was back"
    with request.getfixturevalue("capsys").disabled():
        sys.stdout.write(f"\n{request.node.callspec.id}: {said}\n")


def recorded(settings):
    return sum(row[2] for row in offsets(settings))
