"""Temporary directories for rows of customers, and the removal of those that killed processes left behind."""

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scoring.snapshots.partial import in_use, remove_abandoned

PREFIX = "scoring-intake-"
FORMER_PREFIXES = ("scoring-ingest-", "scoring-replay-")


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """A temporary directory (set TMPDIR to choose where) that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name, in_use(Path(name)):
        yield Path(name)


def remove_abandoned_scratch(older_than: dt.datetime) -> list[Path]:
    """Remove the directories of killed intakes on this machine; returns their paths.

    They hold customers' rows. Only those that last changed before ``older_than`` (aware) and that no running intake
    uses are removed.
    """
    found = [path for prefix in (PREFIX, *FORMER_PREFIXES) for path in Path(tempfile.gettempdir()).glob(f"{prefix}*")]
    return [path for path in found if remove_abandoned(path, older_than)]
