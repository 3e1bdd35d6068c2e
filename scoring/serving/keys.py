"""An API key is ``sk_<id>_<secret>``; only the SHA-256 of its secret is stored, and compared in constant time."""

import datetime as dt
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Literal, get_args

Scope = Literal["read", "score", "feedback", "metrics"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

LONGEST = 200  # characters of a key; ours have 63
NOBODY = hashlib.sha256().hexdigest()  # compared with when there is no such key, so that both take as long


@dataclass(frozen=True)
class ApiKey:
    """A row of table ``api_key``; ``old_digest`` is that of the secret before the last rotation, for a while."""

    key_id: str
    name: str
    digest: str
    old_digest: str | None
    old_until: dt.datetime | None
    scopes: tuple[str, ...]
    per_minute: int
    created_at: dt.datetime
    created_by: str
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    last_used_at: dt.datetime | None

    def state(self, now: dt.datetime) -> str:
        """In a word: valid, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "valid"


def new_id() -> str:
    """An id for a key: 12 hexadecimal digits."""
    return secrets.token_hex(6)


def new_secret() -> str:
    """A secret of 256 random bits."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def written(key_id: str, secret: str) -> str:
    """The key as its owner writes it."""
    return f"sk_{key_id}_{secret}"


def parts(key: str) -> tuple[str, str] | None:
    """Id and secret of a key; None if it is not written like one."""
    kind, _, rest = key.partition("_")
    key_id, _, secret = rest.partition("_")
    usable = kind == "sk" and key_id and secret and len(key) <= LONGEST and key.isascii() and key.isprintable()
    return (key_id, secret) if usable else None


def opens(key: ApiKey | None, secret: str, now: dt.datetime) -> bool:
    """Whether a secret is that of a key, and the key is valid at ``now``."""
    given = digest_of(secret)
    current = hmac.compare_digest(given, key.digest if key else NOBODY)
    before = hmac.compare_digest(given, (key and key.old_digest) or NOBODY)
    if key is None or key.state(now) != "valid":
        return False
    return current or (before and key.old_until is not None and now < key.old_until)
