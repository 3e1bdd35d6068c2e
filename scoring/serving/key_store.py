"""The table ``api_key``: who may ask the API."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from scoring.database import Connection, all_rows, execute, one, one_or_none
from scoring.errors import NotFound
from scoring.serving.keys import ApiKey

_COLUMNS = """key_id, name, digest, old_digest, old_until, scopes, per_minute, created_at, created_by, expires_at,
    revoked_at, last_used_at"""

_ADD = f"""
    INSERT INTO scoring.api_key (key_id, name, digest, scopes, per_minute, created_by, expires_at)
    VALUES (%s, %s, %s, %s, %s, %s, clock_timestamp() + %s::interval) RETURNING {_COLUMNS}"""  # noqa: S608 - our own text

_FIND = f"SELECT {_COLUMNS} FROM scoring.api_key WHERE key_id = %s"  # noqa: S608

_ALL = f"SELECT {_COLUMNS} FROM scoring.api_key ORDER BY created_at"  # noqa: S608

_NOTE_USE = """
    UPDATE scoring.api_key SET last_used_at = clock_timestamp()
    WHERE key_id = %s AND coalesce(last_used_at, '-infinity') < clock_timestamp() - interval '5 minutes'"""

_ROTATE = f"""
    UPDATE scoring.api_key SET old_digest = digest, old_until = clock_timestamp() + %s::interval, digest = %s
    WHERE key_id = %s AND revoked_at IS NULL RETURNING {_COLUMNS}"""  # noqa: S608

_REVOKE = """
    UPDATE scoring.api_key SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE key_id = %s"""


def add(
    connection: Connection,
    key_id: str,
    digest: str,
    *,
    name: str,
    scopes: Sequence[str],
    per_minute: int,
    by: str,
    valid_for: dt.timedelta | None,
) -> ApiKey:
    """Record a new key; without ``valid_for`` it does not expire."""
    given = (key_id, name, digest, list(scopes), per_minute, by, valid_for)
    return _with_tuple(one(connection, ApiKey, _ADD, given))


def find(connection: Connection, key_id: str) -> ApiKey | None:
    """The key of that id."""
    found = one_or_none(connection, ApiKey, _FIND, (key_id,))
    return found and _with_tuple(found)


def all_of(connection: Connection) -> list[ApiKey]:
    """All keys, the oldest first."""
    return [_with_tuple(key) for key in all_rows(connection, ApiKey, _ALL)]


def note_use(connection: Connection, key_id: str) -> None:
    """Record that a key is used, at most every five minutes."""
    execute(connection, _NOTE_USE, (key_id,))


def rotate(connection: Connection, key_id: str, digest: str, grace: dt.timedelta) -> ApiKey:
    """Give a key another secret; the one that it has is valid for ``grace`` more.

    Raises
    ------
    NotFound
        If there is no such key, or it was revoked.
    """
    found = one_or_none(connection, ApiKey, _ROTATE, (grace, digest, key_id))
    if found is None:
        raise _unknown(key_id)
    return _with_tuple(found)


def revoke(connection: Connection, key_id: str) -> None:
    """End a key for good; one that has ended stays as it is.

    Raises
    ------
    NotFound
        If there is no such key.
    """
    if not execute(connection, _REVOKE, (key_id,)):
        raise _unknown(key_id)


def _unknown(key_id: str) -> NotFound:
    return NotFound(f"There is no valid API key {key_id!r}.", remedy="`scoring api-key list` names them.")


def _with_tuple(key: ApiKey) -> ApiKey:
    return replace(key, scopes=tuple(key.scopes))
