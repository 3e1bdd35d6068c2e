"""The files that the rows of a snapshot came from, in the order in which they were read: pure."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass
class Part:
    """A file, by its name for a person, and how many of its rows were read."""

    file: str
    rows: int = 0


def place_of(parts: Iterable[Part], row: int) -> tuple[str, int]:
    """The file that the ``row``-th row (1-based) of all is from, and its number there (1-based).

    Raises
    ------
    IndexError
        If there are not so many rows.
    """
    left = row
    for part in parts:
        if left <= part.rows:
            return part.file, left
        left -= part.rows
    raise IndexError(row)
