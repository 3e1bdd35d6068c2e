"""Where a source is, and its name in messages, which never contains a credential."""

import datetime as dt
import re
from pathlib import Path

_AFTER_SCHEME = re.compile(r"(?<=://)[^?#]*")
_PACKED = frozenset({".gz", ".zst", ".bz2", ".xz", ".zip"})
_PORT = re.compile(r"^[^:]*:\d+$")


def resolve(path: str, as_of: dt.date, inbox: str) -> str:
    """The local path or fsspec URL meant by ``path``: ``{as_of}`` filled in, relative to ``inbox`` if relative."""
    path = filled(path, as_of)
    if is_url(path) or Path(path).is_absolute():
        return path
    if is_url(inbox):
        return f"{inbox.rstrip('/')}/{path}"
    return str(Path(inbox) / path) + ("/" if path.endswith("/") else "")  # which says that it is a folder


def filled(path: str, as_of: dt.date) -> str:
    """The path with the date in it."""
    return path.replace("{as_of}", as_of.isoformat())


def shown(location: str) -> str:
    """The location without user, password, key or the query of a signed URL."""
    if not is_url(location):
        return location
    return _AFTER_SCHEME.sub(lambda found: _without_user(found[0]), location).partition("?")[0]


def suffix_of(location: str) -> str:
    """The ending of the file's name that says what it holds, in lower case (``.csv``, also of ``x.CSV.gz``)."""
    name = Path(shown(location).rpartition("/")[2].lower())
    return Path(name.stem).suffix or name.suffix if name.suffix in _PACKED else name.suffix


def is_url(location: str) -> bool:
    """Whether fsspec reads it as a URL or a chain of URLs; else it is a local path."""
    return "://" in location or "::" in location


def _without_user(rest: str) -> str:
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        return authority.rpartition("@")[2] + slash + path
    if "@" in path and ":" in authority and not _PORT.match(authority):
        return path.rpartition("@")[2]  # a secret key may itself hold a slash: key:sec/ret@bucket
    return rest
