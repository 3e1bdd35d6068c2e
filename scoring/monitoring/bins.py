"""Bins of a column, cut once from a reference, so that counts of any rows add up and compare, in one pass.

Counts over fixed bins merge by addition, are the same on every run (a randomised sketch is not), and cost a sort of a
batch. There are coarse bins, by which shares are compared, and finer ones inside of them, which with the sum of the
values in each give the area between two distribution functions (docs/drift.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

BINS = 20
FINER = 5  # fine bins in a coarse one
DISTINCT = 50  # a number with no more different values than this is counted value by value

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Counted:
    """What is kept of some rows of a column; two of the same bins add up.

    ``counts`` are rows in each fine bin, int64 of shape (bins.size,), the last is that of nulls. For a number ``sums``
    are the sums of its values in each bin but that of nulls, and ``squares`` the sum of all their squares, both of
    ``(value - bins.centre) / bins.scale``; for a category there are none.
    """

    counts: Counts
    sums: Floats
    squares: float = 0.0

    def __add__(self, other: "Counted") -> "Counted":
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is told as undefined where it is used
            return Counted(self.counts + other.counts, self.sums + other.sums, self.squares + other.squares)

    @property
    def rows(self) -> int:
        """All rows."""
        return int(self.counts.sum())

    @property
    def missing(self) -> int:
        """Rows without a value."""
        return int(self.counts[-1])


@dataclass(frozen=True)
class Bins:
    """How the values of one column are counted; the last bin is always that of nulls.

    Either ``edges`` (float, growing: bin i holds ``edges[i-1] < value <= edges[i]``, the first and the last are open
    and hold what the reference does not reach) with ``cuts``, those of the edges that bound the coarse bins; or
    ``values`` (text: a bin each, and one before the last for all others). ``centre`` and ``scale`` are about the mean
    and the standard deviation of the reference, so that sums are of small numbers.
    """

    edges: tuple[float, ...] | None = None
    cuts: tuple[float, ...] = ()
    values: tuple[str, ...] = ()
    centre: float = 0.0
    scale: float = 1.0

    @property
    def size(self) -> int:
        """Number of fine bins with those for others and for nulls."""
        return len(self.values if self.edges is None else self.edges) + 2

    @property
    def labels(self) -> list[str]:
        """A name for each coarse bin but that of nulls, for people."""
        if self.edges is None:
            return [*self.values, "other"]
        if not self.cuts:
            return ["any"]
        return [f"up to {self.cuts[0]:g}", *map(_between, self.cuts, self.cuts[1:]), f"over {self.cuts[-1]:g}"]

    @property
    def nobody(self) -> Counted:
        """No rows: what counting starts with."""
        numbers = 0 if self.edges is None else self.size - 1
        return Counted(np.zeros(self.size, np.int64), np.zeros(numbers))

    def count(self, column: pa.Array | pa.ChunkedArray) -> Counted:
        """Rows of the column in each bin. NaN counts as null."""
        return self._count_text(column) if self.edges is None else self._count_numbers(numbers(column))

    def coarse(self, counted: Counted) -> Counts:
        """Rows with a value in each coarse bin: int64 of shape (len(labels),)."""
        known = counted.counts[:-1]
        if self.edges is None:
            return known
        first = np.searchsorted(np.asarray(self.edges), np.asarray(self.cuts)) + 1
        return np.add.reduceat(known, np.concatenate([[0], first]).astype(np.intp))

    def scaled(self, values: Floats) -> Floats:
        """Values as they are summed."""
        with np.errstate(over="ignore"):
            return np.asarray((values - self.centre) / self.scale)

    def _count_numbers(self, values: Floats) -> Counted:
        known = np.sort(values[~np.isnan(values)])
        ends = np.append(np.searchsorted(known, np.asarray(self.edges), side="right"), len(known))
        counts = np.diff(ends, prepend=0)
        scaled, sums = self.scaled(known), np.zeros(len(counts))
        some = counts > 0
        with np.errstate(over="ignore", invalid="ignore"):
            if len(known):
                sums[some] = np.add.reduceat(scaled, (ends - counts)[some])
            squares = float(np.square(scaled).sum())
        return Counted(np.append(counts, len(values) - len(known)).astype(np.int64), sums, squares)

    def _count_text(self, column: pa.Array | pa.ChunkedArray) -> Counted:
        counts = np.zeros(self.size, dtype=np.int64)
        places = {value: place for place, value in enumerate(self.values)}
        for found in pc.value_counts(column.cast(pa.string())).to_pylist():
            value = found["values"]
            counts[-1 if value is None else places.get(value, self.size - 2)] += found["counts"]
        return Counted(counts, np.zeros(0))


def cut_numbers(sample: Floats) -> Bins:
    """Bins by the quantiles of a sample (float64, NaN for null): coarse ones of about as many rows each.

    A number of few different values gets a bin for each and for what lies between them. What lies below or above all
    of the sample has bins of its own, too, so that a value that never occurred is seen.
    """
    known = np.sort(sample[~np.isnan(sample)])
    if not known.size:
        return Bins(edges=())
    below, distinct = _below(known[:1]), known[np.append(True, known[1:] > known[:-1])]
    if len(distinct) <= DISTINCT:
        edges = cuts = np.union1d(_below(distinct), distinct)
    else:
        shares = np.arange(1, BINS) / BINS
        cuts = _at(known, shares, below)
        edges = np.union1d(cuts, _at(known, np.concatenate([_fine(), _tails(len(known))]), below))
    with np.errstate(over="ignore", invalid="ignore"):
        centre, scale = float(known[len(known) // 2]), float(known.std())
    return Bins(
        edges=tuple(edges.tolist()),
        cuts=tuple(cuts.tolist()),
        centre=centre,
        scale=scale if np.isfinite(scale) and scale > 0 else 1.0,
    )


def cut_text(values: Sequence[str]) -> Bins:
    """A bin for each value of a category."""
    return Bins(values=tuple(values))


def numbers(column: pa.Array | pa.ChunkedArray) -> Floats:
    """A column of numbers, booleans, decimals or dates as float64 of shape (rows,); null is NaN."""
    if pa.types.is_date(column.type):
        column = column.cast(pa.int32())
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    return np.asarray(column.cast(pa.float64(), safe=False))


def _between(low: float, high: float) -> str:
    return f"{high:g}" if high == np.nextafter(low, np.inf) else f"{low:g} to {high:g}"


def _below(values: Floats) -> Floats:
    """The next smaller numbers."""
    with np.errstate(over="ignore"):  # below the smallest of all there is only minus infinity
        return np.asarray(np.nextafter(values, -np.inf))


def _at(known: Floats, shares: Floats, below: Floats) -> Floats:
    """The quantiles of sorted values for shares below 1, with both ends."""
    places = (shares * len(known)).astype(np.int64)
    return np.unique(np.concatenate([below, known[places], known[-1:]]))


def _fine() -> Floats:
    return np.arange(BINS * FINER) / (BINS * FINER)


def _tails(count: int) -> Floats:
    """Shares ever nearer to 0 and 1: where values are rare, a bin of many of them would be wide."""
    halved = 0.5 ** np.arange(int(np.log2(count))) / (BINS * FINER)
    return np.concatenate([halved, 1 - halved])
