"""Carries one message to one address: a process of its own, a deadline and a limit of memory for each try.

Apprise's time limits are for each wait of a socket, so a peer that drips keeps it for ever; a thread that waits cannot
be stopped, a process can.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

from scoring.delivery.people.message import Message

CHILD = Path(__file__).with_name("child.py")
BYTES = 1 << 30  # of address space
ERROR = 300  # most characters of what a channel says
SECRET = 4  # a part of an address of so many characters may be a token


def carry(address: str, message: Message, seconds: float) -> str | None:
    """Send a message; returns why that failed, or None when it was taken.

    Never raises for what the address or the peer does, and takes no longer than ``seconds``. Nothing of the address
    stands in the answer.
    """
    order = {
        "address": address,
        "title": message.title,
        "body": message.body,
        "seconds": seconds,
        "bytes": BYTES,
    }
    try:
        child = subprocess.Popen(  # noqa: S603 - our own file; -P: nothing beside it is imported by accident
            [sys.executable, "-P", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except OSError as error:
        return f"no process could be started ({error.strerror})"
    with child:
        try:
            said, _ = child.communicate(json.dumps(order), timeout=seconds)
        except subprocess.TimeoutExpired:
            return f"it took longer than {seconds:g} seconds"
        finally:
            child.kill()
    try:
        problem = json.loads(said)["error"]
    except ValueError:
        return f"its process ended with {child.returncode}"
    return None if problem is None else without_secrets(str(problem), address)[:ERROR]


def without_secrets(text: str, address: str) -> str:
    """What a channel said, without anything that stands in its address."""
    parts = {part for piece in re.split(r"[/:@?&=,#]+", address) for part in (piece, unquote(piece))}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= SECRET:
            text = text.replace(part, "***")
    return text
