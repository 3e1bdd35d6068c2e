"""Snapshots are named by the digest of their values, and cut into row groups of one size."""

import datetime as dt
import shutil
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from factories import JUNE, SHOP, customers, table_of
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import IntegrityError, TransientError
from scoring.snapshots import lake
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.writing import ContentDigest, RowGroupWriter

SCHEMA = arrow_schema(SHOP)
VALUES = {
    "text": st.text(max_size=5),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "category": st.sampled_from(["free", "paid", ""]),
    "boolean": st.booleans(),
    "decimal": st.integers(-(10**11), 10**11).map(lambda cents: Decimal(cents).scaleb(-2)),
    "date": st.dates(),
}
ROW = st.fixed_dictionaries({column.name: st.none() | VALUES[column.type] for column in SHOP.columns})
ROWS = st.lists(ROW, min_size=1, max_size=12)
SIZES = st.lists(st.integers(0, 4), min_size=1, max_size=6)


def table(rows):
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def pieces(whole, sizes):
    """The table in record batches of these sizes, over and over, then the rest."""
    start, found = 0, []
    for size in sizes:
        found += whole.slice(start, size).combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], SCHEMA)]
        start += size
    return found + whole.slice(start).to_batches()


def digest(batches, schema=SCHEMA):
    content = ContentDigest(schema)
    for batch in batches:
        content.update(batch)
    return content.hexdigest()


@given(ROWS, SIZES)
def test_the_digest_does_not_depend_on_how_the_rows_arrive(rows, sizes):
    whole = table(rows)
    assert digest(pieces(whole, sizes)) == digest([whole]) == digest([whole.slice(0, 1), whole.slice(1)])


@given(ROWS, st.data())
def test_the_digest_depends_on_every_value_and_null(rows, data):
    position = data.draw(st.integers(0, len(rows) - 1), label="row")
    column = data.draw(st.sampled_from(SHOP.columns), label="column")
    other = data.draw((st.none() | VALUES[column.type]).filter(lambda one: one != rows[position][column.name]))
    changed = [dict(row) for row in rows]
    changed[position][column.name] = other
    assert digest([table(changed)]) != digest([table(rows)])


@given(st.lists(ROW, min_size=2, max_size=8).filter(lambda rows: rows[0] != rows[-1]))
def test_the_digest_depends_on_the_order_of_the_rows(rows):
    assert digest([table([rows[-1], *rows[1:-1], rows[0]])]) != digest([table(rows)])


@given(ROWS)
def test_the_digest_depends_on_how_many_rows_there_are(rows):
    assert digest([table([*rows, rows[-1]])]) != digest([table(rows)])


def test_the_digest_depends_on_the_names_of_the_columns():
    rows = table_of(customers(3))
    renamed = rows.rename_columns(["other", *rows.column_names[1:]])
    assert digest([rows]) != digest([renamed], renamed.schema)


@pytest.mark.parametrize(
    ("first", "second"),
    [(["ab", "c"], ["a", "bc"]), ([None, ""], ["", None]), ([""], [None]), (["a", ""], ["", "a"])],
    ids=["where a text ends", "which one is null", "empty or null", "which one is empty"],
)
def test_the_digest_tells_texts_apart_that_look_alike_side_by_side(first, second):
    schema = pa.schema([("x", pa.string())])
    one, other = (digest([pa.table({"x": values}, schema)], schema) for values in (first, second))
    assert one != other


