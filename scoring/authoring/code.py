"""Python's text: calls, literals and comments, as ruff would format them. Pure."""

import json
import textwrap
from collections.abc import Iterator, Mapping

WIDTH = 116
INDENT = "    "


def comment(text: str) -> list[str]:
    """A comment, in as many lines as it needs."""
    return textwrap.wrap(
        text,
        WIDTH - 2 * len(INDENT),
        initial_indent="# ",
        subsequent_indent="#   ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def call(name: str, given: Mapping[str, object], *, end: str, room: int) -> Iterator[str]:
    """A call with its arguments, on one line if they fit."""
    arguments = [f"{key}={literal(value)}" for key, value in given.items()]
    line = f"{name}({', '.join(arguments)}){end}"
    if len(line) <= room:
        yield line
        return
    yield f"{name}("
    for key, value in given.items():
        short = f"{INDENT}{key}={literal(value)},"
        if isinstance(value, tuple) and len(short) > room:
            yield f"{INDENT}{key}=("
            yield from (f"{INDENT * 2}{literal(one)}," for one in value)
            yield f"{INDENT}),"
        else:
            yield short
    yield f"){end}"


def literal(value: object) -> str:
    """A text, a tuple or a number as Python writes it, with double quotation marks."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if value.isprintable() else repr(value).replace("'", '"')
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    return repr(value)
