"""What is said of a message before its content is read."""

import datetime as dt

import pytest

from scoring.streaming.message import AHEAD, LARGEST, Broken, Message, broken_at_sight, event_time_of, text_of

NOON = dt.datetime(2024, 7, 10, 12, tzinfo=dt.UTC)
JSON = "the value is JSON by the published schema"


def message(value=b"{}", event_time=NOON, mistimed=None):
    return Message(0, 7, b"c0001", value, event_time, mistimed)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(message(), None, id="nothing is wrong at sight"),
        pytest.param(message(b""), None, id="whether nothing is a record, its content says"),
        pytest.param(message(None), Broken("a tombstone is no update"), id="a tombstone"),
        pytest.param(message(b"x" * LARGEST), None, id="just not too large"),
        pytest.param(
            message(b"x" * (LARGEST + 1)),
            Broken("the value has at most 1048576 bytes", value="1048577 bytes"),
            id="too large",
        ),
        pytest.param(
            message(b"\0\0\0\0\1{}"), Broken(JSON, value="Confluent's wire format (magic byte 0)"), id="a schema's id"
        ),
        pytest.param(message(event_time=None, mistimed="why"), Broken("the event time: why"), id="no event time"),
        pytest.param(message(event_time=NOON + AHEAD), None, id="a clock that is a little ahead"),
        pytest.param(
            message(event_time=dt.datetime(2062, 1, 1, tzinfo=dt.UTC)),
            Broken("the event time is not ahead of the clock", value="2062-01-01T00:00:00+00:00"),
            id="a wrong year",
        ),
    ],
)
def test_what_is_wrong_at_sight(given, expected):
    assert broken_at_sight(given, NOON) == expected


WRONG = "the header event-time is no RFC 3339 time"


@pytest.mark.parametrize(
    ("headers", "timestamp", "expected"),
    [
        pytest.param([], 1720612800123, (NOON + dt.timedelta(milliseconds=123), None), id="the message's timestamp"),
        pytest.param([], 0, (dt.datetime(1970, 1, 1, tzinfo=dt.UTC), None), id="the first timestamp that there is"),
        pytest.param([], None, (None, "the message has no timestamp"), id="no timestamp"),
        pytest.param([], -1, (None, "the message has no timestamp"), id="Kafka's way to say that there is none"),
        pytest.param([("event-time", b"2024-07-10T12:00:00Z")], 5, (NOON, None), id="the header"),
        pytest.param([("event-time", b"2024-07-10t14:00:00.0+02:00")], 5, (NOON, None), id="with a zone"),
        pytest.param([("event-time", b"x"), ("event-time", b"2024-07-10 12:00:00z")], 5, (NOON, None), id="the last"),
        pytest.param([("other", b"2024-07-10T12:00:00Z")], 1720612800000, (NOON, None), id="another header"),
        pytest.param([("event-time", b"2024-07-10T12:00:00")], 5, (None, WRONG), id="no zone"),
        pytest.param([("event-time", b"2024-07-10")], 5, (None, WRONG), id="a day"),
        pytest.param([("event-time", b"2024-13-10T12:00:00Z")], 5, (None, WRONG), id="no such month"),
        pytest.param([("event-time", b"0001-01-01T00:00:00+10:00")], 5, (None, WRONG), id="before all years"),
        pytest.param([("event-time", None)], 5, (None, WRONG), id="an empty header"),
        pytest.param([("event-time", b"\xff")], 5, (None, WRONG), id="no text"),
    ],
)
def test_when_it_happened(headers, timestamp, expected):
    assert event_time_of(headers, timestamp) == expected


@pytest.mark.parametrize(
    ("key", "expected"), [(b"c1", "c1"), ("ä".encode(), "ä"), (None, None), (b"\xff", None), (b"a\0", None)]
)
def test_a_key_as_text(key, expected):
    assert text_of(key) == expected


def test_the_size_of_a_message_is_that_of_its_value():
    assert (message(b"abc").size, message(None).size) == (3, 0)


@pytest.mark.parametrize("timestamp", [2**62, 253_402_300_800_000])
def test_a_timestamp_beyond_the_calendar_is_said_and_stops_nobody(timestamp):
    assert event_time_of([], timestamp) == (None, "the message's timestamp is beyond the calendar")
