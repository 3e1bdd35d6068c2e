"""The base of all definitions: they are frozen, refuse unknown fields, and report all their mistakes at once."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

BROKEN_PART = "broken_part"  # the pydantic error type of a field that holds a broken definition

Listener = Callable[["Definition", ValidationError], None]
_listener: ContextVar[Listener | None] = ContextVar("_listener", default=None)


class Definition(BaseModel):
    """An immutable description, checked when it is created.

    Raises
    ------
    ValidationError
        If a field is wrong, unless :func:`mistakes_go_to` collects the mistakes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    sound: ClassVar[bool] = True  # False on an instance that is broken

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            listener = _listener.get()
            if listener is None:
                raise
            self._become_broken(fields)
            listener(self, error)

    def mistakes(self) -> Iterator[str]:
        """All contradictions between the fields, each as ``field: reason``."""
        yield from ()

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        if self.sound and (found := list(self.mistakes())):  # pydantic checks a nested one again
            raise ValueError("\n".join(found))
        return self

    @field_validator("*", mode="after")
    @classmethod
    def _has_no_broken_part(cls, value: Any) -> Any:
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Definition) and not part.sound:
                raise PydanticCustomError(BROKEN_PART, "a part of it is wrong")
        return value

    def _become_broken(self, fields: dict[str, Any]) -> None:
        """Keep the fields unchecked, so that later lines of the file that use them can still be read."""
        unchecked = self.model_construct(**fields)
        object.__setattr__(self, "__dict__", vars(unchecked) | {"sound": False})
        for name in ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__"):
            object.__setattr__(self, name, getattr(unchecked, name))


@contextmanager
def mistakes_go_to(listener: Listener) -> Iterator[None]:
    """Report each wrong definition to ``listener`` instead of raising, so that one run finds all of them.

    The listener gets the definition, with its fields unchecked and ``sound`` False, and its errors. A definition with a
    broken part is broken, too; its error then has the type ``BROKEN_PART`` and does not repeat the part's errors.
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def digest_of(content: Any) -> str:
    """SHA-256 (64 hex digits) of JSON-like content, independent of the order of keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
