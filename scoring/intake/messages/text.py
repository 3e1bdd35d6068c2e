"""Reads JSON strictly: no name twice, no NaN, and each number as it was written, because some need every digit."""

import json
from typing import Any, NoReturn

MOST_SHOWN = 100  # characters of a name
SHOWN = 80  # characters of a value that is quoted


class Written(str):
    """A JSON number as it was written; a JSON string is a plain str."""

    __slots__ = ()


def shown(value: Any) -> Any:
    """A value as a message may quote it: numbers, true, false and null as they are; a text's beginning."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list | dict):
        return "an array" if isinstance(value, list) else "an object"
    text = str(value).encode("utf-8", "replace").decode()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


class NotJson(ValueError):
    """A body is not the JSON that we read; the text is for a person."""


def parsed(body: bytes) -> Any:
    """The content of a body: dict, list, str, :class:`Written`, bool or None.

    Raises
    ------
    NotJson
        If it is not JSON, not UTF-8, names a field twice in one object, or is nested too deeply.
    """
    try:
        return json.loads(
            body.decode("utf-8"),
            parse_int=Written,
            parse_float=Written,
            parse_constant=_no_number,
            object_pairs_hook=_unique,
        )
    except UnicodeDecodeError as error:
        raise NotJson(f"The body is not UTF-8 (byte {error.start}).") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise NotJson("The body is nested too deeply.") from None


def _no_number(word: str) -> NoReturn:
    raise NotJson(f"The body is not JSON: {word} is no number.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotJson(f"The body names {twice[:MOST_SHOWN]!r} twice in one object.")
    return found
