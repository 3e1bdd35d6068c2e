"""The tables ``erasure`` and ``erasure_key``: persons who were forgotten and must not come back, by fingerprint.

The id of a person who was forgotten stands nowhere. Its fingerprint (an HMAC with a key of the installation) tells
whether a row that arrives is theirs. Whatever records rows of customers asks :func:`of_data_set` in a transaction that
:func:`holds <hold>` the list: an erasure waits for it, and whoever comes later sees the erasure.
"""

import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import SecretStr

from scoring.database import Connection, all_rows, column, execute, one, one_or_none, value
from scoring.errors import ConfigurationError, NotFound

_ABOUT = b"scoring.erasure"  # what the verifier is the HMAC of

_HOLD = "SELECT pg_advisory_xact_lock_shared(hashtextextended('erasure', 0))"
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('erasure', 0))"

_FIND = """
    SELECT erasure_id, state FROM scoring.erasure WHERE data_set = %s AND fingerprint = %s AND state <> 'lifted'"""

_ADD = """
    INSERT INTO scoring.erasure (data_set, fingerprint, requested_by, reason) VALUES (%s, %s, %s, %s)
    RETURNING erasure_id, state"""

_IN_FORCE = "SELECT fingerprint FROM scoring.erasure WHERE data_set = %s AND state <> 'lifted'"

_LIFT = """
    UPDATE scoring.erasure SET state = 'lifted', lifted_at = clock_timestamp(), lifted_by = %s, lift_reason = %s
    WHERE data_set = %s AND fingerprint = %s AND state = 'done' RETURNING erasure_id"""

_COUNT = """
    INSERT INTO scoring.erasure_place AS p (erasure_id, place, erased) VALUES (%s, %s, %s)
    ON CONFLICT (erasure_id, place) DO UPDATE
        SET erased = p.erased + excluded.erased, worked_at = excluded.worked_at"""

_FINISH = """
    UPDATE scoring.erasure SET state = 'done', done_at = coalesce(done_at, clock_timestamp()) WHERE erasure_id = %s"""


@dataclass(frozen=True)
class Erasure:
    """An erasure in force: ``open`` until nothing is found any more, then ``done``."""

    erasure_id: int
    state: str


@dataclass(frozen=True)
class _Key:
    key: memoryview
    verifier: str


@dataclass(frozen=True)
class Forgotten:
    """The persons of one data set who were forgotten."""

    data_set: str
    fingerprints: frozenset[str] = frozenset()
    key: bytes = field(default=b"", repr=False)

    def __contains__(self, customer: str | None) -> bool:
        """Whether this customer was forgotten."""
        return bool(self.fingerprints) and customer is not None and self._is_known(customer)

    def marks(self, customers: pa.Array | pa.ChunkedArray) -> NDArray[np.bool_]:
        """Which of these customers were forgotten: bool, shape (rows,). About a second for a million, 0 for nobody."""
        if not self.fingerprints:
            return np.zeros(len(customers), dtype=bool)
        return np.fromiter((customer in self for customer in customers.to_pylist()), bool, len(customers))

    def _is_known(self, customer: str) -> bool:
        return fingerprint(self.key, self.data_set, customer) in self.fingerprints


def fingerprint(key: bytes, data_set: str, customer: str) -> str:
    """HMAC-SHA256 (64 hex digits) of a customer of a data set."""
    return hmac.digest(key, f"{data_set}\0{customer}".encode(), hashlib.sha256).hex()


def hold(connection: Connection) -> None:
    """Let no erasure begin until this transaction ends; call it before the list is read and rows are recorded."""
    execute(connection, _HOLD)


def of_data_set(connection: Connection, secret: SecretStr, data_set: str) -> Forgotten:
    """The persons of a data set who were forgotten.

    Raises
    ------
    ConfigurationError
        If there are some and SCORING_ERASURE_SECRET is not what it was when the first one was forgotten.
    """
    found = column(connection, _IN_FORCE, (data_set,))
    return Forgotten(data_set, frozenset(found), _key(connection, secret)) if found else Forgotten(data_set)


