"""A message of a topic, and what can be said of it before its content is looked at: the rules, as pure functions."""

import datetime as dt
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

EVENT_TIME = "event-time"  # the header
LARGEST = 1 << 20  # bytes of a value; what is larger is refused without its content
AHEAD = dt.timedelta(hours=1)  # of our clock; a wrong year would silence all that comes after
MAGIC = b"\0"  # how Confluent's wire format begins, which needs a schema registry

# RFC 3339, section 5.6.
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was read. ``event_time`` is None where it has none that can be used: ``mistimed`` says why."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    event_time: dt.datetime | None
    mistimed: str | None = None

    @property
    def size(self) -> int:
        """Bytes of the value."""
        return len(self.value or b"")


@dataclass(frozen=True)
class Broken:
    """A rule that a message breaks: in which column (empty: the whole message) and by which value."""

    rule: str
    column: str = ""
    value: str | None = None


def event_time_of(
    headers: Sequence[tuple[str, bytes | None]], timestamp_ms: int | None
) -> tuple[dt.datetime | None, str | None]:
    """When that happened which a message tells (header ``event-time``, else its timestamp), or why nobody knows.

    Of several headers of that name the last one counts.
    """
    written = [value for name, value in headers if name == EVENT_TIME]
    if not written:
        if timestamp_ms is None or timestamp_ms < 0:
            return None, "the message has no timestamp"
        try:
            return dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(milliseconds=timestamp_ms), None
        except OverflowError:
            return None, "the message's timestamp is beyond the calendar"
    text = (written[-1] or b"").decode("utf-8", "replace")
    if _RFC_3339.fullmatch(text):
        with suppress(ValueError, OverflowError):
            return dt.datetime.fromisoformat(text.upper().replace(" ", "T")).astimezone(dt.UTC), None
    return None, f"the header {EVENT_TIME} is no RFC 3339 time"


def broken_at_sight(message: Message, now: dt.datetime) -> Broken | None:
    """The rule that a message breaks, whatever its content says; None if its content has to be read."""
    if message.value is None:
        return Broken("a tombstone is no update")
    if message.size > LARGEST:
        return Broken(f"the value has at most {LARGEST} bytes", value=f"{message.size} bytes")
    if message.value[:1] == MAGIC:
        return Broken("the value is JSON by the published schema", value="Confluent's wire format (magic byte 0)")
    if message.event_time is None:
        return Broken(f"the event time: {message.mistimed}")
    if message.event_time > now + AHEAD:
        return Broken("the event time is not ahead of the clock", value=message.event_time.isoformat())
    return None


def text_of(key: bytes | None) -> str | None:
    """A key as text that can be stored; None if it is none."""
    if key is None or b"\0" in key:
        return None
    try:
        return key.decode()
    except UnicodeDecodeError:
        return None
