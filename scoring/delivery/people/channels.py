"""Channels: who is told where. A channel's name is stored and shown; its address is a secret and is neither."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from scoring.alerts.facts import Alert
from scoring.delivery.people import local
from scoring.delivery.people.carrier import carry
from scoring.delivery.people.message import line, message

DEFAULT = "default"  # whoever has no channels of their own
FILE, CONSOLE = "file", "console"  # the channels of an installation that has none
FILE_NAME = "alerts.jsonl"
SECONDS = 30.0  # the most that one try takes


@dataclass(frozen=True)
class Channels:
    """All channels of an installation.

    Parameters
    ----------
    addresses
        For each owner, and for ``default``, the addresses: Apprise URLs, or the words ``file`` and ``console``.
    directory
        Where the channel ``file`` writes.
    seconds
        The most that one try takes.
    """

    addresses: Mapping[str, Sequence[SecretStr]]
    directory: Path
    seconds: float = SECONDS

    def of(self, owner: str) -> tuple[str, ...]:
        """Names of the channels on which an owner is told; never empty."""
        for name in (owner, DEFAULT):
            if found := self.addresses.get(name):
                return tuple(f"{name}/{number}" for number in range(1, len(found) + 1))
        return FILE, CONSOLE

    def send(self, name: str, alert: Alert) -> str | None:
        """Send an alert; returns why that failed, or None when the channel has taken it.

        Never raises, and takes no longer than ``seconds`` and a moment.
        """
        address = self._address(name)
        if address is None:
            return f"the channel {name} is not configured any more"
        if address == FILE:
            return local.append(self.directory / FILE_NAME, line(alert))
        if address == CONSOLE:
            return local.show(message(alert))
        return carry(address, message(alert), self.seconds)

    def _address(self, name: str) -> str | None:
        if name in (FILE, CONSOLE):
            return name
        owner, _, number = name.rpartition("/")
        addresses = self.addresses.get(owner, ())
        if not number.isdigit() or not 1 <= int(number) <= len(addresses):
            return None
        return addresses[int(number) - 1].get_secret_value()
