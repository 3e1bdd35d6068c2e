"""Reads CSV of any dialect, once it is UTF-8: Arrow parses it block by block as text, then each column is cast."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import IO

import pyarrow as pa
from pyarrow import csv

from scoring.domain.dataset import Column, DataSet
from scoring.domain.dialect import CsvDialect
from scoring.errors import Finding, SourceError
from scoring.intake.sources.casts import cast_text
from scoring.intake.sources.cells import Form, TypedBatches
from scoring.intake.sources.diagnosis import diagnose, ragged
from scoring.intake.sources.findings import Findings
from scoring.intake.sources.grammar import RFC_4180, Grammar
from scoring.intake.sources.header import check_columns, read_header
from scoring.intake.sources.records import MAX_RECORD_BYTES, survey
from scoring.intake.sources.spelling import Speller
from scoring.intake.sources.spool import View

MISSING = "leave the cell empty, or add the word to the source's null_values"
_CR = ord("\r")
MOST_RAGGED_ROWS = 10_000  # reading stops after this many


def csv_batches(
    file: IO[bytes],
    name: str,
    data_set: DataSet,
    dialect: CsvDialect,
    *,
    meant: Mapping[str, Column] | None = None,
    block_bytes: int = MAX_RECORD_BYTES,
) -> Generator[pa.RecordBatch, None, None]:
    """The rows of a CSV file in UTF-8, in one batch for each block of ``block_bytes`` bytes of text.

    Columns are matched by the header's names. A cell equal to one of the null values is null, quoted or
    not. Empty lines are not rows. ``meant`` gives columns, by name, whose text is brought to the plain spelling of a
    type; what is not spelled as the dialect says arrives as text that is no value of the type.

    Raises
    ------
    SourceError
        Names the row and the column where there are such; several kinds of error at once.
    """
    text = _Text(file, name, dialect, Grammar.of(dialect))
    names = read_header(View(file), name, text.grammar)
    check_columns(names, data_set, name)
    called = {column.source_name for column in data_set.columns}
    known = tuple(column if column in called else f"#{at}" for at, column in enumerate(names, start=1))
    content = survey(View(file), text.grammar)
    if not content.quotes_pair_up or content.has_nul:  # Arrow would merge cells
        raise text.explained(known, "its quotation marks do not pair up, or it holds a NUL byte")
    findings = Findings(name)
    skipped = RaggedRows(known, findings, text.grammar)
    speller = Speller(dialect, dialect.encoding)
    options = csv.ParseOptions(
        delimiter=dialect.separator,
        quote_char=dialect.quote or False,
        newlines_in_values=True,
        invalid_row_handler=skipped.take if content.is_utf8 else None,  # Arrow decodes the rows that it passes
    )
    meant = meant or {}
    plain = all(speller.is_plain(meant.get(column.name, column)) for column in data_set.columns)
    form = Form(cast_text if plain else _respelled(speller, meant), missing=MISSING, speller=speller)
    nulls = dialect.null_values if plain else ()  # the speller finds those of each column
    with closing(_blocks(file, data_set, nulls, options, block_bytes)) as blocks:
        explained = _guarded(blocks, text, known, skipped)
        yield from TypedBatches(data_set, form, findings).of(explained, skipped.row_of)


def _respelled(speller: Speller, meant: Mapping[str, Column]) -> Callable[[pa.Array, Column], pa.Array]:
    def cast(cells: pa.Array, column: Column) -> pa.Array:
        if column.name in meant:
            cells = speller.lenient(cells, meant[column.name])
        return cast_text(speller.plain(cells, column), column)

    return cast


class RaggedRows:
    """Rows with too few or too many cells: each becomes a finding, and Arrow skips it."""

    def __init__(self, header: Sequence[str], findings: Findings, grammar: Grammar = RFC_4180) -> None:
        self._header, self._findings, self._grammar = header, findings, grammar
        self._rows: list[int] = []
        self.gave_up = False

    def take(self, row: csv.InvalidRow) -> str:
        """Note a row; returns whether Arrow is to ``skip`` it, or to stop with an ``error``."""
        number = row.number - 1  # without the header
        self._rows.append(number)
        cells, _ = self._grammar.cells_of(row.text.encode())
        reason, finding = ragged(cells, self._header, number, self._grammar)
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
    names = [column.source_name for column in data_set.columns]
    reader = csv.open_csv(
        pa.PythonFile(_WholeLineEnds(file), mode="r"),
        read_options=csv.ReadOptions(block_size=block_bytes, use_threads=False),  # as fast, with flat memory
        parse_options=options,
        convert_options=csv.ConvertOptions(
            check_utf8=False,  # cast_text() does, and so its cell is found
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=names,
            null_values=null_values,
            strings_can_be_null=True,
        ),
    )
    with reader:
        for block in reader:
            yield block.columns


@dataclass(frozen=True)
class _Text:
    """A file in UTF-8 and how it is divided; ``name`` is for messages."""

    file: IO[bytes]
    name: str
    dialect: CsvDialect
    grammar: Grammar

    def explained(self, header: Sequence[str], reason: str) -> SourceError:
        """The first fault of the file, or ``reason`` if none is found."""
        found = diagnose(View(self.file), header, self.grammar, self.dialect.encoding) or Finding(
            f"The file cannot be read as CSV: {reason}.", "Compare it with a file that was accepted."
        )
        return SourceError(self.name, found.problem, found.remedy, row=found.row, column=found.column)


def _guarded(
    blocks: Iterator[list[pa.Array]], text: _Text, header: Sequence[str], skipped: RaggedRows
) -> Iterator[list[pa.Array]]:
    """The blocks; an error of Arrow is replaced by one that names the row, the column and a remedy."""
    try:
        yield from blocks
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        if not skipped.gave_up:
            raise text.explained(header, str(error).partition("\n")[0]) from None
