"""What is tried of a search space, and how cohorts are parted in time."""

import pytest

from scoring.learning.cohorts import parted
from scoring.learning.fitting import combinations


def test_every_combination_is_tried_in_the_order_of_names():
    assert combinations({"b": (1, 2), "a": ("x",)}, 9) == [{"a": "x", "b": 1}, {"a": "x", "b": 2}]


def test_of_more_combinations_the_same_ones_are_drawn_each_time():
    space = {"a": tuple(range(10)), "b": tuple(range(10))}
    some = combinations(space, 7)
    assert some == combinations(space, 7)
    assert len({tuple(one.items()) for one in some}) == 7
    assert all(one in combinations(space, 100) for one in some)


@pytest.mark.parametrize(
    ("cohorts", "learned", "held_out", "expected"),
    [
        ([1, 2, 3, 4], 2, 1, ([2, 3], [4])),
        ([1, 2, 3, 4], 9, 1, ([1, 2, 3], [4])),
        ([1, 2, 3, 4], 1, 2, ([2], [3, 4])),
        ([1, 2], 6, 2, ([], [])),
        ([1], 6, 1, ([], [])),
        ([], 6, 1, ([], [])),
    ],
)
def test_the_newest_cohorts_are_held_out_and_those_before_are_learned_from(cohorts, learned, held_out, expected):
    assert parted(cohorts, learned, held_out) == expected
