"""Reads a page of the documentation as somebody would who follows it to the letter: its files and its commands."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`(?P<name>[\w./-]+\.(?:py|json|toml|csv))`[^`]*\Z")
OURS = ".venv/bin/scoring", ".venv/bin/python -m "


@dataclass(frozen=True)
class WriteFile:
    """A file that the page shows, after its name in backticks."""

    name: str
    text: str


@dataclass(frozen=True)
class Run:
    """Arguments of Python: a command of ours."""

    arguments: list[str]


@dataclass(frozen=True)
class Export:
    """Variables that a shell would have from here on."""

    variables: dict[str, str]


@dataclass(frozen=True)
class Shell:
    """Any other command."""

    text: str


Step = WriteFile | Run | Export | Shell


def steps(page: Path) -> Iterator[Step]:
    """What the page says to do, in its order."""
    text = page.read_text()
    for block in _BLOCK.finditer(text):
        if block["kind"] == "sh":
            yield from _commands(block["text"])
        elif (named := _FILE.search(text[: block.start()])) is not None:
            yield WriteFile(named["name"], block["text"])


def _commands(text: str) -> Iterator[Step]:
    rest = re.sub(r"\\\n\s*", " ", text)
    while rest := rest.lstrip("\n"):
        line, _, after = rest.partition("\n")
        here = re.search(r"<<'(\w+)'", line)
        if here is not None:
            body, end, after = after.partition(f"\n{here[1]}\n")
            yield Shell(f"{line}\n{body}{end}")
        elif line.startswith("export "):
            yield Export(dict(one.split("=", 1) for one in shlex.split(line)[1:]))
        elif line.startswith(OURS):
            words = shlex.split(line)
            yield Run(["-m", "scoring", *words[1:]] if words[0].endswith("scoring") else words[1:])
        elif not line.startswith("#"):
            yield Shell(line)
        rest = after
