"""The file of quarantined rows that a person corrects: how it is written, and how it is read back.

It is plain CSV under our own names of the columns, whatever the dialect of the data set's source, but for its null
spelling. A text that equals a null spelling or begins with a backslash gets a backslash in front, so that every value
reads back exactly.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring.domain.dataset import BROKEN_RULES, ROW_NUMBER, Column, CsvSource, DataSet
from scoring.errors import SourceError
from scoring.intake import sources
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.keys import with_key
from scoring.snapshots.manifest import QuarantinedRow

ESCAPE = "\\"
_QUOTED = re.compile(r'[",\r\n]')


def write(data_set: DataSet, rows: Iterable[QuarantinedRow], file: TextIO) -> int:
    """Write rows with their numbers and the rules that they break; returns how many."""
    nulls = _null_values(data_set)
    file.write(_line([ROW_NUMBER, *data_set.column_names, BROKEN_RULES]))
    count = 0
    for row in rows:
        cells = (_cell(row.content.get(column.name), column, nulls) for column in data_set.columns)
        rules = "; ".join(f"{breach.column}: {breach.rule}" for breach in row.breaches)
        file.write(_line([str(row.row_number), *cells, rules]))
        count += 1
    return count


def read(data_set: DataSet, as_of: dt.date, path: str) -> tuple[NDArray[np.int64], pa.RecordBatch]:
    """The numbers (shape (rows,)) and the rows of the file at ``path``, in the order of the file.

    Raises
    ------
    SourceError
        If the file is no such export any more: a row has no number, or a cell has another type.
    """
    source = CsvSource(path=path, null_values=_null_values(data_set), extra_columns="ignore")
    numbered = data_set.model_copy(
        update={
            "columns": (Column(name=ROW_NUMBER, type="integer"), *(one.plainly_written for one in data_set.columns)),
            "source": source,
        }
    )
    reading = sources.read(numbered, as_of, inbox=str(Path.cwd()), source_urls={}, path=path, batch_rows=1_000_000)
    with reading as received:
        table = pa.Table.from_batches(received.batches).combine_chunks()
    numbers = table.column(ROW_NUMBER)
    if numbers.null_count:
        raise SourceError(
            path,
            "the row has no row number.",
            "keep the number that the export gave it.",
            row=pc.index(pc.is_null(numbers), True).as_py() + 1,
            column=ROW_NUMBER,
        )
    (batch,) = table.to_batches()
    cells = [_unescaped(batch.column(name)) for name in data_set.column_names]
    rows = pa.RecordBatch.from_arrays(with_key(data_set, cells), schema=arrow_schema(data_set))
    return numbers.to_numpy(), rows


def _null_values(data_set: DataSet) -> tuple[str, ...]:
    nulls = data_set.source.null_values if isinstance(data_set.source, CsvSource) else ()
    return nulls or ("",)


def _cell(value: Any, column: Column, nulls: Sequence[str]) -> str:
    if value is None:
        return nulls[0]
    if column.type in ("text", "category"):
        return f"{ESCAPE}{value}" if value in nulls or value.startswith(ESCAPE) else str(value)
    if column.type == "boolean":
        return str(value).lower()
    return repr(float(value)) if column.type == "number" else str(value)


def _line(cells: Iterable[str]) -> str:
    quoted = ('"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell for cell in cells)
    return ",".join(quoted) + "\n"


def _unescaped(cells: pa.Array) -> pa.Array:
    if not pa.types.is_string(cells.type):
        return cells
    return pc.if_else(pc.starts_with(cells, ESCAPE), pc.utf8_slice_codeunits(cells, 1), cells)
