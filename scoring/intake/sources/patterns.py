"""Which paths a pattern means: ``*`` is any characters of one name, ``**`` any folders. Pure; a listing asks it."""

import re
from collections.abc import Sequence
from functools import lru_cache

ANY_FOLDERS, ANY_NAME = "**", "*"
HIDDEN = ("_", ".")  # how names begin that writers of files keep for themselves: _SUCCESS, _temporary, .part.crc


def split(location: str) -> tuple[str, tuple[str, ...]]:
    """The folder that a path or URL begins with, up to its last ``/`` before any ``*``, and the names that follow.

    A folder stands for all files below it.
    """
    before = location.partition("*")[0]
    folder = before[: before.rfind("/") + 1]
    *folders, last = location[len(folder) :].split("/")
    if last in ("", ANY_FOLDERS):
        return folder, (*folders, ANY_FOLDERS, ANY_NAME)
    return folder, (*folders, last)


def fits(names: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a file, by the names of its folders and its own, is one that the pattern means."""
    if not pattern:
        return not names
    first, rest = pattern[0], pattern[1:]
    if first == ANY_FOLDERS:
        return fits(names, rest) or bool(names and not hidden(names[0]) and fits(names[1:], pattern))
    return bool(names) and _is(names[0], first) and fits(names[1:], rest)


def leads(names: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether there may be such a file below a folder, so that the folder has to be looked at."""
    if not names:
        return len(pattern) > 0
    if not pattern:
        return False
    first, rest = pattern[0], pattern[1:]
    if first == ANY_FOLDERS:
        return leads(names, rest) or (not hidden(names[0]) and leads(names[1:], pattern))
    return len(rest) > 0 and _is(names[0], first) and leads(names[1:], rest)


def hidden(name: str) -> bool:
    """Whether a name is none that a ``*`` at its beginning means."""
    return name.startswith(HIDDEN)


def _is(name: str, pattern: str) -> bool:
    if pattern.startswith("*") and hidden(name):
        return False
    return _compiled(pattern).fullmatch(name) is not None


@lru_cache(maxsize=100)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("[^/]*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
