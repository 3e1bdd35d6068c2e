"""Checks that customers' scores may be sent to an address. It may hold a token, so errors quote only its host."""

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from scoring.errors import ConfigurationError, TransientError

RESOLVE_SECONDS = 5.0
PORTS = {"http": 80, "https": 443}

REMEDY = "Set SCORING_CRM_URL to the CRM's webhook address."
IN_AIRFLOW = "Set the host of the connection crm_webhook (Admin > Connections) to the CRM's webhook address."

LookUp = Callable[..., list[tuple[Any, ...]]]
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class SocketAddress:
    """One address of a host, as ``socket.connect`` takes it."""

    family: int
    address: tuple[Any, ...]

    @property
    def ip(self) -> IpAddress:
        """The IP address; an IPv4-mapped IPv6 address as its IPv4 address."""
        found = ipaddress.ip_address(str(self.address[0]).partition("%")[0])
        return getattr(found, "ipv4_mapped", None) or found


@dataclass(frozen=True)
class Target:
    """A checked URL: where to connect, and the path to request there."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[SocketAddress, ...]

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def checked(url: str, *, seconds: float = RESOLVE_SECONDS, look_up: LookUp = socket.getaddrinfo) -> Target:
    """Parse an address, and refuse one to which customers' scores must not be sent.

    HTTPS may go anywhere except to link-local, multicast and unspecified addresses (private networks are fine); plain
    HTTP only to this machine. The addresses that the name resolves to are checked too, and only they are used.

    Parameters
    ----------
    seconds
        How long the name may take to resolve.
    look_up
        Resolves the name, as ``socket.getaddrinfo`` does.

    Raises
    ------
    ConfigurationError
        If the address is refused; names the setting and the reason, and quotes only the address's host.
    TransientError
        If the name cannot be resolved in time.
    """
    parts = _parts(url)
    host = (parts.hostname or "").lower()
    if parts.scheme == "http" and not _is_loopback(host):
        raise _refused(f"sends plain HTTP to {host}: use https, or http to 127.0.0.1, ::1 or localhost only")
    port = parts.port or PORTS[parts.scheme]
    addresses = _resolved(host, port, seconds, look_up)
    for one in addresses:
        if one.ip.is_link_local or one.ip.is_multicast or one.ip.is_unspecified:
            raise _refused(f"points to {host} ({one.ip}), a link-local, multicast or unspecified address")
        if parts.scheme == "http" and not one.ip.is_loopback:
            raise _refused(f"sends plain HTTP to {host}, which is {one.ip} and not this machine")
    path = quote(parts.path or "/", safe="!#$%&'()*+,/:;=?@[]~")
    query = f"?{quote(parts.query, safe='!#$%&()*+,/:;=?@[]~' + chr(39))}" if parts.query else ""
    return Target(parts.scheme, _ascii(host), port, path + query, addresses)


def shown(url: str) -> str:
    """Only the host of an address, for a person."""
    try:
        return urlsplit(url).hostname or "the CRM"
    except ValueError:
        return "the CRM"


def _parts(url: str) -> SplitResult:
    if not url:
        raise ConfigurationError(
            "There are score changes to tell, but no CRM address is set.",
            remedy=f"{REMEDY} In Airflow: add the connection crm_webhook.",
            in_airflow="Add the connection crm_webhook in Admin > Connections. Host: the CRM's webhook address; "
            "password: the signing secret.",
        )
    if any(character.isspace() or not character.isprintable() for character in url):
        raise _refused("holds a space or a control character")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused("is not a URL that can be read") from None
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        raise _refused("is not of the form https://host/path")
    if parts.username is not None or parts.password is not None:
        raise _refused("holds a user name or password: take them out, requests are signed instead")
    return parts


def _refused(problem: str) -> ConfigurationError:
    return ConfigurationError(f"The CRM's address {problem}.", remedy=REMEDY, in_airflow=IN_AIRFLOW)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _ascii(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode()


def _resolved(host: str, port: int, seconds: float, look_up: LookUp) -> tuple[SocketAddress, ...]:
    """Look a name up in a thread, because the system's resolver has no deadline."""
    answers: queue.SimpleQueue[list[tuple[Any, ...]] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(look_up(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        found = answers.get(timeout=seconds)
    except queue.Empty:
        raise _unresolved(host, f"within {seconds:g} s") from None
    if isinstance(found, Exception):
        raise _unresolved(host, "now") from found
    return tuple(SocketAddress(family, address) for family, _, _, _, address in found)


def _unresolved(host: str, when: str) -> TransientError:
    return TransientError(
        f"The name of the CRM's host {host} cannot be resolved {when}.",
        remedy="If the name is wrong, change SCORING_CRM_URL.",
        in_airflow="If the name is wrong, change the host of the connection crm_webhook.",
    )
