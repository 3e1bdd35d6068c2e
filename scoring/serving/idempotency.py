"""The same request under the same Idempotency-Key gets the same answer (draft-ietf-httpapi-idempotency-key-header)."""

import datetime as dt
from collections.abc import Callable

from scoring.database import Connection
from scoring.serving import request_store
from scoring.serving.answers import JSON, Answer
from scoring.serving.pool import Pool
from scoring.serving.problems import MEDIA_TYPE, Problem
from scoring.serving.request_store import Asked

LONGEST = 255
REFUSED = 400  # from this status on an answer is a problem
FAILED = 500  # from this status on an answer is not kept
REPLAYED = {"Idempotency-Replayed": "true"}


def checked(key: str | None) -> str | None:
    """The header's key, without the quotation marks that the draft writes.

    Raises
    ------
    Problem
        400 if it is empty, too long or not printable ASCII.
    """
    if key is None:
        return None
    bare = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
    if not (0 < len(bare) <= LONGEST and bare.isascii() and bare.isprintable()):
        raise Problem(400, f"An Idempotency-Key has 1 to {LONGEST} printable ASCII characters.")
    return bare


def once(
    pool: Pool,
    asked: Asked,
    make: Callable[[], Answer],
    *,
    keep: dt.timedelta,
    stale: dt.timedelta,
    may_be_kept: Callable[[Connection], bool],
) -> Answer:
    """Answer a request and keep the answer, or give the one that is kept.

    ``may_be_kept`` says whether it may be; it is asked in the transaction that would record it.

    Raises
    ------
    Problem
        409 if the same request is being answered; 422 if the key belongs to another request.
    """
    with pool.transaction() as connection:
        if not may_be_kept(connection):
            return make()
        request_id = request_store.open_request(connection, asked, keep, stale)
        if request_id is None:
            assert asked.idempotency is not None  # noqa: S101 - nothing else conflicts
            return _kept(request_store.find(connection, asked.key_id, asked.idempotency), asked)
    try:
        answer = make()
    except BaseException:
        _forget(pool, request_id)
        raise
    if answer.status >= FAILED:
        _forget(pool, request_id)
        return answer
    with pool.transaction() as connection:
        request_store.answer(connection, request_id, answer.status, answer.content)
    return answer


def _kept(found: request_store.Kept | None, asked: Asked) -> Answer:
    if found is not None and found.asked_digest != asked.digest:
        raise Problem(422, "This Idempotency-Key belongs to another request.", "urn:scoring:idempotency-key-reused")
    if found is None or found.status is None or found.answer is None:
        said = "The request with this Idempotency-Key is being answered; ask again."
        raise Problem(409, said, "urn:scoring:under-way", headers={"Retry-After": "1"})
    return Answer(found.status, found.answer, REPLAYED, JSON if found.status < REFUSED else MEDIA_TYPE)


def _forget(pool: Pool, request_id: int) -> None:
    with pool.transaction() as connection:
        request_store.forget(connection, request_id)