@given(SIZES, st.integers(1, 9), st.integers(0, 30))
def test_all_row_groups_but_the_last_have_exactly_the_stated_rows(tmp_path_factory, sizes, rows, count):
    path = tmp_path_factory.mktemp("groups") / "x.parquet"
    whole = table_of(customers(count)) if count else table([])
    writer = RowGroupWriter(path, SCHEMA, rows)
    for piece in pieces(whole, sizes):
        writer.write(piece)
    writer.close("d" * 64)
    file = pq.ParquetFile(path)
    found = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    assert found == [rows] * (count // rows) + ([count % rows] if count % rows else [])
    assert writer.written == count
    assert file.read().equals(whole)


def written(path, count, digest, rows=2):
    """A finished file of that many customers."""
    writer = RowGroupWriter(path, SCHEMA, rows)
    for batch in table_of(customers(count)).to_batches():
        writer.write(batch)
    writer.close(digest)
    return path


@pytest.fixture
def stored(tmp_path):
    """A stored snapshot file: its location."""
    (tmp_path / "work").mkdir()
    local = written(tmp_path / "work" / "accepted.parquet", 5, "d" * 64)
    location = lake.snapshot_location(str(tmp_path / "lake"), "shop", JUNE, "d" * 64)
    lake.store(local, location)
    return location


def test_a_stored_snapshot_reads_back_group_by_group(stored):
    with lake.SnapshotFile(stored) as file:
        assert file.row_groups == 3
        assert [group.num_rows for group in file.groups(["spend"])] == [2, 2, 1]
        assert file.read().equals(table_of(customers(5)))


def test_a_snapshot_is_never_overwritten_and_leaves_no_other_file(stored, tmp_path):
    lake.store(written(tmp_path / "work" / "other.parquet", 1, "d" * 64), stored)
    with lake.SnapshotFile(stored) as file:
        assert file.read().num_rows == 5
    assert [path.name for path in (tmp_path / "lake").rglob("*") if path.is_file()] == ["d" * 64 + ".parquet"]


def test_a_lake_on_an_object_store_works_alike(tmp_path):
    local = written(tmp_path / "accepted.parquet", 5, "e" * 64)
    location = lake.snapshot_location("memory://lake/", "shop", dt.date(2024, 1, 31), "e" * 64)
    assert location == f"memory://lake/shop/as_of=2024-01-31/{'e' * 64}.parquet"
    lake.store(local, location)
    with lake.SnapshotFile(location) as file:
        assert file.read().num_rows == 5


def test_a_lake_that_does_not_take_the_file_is_worth_another_try(tmp_path):
    (tmp_path / "lake").write_text("a file where the directory should be")
    with pytest.raises(TransientError, match="does not take"):
        lake.store(tmp_path / "accepted.parquet", f"{tmp_path / 'lake'}/shop/x.parquet")


def test_a_snapshot_file_that_is_gone_or_damaged_is_named_with_the_remedy(stored, tmp_path):
    with pytest.raises(IntegrityError, match=r"nowhere\.parquet is gone.*ingest"):
        lake.SnapshotFile(str(tmp_path / "nowhere.parquet"))
    with Path(stored).open("r+b") as file:
        file.truncate(100)
    with pytest.raises(IntegrityError, match=r"is damaged.*ingest"):
        lake.SnapshotFile(stored)


def damage(location):
    """Change bytes in the middle, where the values are; the file still opens."""
    column = pq.ParquetFile(location).metadata.row_group(1).column(1)  # spend
    start = column.dictionary_page_offset or column.data_page_offset
    with Path(location).open("r+b") as file:
        file.seek(start + column.total_compressed_size - 6)
        before = file.read(2)
        file.seek(-2, 1)
        file.write(bytes(byte ^ 0xFF for byte in before))


@pytest.fixture
def damaged(tmp_path):
    """A stored snapshot with damaged values, and the sound file it was made from."""
    sound = written(tmp_path / "accepted.parquet", 300, "d" * 64, rows=100)
    location = lake.snapshot_location(str(tmp_path / "lake"), "shop", JUNE, "d" * 64)
    lake.store(sound, location)
    damage(location)
    return location, sound


def test_damaged_values_are_noticed_when_they_are_read(damaged):
    with (
        lake.SnapshotFile(damaged[0]) as file,
        pytest.raises(IntegrityError, match=r"is damaged.*ingest the partition again"),
    ):
        file.read()


def test_storing_the_same_content_again_repairs_a_damaged_file(damaged):
    location, sound = damaged
    lake.store(sound, location)
    with lake.SnapshotFile(location) as file:
        assert file.read().num_rows == 300


@pytest.mark.parametrize("whose", ["of another snapshot", "of somebody else"])
def test_a_sound_file_in_the_place_of_another_is_refused_and_replaced_by_storing_again(stored, tmp_path, whose):
    other = tmp_path / "other.parquet"
    if whose == "of another snapshot":
        written(other, 5, "f" * 64)
        said = "it is the file of snapshot f{64}"
    else:
        pq.write_table(table_of(customers(5)), other)
        said = "this project did not write it"
    shutil.copyfile(other, stored)
    with pytest.raises(IntegrityError, match=rf"{said}.*ingest the partition again"):
        lake.SnapshotFile(stored)
    lake.store(tmp_path / "work" / "accepted.parquet", stored)
    with lake.SnapshotFile(stored) as file:
        assert file.read().num_rows == 5
