"""Streams that nobody reads and dead letters that nobody sends, case by case, and as PostgreSQL has them."""

import datetime as dt

import pytest
from factories import query
from streamed_shop import SHOP

from scoring.database import connect
from scoring.domain.streams import KafkaStream
from scoring.reconcile import observed
from scoring.reconcile.reconcile import reconcile, tell
from scoring.reconcile.streams import DeadLettersSeen, StreamSeen, told, unread, unsent

NOW = dt.datetime(2024, 8, 1, 12, tzinfo=dt.UTC)
WORKER, NIGHTLY = KafkaStream(topic="updates"), KafkaStream(topic="updates", schedule="0 3 * * *")


def ago(hours):
    return NOW - dt.timedelta(hours=hours)


def topic(looked, stuck=None, name="updates"):
    """A topic at which somebody looked and whose messages wait, so many hours ago."""
    since = None if stuck is None else ago(stuck)
    return StreamSeen("shop", name, 1, 0, 0, 0, 0, 0, 0, since, since, ago(looked), ago(looked), None)


NOBODY, WAIT = "Nobody reads the topic updates", "Messages wait in the topic updates"
UNREAD = {
    "never read": (WORKER, [], None),
    "a worker looks": (WORKER, [topic(0.01)], None),
    "it is too early to say": (WORKER, [topic(0.99)], None),
    "nobody has looked for an hour": (WORKER, [topic(1)], (NOBODY, 1)),
    "messages wait, too": (WORKER, [topic(2, stuck=3)], (NOBODY, 2)),
    "messages wait though a worker looks": (WORKER, [topic(0, stuck=1)], (WAIT, 1)),
    "messages wait for a while": (WORKER, [topic(0, stuck=0.99)], None),
    "drained at three": (NIGHTLY, [topic(8.9)], None),
    "not drained since yesterday": (NIGHTLY, [topic(32.9)], (NOBODY, 32.9)),
    "the drain may still run": (NIGHTLY, [topic(14, stuck=14)], (NOBODY, 14)),
    "what was left is for the next drain": (NIGHTLY, [topic(8.9, stuck=8.9)], None),
    "a drain left it and the next one, too": (NIGHTLY, [topic(8.9, stuck=33)], (WAIT, 33)),
    "another topic since": (WORKER, [topic(2, name="old"), topic(3, name="older")], (NOBODY, 2)),
    "another topic since, just now": (WORKER, [topic(0.5, name="old"), topic(3, name="older")], None),
    "the old topic rests": (WORKER, [topic(99, stuck=99, name="old"), topic(0.1)], None),
}  # fmt: skip


@pytest.mark.parametrize(("stream", "seen", "expected"), UNREAD.values(), ids=UNREAD.keys())
def test_unread(stream, seen, expected):
    found = [(one.what.split(",")[0].split(":")[0], one.since) for one in unread("shop", stream, seen, NOW)]
    assert found == ([] if expected is None else [(expected[0], ago(expected[1]))])


def test_a_drain_has_an_hour():
    at_four = NOW.replace(hour=4)
    (seen,) = [topic(14)]
    assert list(unread("shop", NIGHTLY, [seen], at_four - dt.timedelta(seconds=1))) == []
    assert len(list(unread("shop", NIGHTLY, [seen], at_four))) == 1


def test_what_is_not_read_says_what_to_do():
    (nobody,) = unread("shop", WORKER, [topic(2)], NOW)
    assert nobody.needs_person
    assert str(nobody) == (
        "stream not read since 2024-08-01 10:00 UTC: Nobody reads the topic updates: updates of shop are not scored. "
        "Remedy: start a worker, `scoring stream run shop`, or see what its log says."
    )
    (waits,) = unread("shop", NIGHTLY, [topic(8.9, stuck=33)], NOW)
    assert waits.needs_person
    assert str(waits) == (
        "stream not read since 2024-07-31 03:00 UTC: Messages wait in the topic updates, and none is recorded: "
        "updates of shop are missing. Remedy: see whether the DAG ingest_stream_shop is paused or fails; trigger it."
    )


UNSENT = {
    "none waits": (WORKER, None, False),
    "they wait for a while": (WORKER, 0.99, False),
    "they wait for an hour": (WORKER, 1, True),
    "until the next drain": (NIGHTLY, 8.9, False),
    "the next drain did not send them": (NIGHTLY, 33, True),
}


@pytest.mark.parametrize(("stream", "hours", "expected"), UNSENT.values(), ids=UNSENT.keys())
def test_unsent(stream, hours, expected):
    since = None if hours is None else ago(hours)
    found = list(unsent(DeadLettersSeen("shop", 1200, since), stream, NOW))
    assert [one.since for one in found] == ([since] if expected else [])


