"""Renders, signs and sends requests to a webhook by Standard Webhooks, and reads the answers.

An address may hold a token, and an answer may hold anything: no error text quotes either.
"""

import base64
import binascii
import datetime as dt
import queue
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Literal

import certifi
import h11
from pydantic import SecretStr
from standardwebhooks import Webhook as Signer

from scoring import __version__
from scoring.delivery.adapters.address import Target, checked, shown
from scoring.delivery.adapters.contract import Answer, Limits, Message, Rendered
from scoring.delivery.adapters.exchange import Deadline, Line
from scoring.delivery.message import Event, body, chunks, event_json
from scoring.errors import ConfigurationError

SECRET_BYTES = range(24, 65)  # Standard Webhooks, "Signature scheme": between 24 and 64 bytes
SECRET_REMEDY = {
    "remedy": "Set SCORING_CRM_SECRET. In Airflow: the password of the connection crm_webhook.",
    "in_airflow": "Set the password of the connection crm_webhook (Admin > Connections).",
}


@dataclass(frozen=True)
class Patience:
    """How many seconds a peer has to connect (TLS included), and then to give its whole answer."""

    connect: float = 5.0
    answer: float = 15.0


@dataclass(frozen=True)
class Webhook:
    """The adapter (see ``contract``) for a receiver that takes signed POST requests.

    Parameters
    ----------
    url
        The receiver's address; :func:`scoring.delivery.adapters.address.checked` says which are accepted.
    secret
        ``whsec_...``, or several separated by spaces. Requests carry one signature for each, so that the receiver can
        verify every request while the secret is changed.
    patience
        How long the receiver may take.
    authorities
        PEM file of the trusted certificate authorities. Neither this nor a proxy comes from the environment.
    """

    url: str = field(repr=False)
    secret: SecretStr
    patience: Patience = Patience()
    authorities: Path = Path(certifi.where())
    kind: Literal["webhook"] = "webhook"
    ordered: Literal[False] = False

    @property
    def target(self) -> str:
        """The host of the address."""
        return shown(self.url)

    def render(self, events: Sequence[Event], packed_at: dt.datetime, limits: Limits) -> Iterator[Rendered]:
        """Put events into request bodies within the limits."""
        waiting = iter(events)
        texts = map(event_json, events)
        for part in chunks(texts, max_events=limits.max_events, max_bytes=limits.max_bytes):
            yield Rendered(body(packed_at, part), tuple(next(waiting) for _ in part))

    @contextmanager
    def opened(self) -> Iterator["WebhookSender"]:
        """Check the address and the secret; connections open when they are needed and stay open until the end."""
        target = checked(self.url)
        sender = WebhookSender(target, _signers(self.secret), self.patience, _tls(target, self.authorities))
        try:
            yield sender
        finally:
            sender.close()


class WebhookSender:
    """Sends to one webhook over keep-alive connections."""

    def __init__(
        self, target: Target, signers: Sequence[Signer], patience: Patience, tls: ssl.SSLContext | None
    ) -> None:
        self._target, self._signers, self._patience, self._tls = target, signers, patience, tls
        self._free: queue.LifoQueue[Line] = queue.LifoQueue()

    def close(self) -> None:
        """Close the idle connections."""
        with suppress(queue.Empty):
            while True:
                self._free.get_nowait().close()

    def send(self, message: Message) -> Answer:
        """POST a message, signed with the time of this try; every failure becomes an answer."""
        begun = time.monotonic()
        try:
            line = self._line()
        except OSError as error:
            reason = _reason(error, f"no connection within {self._patience.connect:g} s")
            return Answer(None, reason, None, time.monotonic() - begun)
        try:
            head = line.ask(self._request(message), message.body.encode(), Deadline(self._patience.answer))
        except (OSError, h11.RemoteProtocolError) as error:
            line.close()
            reason = _reason(error, f"no complete answer within {self._patience.answer:g} s")
            return Answer(None, reason, None, time.monotonic() - begun)
        except BaseException:
            line.close()
            raise
        seconds = time.monotonic() - begun
        redirect = HTTPStatus.MULTIPLE_CHOICES <= head.status_code < HTTPStatus.BAD_REQUEST
        if not redirect and line.is_free():
            self._free.put(line)
        else:
            line.close()
        problem = "redirects are not followed: set the final address" if redirect else None
        asked = next((value.decode("latin-1") for name, value in head.headers if name == b"retry-after"), None)
        return Answer(head.status_code, problem, asked, seconds)

    def _line(self) -> Line:
        with suppress(queue.Empty):
            while True:
                line = self._free.get_nowait()
                if line.is_quiet():
                    return line
                line.close()
        return Line.opened(self._target, self._tls, Deadline(self._patience.connect))

    def _request(self, message: Message) -> h11.Request:
        sent_at = message.sent_at.astimezone(dt.UTC)
        signed = [one.sign(msg_id=message.id, timestamp=sent_at, data=message.body) for one in self._signers]
        headers = {
            "Host": self._target.authority,
            "User-Agent": f"customer-scoring/{__version__}",
            "Content-Type": "application/json",
            "Content-Length": str(len(message.body.encode())),
            "webhook-id": message.id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": " ".join(signed),
        }
        return h11.Request(method="POST", target=self._target.path, headers=list(headers.items()))


def _reason(error: OSError | h11.RemoteProtocolError, timeout: str) -> str:
    """Say what went wrong in our words, because the exception's text may quote what the peer sent."""
    match error:
        case TimeoutError():
            return timeout
        case ssl.SSLError():
            return "the TLS connection failed (certificate or protocol)"
        case h11.RemoteProtocolError():
            return "the answer is not HTTP, was cut off, or its head is too long"
    return "the connection was refused or broke off"


def _tls(target: Target, authorities: Path) -> ssl.SSLContext | None:
    if target.scheme == "http":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # not create_default_context: that reads the environment
    context.load_verify_locations(authorities)
    return context


def _signers(secret: SecretStr) -> list[Signer]:
    secrets = secret.get_secret_value().split()
    if not secrets:
        raise ConfigurationError("The CRM's signing secret is missing.", **SECRET_REMEDY)
    return [Signer(_key(text)) for text in secrets]


def _key(text: str) -> bytes:
    """Read the signing key from a secret whsec_<base64>; padding may be missing."""
    encoded = text.removeprefix("whsec_")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if encoded == text or len(key) not in SECRET_BYTES:
        raise ConfigurationError(
            "The CRM's signing secret (or one of several, separated by spaces) is not whsec_ and 24 to 64 bytes in "
            "base64.",
            **SECRET_REMEDY,
        )
    return key
