"""What all definitions have in common: they are frozen, refuse unknown fields and have a digest."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict


class Definition(BaseModel):
    """An immutable description, checked when it is made."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


def digest_of(content: Any) -> str:
    """SHA-256 (64 hex digits) of JSON-like content, independent of the order of keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
