"""What the CRM reads: an event as JSON, and how events are packed into bodies within an endpoint's limits."""

import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scoring.errors import IntegrityError

_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Event:
    """A changed score to tell: the columns of table ``event``."""

    event_id: int
    type: str
    score: str
    customer_id: str
    version: int
    as_of: dt.date
    value: float
    points: int | None
    band: str | None
    model_version: int
    previous_value: float | None
    previous_points: int | None
    previous_band: str | None

    @property
    def subject(self) -> tuple[str, str]:
        """The score and the customer that the event is about; of several events, only the highest version matters."""
        return self.score, self.customer_id

    @property
    def content(self) -> dict[str, Any]:
        """The event as the CRM reads it. Every key is always there; null means that the score has no such thing."""
        previous = {"value": self.previous_value, "points": self.previous_points, "band": self.previous_band}
        return {
            "id": self.event_id,
            "type": self.type,
            "score": self.score,
            "customer_id": self.customer_id,
            "version": self.version,
            "as_of": self.as_of.isoformat(),
            "value": self.value,
            "points": self.points,
            "band": self.band,
            "model_version": self.model_version,
            "previous": None if self.previous_value is None else previous,
        }


def newest(events: Iterable[Event]) -> dict[tuple[str, str], Event]:
    """Find the event with the highest version for each customer and score, in order of first appearance."""
    found: dict[tuple[str, str], Event] = {}
    for event in events:
        known = found.get(event.subject)
        if known is None or known.version < event.version:
            found[event.subject] = event
    return found


def compact_json(content: Mapping[str, Any]) -> str:
    """Write content as everything is written that is told; what was read from such a text is written the same."""
    return _JSON.encode(content)


def event_json(event: Event) -> str:
    """Write the event as compact JSON; a value reads back as the same float64.

    Raises
    ------
    IntegrityError
        If a value is not finite: JSON cannot express it.
    """
    try:
        return _JSON.encode(event.content)
    except ValueError as error:
        raise IntegrityError(
            f"Event {event.event_id} (score {event.score!r}, customer {event.customer_id!r}) cannot be told: "
            "it holds a value that is not a finite number.",
            remedy="Publish the score again from sound inputs.",
        ) from error


def body(packed_at: dt.datetime, encoded: Sequence[str]) -> str:
    """Put encoded events into the envelope of a request; returns the body."""
    stamp = packed_at.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return f'{{"type":"scores.changed","timestamp":"{stamp}Z","data":{{"events":[{",".join(encoded)}]}}}}'


def without(text: str, scores: Collection[str], customer: str) -> tuple[str, int]:
    """A body without the events of a customer in some scores, and how many events were taken out."""
    content = json.loads(text)
    events = content["data"]["events"]
    kept = [one for one in events if one["customer_id"] != customer or one["score"] not in scores]
    content["data"]["events"] = kept
    return (_JSON.encode(content), len(events) - len(kept)) if len(kept) < len(events) else (text, 0)


def without_events(text: str, ids: Collection[int]) -> tuple[str, int]:
    """A body without some events, and how many are left in it."""
    content = json.loads(text)
    kept = [one for one in content["data"]["events"] if one["id"] not in ids]
    content["data"]["events"] = kept
    return _JSON.encode(content), len(kept)


def quoted(customer: str) -> str:
    """How a customer's id stands in a body."""
    return f'"customer_id":{_JSON.encode(customer)}'


ENVELOPE_BYTES = len(body(dt.datetime(2000, 1, 1, tzinfo=dt.UTC), []).encode())


def chunks(encoded: Iterable[str], *, max_events: int, max_bytes: int) -> Iterator[list[str]]:
    """Cut encoded events, in order, into lists that each fill a request as far as the limits allow.

    ``max_bytes`` limits the whole body in UTF-8. An event that exceeds it by itself is sent alone.
    """
    chunk: list[str] = []
    size = ENVELOPE_BYTES
    for text in encoded:
        added = len(text.encode()) + bool(chunk)  # the comma
        if chunk and (len(chunk) == max_events or size + added > max_bytes):
            yield chunk
            chunk, size, added = [], ENVELOPE_BYTES, added - 1
        chunk.append(text)
        size += added
    if chunk:
        yield chunk
