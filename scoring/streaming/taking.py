"""Records one micro-batch: updates, scores, announcements, events, refusals and offsets, all in one transaction."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from scoring.database import Connection, execute
from scoring.domain.dataset import DataSet
from scoring.domain.streams import is_newer
from scoring.publishing import publications, streamed
from scoring.publishing.streamed import Streamed
from scoring.publishing.telling_updates import ScoredUpdate, tell_updates
from scoring.settings import Settings
from scoring.snapshots import forgotten
from scoring.snapshots.forgotten import Forgotten
from scoring.streaming import offsets, refusals, updates
from scoring.streaming.message import Broken
from scoring.streaming.models import Models, Scoring
from scoring.streaming.order import Range, Verdict, outdated, ranges
from scoring.streaming.reading import Content, Refusal, Update, refused_by_model

# A publication holds the lock of its score for as long as it takes; the worker must look after its broker meanwhile.
_PATIENCE = "SET LOCAL lock_timeout = '20s'"


@dataclass(frozen=True)
class Taken:
    """What became of a micro-batch."""

    ranges: tuple[Range, ...]
    scores: int
    events: int
    refused: int

    @property
    def received(self) -> int:
        """All messages."""
        return sum(one.received for one in self.ranges)


@dataclass(frozen=True)
class Batch:
    """Messages that were read and scored; ``scoring`` has a place for each of the content's updates."""

    content: Content
    scoring: Scoring


class Taking:
    """Records the batches of one data set."""

    def __init__(self, settings: Settings, data_set: DataSet, models: Models) -> None:
        assert data_set.stream is not None  # noqa: S101 - the caller has seen that
        self._settings, self._data_set, self._models, self._topic = settings, data_set, models, data_set.stream.topic

    def begin(self, connection: Connection) -> Forgotten:
        """Begin a transaction that records something of customers; returns who was forgotten."""
        execute(connection, _PATIENCE)
        forgotten.hold(connection)
        return forgotten.of_data_set(connection, self._settings.erasure_secret, self._data_set.name)

    def take(self, connection: Connection, batch: Batch, begun: Mapping[int, int]) -> Taken:
        """Record a batch in the transaction of ``connection``; ``begun`` is where each partition was to go on.

        Locks are taken in one order by all who take several: forgotten persons, scores by name, the stream.

        Raises
        ------
        Overtaken
            If another worker has read on meanwhile.
        """
        gone = self.begin(connection)
        for name in self._models.names:
            publications.lock(connection, name)
        offsets.lock(connection, self._data_set.name)
        dates = streamed.newest_dates(connection, self._models.names)
        usable, refused = _sorted_out(batch, gone)
        found = batch.content.updates
        asked = [(found[at].customer_id, found[at].at) for at in usable]
        newest = updates.newest(connection, self._data_set.name, [customer for customer, _ in asked])
        late = outdated(asked, newest, [dates.get(name) for name in self._models.names])
        accepted = [at for at, is_late in zip(usable, late, strict=True) if not is_late]
        verdicts: list[tuple[int, int, Verdict, dt.datetime | None]] = [
            (*_place(found[at]), "outdated" if is_late else "accepted", found[at].at.event_time)
            for at, is_late in zip(usable, late, strict=True)
        ]
        verdicts += [(one.message.partition, one.message.offset, "quarantined", None) for one in refused]
        moved = ranges(verdicts, begun)
        offsets.move(connection, self._data_set.name, self._topic, moved)
        updates.put(connection, self._data_set.name, self._topic, [found[at] for at in accepted])
        refusals.add(connection, self._data_set.name, self._topic, refused)
        scores = events = 0
        for name in sorted(batch.scoring.made):  # a score without a model catches up when it has one
            told = [at for at in accepted if is_newer(found[at].at.event_time, dates.get(name))]
            scores += len(told)
            events += self.score(connection, name, batch, told, self._topic)
        return Taken(moved, scores, events, len(refused))

    def score(self, connection: Connection, name: str, batch: Batch, places: Sequence[int], topic: str) -> int:
        """Record the scores of some updates of a topic and tell what they change; returns the number of events.

        The transaction holds the lock of the score.
        """
        origins: dict[str, int] = {}
        rows, told = [], []
        for at in places:
            update, made = batch.content.updates[at], batch.scoring.made[name][at]
            assert made is not None  # noqa: S101 - what cannot be scored was sorted out
            if made.arm.arm not in origins:
                digest, version = batch.scoring.digests[name], self._settings.code_version
                origins[made.arm.arm] = streamed.origin(connection, name, made.arm, digest, version)
            at_time, partition, offset = update.at.event_time, update.at.partition, update.at.offset
            origin = origins[made.arm.arm]
            rows.append(Streamed(update.customer_id, made.standing, origin, at_time, partition, offset))
            told.append(ScoredUpdate(update.customer_id, at_time, made.standing, made.arm.model_version))
        streamed.put(connection, name, topic, rows)
        return tell_updates(connection, self._models.scores[name], told) if told else 0


def _sorted_out(batch: Batch, gone: Forgotten) -> tuple[list[int], list[Refusal]]:
    """The places of the updates that can be used, and all refusals; nothing is kept of persons who were forgotten."""
    usable, refused = [], []
    for at, update in enumerate(batch.content.updates):
        if update.customer_id in gone:
            refused.append(Refusal(update.message, update.customer_id, (), ""))
        elif at in batch.scoring.unable:
            refused.append(refused_by_model(update, *batch.scoring.unable[at]))
        else:
            usable.append(at)
    refused += batch.content.refusals
    return usable, [_blank(one) if one.customer_id in gone else one for one in refused]


def _blank(refusal: Refusal) -> Refusal:
    """A refusal without anything of the person but the place of the message."""
    message = replace(refusal.message, key=None, value=None, event_time=None)
    return Refusal(message, None, (Broken("the customer was not forgotten"),), "The person was forgotten.")


def _place(update: Update) -> tuple[int, int]:
    return update.message.partition, update.message.offset