def test_what_is_not_sent_says_what_to_do():
    (found,) = unsent(DeadLettersSeen("shop", 1200, ago(2)), WORKER, NOW)
    assert found.needs_person
    assert str(found) == (
        "dead letters not sent since 2024-08-01 10:00 UTC: 1,200 refused messages of shop wait for the topic "
        "updates.dead. Remedy: see whether that topic exists and the worker may write to it; its log says what the "
        "broker answers. Nothing is lost: they are sent as soon as the broker takes them."
    )


def test_both_are_facts_that_the_owner_of_the_data_set_is_told():
    (nobody,) = unread("shop", WORKER, [topic(2)], NOW)
    (waits,) = unsent(DeadLettersSeen("shop", 1200, ago(2)), WORKER, NOW)
    for found, kind, key in (
        (nobody, "stream_unread", "updates since 2024-08-01"),
        (waits, "dead_letters_waiting", "updates.dead since 2024-08-01"),
    ):
        fact = told(found, "shop", "risk", WORKER).fact
        assert (fact.kind, fact.key, fact.owner, fact.text, fact.remedy) == (
            kind, key, "risk", found.what, found.remedy,
        )  # fmt: skip


def read(settings, data_set="shop", topic=SHOP.stream.topic, partition=0, **values):
    """Note what was read of a partition."""
    row = dict.fromkeys(("received", "accepted", "quarantined", "outdated", "lost"), 0)
    row |= {"next_offset": 10, "end_offset": None, "oldest_at": None, "looked_at": None, "moved_at": NOW}
    row |= {"newest_event_time": None} | values
    query(
        settings,
        "INSERT INTO scoring.stream_offset (data_set, topic, partition_id, first_offset, received, accepted, "
        "quarantined, outdated, lost, next_offset, end_offset, oldest_at, looked_at, moved_at, newest_event_time) "
        "VALUES (%s, %s, %s, 0, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        *(data_set, topic, partition, *row.values()),
    )


def refuse(settings, since, *, data_set="shop", sent=None):
    query(
        settings,
        "INSERT INTO scoring.stream_refusal (data_set, topic, partition_id, message_offset, rules, columns, "
        '"values", reason, bytes, refused_at, dead_lettered_at) '
        "VALUES (%s, 'updates', 0, 0, '{no}', '{x}', '{1}', 'no', 1, %s, %s)",
        *(data_set, since, sent),
    )


def test_what_was_read_of_a_topic_is_summed_over_its_partitions(shop):
    read(shop, topic="a", received=6, accepted=3, quarantined=2, outdated=1, lost=4, end_offset=15, oldest_at=ago(3),
         looked_at=ago(1), moved_at=ago(2), newest_event_time=ago(9))  # fmt: skip
    read(shop, topic="a", partition=1, received=1, accepted=1, end_offset=9, oldest_at=ago(4), looked_at=ago(5),
         moved_at=ago(3.5), newest_event_time=ago(8))  # fmt: skip
    read(shop, topic="a", partition=2, moved_at=ago(7), looked_at=ago(1))
    read(shop, topic="b", moved_at=ago(8))
    read(shop, data_set="other", topic="a")
    with connect(shop.database()) as connection:
        a, b = observed.streams(connection, ["shop"])
    assert a == StreamSeen("shop", "a", 3, 7, 4, 2, 1, 4, 5, ago(4), ago(3.5), ago(5), ago(2), ago(8))
    assert b == StreamSeen("shop", "b", 1, 0, 0, 0, 0, 0, None, None, None, ago(8), ago(8), None)


def test_dead_letters_that_were_sent_do_not_wait(shop):
    refuse(shop, ago(9), sent=NOW)
    refuse(shop, ago(3))
    refuse(shop, ago(2))
    refuse(shop, ago(8), data_set="other")
    with connect(shop.database()) as connection:
        found = observed.dead_letters(connection, ["shop", "a_third"])
    assert found == [DeadLettersSeen("a_third", 0, None), DeadLettersSeen("shop", 2, ago(3))]


def test_reconcile_finds_both(shop):
    streamed = shop.model_copy(update={"definitions": "streamed_shop"})
    now = dt.datetime.now(dt.UTC)
    assert reconcile(streamed, now) == []
    read(streamed, moved_at=ago(2))
    refuse(streamed, ago(2))
    assert [(one.kind, one.since) for one in reconcile(streamed, now)] == [
        ("stream not read", ago(2)),
        ("dead letters not sent", ago(2)),
    ]
    assert tell(streamed, reconcile(streamed, now)) == 2
    assert tell(streamed, reconcile(streamed, now + dt.timedelta(hours=1))) == 0  # an hour later it is no news
    told_of = query(streamed, "SELECT kind, owner, routed_at FROM scoring.alert ORDER BY kind")
    assert told_of == [("dead_letters_waiting", SHOP.owner, None), ("stream_unread", SHOP.owner, None)]
    assert reconcile(shop, now) == []  # its definitions have no stream
