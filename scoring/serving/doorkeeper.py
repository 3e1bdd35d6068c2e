"""Who may come in, and how often: API keys, kept in memory for a few seconds, and limits per key and per stranger."""

import datetime as dt
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from scoring.serving import key_store
from scoring.serving.keys import ApiKey, opens, parts
from scoring.serving.pool import Pool
from scoring.serving.problems import Problem

MOST_REMEMBERED = 10_000  # keys, also unknown ones

Run = Callable[[Callable[[], ApiKey | None]], Awaitable[ApiKey | None]]


class Doorkeeper:
    """Admits requests; used by the event loop only.

    Parameters
    ----------
    cache_seconds
        How long a key may be used after it was revoked.
    refusals_per_minute
        Wrong keys of one address, after which it gets 429, but for keys that were used not long ago.
    """

    def __init__(self, pool: Pool, cache_seconds: float, refusals_per_minute: int) -> None:
        self._pool, self._cache_seconds = pool, cache_seconds
        self._refusals = RateLimitItemPerMinute(refusals_per_minute)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._known: OrderedDict[str, tuple[float, ApiKey | None]] = OrderedDict()
        self._limits: dict[int, RateLimitItem] = {}

    async def admit(self, authorization: str, address: str, run: Run) -> ApiKey:
        """The key of a request.

        Parameters
        ----------
        authorization
            The header; empty without one.
        run
            Runs a function that blocks, elsewhere.

        Raises
        ------
        Problem
            401 without a valid key; 429 if it comes too often.
        """
        found = parts(authorization[7:].strip()) if authorization[:7].lower() == "bearer " else None
        if not self._is_known(found) and not self._limiter.test(self._refusals, "refused", address):
            raise self._too_many(self._refusals, "refused", address)
        key = await self._find(found[0], run) if found else None
        if found is None or not opens(key, found[1], dt.datetime.now(dt.UTC)) or key is None:
            self._limiter.hit(self._refusals, "refused", address)
            raise Problem(
                401,
                "Send a valid key in the header Authorization: Bearer sk_...",
                "urn:scoring:unauthenticated",
                headers={"WWW-Authenticate": "Bearer"},
            )
        limit = self._limits.setdefault(key.per_minute, RateLimitItemPerMinute(key.per_minute))
        if not self._limiter.hit(limit, "key", key.key_id):
            raise self._too_many(limit, "key", key.key_id)
        return key

    def _is_known(self, found: tuple[str, str] | None) -> bool:
        """Whether there was such a key not long ago: behind a proxy all callers share the address of a wrong one."""
        seen = self._known.get(found[0]) if found else None
        return seen is not None and seen[1] is not None

    async def _find(self, key_id: str, run: Run) -> ApiKey | None:
        seen = self._known.get(key_id)
        if seen is not None and time.monotonic() - seen[0] < self._cache_seconds:
            return seen[1]
        asked = time.monotonic()
        key = await run(lambda: self._read(key_id))
        self._known[key_id] = asked, key
        self._known.move_to_end(key_id)
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return key

    def _read(self, key_id: str) -> ApiKey | None:
        with self._pool.transaction() as connection:
            key = key_store.find(connection, key_id)
            if key is not None:
                key_store.note_use(connection, key_id)
            return key

    def _too_many(self, limit: RateLimitItem, *whose: str) -> Problem:
        seconds = max(1, round(self._limiter.get_window_stats(limit, *whose).reset_time - time.time()))
        said = f"At most {limit.amount} a minute."
        return Problem(429, said, "urn:scoring:too-many-requests", headers={"Retry-After": str(seconds)})
