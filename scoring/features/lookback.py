"""Looks customers up in earlier snapshots, in bounded memory; what is found stands in files, group by group.

The keys of a span of rows are in memory, with some row groups of one earlier snapshot at a time, and the columns that
are found in it. Nothing depends on how long a snapshot is, or on how many there are.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.dataset import Column
from scoring.errors import PermanentError
from scoring.snapshots.arrow import arrow_type
from scoring.snapshots.lake import SnapshotFile

_REMEDY = "Ingest that date again with the present definition, or let the history look back less far."
CELLS = 8_000_000  # of an earlier snapshot in memory: 64 MB of numbers


class Lookback:
    """What one earlier snapshot says of customers.

    Parameters
    ----------
    path
        A file of its own.
    columns
        The columns that are looked up.
    keys
        The customers' ids, in chunks: one for each row group, whose rows are asked for together.
    location
        Where the snapshot is; None if there is none, then everything is null.
    """

    def __init__(
        self, path: Path, columns: Sequence[Column], key: str, keys: pa.ChunkedArray, location: str | None
    ) -> None:
        self._schema = pa.schema([pa.field(column.name, arrow_type(column)) for column in columns])
        found = self._of_nobody(len(keys)) if location is None else self._found(key, keys, location)
        first = 0
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, self._schema) as writer:
            for chunk in keys.chunks:
                some = [found[name].slice(first, len(chunk)) for name in self._schema.names]
                writer.write_batch(pa.record_batch(some, schema=self._schema))
                first += len(chunk)
        self._source = pa.OSFile(str(path), "rb")
        self._file = pa.ipc.open_file(self._source)

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def group(self, number: int) -> pa.RecordBatch:
        """What is known of the customers of one row group (0-based)."""
        return self._file.get_batch(number)

    def _of_nobody(self, count: int) -> dict[str, pa.Array]:
        return {field.name: pa.nulls(count, field.type) for field in self._schema}

    def _found(self, key: str, keys: pa.ChunkedArray, location: str) -> dict[str, pa.Array]:
        wanted, found = keys.combine_chunks(), self._of_nobody(len(keys))
        with SnapshotFile(location) as file:
            if key not in file.schema.names or not pa.types.is_string(file.schema.field(key).type):
                raise PermanentError(f"The earlier snapshot {location} has another key than {key!r}.", remedy=_REMEDY)
            # A column that the data set did not have then is null.
            there = [name for name in self._schema.names if name in file.schema.names]
            for part in _parts(file, [key, *there]):
                places = pc.index_in(wanted, value_set=part.column(key).combine_chunks())
                for name in there:
                    values = self._cast(part.column(name).combine_chunks(), name, location).take(places)
                    found[name] = pc.coalesce(found[name], values)  # a customer is in one part
        return found

    def _cast(self, values: pa.Array, name: str, location: str) -> pa.Array:
        kind = self._schema.field(name).type
        try:
            return values if values.type == kind else pc.cast(values, kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise PermanentError(
                f"Column {name!r} of the earlier snapshot {location} is of type {values.type}, which is no {kind}: "
                f"{error}",
                remedy=_REMEDY,
            ) from error


def _parts(file: SnapshotFile, columns: list[str]) -> Iterator[pa.Table]:
    """The rows of a snapshot in parts of about so many cells, at least a row group each."""
    waiting, rows = list[pa.Table](), 0
    for group in file.groups(columns):
        waiting.append(group)
        rows += group.num_rows
        if rows * len(columns) >= CELLS:
            yield pa.concat_tables(waiting)
            waiting, rows = [], 0
    if rows:
        yield pa.concat_tables(waiting)
