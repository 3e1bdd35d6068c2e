"""What the page says of streams: the sums of the table, a word for how it goes, and which rules refused."""

import datetime as dt
from contextlib import closing

import factories_page
import psycopg2
import pytest

from scoring.catalog import Catalog, load_catalog
from scoring.database import Connection
from scoring.domain.streams import KafkaStream
from scoring.page.overview import overview
from scoring.page.reading import reading
from scoring.page.streams import streams, word
from scoring.reconcile.streams import StreamSeen

LAST = dt.date(2025, 12, 31)
ONE_O_CLOCK = dt.datetime(2025, 12, 31, 13, 2, tzinfo=dt.UTC)
CATALOG = load_catalog("page_definitions")
WORKER, NIGHTLY = KafkaStream(topic="updates"), KafkaStream(topic="updates", schedule="0 3 * * *")


def at(hour: int, minute: int) -> dt.datetime:
    return dt.datetime(2025, 12, 31, hour, minute, tzinfo=dt.UTC)


def topic(looked: float, oldest: float | None = None, name: str = "updates") -> StreamSeen:
    """A topic at which somebody looked and whose messages wait, so many minutes ago."""
    looked_at = ONE_O_CLOCK - dt.timedelta(minutes=looked)
    since = None if oldest is None else ONE_O_CLOCK - dt.timedelta(minutes=oldest)
    return StreamSeen("shop", name, 1, 0, 0, 0, 0, 0, 0, since, None, looked_at, looked_at, None)


WORDS = {
    "nobody has ever looked": (WORKER, [], "never read"),
    "a worker looks": (WORKER, [topic(0)], "read"),
    "messages wait for a moment": (WORKER, [topic(0, oldest=5)], "read"),
    "messages wait": (WORKER, [topic(0, oldest=5.1)], "behind"),
    "nobody looks": (WORKER, [topic(60, oldest=61)], "not read"),
    "a drain is under way": (NIGHTLY, [topic(0, oldest=600)], "read"),
    "another topic is at rest": (WORKER, [topic(0), topic(999, oldest=999, name="old")], "read"),
    "only another topic was read": (WORKER, [topic(61, name="old")], "not read"),
}


@pytest.mark.parametrize(("stream", "seen", "expected"), WORDS.values(), ids=WORDS.keys())
def test_a_word_for_how_it_goes(stream: KafkaStream, seen: list[StreamSeen], expected: str) -> None:
    assert word("shop", stream, seen, ONE_O_CLOCK) == expected


def test_a_stream_has_a_line_with_what_was_read_and_what_waits(connection: Connection) -> None:
    (line,) = overview(connection, CATALOG, ONE_O_CLOCK).streams
    assert (line.data_set, line.topic, line.schedule, line.word) == ("people", "people.updates", None, "read")
    read = line.read
    assert read is not None
    assert (read.received, read.accepted, read.quarantined, read.outdated, read.lost) == (2000, 1920, 40, 40, 7)
    assert (read.lag, read.oldest_at, read.looked_at) == (5, at(12, 59), at(13, 0))
    assert read.newest_event_time == at(12, 59)
    assert (line.dead_letters.waiting, line.dead_letters.since) == (2, at(12, 39))


def test_refusals_are_counted_by_rule_the_most_frequent_first(connection: Connection) -> None:
    (line,) = streams(connection, CATALOG, ONE_O_CLOCK)
    assert [(one.rule, one.column_name, one.count, one.newest) for one in line.refused] == [
        ("is not null", "feature_01", 40, at(12, 40)),
        ("is known", "region", 1, at(12, 40)),
    ]


def test_only_the_last_refusals_of_the_ten_most_frequent_rules_are_shown(database_url: str) -> None:
    factories_page.fill(database_url, days=1, last=LAST)
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO scoring.stream_refusal (data_set, topic, partition_id, message_offset, rules, columns, "
            """"values", reason, bytes) SELECT d, 't', 0, n, ARRAY['rule ' || n % 20], '{x}', '{NULL}', '', 1 """
            "FROM generate_series(1, 1000) n, unnest(ARRAY['people', 'others']) d"
        )
    with reading(database_url) as connection:
        (line,) = streams(connection, CATALOG, ONE_O_CLOCK)
    assert [(one.count, one.data_set) for one in line.refused] == [(50, "people")] * 10


def test_a_stream_that_was_never_read_has_an_empty_line(database_url: str) -> None:
    with reading(database_url) as connection:
        (line,) = streams(connection, CATALOG, ONE_O_CLOCK)
    assert (line.word, line.read, line.dead_letters.waiting, line.refused) == ("never read", None, 0, [])


def test_without_a_stream_there_is_nothing(connection: Connection) -> None:
    people = CATALOG.data_set("people").model_copy(update={"stream": None})
    assert streams(connection, Catalog(data_sets={"people": people}), ONE_O_CLOCK) == []
