"""Edges of bins that are values of a person move; pure."""

import math

import pytest

from scoring.customers.profiles import moved

OWN = frozenset({"98765.4321", "112233.445"})
BELOW = math.nextafter(98765.4321, 0)


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ([1.0, 98765.4321, 100000.0], [1.0, 50000.5, 100000.0]),
        ([1.0, BELOW, 98765.4321, 100000.0], [1.0, 33334.0, 66667.0, 100000.0]),  # a bin of one value
        ([1.0, 98765.4321], [1.0, 1.5]),
        ([98765.4321, 100000.0], [99999.5, 100000.0]),
        ([98765.4321], [0.5]),
        ([1.0, 98765.4321, 100000.0, 112233.445, 112234.0], [1.0, 50000.5, 100000.0, 106117.0, 112234.0]),
        ([1.0, 2.0, 98765.43, 100000.0], [1.0, 2.0, 98765.43, 100000.0]),
        ([], []),
    ],
)
def test_an_edge_that_is_a_value_of_the_person_moves_between_its_neighbours(edges, expected):
    assert moved(edges, OWN) == expected
    assert moved(moved(edges, OWN), OWN) == expected
