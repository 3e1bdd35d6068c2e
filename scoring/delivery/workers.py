"""Threads that deliver: each has its own database connection and finishes one delivery after the other."""

import datetime as dt
import logging
import secrets
import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from scoring.alerts import wording
from scoring.alerts.facts import note
from scoring.database import Connection, connect
from scoring.delivery import deliveries, endpoints, outbox
from scoring.delivery.adapters.contract import Adapter, Answer, Message, Sender
from scoring.delivery.deliveries import Claimed
from scoring.delivery.pressure import OUT_OF_REACH_LIMIT, Answered, pressure
from scoring.delivery.retry import DeliveryState, Next, following, retry_after
from scoring.delivery.splitting import REFUSALS, is_to_be_split

log = logging.getLogger(__name__)
CONNECTIONS = 8  # requests at a time, and database connections


@dataclass
class Tally:
    """What the workers of one run did."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0
    split: int = 0
    events: int = 0
    last_failure: Answer | None = None

    def add(self, claimed: Claimed, answer: Answer, state: DeliveryState) -> None:
        """Count one answer."""
        if state == "delivered":
            self.delivered += 1
            self.events += claimed.events
            return
        self.failed += 1
        self.dead += state == "dead"
        self.split += state == "split"
        self.last_failure = answer


@dataclass
class Workers:
    """The threads of one run: at first one; each that finds work starts another, up to ``CONNECTIONS``.

    Parameters
    ----------
    database_url, endpoint, adapter, sender
        What is delivered, to whom, and how.
    end
        The moment (of ``time.monotonic``) after which no request begins; None for no limit.
    """

    database_url: str
    endpoint: str
    adapter: Adapter
    sender: Sender
    end: float | None
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="notify")
        self._running: list[Future[None]] = []
        self._lock, self._packing = threading.Lock(), threading.Lock()
        self._answers: deque[Answered] = deque(maxlen=OUT_OF_REACH_LIMIT)
        self._packed = 0
        self._stopped = False

    def run(self) -> None:
        """Deliver until nothing is due; raises the first error of a worker, after all have ended."""
        try:
            self._start_one()
            for worker in self._running:  # the list grows while workers start others
                worker.result()
        finally:
            self._stop()
            self._pool.shutdown()

    def _start_one(self) -> None:
        with self._lock:
            if not self._stopped and len(self._running) < CONNECTIONS:
                self._running.append(self._pool.submit(self._work))

    def _stop(self) -> None:
        with self._lock:
            self._stopped = True

    def _work(self) -> None:
        try:
            with connect(self.database_url) as connection:
                while not self._stopped and (self.end is None or time.monotonic() < self.end):
                    packed = self._packed
                    if not self._deliver_one(connection) and not self._pack_some(connection, packed):
                        return
        except BaseException:
            self._stop()
            raise

    def _pack_some(self, connection: Connection, seen: int) -> bool:
        """Pack a piece, unless another worker has since ``seen``; returns whether there is something new to claim."""
        with self._packing:
            if self._packed == seen:
                with connection:
                    self._packed += outbox.pack(connection, self.adapter, self.endpoint)
            return self._packed > seen

    def _deliver_one(self, connection: Connection) -> bool:
        """Send one due delivery and record its answer in one transaction; returns whether there was one."""
        with connection:
            claimed = deliveries.claim(connection, self.endpoint)
            if claimed is None:
                return False
            self._start_one()
            answer = self._send(claimed)
            what_follows = self._following(connection, claimed, answer)
            deliveries.record(connection, claimed, answer, what_follows)
            self._apply_pressure(connection, claimed, answer)
            if what_follows.state == "dead":
                self._note_dead(connection, claimed, answer)
        with self._lock:
            self.tally.add(claimed, answer, what_follows.state)
        return True

    def _send(self, claimed: Claimed) -> Answer:
        begun = time.monotonic()
        try:
            return self.sender.send(Message(claimed.message_id, claimed.claimed_at, claimed.body))
        except Exception as error:  # noqa: BLE001 - even an adapter's bug must not stop the other deliveries
            kind = type(error).__name__  # its text may quote the address
            log.warning("the adapter %s failed with %s on %s", self.adapter.kind, kind, claimed.message_id)
            return Answer(None, f"the adapter failed ({kind})", None, time.monotonic() - begun)

    def _following(self, connection: Connection, claimed: Claimed, answer: Answer) -> Next:
        """Decide what follows an answer; for a split, also make the parts."""
        if answer.status in REFUSALS and claimed.events > 1:
            around = deliveries.circumstances(connection, claimed)
            if is_to_be_split(
                answer.status,
                events=claimed.events,
                attempt=claimed.scheduled_attempt,
                is_part=claimed.is_part,
                others_taken=around.others_taken,
                parts_pending=around.parts_pending,
            ):
                limits = endpoints.look_up(connection, self.endpoint).limits
                outbox.split(connection, self.adapter, claimed, limits)
                return Next("split")
        chance = secrets.SystemRandom().random()
        return following(answer.status, claimed.scheduled_attempt, asked=_asked(claimed, answer), chance=chance)

    def _apply_pressure(self, connection: Connection, claimed: Claimed, answer: Answer) -> None:
        """Hold or disable the endpoint if its latest answers demand it."""
        with self._lock:
            self._answers.append(Answered(answer.status, _asked(claimed, answer)))
            decided = pressure(tuple(self._answers))
        if decided.hold:
            endpoints.hold(connection, self.endpoint, decided.hold)
        if decided.disable:
            when = claimed.claimed_at.astimezone(dt.UTC).isoformat(sep=" ", timespec="seconds")
            reason = f"it answered {answer.status} Gone to {claimed.message_id} at {when}"
            if endpoints.disable(connection, self.endpoint, reason):
                note(connection, wording.endpoint_disabled(self.endpoint, reason))

    def _note_dead(self, connection: Connection, claimed: Claimed, answer: Answer) -> None:
        what = f"{claimed.message_id}, and perhaps others, failed at the last try: {answer.said}."
        note(
            connection, wording.dead_deliveries(self.endpoint, claimed.claimed_at.astimezone(dt.UTC).date(), what=what)
        )


def _asked(claimed: Claimed, answer: Answer) -> dt.timedelta | None:
    return retry_after(answer.retry_after, claimed.claimed_at + dt.timedelta(seconds=answer.seconds))
