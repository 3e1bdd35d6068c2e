"""What an API process holds: settings, database, models, keys, metrics and threads; and how requests are computed."""

import asyncio
import datetime as dt
import hashlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from starlette.requests import Request

from scoring.database import Connection
from scoring.domain.dataset import DataSet
from scoring.intake.messages.text import NotJson, parsed
from scoring.publishing.predict import threads_of_one_core
from scoring.serving import idempotency
from scoring.serving.answers import Answer
from scoring.serving.board import Board
from scoring.serving.doorkeeper import Doorkeeper
from scoring.serving.keys import ApiKey
from scoring.serving.metrics import Metrics
from scoring.serving.pool import Pool
from scoring.serving.problems import Problem, invalid
from scoring.serving.request_store import Asked
from scoring.settings import ApiSettings, Settings
from scoring.snapshots import forgotten
from scoring.snapshots.keys import key_written

LOOK_SECONDS = 1.0

T = TypeVar("T")


class Api:
    """The parts of one API process."""

    def __init__(self, settings: Settings, limits: ApiSettings) -> None:
        self.settings, self.limits = settings, limits
        self.metrics = Metrics()
        self.pool = Pool(settings.database(), limits.connections, limits.answer_seconds)
        self.board = Board(settings, self.pool, self.metrics)
        self.doorkeeper = Doorkeeper(self.pool, limits.key_cache_seconds, limits.refusals_per_minute)
        self.draining = False
        self._answers: asyncio.Future[bool] | None = None
        self._asked_at = 0.0
        self._computing = threads_of_one_core(limits.threads)
        self._blocking = ThreadPoolExecutor(limits.connections, "database")

    def start(self) -> None:
        """Begin to follow the ledger."""
        self.board.follow(self.limits.follow_seconds)

    def close(self) -> None:
        """End all threads and connections."""
        self.board.stop()
        self._computing.shutdown(cancel_futures=True)
        self._blocking.shutdown(cancel_futures=True)
        self.pool.close()

    async def computed(self, work: Callable[[], T]) -> T:
        """Run what computes: in few threads, each on one core."""
        return await asyncio.get_running_loop().run_in_executor(self._computing, work)

    async def blocking(self, work: Callable[[], T]) -> T:
        """Run what waits for the database."""
        return await asyncio.get_running_loop().run_in_executor(self._blocking, work)

    async def database_answers(self) -> bool:
        """Whether the database answers; it is asked once a second at most, for anybody may ask us."""
        now = time.monotonic()
        if self._answers is None or (self._answers.done() and now - self._asked_at > LOOK_SECONDS):
            self._answers, self._asked_at = asyncio.ensure_future(self.blocking(self._reachable)), now
        return await asyncio.shield(self._answers)  # who leaves early takes the answer from nobody else

    def _reachable(self) -> bool:
        try:
            with self.pool.transaction():
                return True
        except Exception:  # noqa: BLE001 - whatever it is, the database cannot be used
            return False

    def keeps(self, request: Request) -> bool:
        """Whether the answer to a request is kept."""
        return b"idempotency-key" in request.scope["state"]["headers"] or self.limits.store == "all"

    def kept(self, request: Request, customers: Sequence[str], make: Callable[[], Answer]) -> Answer:
        """Answer a request once for an Idempotency-Key; what else is kept is said by the settings."""
        if not self.keeps(request):
            return make()
        state = request.scope["state"]
        name = idempotency.checked(state["headers"].get(b"idempotency-key"))
        key: ApiKey = state["key"]
        route = f"{request.method} {request.url.path}"
        asked = Asked(
            key_id=key.key_id,
            idempotency=name,
            route=route,
            digest=hashlib.sha256(f"{route}?{request.url.query}\n".encode() + state["body"]).hexdigest(),
            body=state["body"].decode("utf-8", "replace").replace("\0", "") if self.limits.store_records else None,
            customers=[one for one in dict.fromkeys(customers) if "\0" not in one],
        )
        keep = dt.timedelta(hours=self.limits.keep_hours)
        stale = dt.timedelta(seconds=2 * self.limits.answer_seconds)

        def may_be_kept(connection: Connection) -> bool:
            forgotten.hold(connection)
            return not any(one in gone for gone in self.board.forgotten_of(connection) for one in asked.customers)

        return idempotency.once(self.pool, asked, make, keep=keep, stale=stale, may_be_kept=may_be_kept)

    def records_of(self, request: Request, name: str) -> list[Any]:
        """The list that the body of a request holds under ``name``.

        Raises
        ------
        Problem
            415 if the body is not JSON by its header; 400 if it cannot be read; 413 if it has too many records; 422 if
            it is another object.
        """
        state = request.scope["state"]
        if state["headers"].get(b"content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Problem(415, "Send the body as application/json.")
        try:
            content = parsed(state["body"])
        except NotJson as error:
            raise Problem(400, str(error), "urn:scoring:not-json") from error
        found = content.get(name) if isinstance(content, dict) and len(content) == 1 else None
        if not isinstance(found, list) or not found:
            raise invalid(f'The body is an object with one field, "{name}": a list of one or more.', type_=BODY)
        if len(found) > self.limits.most_records:
            said = f"The request has {len(found)} records; {self.limits.most_records} are allowed."
            raise Problem(413, said, "urn:scoring:too-many-records")
        return found


BODY = "urn:scoring:invalid-request"


def named_by(records: Sequence[Any], data_set: DataSet) -> list[str]:
    """The customers whose keys records have."""
    found = (key_written(data_set, record) for record in records if isinstance(record, dict))
    return [one.encode("utf-8", "replace").decode() for one in found if one is not None]


def ids_of(records: Sequence[Any], name: str) -> list[str]:
    """The customers that records name."""
    found = (record.get(name) for record in records if isinstance(record, dict))
    return [one.encode("utf-8", "replace").decode() for one in found if isinstance(one, str)]
