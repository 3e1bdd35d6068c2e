"""A mail server that remembers, peers that misbehave, and facts to tell."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from factories import query
from pydantic import SecretStr

from scoring.alerts.facts import Fact, note
from scoring.database import transaction
from scoring.settings import Settings

PASSWORD = "hunter2hunter2"


class Mailbox:
    """What a mail server got; ``refusals`` more mails are answered by an error first."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refusals = 0
        self.hold: threading.Event | None = None  # mails are answered when it is set

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        if self.refusals:
            self.refusals -= 1
            return "451 try again later"
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        if self.hold is not None:
            await asyncio.to_thread(self.hold.wait)
        return "250 taken"

    @property
    def texts(self) -> list[str]:
        """The readable text of every mail, in its plain form."""
        found = []
        for mail in self.mails:
            part = mail.get_body(("plain", "html"))
            found.append(part.get_content() if part is not None else "")
        return found


@contextmanager
def mail_server() -> Iterator[tuple[Mailbox, SecretStr]]:
    """A real SMTP server on loopback; gives what it got, and the address (an Apprise URL) that leads there."""
    mailbox = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=port,
        auth_require_tls=False,
        authenticator=lambda *_: AuthResult(success=True),
    )
    controller.start()
    try:
        query = "smtp=127.0.0.1&from=robot@shop.example&to=risk@shop.example&mode=insecure&format=text"
        yield mailbox, SecretStr(f"mailto://robot:{PASSWORD}@127.0.0.1:{port}/?{query}")
    finally:
        controller.stop()


@contextmanager
def peer(behave) -> Iterator[SecretStr]:
    """A server whose every connection is handled by ``behave(connection)``; gives a JSON address with a token in it."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)

        def serve() -> None:
            while not stopped.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                threading.Thread(target=_handled, args=(behave, connection), daemon=True).start()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield SecretStr(f"json://127.0.0.1:{listening.getsockname()[1]}/tokentoken1234")
        finally:
            stopped.set()
            thread.join()


def _handled(behave, connection: socket.socket) -> None:
    with connection:
        try:
            behave(connection)
        except OSError:
            return  # it was hung up


def noted(settings: Settings, *keys: str, owner: str = "risk") -> None:
    """Facts of an owner, each with a key of its own."""
    with transaction(settings.database()) as connection:
        for key in keys:
            note(connection, Fact("digest", key, owner, f"Title of {key}", f"Text of {key}.", f"Mend {key}."))


def sendings(settings: Settings) -> list[tuple]:
    """Key, channel, state and attempts of every sending."""
    statement = """SELECT key, channel, state, attempts FROM scoring.alert_sending JOIN scoring.alert USING (alert_id)
        ORDER BY alert_id, channel"""
    return [tuple(row) for row in query(settings, statement)]


def make_due(settings: Settings) -> None:
    """Let the time pass for which sendings wait."""
    query(settings, "UPDATE scoring.alert_sending SET next_attempt_at = now() WHERE state = 'pending'")
