"""Two workers that are killed again and again leave what one undisturbed worker leaves.

``make test`` does it small; ``benchmarks/stream_faults.py`` with 100,000 messages and 20 kills.
"""

import datetime as dt
import os
import random

from confluent_kafka import Producer
from factories import query, value
from factories_kafka import messages_of
from factories_stream import JULY_10, TORN, drain, forked, offsets, streamed, update
from waiting import until

MESSAGES, KILLS = (int(one) for one in os.environ.get("STREAM_FAULTS", "3000 5").split())

STATE = {
    "announcement": """SELECT score, customer_id, version, as_of, event_time, round(value::numeric, 9) AS value, points,
        band FROM scoring.announcement ORDER BY 1, 2""",
    "event": """SELECT score, customer_id, version, event_time, round(value::numeric, 9) AS value,
        round(previous_value::numeric, 9) AS previous, band, previous_band FROM scoring.event ORDER BY 1, 2, 3""",
    "outbox": "SELECT count(*) AS rows, count(DISTINCT event_id) AS events FROM scoring.outbox",
    "update": """SELECT customer_id, event_time, partition_id, message_offset, content::text
        FROM scoring.customer_update ORDER BY 1""",
    "score": """SELECT score, customer_id, round(value::numeric, 9) AS value, event_time
        FROM scoring.streamed_score ORDER BY 1, 2""",
    "refusal": "SELECT partition_id, message_offset, customer_id, rules FROM scoring.stream_refusal ORDER BY 1, 2",
    "offset": """SELECT partition_id, next_offset, received, accepted, quarantined, outdated
        FROM scoring.stream_offset ORDER BY 1""",
}
ALL = "stream_offset, stream_range, customer_update, streamed_score, stream_refusal, event, outbox, announcement"


def messages(count, rng):
    """Updates of every tenth as many customers, with bad ones, duplicates and some out of order, a hundredth each."""
    made = []
    for number in range(count):
        who, at = rng.randrange(max(count // 10, 20)), JULY_10 + dt.timedelta(seconds=number)
        chance = rng.random()
        if chance < 0.01:
            made.append(update(who, at, spend=-1))
        elif chance < 0.02 and made:
            made.append(rng.choice(made[-50:]))
        elif chance < 0.03:
            made.append(update(who, JULY_10 - dt.timedelta(days=1), spend=float(rng.randrange(1000))))
        else:
            made.append(update(who, at, spend=float(rng.randrange(1000)), mood=rng.randrange(-8, 8) / 4))
    return made


def state(settings):
    return {name: [tuple(row) for row in query(settings, statement)] for name, statement in STATE.items()}


def test_two_workers_that_are_killed_leave_what_an_undisturbed_one_leaves(loaded, broker, forks, tmp_path):
    rng = random.Random(18)  # noqa: S311 - a seed
    shop = streamed(broker, partitions=4)
    producer = Producer({"bootstrap.servers": broker, "enable.idempotence": True})
    for key, content, headers in messages(MESSAGES, rng):
        producer.produce(shop.stream.topic, content, key, headers=headers)
        producer.poll(0)
    assert producer.flush(120) == 0
    del producer
    query(loaded, "CREATE TABLE public.before AS SELECT * FROM scoring.announcement")

    drain(loaded, broker, shop, group="undisturbed")
    undisturbed = state(loaded)
    since = value(loaded, "SELECT clock_timestamp()")
    assert sum(row[2] for row in undisturbed["offset"]) == MESSAGES

    query(loaded, f"TRUNCATE {', '.join(f'scoring.{one}' for one in ALL.split(', '))}")
    query(loaded, "INSERT INTO scoring.announcement SELECT * FROM public.before")
    with (tmp_path / "log").open("wb") as log:
        batch = max(MESSAGES // 60, 50)

        def start():
            return forked(forks, loaded, broker, shop, group="killed", batch=batch, log=log)

        workers = [start(), start()]
        try:
            marks = sorted(rng.sample(range(MESSAGES // 20, MESSAGES * 9 // 10), KILLS))
            for number, mark in enumerate(marks):
                until(lambda mark=mark: sum(row[2] for row in offsets(loaded)) >= mark)
                workers[number % 2].kill()
                workers[number % 2].wait()
                workers[number % 2] = start()
            until(lambda: sum(row[2] for row in offsets(loaded)) >= MESSAGES, 300)
            until(lambda: not query(loaded, "SELECT FROM scoring.stream_refusal WHERE dead_lettered_at IS NULL"))
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()

    disturbed = state(loaded)
    for table, rows in undisturbed.items():
        assert disturbed[table] == rows, table
    assert query(loaded, TORN) == [(0,)]
    letters = [dict(one.headers()) for one in messages_of(broker, shop.stream.dead_letters)]
    again = [one for one in letters if dt.datetime.fromisoformat(one["refused-at"].decode()) > since]
    places = {tuple(int(one[name]) for name in ("partition", "offset")) for one in again}
    assert places == {row[:2] for row in undisturbed["refusal"]}
