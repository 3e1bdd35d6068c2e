"""Counts customers over bins, in all and by segment: a table at a time, in bounded memory, the same on every run."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.dataset import Column, DataSet
from scoring.domain.score import Score
from scoring.monitoring.bins import Bins, Counted, cut_numbers, cut_text, numbers
from scoring.snapshots.lake import SnapshotFile

T = TypeVar("T")
Result = TypeVar("Result")

VALUE = "value of the score"  # no column of a data set can have this name
SAMPLE_ROWS = 250_000  # bins are cut from so many rows: quantiles within a thousandth
SEED = 0
BATCH_ROWS = 20_000  # worked on at a time: a row group as a matrix, a thread each, would be much memory

Group = tuple[str, str]  # segment and its value
EVERYBODY: Group = ("", "")
Tally = dict[Group, dict[str, Counted]]  # by group and column


@dataclass(frozen=True)
class Segment:
    """A column by whose values customers are also looked at apart."""

    column: str
    values: tuple[str, ...]

    def codes(self, table: pa.Table) -> pa.Array:
        """Place of each customer's value in ``values``: int16, null where it has none of them."""
        column = table.column(self.column)
        if pa.types.is_boolean(column.type):
            column = pc.if_else(column, "true", "false")
        return pc.index_in(column, value_set=pa.array(self.values, pa.string())).cast(pa.int16()).combine_chunks()


def segments_of(score: Score, data_set: DataSet) -> tuple[Segment, ...]:
    """The segments of the score's definition: categories and booleans, as the catalog sees to."""
    columns = [data_set.column(name) for name in score.monitoring.segments]
    return tuple(Segment(column.name, column.values or ("true", "false")) for column in columns)


def cut(file: SnapshotFile, columns: Sequence[Column], threads: int, sample_rows: int = SAMPLE_ROWS) -> dict[str, Bins]:
    """Bins of the columns that a snapshot has, of all its rows or of a seeded sample of about ``sample_rows``.

    Memory: a sampled column for each thread.
    """
    categories = {column.name: cut_text(column.values) for column in columns if column.type == "category"}
    names = [column.name for column in columns if column.name not in categories and column.name in file.schema.names]
    with ThreadPoolExecutor(threads, "cut") as pool:
        samples = (_sampled(file, name, sample_rows) for name in names)
        return categories | dict(zip(names, in_order(pool, cut_numbers, samples, threads), strict=True))


def _sampled(file: SnapshotFile, name: str, sample_rows: int) -> Any:
    share = sample_rows / max(file.rows, 1)
    parts = []
    for group in range(file.row_groups):
        values = numbers(file.read_group(group, [name]).column(name))
        if share < 1:
            values = values[np.random.default_rng([SEED, group]).random(len(values)) < share]
        parts.append(values)
    return np.concatenate(parts) if parts else np.zeros(0)


def tally(table: pa.Table, bins: Mapping[str, Bins], segments: Sequence[Segment]) -> Tally:
    """Count a table's columns, in all and for each segment that the table has."""
    found: Tally = {EVERYBODY: _counted(table, bins)}
    for segment in segments:
        if segment.column in table.column_names:
            codes = segment.codes(table)
            for place, value in enumerate(segment.values):
                found[segment.column, value] = _counted(table.filter(pc.equal(codes, place)), bins)
    return found


def _counted(table: pa.Table, bins: Mapping[str, Bins]) -> dict[str, Counted]:
    return {name: one.count(table.column(name)) for name, one in bins.items() if name in table.column_names}


def added(one: Tally, other: Tally) -> Tally:
    """The counts of two tables together."""
    return {
        group: {name: counted + other[group][name] for name, counted in columns.items()}
        for group, columns in one.items()
    }


def count(tables: Iterable[pa.Table], bins: Mapping[str, Bins], segments: Sequence[Segment], threads: int) -> Tally:
    """Count tables of the same columns; a few batches of them are worked on at a time."""
    with ThreadPoolExecutor(threads, "count") as pool:
        tallies = in_order(pool, lambda table: tally(table, bins, segments), batches(tables), threads)
        return reduce(added, tallies, next(tallies, {}))


def batches(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The rows of tables in smaller ones, in their order."""
    for table in tables:
        for first in range(0, table.num_rows, BATCH_ROWS):
            yield table.slice(first, BATCH_ROWS)


def in_order(pool: ThreadPoolExecutor, work: Callable[[T], Result], items: Iterable[T], ahead: int) -> Iterator[Result]:
    """Apply ``work`` to the items, in their order, with no more than ``ahead`` of them waiting."""
    under_way: deque[Future[Result]] = deque()
    for item in items:
        under_way.append(pool.submit(work, item))
        if len(under_way) > ahead:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()
