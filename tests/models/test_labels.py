"""A target that names its positive values: texts, categories, booleans and integers become 0 or 1."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.score import Target
from scoring.models.labels import positives, strange

CASES = {
    "text": (pa.array(["bad", "good", None, "Bad"]), ("bad",), [1, 0, None, 0]),
    "several": (pa.array(["bad", "worse", "good"]), ("bad", "worse"), [1, 1, 0]),
    "boolean": (pa.array([True, False, None]), ("true",), [1, 0, None]),
    "integer": (pa.array([1, 2, None, 12]), ("2",), [0, 1, None, 0]),
    "all null": (pa.nulls(2, pa.string()), ("bad",), [None, None]),
}


@pytest.mark.parametrize("chunked", [False, True], ids=["array", "chunked"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_value_is_positive_if_it_is_named(case, chunked):
    values, named, expected = case
    found = positives(pa.chunked_array([values]) if chunked else values, Target(column="x", positive=named))
    assert found.type == pa.float64()
    assert found.to_pylist() == expected


def test_with_negatives_every_other_value_is_strange():
    values = pa.array(["bad", "good", "Bad", None])
    assert strange(values, Target(column="x", positive=("bad",), negative=("good",))).to_pylist() == [
        False, False, True, False
    ]  # fmt: skip
    assert not any(strange(values, Target(column="x", positive=("bad",))).to_pylist())


@given(st.lists(st.sampled_from(["a", "b", "c"]) | st.none()), st.sets(st.sampled_from("abc"), min_size=1))
def test_each_value_is_judged_by_itself(values, named):
    found = positives(pa.array(values, pa.string()), Target(column="x", positive=tuple(named)))
    assert found.to_pylist() == [None if one is None else float(one in named) for one in values]
