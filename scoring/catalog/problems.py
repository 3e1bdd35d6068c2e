"""Describes the mistakes in a definition file to the person who wrote it."""

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
    """One mistake; ``thing`` names the wrong definition (``Column 'plan'``), or is empty for the whole file."""

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
    """A definition's name in messages: its kind, and its own name if it has one."""
    return f"{kind} {name!r}" if isinstance(name, str) else kind


def problems_of(wrong: Definition, error: ValidationError, file: str, line: int | None) -> Iterator[Problem]:
    """One problem for each wrong field; a broken part has its own problem, which is not repeated."""
    thing = label(type(wrong).__name__, vars(wrong).get("name"))
    for found in error.errors(include_url=False):
        if found["type"] != BROKEN_PART:
            for field, reason in _fields_and_reasons(wrong, found):
                yield Problem(file, line, thing, field, reason)


def raised(error: BaseException) -> str:
    """An error that a file raised, in one line, with the remedy for a missing package."""
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"  # without the place, which the problem already names
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
    if not place:  # about the whole definition: one line for each mistake (Definition.mistakes)
        for line in reason.splitlines():
            fields = FIELDS.fullmatch(line)
            yield (fields[1], fields[2]) if fields else ("", line)
        return
    if found["type"] == "extra_forbidden":
        reason = "there is no such field"
        if len(place) == 1 and (near := difflib.get_close_matches(place[0], type(wrong).model_fields)):
            reason += f"; is {near[0]!r} meant?"
    yield ".".join(place), reason
