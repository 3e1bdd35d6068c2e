"""Turns records into Arrow rows of the data set, by the casts and rules of an ingest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from scoring.domain.dataset import Column, DataSet
from scoring.intake.expectations.compiled import RowChecks
from scoring.intake.messages.single import Unsure, Value, reader_of
from scoring.intake.messages.text import Written, shown
from scoring.intake.sources.casts import TEXT_TYPES, cast_text, check_text
from scoring.intake.sources.reasons import MAX_CELL_BYTES, why_unfit
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.keys import key_of, with_key

UNKNOWN, MISSING = "the data set has no such field", "the field is missing"

# What JSON may write for a column, and how messages call that.
_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "text": ((str,), "a string"),
    "category": ((str,), "a string"),
    "date": ((str,), "a string like 2005-06-30"),
    "timestamp": ((str,), "a string like 2005-06-30T12:00:00+02:00"),
    "integer": ((Written,), "a number"),
    "number": ((Written,), "a number"),
    "decimal": ((Written, str), "a number or a string"),
    "boolean": ((bool,), "true or false"),
}


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: the value as it was given, and the rule that it breaks."""

    field: str
    value: Any
    rule: str


@dataclass(frozen=True)
class Refused:
    """Why a record cannot be used, in a sentence for people, and field by field."""

    detail: str
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True)
class Read:
    """Records that were read.

    ``rows`` are those in good order, as columns of the data set; ``positions`` says where each of them stands among
    all records, ``refused`` why the others cannot be used, by position.
    """

    rows: pa.RecordBatch
    positions: list[int]
    refused: dict[int, Refused]


class Reader:
    """Reads records of one data set; may be used by many threads."""

    def __init__(self, data_set: DataSet, checks: RowChecks) -> None:
        self.data_set, self.checks = data_set, checks
        self._schema, self._plain_key = arrow_schema(data_set), data_set.plain_key
        self._names = dict.fromkeys(data_set.column_names)
        self._allowed = [(column.name, _TYPES[column.type][0]) for column in data_set.columns]
        self._groups = _alike(data_set)
        self._single = [(column.name, reader_of(column, self._limit(column))) for column in data_set.columns]

    def single(self, record: Any) -> dict[str, Value] | None:
        """The values of a record that is plainly in order; None: :meth:`read` has to say."""
        if self._misshapen(record) is not None:
            return None
        try:
            row = {name: read(record[name]) for name, read in self._single}
        except Unsure:
            return None
        if not self._plain_key:
            row[self.data_set.key] = key_of(self.data_set, row)
        return row if self.checks.passes(row) else None

    def read(self, records: Sequence[Any]) -> Read:
        """The rows of records; what is wrong with the others is said of each field."""
        refused = {at: why for at, record in enumerate(records) if (why := self._misshapen(record))}
        positions = [at for at in range(len(records)) if at not in refused]
        rows = self._cast([records[at] for at in positions])
        if rows is None:  # some value does not fit: each is looked at by itself
            for at in positions:
                if errors := [error for column in self.data_set.columns if (error := self._unfit(records[at], column))]:
                    refused[at] = _refused(errors)
            positions = [at for at in positions if at not in refused]
            rows = self._cast([records[at] for at in positions])
            assert rows is not None  # noqa: S101 - each value fits by itself
        broken: dict[int, list[FieldError]] = {}
        for found in self.checks.check(rows):
            for row in found.failing.nonzero()[0].tolist():
                given = records[positions[row]]
                broken.setdefault(row, []).extend(FieldError(name, given[name], found.rule) for name in found.columns)
        if broken:
            refused |= {positions[row]: _refused(errors) for row, errors in broken.items()}
            kept = [row for row in range(len(positions)) if row not in broken]
            rows, positions = rows.take(pa.array(kept, pa.int64())), [positions[row] for row in kept]
        return Read(rows, positions, refused)

    def _misshapen(self, record: Any) -> Refused | None:
        """What is wrong with the fields and their JSON types."""
        if not isinstance(record, dict):
            return Refused("A record is an object: column names and their values.")
        errors = []
        if record.keys() != self._names.keys():
            errors = [FieldError(name, value, UNKNOWN) for name, value in record.items() if name not in self._names]
            errors += [FieldError(name, None, MISSING) for name in self._names if name not in record]
        for name, allowed in self._allowed:
            value = record.get(name)
            if type(value) not in allowed and value is not None:
                errors.append(FieldError(name, value, f"it must be {_TYPES[self.data_set.delivered(name).type][1]}"))
        return _refused(errors) if errors else None

    def _cast(self, records: Sequence[dict[str, Any]]) -> pa.RecordBatch | None:
        """The rows; None if any value does not fit. Columns of one type are cast together: that is cheaper."""
        arrays: dict[str, pa.Array] = {}
        count = len(records)
        try:
            for column, names in self._groups:
                cells = [record[name] for name in names for record in records]
                cast = _CASTS[column.type](cells, column)
                if column.type in TEXT_TYPES:
                    check_text(cast, self._limit(column))
                arrays |= {name: cast.slice(place * count, count) for place, name in enumerate(names)}
        except ValueError:
            return None
        columns = with_key(self.data_set, [arrays[name] for name in self._names])
        return pa.RecordBatch.from_arrays(columns, schema=self._schema)

    def _unfit(self, record: dict[str, Any], column: Column) -> FieldError | None:
        value, limit = record[column.name], self._limit(column)
        try:
            cast = _CASTS[column.type]([value], column)
            if column.type in TEXT_TYPES:
                check_text(cast, limit)
        except ValueError:
            said = why_unfit(value, column, limit=limit, missing="write null").reason
            return FieldError(column.name, value, f"it {said}")
        return None

    def _limit(self, column: Column) -> int:
        return self.data_set.most_bytes(column.name, MAX_CELL_BYTES)


def _refused(errors: Sequence[FieldError]) -> Refused:
    names = ", ".join(dict.fromkeys(str(shown(error.field)) for error in errors))
    return Refused(f"Nothing is scored for this record; see the errors of {names}.", tuple(errors))


def _booleans(cells: list[Any], _column: Column) -> pa.Array:
    return pa.array(cells, pa.bool_())


def _texts(cells: list[Any], column: Column) -> pa.Array:
    return cast_text(pa.array(cells, pa.string()), column)


_CASTS: dict[str, Callable[[list[Any], Column], pa.Array]] = dict.fromkeys(_TYPES, _texts) | {"boolean": _booleans}


def _alike(data_set: DataSet) -> list[tuple[Column, list[str]]]:
    """Columns that are cast alike, with the names of all; the key has a limit of its own and stands alone."""
    groups: dict[tuple[object, ...], tuple[Column, list[str]]] = {}
    for column in data_set.columns:
        keyed = column.name in data_set.key_columns
        kind = (column.type, column.precision, column.scale, column.time_zone, keyed)
        groups.setdefault(kind, (column, []))[1].append(column.name)
    return list(groups.values())
