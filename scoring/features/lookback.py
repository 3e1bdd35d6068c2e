"""Looks customers up in earlier snapshots, in bounded memory; what is found stands in files, group by group.

The keys of a span of rows are in memory, with a row group of an earlier snapshot and what was found before it. Nothing
depends on how long a snapshot is, or on how many there are.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.dataset import Column
from scoring.errors import PermanentError
from scoring.features.customers import Customers, Places
from scoring.snapshots.arrow import arrow_type
from scoring.snapshots.lake import SnapshotFile

_REMEDY = "Ingest that date again with the present definition, or let the history look back less far."


class Lookback:
    """What one earlier snapshot says of customers.

    Parameters
    ----------
    path
        A file of its own.
    columns
        The columns that are looked up.
    customers
        Who is looked up; what is found is asked for row group by row group.
    location
        Where the snapshot is; None if there is none, then everything is null.
    """

    def __init__(
        self, path: Path, columns: Sequence[Column], key: str, customers: Customers, location: str | None
    ) -> None:
        self._schema = pa.schema([pa.field(column.name, arrow_type(column)) for column in columns])
        parts = self._of_nobody() if location is None else self._found(key, customers, location)
        found, first = parts.of(len(customers)), 0
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, self._schema) as writer:
            for rows in customers.groups:
                writer.write_batch(found.slice(first, rows))
                first += rows
        self._source = pa.OSFile(str(path), "rb")
        self._file = pa.ipc.open_file(self._source)

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def group(self, number: int) -> pa.RecordBatch:
        """What is known of the customers of one row group (0-based)."""
        return self._file.get_batch(number)

    def _of_nobody(self) -> "_Parts":
        return _Parts(self._schema)

    def _found(self, key: str, customers: Customers, location: str) -> "_Parts":
        found = self._of_nobody()
        with SnapshotFile(location) as file:
            if key not in file.schema.names or not pa.types.is_string(file.schema.field(key).type):
                raise PermanentError(f"The earlier snapshot {location} has another key than {key!r}.", remedy=_REMEDY)
            # A column that the data set did not have then is null.
            there = [name for name in self._schema.names if name in file.schema.names]
            for group in file.groups([key, *there]):
                rows, places = customers.among(group.column(key).combine_chunks())
                values = {name: self._cast(group.column(name).combine_chunks(), name, location) for name in there}
                found.add(places, {name: _taken(column, rows) for name, column in values.items()})
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


class _Parts:
    """What was found of customers, row group by row group; each of them once."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._places: list[Places] = []
        self._values: dict[str, list[pa.Array]] = {name: [] for name in schema.names}

    def add(self, places: Places, values: dict[str, pa.Array]) -> None:
        """Add the values of the customers at some places; a column that is not there is null."""
        self._places.append(places)
        for name, parts in self._values.items():
            parts.append(values[name] if name in values else pa.nulls(len(places), self._schema.field(name).type))

    def of(self, count: int) -> pa.RecordBatch:
        """All that was found, as rows of so many customers; what was found is not kept twice."""
        where = np.full(count, -1)
        if self._places:
            places = np.concatenate(self._places)
            where[places] = np.arange(len(places))
        indices, columns = pa.array(where, mask=where < 0), list[pa.Array]()
        for field in self._schema:
            parts = self._values.pop(field.name) or [pa.nulls(0, field.type)]
            columns.append(pa.concat_arrays(parts).take(indices))
        return pa.record_batch(columns, schema=self._schema)


def _taken(values: pa.Array, rows: Places) -> pa.Array:
    return values if len(rows) == len(values) else values.take(pa.array(rows))
