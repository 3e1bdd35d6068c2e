"""Turns blocks of cells into typed batches; finds the cells that do not fit and says why."""

import itertools
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from scoring.domain.dataset import Column, DataSet
from scoring.errors import Finding, SourceError, TransientError
from scoring.intake.sources.casts import TEXT_TYPES, check_text
from scoring.intake.sources.findings import Findings
from scoring.intake.sources.reasons import MAX_CELL_BYTES, why_unfit
from scoring.intake.sources.spelling import Speller
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.keys import with_key

# How many unfit cells of a column are examined: the first 1000, then up to 20 in each block. A large file that is
# wrong throughout takes hardly longer than a good one.
LOOKED_AT, LOOKED_AT_IN_EACH_BLOCK = 1000, 20

# Cells of one column: Arrow strings (CSV), Arrow values (Parquet), text and booleans (PostgreSQL).
Cells = Any


@dataclass(frozen=True)
class Form:
    """How a kind of source represents cells.

    ``cast`` casts cells to the type of a column, and raises ValueError if one does not fit. ``missing`` is the remedy
    for a cell such as N/A. ``speller`` is how a source that holds text spells values.
    """

    cast: Callable[[Cells, Column], pa.Array]
    missing: str
    speller: Speller | None = None


class TypedBatches:
    """The batches of a source whose columns arrive as cells, in the order of the definition."""

    def __init__(self, data_set: DataSet, form: Form, findings: Findings) -> None:
        self._data_set, self._form, self._findings = data_set, form, findings
        self._schema = arrow_schema(data_set)
        self._looked_at = dict.fromkeys(data_set.column_names, 0)

    def of(
        self, blocks: Iterator[Sequence[Cells]], row_of: Callable[[int], int] = int
    ) -> Generator[pa.RecordBatch, None, None]:
        """One batch for each block. After the first error there are no batches: the rest is read only to find more.

        ``row_of`` gives the row of the source (1-based) for the n-th row of all blocks.

        Raises
        ------
        SourceError
            With all kinds of error that were found, the earliest row first.
        """
        first = 1
        try:
            for columns in blocks:
                batch = self._batch(columns, first, row_of)
                if self._findings.full:
                    break
                if not self._findings and batch is not None:
                    yield batch
                first += len(columns[0])
        except (SourceError, TransientError) as error:  # the source itself failed
            if not self._findings:
                raise
            if isinstance(error, SourceError):
                self._findings.add(error.problem, error.findings[0])
        if self._findings:
            raise self._findings.error()

    def _batch(self, columns: Sequence[Cells], first: int, row_of: Callable[[int], int]) -> pa.RecordBatch | None:
        if not self._findings:
            try:
                arrays = [self._cast(*pair) for pair in zip(columns, self._data_set.columns, strict=True)]
                return pa.RecordBatch.from_arrays(with_key(self._data_set, arrays), schema=self._schema)
            except ValueError:
                pass  # below, all columns are searched for unfit cells
        unfit = [found for pair in zip(columns, self._data_set.columns, strict=True) for found in self._unfit(*pair)]
        for position, value, column in sorted(unfit, key=lambda found: found[0]):
            form = self._form
            why = why_unfit(value, column, limit=self._limit(column), missing=form.missing, speller=form.speller)
            found = Finding(why.problem, why.remedy, row_of(first + position), column.source_name)
            self._findings.add(why.reason, found)
        return None

    def _cast(self, cells: Cells, column: Column) -> pa.Array:
        array = self._form.cast(cells, column)
        if column.type in TEXT_TYPES:
            check_text(array, self._limit(column))
        return array

    def _limit(self, column: Column) -> int:
        return self._data_set.most_bytes(column.name, MAX_CELL_BYTES)

    def _unfit(self, cells: Cells, column: Column) -> list[tuple[int, object, Column]]:
        most = max(LOOKED_AT - self._looked_at[column.name], LOOKED_AT_IN_EACH_BLOCK)
        found = [(at, _value(cells, at), column) for at in itertools.islice(self._unfit_positions(cells, column), most)]
        self._looked_at[column.name] += len(found)
        return found

    def _unfit_positions(self, cells: Cells, column: Column) -> Iterator[int]:
        """Positions of the cells that the cast refuses, found by casting smaller and smaller pieces of the column."""
        ranges = _pieces(len(cells))
        while ranges:
            low, high = ranges.pop()
            try:
                self._cast(cells[low:high], column)
            except ValueError:
                if high - low == 1:
                    yield low
                else:
                    middle = (low + high) // 2
                    ranges += [(middle, high), (low, middle)]


def _pieces(size: int) -> list[tuple[int, int]]:
    """Ranges from 0 to ``size``, last range first; the range at 0 has 16 cells, and each next one twice as many.

    Casts are slow where many cells are wrong. Short ranges at the start find the first of them without casting the
    rest.
    """
    edges = [0]
    while edges[-1] < size:
        edges.append(min(size, 2 * edges[-1] + 16))
    return list(itertools.pairwise(edges))[::-1]


def _value(cells: Cells, position: int) -> object:
    value = cells[position]
    if not isinstance(value, pa.Scalar):
        return value
    try:
        return value.as_py()
    except UnicodeDecodeError:
        return value.cast(pa.binary()).as_py()
    except (OverflowError, ValueError):  # a date or timestamp outside of Python's calendar
        number, unit = (value.cast(pa.int32()), "days") if pa.types.is_date(value.type) else (value, value.type.unit)
        return f"{number.value if unit != 'days' else number.as_py()} {unit} from 1970-01-01"
