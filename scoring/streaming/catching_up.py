"""Scores the updates that were recorded while a score had no model, once it has one.

An update is recorded for its data set, whatever models there are. What holds of it (``customer_update``) and no
publication of the score knows gets its score here: as if the model had been there when it came.
"""

import datetime as dt
import logging
from dataclasses import dataclass

from scoring.database import Connection
from scoring.domain.dataset import DataSet
from scoring.domain.streams import known_until
from scoring.publishing import publications, streamed
from scoring.streaming import updates
from scoring.streaming.message import Message
from scoring.streaming.models import Models
from scoring.streaming.reading import Reading
from scoring.streaming.taking import Batch, Taking
from scoring.streaming.updates import Kept

log = logging.getLogger(__name__)

PAGE = 5000  # customers that are looked at in one go
MOST = 200  # updates that are scored in one transaction; each may have 1 MiB


@dataclass(frozen=True)
class Step:
    """What came of a page."""

    scores: int = 0
    events: int = 0


class CatchingUp:
    """Goes through the updates of one data set page by page, so that the stream is read meanwhile.

    Every worker that gets a model of a score does it once, also when it starts. A worker that has not seen the model
    yet may record updates without it behind this one; it goes through them itself when it has.
    """

    def __init__(self, data_set: DataSet, reading: Reading, models: Models, taking: Taking) -> None:
        self._data_set, self._reading, self._models, self._taking = data_set, reading, models, taking
        self._after: dict[str, str] = {}  # the last customer that was looked at, by score

    def step(self, connection: Connection) -> Step:
        """Do the next page of a score that is late; at the end of the last one it is late no more."""
        name = min(self._models.late)
        after = self._after.get(name, "")
        with connection:
            last = updates.end_of_page(connection, self._data_set.name, after, PAGE)
        if last is None:
            self._models.late.discard(name)
            self._after.pop(name, None)
            return Step()
        with connection:
            found = self._unscored(connection, name, (after, last))
        done = Step()
        if found:
            with connection:
                done, found = self._score(connection, name, (after, last))
        self._after[name] = found[-1].customer_id if len(found) == MOST else last
        return done

    def _unscored(self, connection: Connection, name: str, page: tuple[str, str]) -> list[Kept]:
        as_of = streamed.newest_dates(connection, [name]).get(name)
        since = None if as_of is None else known_until(as_of)
        return updates.unscored(connection, self._data_set.name, name, page, since=since, most=MOST)

    def _score(self, connection: Connection, name: str, page: tuple[str, str]) -> tuple[Step, list[Kept]]:
        """Score what is found while nobody else records anything of the score."""
        gone = self._taking.begin(connection)
        publications.lock(connection, name)
        found = self._unscored(connection, name, page)
        scores = events = 0
        for topic in sorted({one.topic for one in found}):
            mine = [_message(one) for one in found if one.topic == topic and one.customer_id not in gone]
            content = self._reading.read(mine, dt.datetime.now(dt.UTC))
            batch = Batch(content, self._models.scored(content.rows, only=[name]))
            able = [at for at in range(len(content.updates)) if at not in batch.scoring.unable]
            if len(able) < len(mine):
                log.warning("score %s: %d updates of %s stay without it: it cannot be computed, or they break a rule "
                            "that they did not break when they came", name, len(mine) - len(able), topic)  # fmt: skip
            scores += len(able)
            events += self._taking.score(connection, name, batch, able, topic)
        log.info("score %s: %d updates that were recorded without it have it now", name, scores)
        return Step(scores, events), found


def _message(kept: Kept) -> Message:
    return Message(
        kept.partition_id, kept.message_offset, kept.customer_id.encode(), kept.content.encode(), kept.event_time
    )
