"""The contract of an adapter: it renders events for one kind of endpoint and sends them when it is asked to.

Every adapter answers with HTTP statuses: they alone decide what follows (``scoring.delivery.retry``).
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from scoring.delivery.message import Event


@dataclass(frozen=True)
class Limits:
    """How much an endpoint takes in one message: events, and bytes of the whole body in UTF-8."""

    max_events: int
    max_bytes: int


@dataclass(frozen=True)
class Rendered:
    """The body of one message, and the events in it, in order."""

    body: str
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Message:
    """What one try sends. ``id`` and ``body`` are the same in every try of a delivery."""

    id: str
    sent_at: dt.datetime
    body: str


@dataclass(frozen=True)
class Answer:
    """The result of one try.

    ``status`` is None without a complete answer; ``error`` then says why, in our words. ``retry_after`` is the text of
    the answer's Retry-After. ``seconds`` is how long the try took.
    """

    status: int | None
    error: str | None
    retry_after: str | None
    seconds: float

    @property
    def said(self) -> str:
        """The answer for a person: ``404 Not Found``, or why there is none."""
        if self.status is None:
            return self.error or "no answer"
        try:
            phrase = f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            phrase = str(self.status)
        return f"{phrase} ({self.error})" if self.error else phrase


class Sender(Protocol):
    """Sends messages to one endpoint."""

    def send(self, message: Message) -> Answer:
        """Send one message.

        May be called by several threads at a time. Whatever the peer does becomes an :class:`Answer`, within a time and
        a memory that the adapter states. It contains no address, no secret and no content of the peer's answer.
        """


class Adapter(Protocol):
    """Renders and sends for one kind of endpoint; knows the address and the secret of one."""

    @property
    def kind(self) -> str:
        """Its name in column ``adapter`` of table ``endpoint``."""

    @property
    def target(self) -> str:
        """The receiver's name for a person: a host or a topic, never a token."""

    @property
    def ordered(self) -> bool:
        """Whether the receiver keeps what comes last: an older event then never follows a newer one of its subject.

        Else the receiver compares versions, and no event waits for another.
        """

    def render(self, events: Sequence[Event], packed_at: dt.datetime, limits: Limits) -> Iterator[Rendered]:
        """Put events into messages, in order, each as large as the limits allow.

        An event that exceeds them by itself gets a message of its own.

        Raises
        ------
        IntegrityError
            If an event holds a value that cannot be told.
        """

    def opened(self) -> AbstractContextManager[Sender]:
        """Check the address and the secret, and give a sender.

        Raises
        ------
        ConfigurationError
            If the address or the secret is missing or cannot be used.
        TransientError
            If the address cannot be resolved now.
        """