def find(connection: Connection, secret: SecretStr, data_set: str, customer: str) -> Erasure | None:
    """The erasure of a customer that is in force; errors as of :func:`of_data_set`."""
    if one_or_none(connection, dict, "SELECT 1 AS there FROM scoring.erasure_key") is None:
        return None
    known = fingerprint(_key(connection, secret), data_set, customer)
    return one_or_none(connection, Erasure, _FIND, (data_set, known))


def begin(connection: Connection, secret: SecretStr, data_set: str, customer: str, *, by: str, reason: str) -> Erasure:
    """The erasure of a customer, a new one unless one is in force; waits until nobody records rows of customers.

    Raises the same errors as :func:`of_data_set`.
    """
    execute(connection, _LOCK)
    key = _key(connection, secret)
    known = fingerprint(key, data_set, customer)
    found = one_or_none(connection, Erasure, _FIND, (data_set, known))
    return found or one(connection, Erasure, _ADD, (data_set, known, by, reason))


def count(connection: Connection, erasure_id: int, place: str, erased: int) -> None:
    """Add to what was erased in a place."""
    execute(connection, _COUNT, (erasure_id, place, erased))


def finish(connection: Connection, erasure_id: int) -> None:
    """Record that nothing is found any more."""
    execute(connection, _FINISH, (erasure_id,))


def lift(connection: Connection, secret: SecretStr, data_set: str, customer: str, *, by: str, reason: str) -> int:
    """Let a person come back with the next snapshot; returns the id of the erasure.

    Raises
    ------
    NotFound
        If the customer was not forgotten, or the erasure is not done.
    """
    execute(connection, _LOCK)
    known = fingerprint(_key(connection, secret), data_set, customer)
    found = value(connection, _LIFT, (by, reason, data_set, known))
    if found is None:
        raise NotFound(
            f"No erasure of this customer of {data_set} is done.",
            remedy="Look at the id, and at the erasures: `scoring customer erasures`.",
        )
    return int(found)


@dataclass(frozen=True)
class Listed:
    """An erasure for a person, with what was erased by place."""

    erasure_id: int
    data_set: str
    state: str
    requested_by: str
    reason: str
    requested_at: dt.datetime
    done_at: dt.datetime | None
    places: dict[str, int] | None


def listed(connection: Connection) -> list[Listed]:
    """All erasures, the newest first."""
    statement = """
        SELECT e.erasure_id, e.data_set, e.state, e.requested_by, e.reason, e.requested_at, e.done_at,
            (SELECT json_object_agg(place, erased ORDER BY place) FROM scoring.erasure_place p
             WHERE p.erasure_id = e.erasure_id AND erased > 0) AS places
        FROM scoring.erasure e ORDER BY erasure_id DESC"""
    return all_rows(connection, Listed, statement)


def _key(connection: Connection, secret: SecretStr) -> bytes:
    """The key of the fingerprints; made if there is none."""
    found = one_or_none(connection, _Key, "SELECT key, verifier FROM scoring.erasure_key")
    if found is None:
        stored = secrets.token_bytes(32)
        key = _with(stored, secret)
        verifier = hmac.digest(key, _ABOUT, hashlib.sha256).hex()
        execute(connection, "INSERT INTO scoring.erasure_key (key, verifier) VALUES (%s, %s)", (stored, verifier))
        return key
    key = _with(bytes(found.key), secret)
    if not hmac.compare_digest(hmac.digest(key, _ABOUT, hashlib.sha256).hex(), found.verifier):
        raise ConfigurationError(
            "SCORING_ERASURE_SECRET is not what it was when the first person was forgotten, so nobody could tell who "
            "must not come back.",
            remedy="Set it to what it was (if it was not set, unset it), everywhere.",
        )
    return key


def _with(stored: bytes, secret: SecretStr) -> bytes:
    return hmac.digest(stored, secret.get_secret_value().encode(), hashlib.sha256)
