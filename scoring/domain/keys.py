r"""How the key of a record is written as the text that every table, event and API call calls ``customer_id``.

- A text key is that text.
- An integer key is its decimal digits, after a minus sign if it is negative: ``7``, ``-12``; never ``007``, ``7.0`` or
  ``+7``.
- A composite key is the texts of its parts with ``|`` between them; within a part ``|`` is written ``\|`` and ``\`` is
  written ``\\``. Dates are ISO 8601.

Different keys have different texts, and :func:`parts_of` reads a composite one back.
"""

import re
from collections.abc import Iterable, Sequence

SEPARATOR, ESCAPE = "|", "\\"
PART_TYPES = ("text", "integer", "date", "category")  # whose values have one text each

_SPECIAL = re.compile(r"[|\\]")
_PART = re.compile(r"(?:[^|\\]|\\[|\\])*")
_ESCAPED = re.compile(r"\\([|\\])")
_WHOLE = re.compile(r"(-?)0*([0-9]+)(?:\.0+)?")


def joined(parts: Iterable[str]) -> str:
    """The text of a composite key."""
    return SEPARATOR.join(_SPECIAL.sub(r"\\\g<0>", part) for part in parts)


def parts_of(key: str) -> tuple[str, ...]:
    r"""The texts of the parts of a composite key.

    Raises
    ------
    ValueError
        If it is none: a backslash stands before something else than ``|`` or ``\``.
    """
    found, position = [], 0
    while True:
        part = _PART.match(key, position)
        assert part is not None  # noqa: S101 - it matches the empty text, too
        found.append(_ESCAPED.sub(r"\1", part[0]))
        position = part.end()
        if position == len(key):
            return tuple(found)
        if key[position] != SEPARATOR:
            raise ValueError(f"{key!r} is no composite key: at {position} a backslash escapes nothing")
        position += 1


def whole(text: str) -> str | None:
    """An integer as a key writes it (``-0007`` is ``-7``, ``-0`` is ``0``, ``7.0`` is ``7``); None if it is none."""
    found = _WHOLE.fullmatch(text)
    if not found:
        return None
    sign, digits = found.groups()
    return digits if digits == "0" else sign + digits


def column_of(names: Sequence[str]) -> str:
    """The name of the key's column in a snapshot: that of the only part, or all names with ``|`` between them.

    No other column can have that name.
    """
    return SEPARATOR.join(names)


def most_bytes(parts: int, most: int) -> int:
    """The most bytes (UTF-8) of each part, so that a composite key has at most ``most``, whatever has to be escaped."""
    return most if parts == 1 else (most - (parts - 1)) // (2 * parts)
