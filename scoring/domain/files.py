"""Where the files of a source are: one file, or all that a folder or a pattern means, and when they are complete."""

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import field_validator

from scoring.domain.definition import Definition

ExtraColumns = Literal["refuse", "ignore"]


def checked_path(path: str) -> str:
    """The path, if it has no other placeholder than ``{as_of}``; else ValueError."""
    unknown = [found for found in re.findall(r"{[^{}]*}", path) if found != "{as_of}"]
    if unknown:
        raise ValueError(f"{unknown[0]} is not filled in; only {{as_of}} is")
    return path


def means_many(path: str) -> bool:
    """Whether a path or URL means many files: a folder (it ends in ``/``) or a pattern (it has a ``*``)."""
    return path.endswith("/") or "*" in path


class Files(Definition):
    """A source that is files.

    ``path`` is a local path (a relative one starts at the inbox) or any fsspec URL, with ``{as_of}`` for the date
    wherever it stands (``as_of={as_of}/part-*.parquet``). It means one file, or many that are read as one in the order
    of their paths: all files below a folder if it ends in ``/``; those that fit if it has a ``*`` (any characters of
    one name) or a ``**`` (any folders). Names that begin with ``_`` or ``.`` are left out, unless the pattern writes
    that.

    ``wait_for`` names a file that must be there before anything is read, e.g. ``_SUCCESS``. ``manifest`` names a file
    that lists the files, one path a line: exactly these are read, in its order. Both are relative to the folder of
    ``path``: what stands before its first ``*``, up to the last ``/``.
    """

    path: str
    wait_for: str = ""
    manifest: str = ""
    extra_columns: ExtraColumns = "refuse"

    _path = field_validator("path", "wait_for", "manifest")(checked_path)

    def mistakes(self) -> Iterator[str]:
        """Contradictions between the fields."""
        yield from super().mistakes()
        if self.manifest and not self.path.endswith("/"):
            yield "path: with a manifest it is the folder of the files, and ends in /"
        if any("**" in name and name != "**" for name in self.path.split("/")):
            yield "path: ** stands for folders and alone between two /"
        for field in ("wait_for", "manifest"):
            named = getattr(self, field)
            if named.startswith("/") or "://" in named or ".." in named.split("/"):
                yield f"{field}: {named!r} is not below the folder of the files"
