"""Waits for what is to come true; a busy machine is late, and that is no fault."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

PATIENCE = 240.0  # seconds; less than a test may take in all, so that the one that waits says for what


def until(condition: Callable[[], Found], seconds: float = PATIENCE) -> Found:
    """What the condition gives as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "what was waited for did not happen"
        threading.Event().wait(0.01)
    return found
