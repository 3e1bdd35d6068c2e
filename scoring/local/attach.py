"""Lets one command use the local platform's data: joins a running platform, or starts its PostgreSQL meanwhile."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TextIO

from scoring.database import migrate
from scoring.errors import ConfigurationError
from scoring.local import preflight
from scoring.local.environment import local_crm, local_settings
from scoring.local.keys import load_keys
from scoring.local.places import Places, private_files
from scoring.local.postgres import Server, running_postgres, socket_of
from scoring.settings import ChannelSettings, CrmSettings, Settings, load_channel_settings, load_crm_settings


@contextmanager
def attached(settings: Settings) -> Iterator[Settings]:
    """Settings with a database: the given ones if they name one, else the local platform's under ``home``.

    Raises
    ------
    ConfigurationError
        If another command holds the local platform and its PostgreSQL does not answer.
    """
    if settings.database_url.get_secret_value():
        yield settings
        return
    places = Places(settings.home)
    with ExitStack() as stack:
        stack.enter_context(private_files())
        places.make()
        yield _joined(settings, places, stack)


def _joined(settings: Settings, places: Places, stack: ExitStack) -> Settings:
    """Settings of the running platform, or of its PostgreSQL alone, which ``stack`` then stops."""
    # Not a generator: a command's error raised at a yield in the except would be shown "during handling" of this one.
    guests = stack.enter_context(places.guests.open("a"))
    while True:
        try:
            stack.enter_context(preflight.only_user(places))
        except ConfigurationError:  # `make run`, `make up` or another command holds it: join
            fcntl.flock(guests, fcntl.LOCK_SH)  # waits while another command starts or stops its PostgreSQL
            socket = socket_of(places)
            if socket is not None:
                return local_settings(settings, Server(socket))
            if _is_held(places):
                raise
            fcntl.flock(guests, fcntl.LOCK_UN)  # it has just ended
        else:
            return _started(settings, places, stack, guests)


def _started(settings: Settings, places: Places, stack: ExitStack, guests: TextIO) -> Settings:
    """Start PostgreSQL; ``stack`` stops it when no other command uses it any more."""
    fcntl.flock(guests, fcntl.LOCK_EX)
    local = local_settings(settings, stack.enter_context(running_postgres(places)))
    stack.callback(fcntl.flock, guests, fcntl.LOCK_EX)  # comes before the stop
    migrate(local.database())
    fcntl.flock(guests, fcntl.LOCK_UN)
    return local


def _is_held(places: Places) -> bool:
    with places.lock.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def attached_crm(settings: Settings) -> CrmSettings:
    """The CRM for the database of :func:`attached`: the environment's, or the local platform's stand-in."""
    if settings.database_url.get_secret_value():
        return load_crm_settings()
    return local_crm(settings, load_keys(Places(settings.home)))


def attached_channels(settings: Settings) -> ChannelSettings:
    """The channels that belong to the database of :func:`attached`: the environment's, or file and console."""
    if settings.database_url.get_secret_value():
        return load_channel_settings()
    return ChannelSettings(channels={})
