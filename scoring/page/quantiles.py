"""Quantiles of values that were counted in bins. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate


def quantiles(edges: Sequence[float], counts: Sequence[int], shares: Sequence[float]) -> list[float | None]:
    """Below which value each of ``shares`` (above 0, up to 1) of the customers is, linear within a bin; None of nobody.

    Parameters
    ----------
    edges
        Where bins end, growing: bin i holds ``edges[i - 1] < value <= edges[i]``. The first and the last bin are open;
        their customers count as standing at the one edge that the bin has.
    counts
        Customers of each bin, one more than there are edges.
    """
    if len(counts) != len(edges) + 1:
        raise ValueError(f"{len(edges)} edges make {len(edges) + 1} bins, {len(counts)} were counted")
    if not edges:
        return [None] * len(shares)
    up_to = list(accumulate(counts))
    return [_at(edges, counts, up_to, share * up_to[-1]) if up_to[-1] else None for share in shares]


def _at(edges: Sequence[float], counts: Sequence[int], up_to: Sequence[int], wanted: float) -> float:
    place = bisect_left(up_to, wanted)  # the first bin that reaches so many
    if place == 0:
        return edges[0]
    if place == len(edges):
        return edges[-1]
    low, high = edges[place - 1], edges[place]
    found = low + (high - low) * (wanted - up_to[place - 1]) / counts[place]
    return min(max(found, low), high)  # rounding may take it a little out
