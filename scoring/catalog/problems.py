"""What is wrong in a file of definitions, in words for the person who wrote the file."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from scoring.domain.definition import BROKEN_PART, Definition

SHOWN = 10  # problems in one message

# How our own validators begin a message about one or more fields: "target.at_least: ...", "points, bands: ...".
FIELDS = re.compile(r"([a-z_.]+(?:, [a-z_.]+)*): (.*)", re.DOTALL)


@dataclass(frozen=True)
class Problem:
    """One mistake: ``thing`` is what is wrong (``Column 'plan'``), or empty if it is the file as a whole."""

    file: str
    line: int | None
    thing: str
    field: str
    reason: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}, line {self.line}"
        return ": ".join(part for part in (place, self.thing, self.field, self.reason) if part)


def told(problems: Sequence[Problem]) -> str:
    """The first ten problems, one a line."""
    lines = [f"  {problem}" for problem in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"  ... and {len(problems) - SHOWN} more")
    return "\n".join(lines)


def label(kind: str, name: object) -> str:
    """How a definition is called in a message: its kind, and its name if it has one."""
    return f"{kind} {name!r}" if isinstance(name, str) else kind


def problems_of(wrong: Definition, error: ValidationError, file: str, line: int | None) -> Iterator[Problem]:
    """One problem for each wrong field; a broken part is a problem of its own and is not repeated."""
    thing = label(type(wrong).__name__, vars(wrong).get("name"))
    for found in error.errors(include_url=False):
        if found["type"] != BROKEN_PART:
            for field, reason in _fields_and_reasons(wrong, found):
                yield Problem(file, line, thing, field, reason)


def raised(error: BaseException) -> str:
    """What a file raised, in one line, and what to do about a missing package."""
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"  # without its place, which the problem names
    if isinstance(error, SystemExit):
        return f"it ends Python ({said}); definitions only define"
    if isinstance(error, ModuleNotFoundError):
        return (
            f"{said}. Install the package where this runs: into the Python environment of the command line, and in "
            "Airflow into that of the DAG processor and of all workers."
        )
    return said


def _fields_and_reasons(wrong: Definition, found: Any) -> Iterator[tuple[str, str]]:
    place = [str(part) for part in found["loc"]]
    reason = str(found.get("ctx", {}).get("error", found["msg"]))
    if not place:  # of the definition as a whole: several, one a line (Definition.mistakes)
        for line in reason.splitlines():
            fields = FIELDS.fullmatch(line)
            yield (fields[1], fields[2]) if fields else ("", line)
        return
    if found["type"] == "extra_forbidden":
        reason = "there is no such field"
        if len(place) == 1 and (near := difflib.get_close_matches(place[0], type(wrong).model_fields)):
            reason += f"; is {near[0]!r} meant?"
    yield ".".join(place), reason
