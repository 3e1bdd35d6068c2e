"""What was seen of a source: a value, from which a definition is written. Pure."""

import datetime as dt
import re
from dataclasses import dataclass, field
from pathlib import PurePath

from scoring.authoring.cells import Marks
from scoring.authoring.dialect import Dialect
from scoring.authoring.guess import Guess, Pair

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Look:
    """What was seen of a source.

    ``columns`` are in its order, ``rows`` how many were looked at, and ``whole`` says whether these are all of them.
    ``pairs`` are those columns that are together another in each row, if no column is by itself.
    """

    kind: str
    location: str
    columns: tuple[Guess, ...]
    rows: int
    whole: bool
    dialect: Dialect = field(default_factory=Dialect)
    marks: Marks = field(default_factory=Marks)
    sheet: str | None = None
    connection: str | None = None
    unsure: tuple[str, ...] = field(default=())
    pairs: tuple[Pair, ...] = ()

    @property
    def as_of(self) -> dt.date | None:
        """The date in the name of the file, if there is one."""
        for found in _DATE.findall(PurePath(self.location).name if self.connection is None else ""):
            try:
                return dt.date.fromisoformat(found)
            except ValueError:  # 2026-13-45 is another number
                continue
        return None
