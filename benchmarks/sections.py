"""Renews one section of a page of docs: what stands between its two markers."""

import datetime as dt
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from scoring.settings import PROJECT


def renew(page: str, section: str, by: str, parts: Iterable[str]) -> None:
    """Put ``parts``, with empty lines between them, into a section of ``docs/<page>`` that ``by`` writes."""
    document: Path = PROJECT / "docs" / page
    begin, end = f"<!-- {section}: written by {by} -->", f"<!-- end of {section} -->"
    before, rest = document.read_text().split(begin)
    _, after = rest.split(end)
    document.write_text(before + "\n\n".join([begin, *parts, end]) + after)
    print(f"docs/{page} is renewed.")


def table(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table as Markdown writes it."""
    return "\n".join(f"| {' | '.join(line)} |" for line in (headings, ["---" for _ in headings], *lines))


def made(by: str, seconds: float) -> str:
    """The sentence that says when figures of chance were made, and how long that took."""
    said = f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}, {seconds:.0f} s, Python {platform.python_version()}"
    return f"Made with `{by}`: {said}."


def measured(by: str, machine: Mapping[str, str]) -> str:
    """The sentence that says what figures depend on."""
    return f"Measured with `{by}`: {', '.join(f'{name} {fact}' for name, fact in machine.items())}."
