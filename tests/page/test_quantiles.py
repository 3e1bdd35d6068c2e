"""Quantiles from counts: linear within a bin, at the edge of an open one."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.page.quantiles import quantiles


@pytest.mark.parametrize(
    ("edges", "counts", "share", "value"),
    [
        ((0.0, 10.0), (0, 100, 0), 0.5, 5.0),
        ((0.0, 10.0), (0, 100, 0), 0.25, 2.5),
        ((0.0, 10.0), (0, 100, 0), 1.0, 10.0),
        ((0.0, 10.0, 30.0), (0, 50, 50, 0), 0.5, 10.0),  # the end of a bin belongs to it
        ((0.0, 10.0, 30.0), (0, 50, 50, 0), 0.75, 20.0),
        ((0.0, 10.0, 30.0), (0, 50, 0, 50), 0.75, 30.0),  # an open bin has one edge
        ((0.0, 10.0), (100, 0, 0), 0.5, 0.0),
        ((0.0, 10.0), (0, 0, 5), 0.5, 10.0),
        ((7.0,), (1, 1), 0.9, 7.0),
        ((0.0, 10.0), (0, 0, 0), 0.5, None),
        ((), (5,), 0.5, None),
    ],
)
def test_a_share_of_the_customers_is_below_its_quantile(edges, counts, share, value) -> None:
    assert quantiles(edges, counts, [share]) == [value]


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20, unique=True).map(sorted),
    st.data(),
)
def test_quantiles_grow_with_the_share_and_stay_between_the_edges(edges, data) -> None:
    counts = data.draw(st.lists(st.integers(0, 1000), min_size=len(edges) + 1, max_size=len(edges) + 1))
    found = quantiles(edges, counts, [0.1, 0.5, 0.9])
    if not sum(counts):
        assert found == [None] * 3
        return
    assert all(edges[0] <= value <= edges[-1] for value in found)
    assert all(low <= high or math.isclose(low, high) for low, high in pairwise(found))


def test_counts_that_do_not_fit_the_edges_are_refused() -> None:
    with pytest.raises(ValueError, match="2 edges make 3 bins, 2 were counted"):
        quantiles([0.0, 1.0], [1, 2], [0.5])
