"""Tells every endpoint what changed, all at the same time: none waits for another, none hides another's error."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from scoring.database import transaction
from scoring.delivery import endpoints
from scoring.delivery.adapters.contract import Adapter
from scoring.delivery.endpoints import Endpoint
from scoring.delivery.notified import Notified
from scoring.delivery.notify import notify
from scoring.errors import ScoringError


@dataclass(frozen=True)
class Told:
    """What became of an endpoint: what was done, or the error that kept it from being done."""

    endpoint: str
    done: Notified | None = None
    error: ScoringError | None = None


def tell(database_url: str, name: str, adapter_of: Callable[[Endpoint], Adapter]) -> Notified:
    """Tell one endpoint; errors as of :func:`scoring.delivery.notify.notify` and of ``adapter_of``."""
    with transaction(database_url) as connection:
        known = endpoints.look_up(connection, name)
    return notify(database_url, adapter_of(known), name)


def tell_all(database_url: str, adapter_of: Callable[[Endpoint], Adapter]) -> list[Told]:
    """Tell all endpoints for which anything waits, by name."""
    with transaction(database_url) as connection:
        names = endpoints.with_work(connection)

    def told(name: str) -> Told:
        try:
            return Told(name, done=tell(database_url, name, adapter_of))
        except ScoringError as error:
            return Told(name, error=error)

    if not names:
        return []
    with ThreadPoolExecutor(len(names), thread_name_prefix="endpoint") as pool:
        return list(pool.map(told, names))
