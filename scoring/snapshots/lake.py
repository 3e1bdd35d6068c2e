"""The lake: snapshots as immutable Parquet files on any file system, named by the digest of their content."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from scoring.errors import IntegrityError, TransientError
from scoring.snapshots.partial import is_local, put
from scoring.snapshots.remote import RemoteFile, client_errors, located, make_folder
from scoring.snapshots.writing import DIGEST_KEY, ERASED_KEY

_NAMED = re.compile(r"([^/]+)/as_of=(\d{4}-\d{2}-\d{2})/([0-9a-f]{64})\.parquet$")


def snapshot_location(lake: str, data_set: str, as_of: dt.date, digest: str) -> str:
    """The path or URL of the snapshot with that digest."""
    return f"{lake.rstrip('/')}/{data_set}/as_of={as_of.isoformat()}/{digest}.parquet"


def store(local: Path, location: str) -> None:
    """Copy a finished file to ``location`` atomically: a reader sees the whole file or none.

    Raises
    ------
    TransientError
        If the file system refuses it.
    """
    filesystem, path = located(location)
    try:
        with client_errors():
            make_folder(location)
            if filesystem.exists(path) and _is_whole(location):
                return  # the name is the content's digest, so the content is already there
            _put(filesystem, local, path)
    except OSError as error:
        raise TransientError(f"The lake does not take {location}: {error}") from error


def replace(local: Path, location: str) -> None:
    """Put a finished file in the place of the one at ``location``, atomically; errors as of :func:`store`."""
    filesystem, path = located(location)
    try:
        with client_errors():
            _put(filesystem, local, path)
    except OSError as error:
        raise TransientError(f"The lake does not take {location}: {error}") from error


def _put(filesystem: Any, local: Path, path: str) -> None:
    if is_local(filesystem):
        put(local, Path(path))
    else:
        filesystem.put_file(str(local), path)  # an object store shows only complete objects


def size(location: str) -> int:
    """Bytes of a snapshot's file; 0 if it is gone."""
    filesystem, path = located(location)
    try:
        with client_errors():
            return int(filesystem.size(path) or 0)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise TransientError(f"The lake does not say how large {location} is: {error}") from error


def remove(location: str) -> None:
    """Remove a file, and its folder if that is empty then; one that is gone is no mistake."""
    filesystem, path = located(location)
    try:
        with client_errors():
            filesystem.rm_file(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise TransientError(f"The lake does not remove {location}: {error}") from error
    if is_local(filesystem):
        with suppress(OSError):  # another file of the date is there
            Path(path).parent.rmdir()


def partition_of(location: str) -> tuple[str, str, str] | None:
    """Data set, as_of (ISO 8601) and digest of a snapshot's file, as its name says them; None of another file."""
    found = _NAMED.search(location)
    return None if found is None else (found[1], found[2], found[3])


class SnapshotFile:
    """An open snapshot; reads one row group at a time.

    The rows of persons who were forgotten are not in it. ``erased`` are the places that they had, from 0 and growing;
    what was noted of a row before by its place is found by :meth:`positions`.

    Raises
    ------
    IntegrityError
        If the file is gone, damaged, or not the one that was stored under this name.
    TransientError
        If it cannot be read at the moment.
    """

    def __init__(self, location: str) -> None:
        self._location = location
        try:
            filesystem, path = located(location)
            local = is_local(filesystem)
            self._handle = pa.OSFile(path) if local else RemoteFile(filesystem, path)
            # From elsewhere, the columns of a row group come in a few large requests.
            self._file = pq.ParquetFile(self._handle, page_checksum_verification=True, pre_buffer=not local)
        except FileNotFoundError as error:
            raise IntegrityError(
                f"The snapshot file {location} is gone. Restore it from a backup, or ingest the partition "
                "again from the same source."
            ) from error
        except pa.ArrowInvalid as error:
            raise _damaged(location, error) from error
        except OSError as error:
            raise TransientError(f"The snapshot file {location} cannot be read: {error}") from error
        metadata = self._file.metadata.metadata or {}
        self.digest = noted = metadata.get(DIGEST_KEY.encode(), b"").decode()
        self.erased = np.array(json.loads(metadata.get(ERASED_KEY.encode(), b"[]")), np.int64)
        if noted != Path(location).stem:
            self.close()
            raise _damaged(
                location, f"it is the file of snapshot {noted}" if noted else "this project did not write it"
            )

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._handle.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def row_groups(self) -> int:
        """Number of row groups."""
        return int(self._file.num_row_groups)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self._file.metadata.num_rows)

    @property
    def schema(self) -> pa.Schema:
        """Its columns with their types."""
        return self._file.schema_arrow

    def places(self, positions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places that the rows at some positions of the file had before any row was erased."""
        before = np.searchsorted(self.erased - np.arange(len(self.erased)), positions, side="right")
        return np.asarray(positions + before, np.int64)

    def positions(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The positions in the file of rows by their places; -1 of those that were erased."""
        found = places - np.searchsorted(self.erased, places, side="left")
        return np.asarray(np.where(np.isin(places, self.erased), -1, found), np.int64)

    def read_group(self, group: int, columns: list[str] | None = None) -> pa.Table:
        """The rows of one row group (0-based)."""
        try:
            return self._file.read_row_group(group, columns=columns, use_threads=False)
        except (pa.ArrowException, OSError) as error:  # a page has another checksum or cannot be decompressed
            raise _damaged(self._location, error) from error

    def groups(self, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """All row groups, one after the other."""
        for group in range(self.row_groups):
            yield self.read_group(group, columns)

    def read(self, columns: list[str] | None = None) -> pa.Table:
        """All rows, with the named columns or all of them."""
        empty = self.schema.empty_table()
        return pa.concat_tables([empty if columns is None else empty.select(columns), *self.groups(columns)])


def _is_whole(location: str) -> bool:
    try:
        with SnapshotFile(location) as file:
            for _ in file.groups():
                pass
    except IntegrityError:
        return False
    return True


def _damaged(location: str, error: Exception | str) -> IntegrityError:
    reason = " ".join(str(error).split())
    return IntegrityError(
        f"The snapshot file {location} is damaged ({reason}). To repair it, ingest the partition again."
    )
