"""Answers one request to the CRM stand-in. Signatures are verified on the raw bytes, before they are parsed."""

import hmac
import http.server
import json
import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, SecretStr, ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from scoring.errors import ConfigurationError
from scoring.local.receiver.faults import FaultPlan, Faults
from scoring.local.receiver.store import Store

log = logging.getLogger(__name__)
BODY_BYTES = 1_000_000


class _Event(BaseModel):
    score: str
    customer_id: str
    version: int


class _Data(BaseModel):
    events: list[_Event]


class _Message(BaseModel):
    type: Literal["scores.changed"]
    data: _Data


class Handler(http.server.BaseHTTPRequestHandler):
    """Routes and answers requests; :meth:`serving` makes subclasses that know the store, the faults and the secret."""

    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds a connection may be silent
    wbufsize = -1  # one packet for headers and body
    disable_nagle_algorithm = True

    store: ClassVar[Store]
    faults: ClassVar[Faults]
    secret: ClassVar[SecretStr]
    verifier: ClassVar[Webhook]

    @classmethod
    def serving(cls, store: Store, faults: Faults, secret: SecretStr) -> type["Handler"]:
        """Make the handler of one receiver."""
        try:
            (known,) = secret.get_secret_value().split()  # the library would read several as one
            verifier = Webhook(known)
        except ValueError as error:
            raise ConfigurationError("The CRM stand-in needs one signing secret: SCORING_CRM_SECRET.") from error
        members = {"store": store, "faults": faults, "secret": secret, "verifier": verifier}
        return type("BoundHandler", (cls,), members)

    def do_GET(self) -> None:
        """Answer /health to anybody, /state and /state/customers to those who know the secret."""
        if self.path == "/health":
            self._answer(HTTPStatus.OK, b'{"status":"ok"}')
        elif self.path not in ("/state", "/state/customers"):
            self._answer(HTTPStatus.NOT_FOUND)
        elif not self._knows_secret():
            self._answer(HTTPStatus.UNAUTHORIZED)
        elif self.path == "/state":
            self._answer(HTTPStatus.OK, json.dumps(self.store.counts()).encode())
        else:
            self._stream(self.store.newest())

    def do_POST(self) -> None:
        """Receive a webhook, or a plan for failing."""
        body = self._body()
        if body is None:
            return
        if self.path == "/webhook":
            self._webhook(body)
        elif self.path != "/control":
            self._answer(HTTPStatus.NOT_FOUND)
        elif not self._knows_secret():
            self._answer(HTTPStatus.UNAUTHORIZED)
        else:
            self._control(body)

    def _webhook(self, body: bytes) -> None:
        if not self._is_signed(body):
            self.store.count(requests=1, refused=1)
            self._answer(HTTPStatus.UNAUTHORIZED)
            return
        fault = self.faults.next_failure()
        if fault is not None:
            self.store.count(requests=1, failed=1)
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            self._answer(fault.status, headers=headers)
            return
        try:
            _Message.model_validate_json(body)
        except ValidationError:
            self.store.count(requests=1, refused=1)
            self._answer(HTTPStatus.BAD_REQUEST)
            return
        self.store.accept(self.headers["webhook-id"], json.loads(body)["data"]["events"])
        self._acknowledge()

    def _acknowledge(self) -> None:
        """Confirm a stored message, or delay or drop the answer as the plan says."""
        if self.faults.next_drop():
            self.store.count(dropped=1)
            self.close_connection = True
            return
        self.faults.wait()
        self._answer(HTTPStatus.NO_CONTENT)

    def _control(self, body: bytes) -> None:
        try:
            self.faults.follow(FaultPlan.model_validate_json(body))
        except ValidationError as error:
            self._answer(HTTPStatus.BAD_REQUEST, error.json(include_input=False, include_url=False).encode())
        else:
            self._answer(HTTPStatus.NO_CONTENT)

    def _is_signed(self, body: bytes) -> bool:
        try:
            self.verifier.verify(body, dict(self.headers.items()), json_parse=False)
        except (WebhookVerificationError, ValueError):  # ValueError: headers or a body that cannot be decoded
            return False
        return True

    def _knows_secret(self) -> bool:
        expected = f"Bearer {self.secret.get_secret_value()}".encode()
        return hmac.compare_digest(self.headers.get("Authorization", "").encode(), expected)

    def _body(self) -> bytes | None:
        """Read the body; None if it was refused, which is then already answered."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            refusal = HTTPStatus.LENGTH_REQUIRED
        elif len(length) > len(str(BODY_BYTES)) or int(length) > BODY_BYTES:
            refusal = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                return body
            refusal = HTTPStatus.BAD_REQUEST
        self.close_connection = True
        self._answer(refusal)
        return None

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if status != HTTPStatus.NO_CONTENT:
            self.wfile.write(body)
        self.wfile.flush()

    def _stream(self, events: Iterable[dict[str, Any]]) -> None:
        """Answer newline-delimited JSON in chunks, so that the whole state is never in memory."""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            line = json.dumps(event).encode() + b"\n"
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Log requests to the program's own log."""
        log.debug(format, *args)
