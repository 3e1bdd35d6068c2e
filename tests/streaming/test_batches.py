"""Batches and updates at the same time: the newest information wins, nobody is told backwards, nothing locks up."""

import datetime as dt
import itertools
import os
import random

from factories import JUNE, customers, published, query, snapshot_of
from factories_stream import current, offsets, send, streamed, update, wait_for, working
from streamed_shop import LEAVING, SPENDING

from scoring.domain.streams import known_until

ROUNDS = int(os.environ.get("STREAM_ROUNDS", "15"))  # benchmarks/stream_faults.py does 50
WHO = 12


def test_batches_that_come_while_a_stream_runs(loaded, broker):
    rng = random.Random(5)  # noqa: S311 - a seed
    shop = streamed(broker, partitions=2)
    known = {number: (known_until(JUNE), 100.0) for number in range(20)}
    sent = 0
    with working(loaded, broker, shop), working(loaded, broker, shop):
        for number in range(1, ROUNDS + 1):
            day = JUNE + dt.timedelta(days=number)
            updates = []
            for _ in range(4):
                who, spend = rng.randrange(WHO), float(rng.randrange(1000))
                at = known_until(day) + dt.timedelta(minutes=rng.randrange(-2880, 1440))
                updates.append(update(who, at, spend=spend))
                known[who] = max(known[who], (at, sent + len(updates), spend), key=lambda one: one[:-1])
            send(broker, shop, updates)
            sent += len(updates)
            spend = float(rng.randrange(1000))
            snapshot_of(loaded, customers(20, spend=spend), day)
            published(loaded, SPENDING, day)
            published(loaded, LEAVING, day)
            known |= {who: (known_until(day), spend) for who in known if known[who][0] < known_until(day)}
        wait_for(loaded, sent)
    assert sum(row[2] for row in offsets(loaded)) == sent
    assert current(loaded) == {f"c{who:04d}": one[-1] for who, one in known.items()}
    told = query(
        loaded,
        """SELECT score, customer_id, version, coalesce(event_time, (as_of + 1)::timestamp AT TIME ZONE 'UTC') AS at
        FROM scoring.event ORDER BY score, customer_id, version""",
    )
    for before, after in itertools.pairwise(told):
        if before[:2] == after[:2]:
            assert before.at <= after.at
            assert before.version + 1 == after.version
