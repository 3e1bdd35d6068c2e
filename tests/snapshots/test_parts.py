"""A row of a snapshot is traced to its file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.snapshots.parts import Part, place_of

PARTS = [Part("a", 2), Part("b", 0), Part("c", 3)]


@pytest.mark.parametrize(("row", "place"), [(1, ("a", 1)), (2, ("a", 2)), (3, ("c", 1)), (5, ("c", 3))])
def test_a_row_of_all_is_a_row_of_one_file(row, place):
    assert place_of(PARTS, row) == place


@given(st.lists(st.integers(0, 4), max_size=6))
def test_every_row_has_a_place_of_its_own_and_no_other_row_has_any(sizes):
    parts = [Part(str(number), rows) for number, rows in enumerate(sizes)]
    places = [place_of(parts, row + 1) for row in range(sum(sizes))]
    assert places == [(part.file, row + 1) for part in parts for row in range(part.rows)]
    with pytest.raises(IndexError, match=str(sum(sizes) + 1)):
        place_of(parts, sum(sizes) + 1)


def test_a_file_that_was_just_opened_has_no_rows():
    assert Part("a") == Part("a", 0)
