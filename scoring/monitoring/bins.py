"""Bins of a column, cut once from a reference, so that counts of any rows add up and compare: exact, in one pass.

Counts over fixed bins merge by addition, are the same on every run (a randomised sketch is not), and cost one look-up
a value. Decision 12 says what else was weighed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

BINS = 20
DISTINCT = 50  # a number with no more different values than this is counted value by value

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Bins:
    """How the values of one column are counted; the last bin is always that of nulls.

    Either ``edges`` (float, growing: bin i holds ``edges[i-1] < value <= edges[i]``, the first and the last are open)
    or ``values`` (text: a bin each, and one before the last for all others).
    """

    edges: tuple[float, ...] | None = None
    values: tuple[str, ...] | None = None

    @property
    def size(self) -> int:
        """Number of bins with those for others and for nulls."""
        if self.edges is not None:
            return len(self.edges) + 2
        return len(self.values or ()) + 2

    @property
    def labels(self) -> list[str]:
        """A name for each bin, for people."""
        if self.edges is None:
            return [*(self.values or ()), "other", "null"]
        if not self.edges:
            return ["any", "null"]
        between = [f"{low:g} to {high:g}" for low, high in zip(self.edges, self.edges[1:], strict=False)]
        return [f"up to {self.edges[0]:g}", *between, f"over {self.edges[-1]:g}", "null"]

    def count(self, column: pa.Array | pa.ChunkedArray) -> Counts:
        """Rows of the column in each bin: int64 of shape (size,). NaN counts as null."""
        if self.edges is None:
            return self._count_text(column)
        values = numbers(column)
        known = values[~np.isnan(values)]
        places = np.searchsorted(np.asarray(self.edges), known, side="left")
        counts = np.bincount(places, minlength=self.size).astype(np.int64)
        counts[-1] = len(values) - len(known)
        return counts

    def _count_text(self, column: pa.Array | pa.ChunkedArray) -> Counts:
        counts = np.zeros(self.size, dtype=np.int64)
        places = {value: place for place, value in enumerate(self.values or ())}
        for found in pc.value_counts(column.cast(pa.string())).to_pylist():
            value = found["values"]
            counts[-1 if value is None else places.get(value, self.size - 2)] += found["counts"]
        return counts


def cut_numbers(sample: NDArray[np.float64]) -> Bins:
    """Bins of about as many rows each, by the quantiles of a sample (float64, NaN for null).

    A number of few different values gets a bin for each, so that a shift between two of them is seen.
    """
    known = np.sort(sample[~np.isnan(sample)])
    if not known.size:
        return Bins(edges=())
    distinct = np.unique(known)
    if len(distinct) <= DISTINCT:
        return Bins(edges=tuple(float(value) for value in distinct[:-1]))
    places = (np.arange(1, BINS) * len(known)) // BINS
    return Bins(edges=tuple(float(edge) for edge in np.unique(known[places])))


def cut_text(values: Sequence[str]) -> Bins:
    """A bin for each value of a category."""
    return Bins(values=tuple(values))


def numbers(column: pa.Array | pa.ChunkedArray) -> NDArray[np.float64]:
    """A column of numbers, booleans, decimals or dates as float64 of shape (rows,); null is NaN."""
    if pa.types.is_date(column.type):
        column = column.cast(pa.int32())
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    found = column.cast(pa.float64(), safe=False)
    found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.float64)
