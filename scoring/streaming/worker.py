"""The worker of a stream: reads micro-batches, scores and records them, and goes on by itself after troubles."""

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from scoring.alerts import wording
from scoring.alerts.facts import note
from scoring.database import Connection, connect
from scoring.domain.dataset import DataSet
from scoring.errors import NotFound, ScoringError, TransientError
from scoring.intake.expectations import load_suite
from scoring.intake.expectations.compiled import RowChecks
from scoring.intake.messages.reader import Reader
from scoring.settings import KafkaSettings, Settings
from scoring.streaming import offsets
from scoring.streaming.catching_up import CatchingUp
from scoring.streaming.dead import DeadLetters
from scoring.streaming.message import Message
from scoring.streaming.models import Models, NoModel
from scoring.streaming.offsets import Overtaken
from scoring.streaming.order import Range, begin_at
from scoring.streaming.reading import Reading
from scoring.streaming.taking import Batch, Taken, Taking
from scoring.streaming.topic import Gap, Part, Topic

log = logging.getLogger(__name__)

FOLLOW = 2.0  # seconds between looks at the ledger
LOOK = 5.0  # seconds between looks at what waits, where nothing comes
FIRST_ASSIGNMENT = 60.0  # seconds to wait for one, where the end is waited for
WAITS = (0.5, 1.0, 2.0, 5.0)  # seconds after the first, second, ... failure in a row


@dataclass
class Total:
    """What a worker has done."""

    received: int = 0
    accepted: int = 0
    quarantined: int = 0
    outdated: int = 0
    scores: int = 0
    events: int = 0

    def add(self, taken: Taken) -> None:
        """Count a batch."""
        for one in taken.ranges:
            self.received += one.received
            self.accepted += one.accepted
            self.quarantined += one.quarantined
            self.outdated += one.outdated
        self.scores += taken.scores
        self.events += taken.events


@dataclass
class Work:
    """What was read and is not recorded: of which assignment, and what the models said once they were asked."""

    part: Part
    messages: list[Message]
    gaps: list[Gap]
    scored: Batch | None = None


@dataclass
class _Standing:
    """What the database says of the partitions of an assignment."""

    part: Part | None = None
    recorded: dict[int, int] = field(default_factory=dict)


