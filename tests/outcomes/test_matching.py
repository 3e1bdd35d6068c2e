"""Keys that are never the same are looked at, and the simplest difference is named with an example."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.outcomes.matching import LOOKED_AT, Unlike

ALL = "spaces, case, leading zeros and a decimal point"
CASES = {  # ours, theirs, what is said
    "padded": (["0012", "0007"], ["12", "7"], "The keys differ in leading zeros: '0012' in ours is '12' in theirs."),
    "padded there": (["12"], ["8", "0012"], "The keys differ in leading zeros: '12' in ours is '0012' in theirs."),
    "case": (["AB1"], ["ab1"], "The keys differ in upper and lower case: 'AB1' in ours is 'ab1' in theirs."),
    "spaces": (["a1"], [" a1 "], "The keys differ in spaces around them: 'a1' in ours is ' a1 ' in theirs."),
    "a float": (["12"], ["12.0"], "The keys differ in a decimal point at the end: '12' in ours is '12.0' in theirs."),
    "several": (["00A12"], ["a12.0 "], f"The keys differ in {ALL}: '00A12' in ours is 'a12.0 ' in theirs."),
    "others": (["c1", "c2"], ["x9"], "No key is in both: ours has keys like 'c1', theirs like 'x9'."),
    "nobody here": ([], ["x9"], "There are no keys in ours."),
    "nobody there": (["c1"], [None], "There are no keys in theirs."),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_difference_between_keys_is_named(case):
    ours, theirs, said = case
    unlike = Unlike(pa.array(theirs, pa.string()))
    for key in ours:  # they come in pieces
        unlike.look(pa.array([key], pa.string()))
    assert unlike.said("ours", "theirs") == said


def test_the_simplest_difference_is_named_whichever_piece_has_it():
    unlike = Unlike(pa.array(["7", " b"]))
    unlike.look(pa.array(["007"]))
    unlike.look(pa.array(["b"]))
    assert unlike.said("ours", "theirs").startswith("The keys differ in spaces around them: 'b'")


@given(st.integers(1, 10**9), st.integers(0, 9))
def test_every_padding_is_seen(number, zeros):
    unlike = Unlike(pa.array([str(number)]))
    unlike.look(pa.array(["x", "0" * zeros + "0" + str(number)]))
    assert "leading zeros" in unlike.said("ours", "theirs")


def test_only_so_many_are_compared():
    unlike = Unlike(pa.array([*(f"x{number}" for number in range(LOOKED_AT)), "12"]))
    unlike.look(pa.array(["0012"]))
    assert unlike.said("ours", "theirs").startswith("No key is in both")
