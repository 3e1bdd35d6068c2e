"""Confines the files that the trigger form may name to the inbox and the listed roots."""

import os
import posixpath
import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from scoring.errors import SourceError
from scoring.intake.sources.location import is_url, shown

_LOCAL = re.compile(r"^(?:file|local)://", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")  # separators for some URL parsers, but not for others


def confined(location: str, roots: Iterable[str]) -> str:
    """The location, symbolic links of a local one resolved, if it is below one of ``roots``; opens nothing.

    Raises
    ------
    SourceError
        If it is below none of them.
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
    """The parts to compare: protocols and host (none for a local file), then the path; None if they are unclear."""
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
