"""Rows keep the places that they had before others left: what was noted by place goes on meaning the same rows."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.snapshots import lake, rewriting
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.writing import RowGroupWriter

PEOPLE = DataSet(
    name="people", title="People", key="id", columns=(Column(name="id", type="text"),), source=CsvSource(path="x.csv")
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("lake")


@given(st.integers(1, 12), st.data())
def test_places_and_positions_lead_to_the_same_rows_whoever_leaves(folder, rows, data):
    leaving = data.draw(st.lists(st.integers(0, rows - 1), unique=True))
    location = str(folder / f"{'0' * 64}.parquet")
    writer = RowGroupWriter(folder / "written", arrow_schema(PEOPLE), 4)
    ids = [f"p{place}" for place in range(rows)]
    writer.write(pa.record_batch({"id": pa.array(ids)}, schema=arrow_schema(PEOPLE)))
    writer.close("0" * 64)
    lake.replace(folder / "written", location)
    for place in leaving:
        assert rewriting.holds(location, "id", f"p{place}") == 1
        rewriting.without(location, "id", f"p{place}", folder / "rewritten")
        lake.replace(folder / "rewritten", location)
    with lake.SnapshotFile(location) as file:
        left = [place for place in range(rows) if place not in leaving]
        assert file.row_groups == -(-rows // 4)
        assert file.erased.tolist() == sorted(leaving)
        assert file.read().column("id").to_pylist() == [f"p{place}" for place in left]
        assert file.places(np.arange(len(left))).tolist() == left
        positions = file.positions(np.arange(rows))
        assert [place for place in range(rows) if positions[place] >= 0] == left
        assert positions[positions >= 0].tolist() == list(range(len(left)))
