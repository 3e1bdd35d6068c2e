"""Reads Parquet: checks the types once against the definition, and the values batch by batch."""

import re
from collections.abc import Callable, Generator, Iterator
from typing import IO

import pyarrow as pa
from pyarrow import parquet

from scoring.domain.dataset import Column, DataSet
from scoring.errors import Finding, SourceError
from scoring.intake.sources.casts import cast_arrow
from scoring.intake.sources.cells import Form, TypedBatches
from scoring.intake.sources.findings import Findings
from scoring.intake.sources.header import check_columns
from scoring.intake.sources.signatures import START_BYTES, kind_of
from scoring.intake.sources.spool import View
from scoring.snapshots.arrow import arrow_type

PARQUET = Form(cast_arrow, missing="write null in its place")
_BUFFER_BYTES = 1 << 20
_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_INTEGERS = (pa.types.is_signed_integer, pa.types.is_uint8, pa.types.is_uint16, pa.types.is_uint32)
_ACCEPTED: dict[str, tuple[Callable[[pa.DataType], bool], ...]] = {
    "text": _TEXTS,
    "category": _TEXTS,
    "integer": _INTEGERS,
    "number": (*_INTEGERS, pa.types.is_floating),
    "date": (pa.types.is_date,),
    "boolean": (pa.types.is_boolean,),
}
_DAMAGE = (OSError, pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError, UnicodeDecodeError)
_CODEC = re.compile(r"compression is supported by|codec .* not built", re.IGNORECASE)


def parquet_batches(file: IO[bytes], name: str, data_set: DataSet, rows: int) -> Generator[pa.RecordBatch, None, None]:
    """The rows of a Parquet file in batches of at most ``rows`` rows.

    Columns are matched by name and may be narrower than the definition (int32 for an integer, float32 or
    an integer for a number, dictionaries for text, decimals of fewer digits).

    Raises
    ------
    SourceError
        Names the column, and the row where there is one; several kinds of error at once.
    """
    reader = _opened(file, name)
    check_columns(_names(reader, name), data_set, name)
    findings = Findings(name)
    for column in data_set.columns:
        _check_type(reader.schema_arrow.field(column.name).type, column, findings)
    if findings:
        raise findings.error()
    yield from TypedBatches(data_set, PARQUET, findings).of(_blocks(reader, data_set, name, rows))


def accepts(found: pa.DataType, column: Column) -> bool:
    """Whether a column may have the type found; some of its values may still be refused one by one."""
    if pa.types.is_dictionary(found):
        found = found.value_type
    if column.type == "decimal":
        return bool(pa.types.is_decimal(found)) and (
            found.scale <= column.scale and found.precision - found.scale <= column.precision - column.scale
        )
    return any(check(found) for check in _ACCEPTED[column.type])


def _opened(file: IO[bytes], name: str) -> parquet.ParquetFile:
    try:
        return parquet.ParquetFile(
            pa.PythonFile(View(file), mode="r"),
            buffer_size=_BUFFER_BYTES,
            pre_buffer=False,
            page_checksum_verification=True,
        )
    except _DAMAGE as error:
        kind = kind_of(View(file).read(START_BYTES))
        if kind and kind != "Parquet":
            raise SourceError(
                name, f"The file is {kind}, not Parquet.", "Deliver Parquet that anybody may read."
            ) from None
        raise _damaged(name, error) from None


def _names(reader: parquet.ParquetFile, name: str) -> list[str]:
    try:
        return list(reader.schema_arrow.names)
    except _DAMAGE as error:
        raise _damaged(name, error) from None


def _blocks(reader: parquet.ParquetFile, data_set: DataSet, name: str, rows: int) -> Iterator[list[pa.Array]]:
    row = 1
    batches = reader.iter_batches(batch_size=rows, columns=list(data_set.column_names))
    while (batch := _next(batches, name, row)) is not None:
        yield [batch.column(column) for column in data_set.column_names]
        row += batch.num_rows


def _next(batches: Iterator[pa.RecordBatch], name: str, row: int) -> pa.RecordBatch | None:
    try:
        return next(batches, None)
    except _DAMAGE as error:
        raise _damaged(name, error, row) from None


def _damaged(name: str, error: Exception, row: int | None = None) -> SourceError:
    where = f" at or after row {row}" if row else ""
    reason = str(error).strip().partition("\n")[0].rstrip(".")
    if _CODEC.search(reason):
        return SourceError(
            name,
            f"The file is packed in a way that cannot be unpacked here ({reason}).",
            "Write it with zstd or snappy.",
        )
    return SourceError(
        name,
        f"The file is not Parquet, truncated or damaged{where} ({reason}).",
        "Deliver it anew; upload under another name and rename it at the end.",
    )


def _check_type(found: pa.DataType, column: Column, findings: Findings) -> None:
    if not (pa.types.is_null(found) or accepts(found, column)):
        problem = f"The column is of type {found}, which is not {column.type!r} ({arrow_type(column)})."
        remedy = f"Write it as {arrow_type(column)}, or change the column's type in the definition."
        findings.add("is of another type", Finding(problem, remedy, column=column.name))