class Worker:
    """Reads the topic of one data set. Several workers, also on other machines, share its partitions.

    ``beat`` is called every few seconds as long as the worker goes round.
    """

    def __init__(
        self, settings: Settings, kafka: KafkaSettings, data_set: DataSet, beat: Callable[[], None] = lambda: None
    ) -> None:
        if data_set.stream is None:
            raise NotFound(
                f"The data set {data_set.name} has no stream.", remedy="Define one: stream=KafkaStream(topic=...)."
            )
        self._settings, self._kafka, self._data_set, self._stream = settings, kafka, data_set, data_set.stream
        checks = RowChecks(load_suite(settings.expectations_dir, data_set))
        if checks.slow:
            log.warning("data set %s: Great Expectations judges each batch by %s", data_set.name, checks.slow)
        self._reading = Reading(data_set, Reader(data_set, checks))
        self.models = Models(settings, data_set)
        self._taking = Taking(settings, data_set, self.models)
        self._catching_up = CatchingUp(data_set, self._reading, self.models, self._taking)
        self._dead = DeadLetters(kafka, data_set.name, self._stream)
        self._stopped, self._beat = threading.Event(), beat
        self._looked = self._seen = float("-inf")
        self._failures = 0
        self._topic: Topic | None = None
        self._work: Work | None = None
        self._standing = _Standing()
        self.total = Total()

    def stop(self) -> None:
        """End after what is in work is recorded."""
        self._stopped.set()

    def run(self, *, until_end: bool = False, patience: float = FIRST_ASSIGNMENT) -> Total:
        """Work until :meth:`stop`, or until all that has come is recorded.

        ``patience`` is how many seconds a worker that waits for the end waits for its part of the topic.

        Raises
        ------
        TransientError
            With ``until_end``, if the database or the broker is away.
        NoModel
            With ``until_end``, if no score has a model.
        ConfigurationError, PermanentError
            If it cannot go on: the database refuses its user.
        """
        deadline = time.monotonic() + patience if until_end else None
        try:
            while not self._stopped.is_set():
                try:
                    with connect(self._settings.database()) as connection:
                        self._follow(connection)
                        topic = self._join()
                        while not self._stopped.is_set() or self._work is not None:
                            if self._step(connection, topic, deadline):
                                return self.total
                            self._failures = 0
                except Overtaken as error:
                    log.info("%s", error)
                    self._leave()
                except (TransientError, NoModel) as error:
                    if until_end:
                        raise
                    self._wait(error)
            return self.total
        finally:
            self._leave()
            self._dead.close()

    def _join(self) -> Topic:
        """Join the group, unless this worker is in it: only with what it needs, without which it would be no help."""
        if self._topic is None:
            self._topic = Topic(self._kafka, self._data_set.name, self._stream)
        return self._topic

    def _leave(self) -> None:
        """Leave the group; what is read and not recorded is read again."""
        if self._topic is not None:
            self._topic.close()
        self._topic = self._work = None

    def _wait(self, error: ScoringError) -> None:
        """Stay in the group while something is away."""
        self._beat()
        if self._failures == 0:
            log.warning("data set %s: paused: %s", self._data_set.name, error)
        seconds = WAITS[min(self._failures, len(WAITS) - 1)]
        self._failures += 1
        if self._topic is None:
            self._stopped.wait(seconds)
        else:
            self._topic.hold_still(seconds)

    def _step(self, connection: Connection, topic: Topic, deadline: float | None) -> bool:
        """One batch from the broker to the database; true if the end is reached that is waited for."""
        self._beat()
        self._follow(connection)
        self._dead.send(connection)
        if topic.part is not None and topic.part.positions is None:
            self._begin(connection, topic)
        if self._work is None and not self._stopped.is_set():
            messages, gaps = topic.batch(0.0 if self.models.late else 1.0 if deadline is None else 0.2)
            if topic.part is not None and (messages or gaps):
                self._work = Work(topic.part, messages, gaps)
        if self._work is not None and self._work.part is not topic.part:
            self._work = None  # others have these partitions now
        if self._work is not None:
            self._record(connection, topic, self._work)
            self._work = None
            self._see(connection, topic)
            return False
        self._see(connection, topic, at_once=deadline is not None and topic.at_end)
        if deadline is None:
            return False
        if topic.part is None and time.monotonic() > deadline:
            raise TransientError(f"The broker gave this worker no part of {topic.name}: {topic.trouble or 'no answer'}")
        if topic.at_end:
            self._dead.send(connection, at_once=True)
        return topic.at_end and not self.models.late

    def _follow(self, connection: Connection) -> None:
        """Use the models that are in charge now; a score that has got its first one here catches up."""
        if time.monotonic() - self._looked >= FOLLOW:
            late = set(self.models.late)
            self.models.look(connection)
            self._looked = time.monotonic()
            if self._work is not None and self.models.late - late:
                self._work.scored = None  # it was scored without
        if self.models.late:
            done = self._catching_up.step(connection)
            self.total.scores += done.scores
            self.total.events += done.events

    def _begin(self, connection: Connection, topic: Topic) -> None:
        """Ask the database where the assigned partitions go on; record where those begin that were never read."""
        part = topic.part
        assert part is not None  # noqa: S101 - the caller has seen that
        name, place = self._data_set.name, topic.name
        with connection:
            known = offsets.known(connection, name, place)
        new = (topic.partitions() | part.partitions) - known.keys()
        if new:
            first = begin_at(self._stream.start, topic.bounds(new), topic_is_known=bool(known))
            with connection:
                offsets.begin(connection, name, place, first)
                known = offsets.known(connection, name, place)
        self._standing = _Standing(part, {one: known[one] for one in part.partitions})
        topic.begin(self._standing.recorded)

    def _record(self, connection: Connection, topic: Topic, work: Work) -> None:
        if work.messages:
            if work.scored is None:
                content = self._reading.read(work.messages, dt.datetime.now(dt.UTC))
                work.scored = Batch(content, self.models.scored(content.rows))
            with connection:
                taken = self._taking.take(connection, work.scored, self._standing.recorded)
                moved = {one.partition: one.next_offset for one in taken.ranges}
                offsets.look(connection, self._data_set.name, topic.name, topic.looks(moved))
            self._standing.recorded |= moved
            self.total.add(taken)
            if taken.refused:
                self._dead.expect()
            work.messages = []
            self._say(taken)
        for gap in work.gaps:
            self._pass(connection, topic, gap)

    def _see(self, connection: Connection, topic: Topic, *, at_once: bool = False) -> None:
        """Record every few seconds what waits, also where nothing comes: so people see that somebody looks."""
        due = at_once or time.monotonic() - self._seen >= LOOK
        if topic.part is None or topic.part is not self._standing.part or not due:
            return
        with connection:
            offsets.look(connection, self._data_set.name, topic.name, topic.looks(self._standing.recorded))
        self._seen = time.monotonic()

    def _pass(self, connection: Connection, topic: Topic, gap: Gap) -> None:
        """Go on where the broker still has messages; people are told what is lost."""
        name, lost = self._data_set.name, max(0, gap.earliest - gap.wanted)
        with connection:
            offsets.lock(connection, name)
            offsets.move(connection, name, topic.name, [Range(gap.partition, gap.wanted, gap.earliest, lost=lost)])
            fact = wording.stream_gap(
                name, self._data_set.owner, topic.name, gap.partition, wanted=gap.wanted, earliest=gap.earliest
            )
            note(connection, fact)
        log.warning("topic %s: offset %d of partition %d is gone; reading goes on at %d", topic.name, gap.wanted,
                    gap.partition, gap.earliest)  # fmt: skip
        self._standing.recorded[gap.partition] = gap.earliest
        topic.go_on_at(gap.partition, gap.earliest)

    def _say(self, taken: Taken) -> None:
        for one in taken.ranges:
            log.info(
                "recorded data_set=%s partition=%d first=%d next=%d accepted=%d quarantined=%d outdated=%d",
                self._data_set.name, one.partition, one.first_offset, one.next_offset, one.accepted, one.quarantined,
                one.outdated,
            )  # fmt: skip
