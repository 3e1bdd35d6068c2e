"""Lists the files of the lake, also those that no row of table ``snapshot`` names."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from scoring.errors import TransientError
from scoring.snapshots.partial import is_local
from scoring.snapshots.remote import client_errors, located


@dataclass(frozen=True)
class StoredFile:
    """A Parquet file: where it is (as table ``snapshot`` writes it), when it was changed last, and its bytes."""

    location: str
    changed: dt.datetime
    size: int


def files(root: str) -> Iterator[StoredFile]:
    """The Parquet files under a path or URL, in order; none if it is not there.

    Raises
    ------
    TransientError
        If it cannot be listed at the moment.
    """
    filesystem, folder = located(root)
    filesystem.invalidate_cache()  # another process writes, too
    try:
        with client_errors():
            for path, about in sorted(filesystem.find(folder, detail=True).items()):
                if str(path).endswith(".parquet"):
                    location = str(path) if is_local(filesystem) else str(filesystem.unstrip_protocol(path))
                    changed = filesystem.modified(path).astimezone(dt.UTC)
                    yield StoredFile(location, changed, int(about.get("size") or 0))
    except FileNotFoundError:
        return
    except OSError as error:
        raise TransientError(f"The files in {root} cannot be listed: {error}") from error
