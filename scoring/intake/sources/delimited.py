"""Reads CSV: Arrow parses block by block, everything as text, and each column is then given its type."""

from collections.abc import Generator, Sequence
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from scoring.domain.dataset import Column, DataSet
from scoring.errors import SourceError
from scoring.intake.sources.cells import check_values, typed_batch
from scoring.intake.sources.diagnosis import diagnose
from scoring.intake.sources.header import check_columns, read_header
from scoring.intake.sources.records import MAX_RECORD_BYTES, quotes_pair_up
from scoring.intake.sources.spool import View
from scoring.snapshots.arrow import arrow_type


def csv_batches(
    file: IO[bytes], name: str, data_set: DataSet, null_values: tuple[str, ...]
) -> Generator[pa.RecordBatch, None, None]:
    """The rows of a CSV file in batches as long as a block (1 MiB of text) has rows.

    Columns are matched by the header's names. A cell equal to one of ``null_values`` is null, quoted or
    not. Empty lines are not rows.

    Raises
    ------
    SourceError
        Names the row and the column where there are such.
    """
    names = read_header(View(file), name)
    check_columns(names, data_set, name)
    if not quotes_pair_up(View(file)):
        raise _explained(file, name, names, "its quotation marks do not pair up")
    first_row = 1
    try:
        with _opened(file, data_set, null_values) as reader:
            for block in reader:
                yield typed_batch(block.columns, data_set, typed, name=name, first_row=first_row)
                first_row += block.num_rows
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise _explained(file, name, names, str(error).partition("\n")[0]) from None


def typed(cells: pa.Array, column: Column) -> pa.Array:
    """Text cells (Arrow strings) as the column's type; raises ValueError if one does not have it."""
    if column.type == "boolean":
        lower = pc.utf8_lower(cells)
        yes = pc.equal(lower, "true")
        if pc.any(pc.invert(pc.or_(yes, pc.equal(lower, "false")))).as_py():
            raise ValueError("neither true nor false")
        return yes
    if column.type == "integer" and pc.any(_hexadecimal(cells)).as_py():
        raise ValueError("hexadecimal")
    return check_values(pc.cast(cells, arrow_type(column)), column)


def _hexadecimal(cells: pa.Array) -> pa.Array:
    return pc.or_(pc.starts_with(cells, "0x"), pc.starts_with(cells, "0X"))  # Arrow would read these


def _opened(file: IO[bytes], data_set: DataSet, null_values: tuple[str, ...]) -> csv.CSVStreamingReader:
    return csv.open_csv(
        pa.PythonFile(View(file), mode="r"),
        read_options=csv.ReadOptions(block_size=MAX_RECORD_BYTES, use_threads=False),  # as fast, with flat memory
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types={column: pa.string() for column in data_set.column_names},
            include_columns=data_set.column_names,
            null_values=null_values,
            strings_can_be_null=True,
        ),
    )


def _explained(file: IO[bytes], name: str, header: Sequence[str], reason: str) -> SourceError:
    return diagnose(View(file), name, header) or SourceError(
        name, f"The file cannot be read as CSV: {reason}.", "Compare it with a file that was accepted."
    )
