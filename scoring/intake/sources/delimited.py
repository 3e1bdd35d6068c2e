"""Reads CSV: Arrow parses it block by block as text, then each column is cast to its type."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import IO

import pyarrow as pa
from pyarrow import csv

from scoring.domain.dataset import DataSet
from scoring.errors import Finding, SourceError
from scoring.intake.sources.casts import cast_text
from scoring.intake.sources.cells import Form, TypedBatches
from scoring.intake.sources.diagnosis import diagnose, ragged
from scoring.intake.sources.findings import Findings
from scoring.intake.sources.header import check_columns, read_header
from scoring.intake.sources.records import MAX_RECORD_BYTES, cells_of, survey
from scoring.intake.sources.spool import View

CSV = Form(cast_text, missing="leave the cell empty, or add the word to the source's null_values")
_CR = ord("\r")
MOST_RAGGED_ROWS = 10_000  # reading stops after this many


def csv_batches(
    file: IO[bytes],
    name: str,
    data_set: DataSet,
    null_values: tuple[str, ...],
    *,
    block_bytes: int = MAX_RECORD_BYTES,
) -> Generator[pa.RecordBatch, None, None]:
    """The rows of a CSV file, in one batch for each block of ``block_bytes`` bytes of text.

    Columns are matched by the header's names. A cell equal to one of ``null_values`` is null, quoted or
    not. Empty lines are not rows.

    Raises
    ------
    SourceError
        Names the row and the column where there are such; several kinds of error at once.
    """
    names = read_header(View(file), name)
    check_columns(names, data_set, name)
    known = tuple(column if column in data_set.column_names else f"#{at}" for at, column in enumerate(names, start=1))
    content = survey(View(file))
    if not content.quotes_pair_up or content.has_nul:  # Arrow would merge cells
        raise _explained(file, name, known, "its quotation marks do not pair up, or it holds a NUL byte")
    findings = Findings(name)
    skipped = RaggedRows(known, findings)
    options = csv.ParseOptions(
        newlines_in_values=True,
        invalid_row_handler=skipped.take if content.is_utf8 else None,  # Arrow decodes the rows that it passes
    )
    with closing(_blocks(file, data_set, null_values, options, block_bytes)) as blocks:
        explained = _guarded(blocks, file, name, known, skipped)
        yield from TypedBatches(data_set, CSV, findings).of(explained, skipped.row_of)


class RaggedRows:
    """Rows with too few or too many cells: each becomes a finding, and Arrow skips it."""

    def __init__(self, header: Sequence[str], findings: Findings) -> None:
        self._header, self._findings = header, findings
        self._rows: list[int] = []
        self.gave_up = False

    def take(self, row: csv.InvalidRow) -> str:
        """Note a row; returns whether Arrow is to ``skip`` it, or to stop with an ``error``."""
        number = row.number - 1  # without the header
        self._rows.append(number)
        cells, _ = cells_of(row.text.encode())
        reason, finding = ragged(cells, self._header, number)
        self._findings.add(reason, finding)
        self.gave_up = self._findings.full or len(self._rows) >= MOST_RAGGED_ROWS
        return "error" if self.gave_up else "skip"

    def row_of(self, position: int) -> int:
        """The row of the file (1-based) of the ``position``-th row with the right number of cells."""
        for row in self._rows:
            if row > position:
                break
            position += 1
        return position


class _WholeLineEnds(View):
    r"""Never ends a piece between \r and \n: Arrow would lose the \n, also one inside quotes (apache/arrow#51368)."""

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as in View
        r"""Fill the buffer, without a last \r whose \n does not fit."""
        count = super().readinto(buffer)
        if count > 1 and buffer[count - 1] == _CR and self.next_byte() == b"\n":
            self.seek(-1, 1)
            count -= 1
        return count


def _blocks(
    file: IO[bytes], data_set: DataSet, null_values: tuple[str, ...], options: csv.ParseOptions, block_bytes: int
) -> Generator[list[pa.Array], None, None]:
    reader = csv.open_csv(
        pa.PythonFile(_WholeLineEnds(file), mode="r"),
        read_options=csv.ReadOptions(block_size=block_bytes, use_threads=False),  # as fast, with flat memory
        parse_options=options,
        convert_options=csv.ConvertOptions(
            check_utf8=False,  # cast_text() does, and so its cell is found
            column_types={column: pa.string() for column in data_set.column_names},
            include_columns=data_set.column_names,
            null_values=null_values,
            strings_can_be_null=True,
        ),
    )
    with reader:
        for block in reader:
            yield block.columns


def _guarded(
    blocks: Iterator[list[pa.Array]], file: IO[bytes], name: str, header: Sequence[str], skipped: RaggedRows
) -> Iterator[list[pa.Array]]:
    """The blocks; an error of Arrow is replaced by one that names the row, the column and a remedy."""
    try:
        yield from blocks
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        if not skipped.gave_up:
            raise _explained(file, name, header, str(error).partition("\n")[0]) from None


def _explained(file: IO[bytes], name: str, header: Sequence[str], reason: str) -> SourceError:
    found = diagnose(View(file), header) or Finding(
        f"The file cannot be read as CSV: {reason}.", "Compare it with a file that was accepted."
    )
    return SourceError(name, found.problem, found.remedy, row=found.row, column=found.column)
