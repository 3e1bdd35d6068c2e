"""Reads Parquet: checks the types once against the definition, and the values batch by batch."""

import re
from collections.abc import Callable, Generator, Iterator
from typing import IO

import pyarrow as pa
from pyarrow import parquet

from scoring.domain.dataset import Column, DataSet
from scoring.errors import Finding, SourceError
from scoring.intake.sources.casts import cast_arrow, written_arrow
from scoring.intake.sources.cells import Form, TypedBatches
from scoring.intake.sources.findings import Findings
from scoring.intake.sources.header import check_columns
from scoring.intake.sources.signatures import START_BYTES, kind_of
from scoring.intake.sources.spool import View
from scoring.snapshots.arrow import arrow_type

PARQUET = Form(cast_arrow, missing="write null in its place")
AS_WRITTEN = Form(written_arrow, missing=PARQUET.missing)
_BUFFER_BYTES = 1 << 20
_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_NUMBERS = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
_ACCEPTED: dict[str, tuple[Callable[[pa.DataType], bool], ...]] = {
    "text": _TEXTS,
    "category": _TEXTS,
    "integer": _NUMBERS,
    "number": _NUMBERS,
    "decimal": (pa.types.is_integer, pa.types.is_decimal),
    "date": (pa.types.is_date,),
    "timestamp": (pa.types.is_timestamp,),
    "boolean": (pa.types.is_boolean,),
}
_WRITABLE = (
    *_TEXTS,
    *_NUMBERS,
    pa.types.is_boolean,
    pa.types.is_date,
    pa.types.is_timestamp,
)
_DAMAGE = (OSError, pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowKeyError, UnicodeDecodeError)
_CODEC = re.compile(r"compression is supported by|codec .* not built", re.IGNORECASE)


def parquet_batches(
    file: IO[bytes], name: str, data_set: DataSet, rows: int, *, as_written: bool = False
) -> Generator[pa.RecordBatch, None, None]:
    """The rows of a Parquet file in batches of at most ``rows`` rows; ``as_written`` gives values of any type as text.

    Columns are matched by name and may be narrower than the definition (int32 for an integer, float32 or
    an integer for a number, dictionaries for text, decimals of fewer digits), or wider if no value loses a digit.

    Raises
    ------
    SourceError
        Names the column, and the row where there is one; several kinds of error at once.
    """
    reader = _opened(file, name)
    check_columns(_names(reader, name), data_set, name)
    findings = Findings(name)
    for column in data_set.columns:
        _check_type(reader.schema_arrow.field(column.source_name).type, column, findings, as_written=as_written)
    if findings:
        raise findings.error()
    form = AS_WRITTEN if as_written else PARQUET
    yield from TypedBatches(data_set, form, findings).of(_blocks(reader, data_set, name, rows))


def accepts(found: pa.DataType, column: Column, *, as_written: bool = False) -> bool:
    """Whether values of the type found are values of the column's type (some are then checked one by one)."""
    if pa.types.is_dictionary(found):
        found = found.value_type
    if as_written:
        return any(check(found) for check in _WRITABLE)
    return any(check(found) for check in _ACCEPTED[column.type])


def _opened(file: IO[bytes], name: str) -> parquet.ParquetFile:
    try:
        return parquet.ParquetFile(
            pa.PythonFile(View(file), mode="r"),
            buffer_size=_BUFFER_BYTES,
            pre_buffer=False,
            page_checksum_verification=True,
            coerce_int96_timestamp_unit="us",  # in nanoseconds, Arrow would wrap years before 1678 and after 2262
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
    row, names = 1, [column.source_name for column in data_set.columns]
    batches = reader.iter_batches(batch_size=rows, columns=names)
    while (batch := _next(batches, name, row)) is not None:
        yield [batch.column(column) for column in names]
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


def _check_type(found: pa.DataType, column: Column, findings: Findings, *, as_written: bool) -> None:
    if not (pa.types.is_null(found) or accepts(found, column, as_written=as_written)):
        problem = f"The column is of type {found}, which is not {column.type!r} ({arrow_type(column)})."
        remedy = f"Write it as {arrow_type(column)}, or change the column's type in the definition."
        findings.add("is of another type", Finding(problem, remedy, column=column.source_name))
    elif column.type == "timestamp" and pa.types.is_timestamp(found) and not (found.tz or column.time_zone):
        problem = f"The column holds times without a time zone ({found})."
        remedy = 'Set the column\'s time_zone in the definition: "UTC" for INT96 of Spark, Hive and Impala.'
        findings.add("has no time zone", Finding(problem, remedy, column=column.source_name))
