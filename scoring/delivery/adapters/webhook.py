"""Requests to the CRM's webhook: which addresses are acceptable, how a request is signed, what came of it.

An address may hold a token, and an answer anything; no error text here quotes either of them.
"""

import base64
import binascii
import contextlib
import datetime as dt
import http.cookiejar
import ipaddress
import socket
import time
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult, urlsplit

import requests
import urllib3
from pydantic import SecretStr
from requests.adapters import HTTPAdapter
from standardwebhooks import Webhook

from scoring import __version__
from scoring.errors import ConfigurationError, TransientError

SETTING = "SCORING_CRM_URL (in Airflow: the connection crm_webhook)"
SECRET_SETTING = "SCORING_CRM_SECRET (in Airflow: the password of the connection crm_webhook)"  # noqa: S105 - a name
CONNECT_SECONDS = 5
READ_SECONDS = 15
ANSWER_BYTES = 1024
SECRET_BYTES = range(24, 65)  # Standard Webhooks, "Signature scheme": between 24 and 64 bytes

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Answer:
    """What came of one request. ``status`` is none without an answer; ``error`` says why, in our words."""

    status: int | None
    error: str | None
    retry_after: str | None
    seconds: float


class Sender:
    """Keep-alive connections to one webhook; may be used by up to ``connections`` threads at a time.

    ``secret`` may be several, separated by spaces: requests carry a signature by each, so that a secret can be changed
    without a request that the CRM cannot verify. Proxies, .netrc and certificate bundles named in the environment are
    not looked at.

    Raises
    ------
    ConfigurationError
        If the address or the secret is missing or cannot be used; names the setting.
    TransientError
        If the host's name cannot be resolved.
    """

    def __init__(self, url: str, secret: SecretStr, *, connections: int = 1) -> None:
        check_url(url)
        self._url = url
        self._signers = [Webhook(key) for key in _keys(secret)]
        self._session = requests.Session()
        self._session.trust_env = False
        # Threads share the session, and cookies would be all that they share.
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=connections))
        self._session.headers.update(
            {"User-Agent": f"customer-scoring/{__version__}", "Content-Type": "application/json"}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def send(self, message_id: str, sent_at: dt.datetime, body: str) -> Answer:
        """POST a body, signed for this moment (Standard Webhooks). Whatever happens is an answer."""
        sent_at = sent_at.astimezone(dt.UTC)
        signatures = [signer.sign(msg_id=message_id, timestamp=sent_at, data=body) for signer in self._signers]
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        begun = time.monotonic()
        try:
            response = self._session.post(
                self._url,
                data=body.encode(),
                headers=headers,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as error:
            return Answer(None, _said(error), None, time.monotonic() - begun)
        with response, contextlib.suppress(urllib3.exceptions.HTTPError):
            # A short answer read to its end lets the connection be used again; a long one is cut off.
            response.raw.read1(ANSWER_BYTES, decode_content=False)
        redirect = HTTPStatus.MULTIPLE_CHOICES <= response.status_code < HTTPStatus.BAD_REQUEST
        problem = "redirects are not followed: set the final address" if redirect else None
        return Answer(response.status_code, problem, response.headers.get("Retry-After"), time.monotonic() - begun)


def check_url(url: str) -> None:
    """Refuse an address to which customers' scores must not go.

    HTTPS anywhere but to link-local, multicast and unspecified addresses (private networks are fine); plain
    HTTP only to this machine. The addresses that the name resolves to are checked like a literal one.

    Raises
    ------
    ConfigurationError
        Names the setting and what is wrong with it; quotes no more of the address than its host.
    TransientError
        If the name cannot be resolved.
    """
    parts = _parts(url)
    host = parts.hostname or ""
    if parts.scheme == "http" and not _is_loopback(host):
        raise _refused(f"sends plain HTTP to {host}: use https, or http to 127.0.0.1, ::1 or localhost only")
    for address in _resolve(host, parts.port or (443 if parts.scheme == "https" else 80)):
        effective = getattr(address, "ipv4_mapped", None) or address
        if effective.is_link_local or effective.is_multicast or effective.is_unspecified:
            raise _refused(f"points to {host} ({address}), a link-local, multicast or unspecified address")
        if parts.scheme == "http" and not effective.is_loopback:
            raise _refused(f"sends plain HTTP to {host}, which is {address} and not this machine")


def _parts(url: str) -> SplitResult:
    if not url:
        raise ConfigurationError(f"There are scores to tell and no CRM to tell them: set {SETTING}.")
    if any(character.isspace() or not character.isprintable() for character in url):
        raise _refused("holds a space or a control character")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused("is not a URL that can be read") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise _refused("is not of the form https://host/path")
    if parts.username is not None or parts.password is not None:
        raise _refused("holds a user name or password: take them out, requests are signed instead")
    return parts


def _refused(problem: str) -> ConfigurationError:
    return ConfigurationError(f"The CRM's address {problem}. Change {SETTING}.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _resolve(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransientError(f"The CRM's host {host} cannot be resolved. If it is wrong, change {SETTING}.") from error
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _keys(secret: SecretStr) -> list[bytes]:
    secrets = secret.get_secret_value().split()
    if not secrets:
        raise ConfigurationError(f"The CRM's signing secret is missing: set {SECRET_SETTING}.")
    return [_key(text) for text in secrets]


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
            f"base64. Change {SECRET_SETTING}."
        )
    return key


def _said(error: requests.RequestException) -> str:
    """Say what went wrong in our words: the exception's own would quote the address."""
    match error:
        case requests.ConnectTimeout():
            return f"no connection within {CONNECT_SECONDS} s"
        case requests.Timeout():
            return f"no answer within {READ_SECONDS} s"
        case requests.exceptions.SSLError():
            return "the TLS connection failed (certificate or protocol)"
        case requests.ConnectionError():
            return "the connection was refused or broke off"
    return f"the request failed ({type(error).__name__})"
