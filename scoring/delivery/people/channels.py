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
            if names := self._names(name):
                return names
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
        owner = name.rpartition("/")[0]
        found = dict(zip(self._names(owner), self.addresses.get(owner, ()), strict=True)).get(name)
        return None if found is None else found.get_secret_value()

    def _names(self, owner: str) -> tuple[str, ...]:
        return tuple(f"{owner}/{number}" for number, _ in enumerate(self.addresses.get(owner, ()), start=1))
