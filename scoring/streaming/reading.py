"""Turns messages into rows of the data set, and says what is wrong with the others."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from scoring.domain.dataset import MAX_KEY_BYTES, DataSet
from scoring.intake.messages.reader import Reader, Refused
from scoring.intake.messages.text import NotJson, parsed, shown
from scoring.snapshots.keys import key_written
from scoring.streaming.message import Broken, Message, broken_at_sight, text_of
from scoring.streaming.order import At


@dataclass(frozen=True)
class Update:
    """A message in good order."""

    message: Message
    customer_id: str
    at: At


@dataclass(frozen=True)
class Refusal:
    """A message that is refused. The customer is named by the record or else by the key; None if neither does."""

    message: Message
    customer_id: str | None
    broken: tuple[Broken, ...]
    reason: str


@dataclass(frozen=True)
class Content:
    """Messages that were read: ``rows`` are those of the updates, in their order."""

    updates: list[Update]
    rows: pa.RecordBatch
    refusals: list[Refusal]


class Reading:
    """Reads the messages of one data set."""

    def __init__(self, data_set: DataSet, reader: Reader) -> None:
        assert data_set.stream is not None  # noqa: S101 - the caller has seen that
        self._data_set, self._reader, self._keys = data_set, reader, data_set.stream.keys

    def read(self, messages: Sequence[Message], now: dt.datetime) -> Content:
        """The updates among messages, and why the others are none; ``now`` is what the clock says."""
        records: list[Any] = []
        candidates: list[Message] = []
        refusals: list[Refusal] = []
        for message in messages:
            try:
                if (broken := broken_at_sight(message, now)) is not None:
                    refusals.append(_refusal(message, None, broken, "The message cannot be used."))
                    continue
                record = parsed(message.value or b"")
            except NotJson as error:
                why = Broken("the value is JSON by the published schema")
                refusals.append(_refusal(message, None, why, str(error)))
                continue
            if (wrong := self._wrong_key(message, record)) is not None:
                refusals.append(_refusal(message, self._customer(record), wrong, "The key is not the customer's id."))
                continue
            candidates.append(message)
            records.append(record)
        read = self._reader.read(records)
        for at, why_not in read.refused.items():
            refusals.append(self._refused(candidates[at], records[at], why_not))
        customers = read.rows.column(self._data_set.key).to_pylist()
        updates = [
            Update(message, customer, _at(message))
            for message, customer in zip((candidates[at] for at in read.positions), customers, strict=True)
        ]
        return Content(updates, read.rows, refusals)

    def _wrong_key(self, message: Message, record: Any) -> Broken | None:
        if self._keys == "ignored" or not isinstance(record, dict):
            return None
        named, key = key_written(self._data_set, record), text_of(message.key)
        if named is None or named == key:  # what is no key is refused as a field
            return None
        return Broken("the key is the customer's id", self._data_set.key, None if key is None else str(shown(key)))

    def _customer(self, record: Any) -> str | None:
        return _storable(key_written(self._data_set, record) if isinstance(record, dict) else None)

    def _refused(self, message: Message, record: Any, why: Refused) -> Refusal:
        broken = tuple(
            Broken(one.rule, str(shown(one.field)), None if one.value is None else _clean(str(shown(one.value))))
            for one in why.errors
        ) or (Broken("the value is a record"),)
        return Refusal(message, self._customer(record) or _storable(text_of(message.key)), broken, _clean(why.detail))


def refused_by_model(update: Update, score: str, why: str) -> Refusal:
    """An update that a model cannot score."""
    return Refusal(update.message, update.customer_id, (Broken(f"{score} can be computed"),), why)


def _refusal(message: Message, customer: str | None, broken: Broken, reason: str) -> Refusal:
    return Refusal(message, customer or _storable(text_of(message.key)), (broken,), _clean(reason))


def _at(message: Message) -> At:
    assert message.event_time is not None  # noqa: S101 - a message without is refused at sight
    return At(message.event_time, message.offset, message.partition)


def _storable(name: str | None) -> str | None:
    """An id that a column can take; None if it cannot."""
    if name is None or "\0" in name:
        return None
    try:
        return name if len(name.encode()) <= MAX_KEY_BYTES else None
    except UnicodeEncodeError:  # half a character
        return None


def _clean(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
