"""A running API of the shop on a free port, keys for it, and records as callers write them."""

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import httpx
from factories import customer, table_of
from shop_definitions import SHOP
from waiting import PATIENCE, until

from scoring.database import transaction
from scoring.serving import key_store, keys
from scoring.serving.api import Api
from scoring.serving.server import Server, server
from scoring.settings import ApiSettings, Settings

QUICK = ApiSettings(port=0, follow_seconds=0.05, key_cache_seconds=0.05, drain_seconds=0)


def new_key(settings: Settings, *scopes: str, per_minute: int = 1_000_000, days: float | None = None) -> str:
    """A key as its owner writes it; with all scopes if none is named."""
    key_id, secret = keys.new_id(), keys.new_secret()
    valid_for = None if days is None else dt.timedelta(days=days)
    with transaction(settings.database()) as connection:
        key_store.add(
            connection, key_id, keys.digest_of(secret), name="tests", scopes=scopes or keys.SCOPES,
            per_minute=per_minute, by="a test", valid_for=valid_for,
        )  # fmt: skip
    return keys.written(key_id, secret)


def bearer(key: str) -> dict[str, str]:
    """The header that carries a key."""
    return {"Authorization": f"Bearer {key}"}


def record(number: int, **values: object) -> dict[str, object]:
    """A customer of the shop as JSON has it."""
    row = customer(number) | values
    return {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in row.items()}


@contextmanager
def running(settings: Settings, **limits: object) -> Iterator[SimpleNamespace]:
    """An API in a thread: ``client`` (with all scopes), ``url``, ``port``, ``api`` and ``server``."""
    api = Api(settings, QUICK.model_copy(update=limits))
    serving: Server = server(api)
    thread = threading.Thread(target=serving.run, name="api")
    thread.start()
    try:
        until(lambda: serving.started)
        until(lambda: len(api.board.served) + len(api.board.troubles) >= len(api.board.servable))
        port = serving.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, headers=bearer(new_key(settings)), timeout=PATIENCE, trust_env=False) as client:
            yield SimpleNamespace(client=client, url=url, port=port, api=api, server=serving)
    finally:
        serving.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


__all__ = ["SHOP", "table_of"]
