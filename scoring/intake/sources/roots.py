"""Which places a person who only has the trigger form may have read: what is below the inbox or a listed root."""

import os
import posixpath
import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from scoring.errors import SourceError
from scoring.intake.sources.location import is_url, shown

_LOCAL = re.compile(r"^(?:file|local)://", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")  # what one parser of URLs takes for a separator and another does not


def confined(location: str, roots: Iterable[str]) -> str:
    """The place itself, symbolic links resolved, when it is below one of ``roots``; nothing is opened.

    Raises
    ------
    SourceError
        If it is not.
    """
    where = _place(location)
    for root in filter(None, (_place(root) for root in roots if root)):
        if where and where[:-1] == root[:-1] and _below(where[-1], root[-1]):
            return where[-1] if len(where) == 1 else location
    raise SourceError(
        shown(location),
        "This place is neither below the inbox nor below a listed root.",
        "Put the file into the inbox, or list its folder in SCORING_SOURCE_ROOTS.",
        in_airflow="Put the file into the inbox, or have its folder listed in SCORING_SOURCE_ROOTS of the workers.",
    )


def _below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")


def _place(location: str) -> tuple[str, ...] | None:
    """What must be equal (protocols and host; nothing for a local file) and, last, the path to compare."""
    local = _LOCAL.sub("", location)
    if not is_url(local):
        return None if "\0" in local else (os.path.realpath(os.path.expanduser(local)),)  # noqa: PTH111 - as fsspec does
    if _UNSAFE.search(location):
        return None
    *chain, last = location.split("::")
    if "://" not in last:
        return None
    try:
        parts = urlsplit(last)
    except ValueError:
        return None
    path = posixpath.normpath("/" + _decoded(parts.path).lstrip("/"))
    return (*chain, parts.scheme.lower(), parts.netloc.lower(), path)


def _decoded(path: str) -> str:
    while (once := unquote(path)) != path:
        path = once
    return path
