"""The channels of an installation that has none: a file that only its owner can read, and the console."""

import os
import sys
from pathlib import Path

from scoring.delivery.people.message import Message


def append(path: Path, text: str) -> str | None:
    """Append a line in one write; returns why that failed, or None. A line that a crash cut short is ended first."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            cut_short = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            content = (b"\n" if cut_short else b"") + text.encode() + b"\n"
            if file.write(content) != len(content):
                return "the disk is full"
            os.fsync(descriptor)
    except OSError as error:
        return f"{path.name} cannot be written: {error.strerror}"
    return None


def show(message: Message) -> str | None:
    """Print a message; returns why that failed, or None."""
    try:
        sys.stdout.write(f"{message.title}\n{message.body}\n\n")
        sys.stdout.flush()
    except (OSError, ValueError) as error:  # closed, or gone
        return f"the console cannot be written to ({type(error).__name__})"
    return None
