"""What a good file holds arrives whole, typed and in order, whatever its format, order of columns and size."""

import csv
import datetime as dt
import functools
import gzip
import http.server
import io
import threading
from decimal import Decimal
from pathlib import Path

import fsspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from scoring.domain.dataset import Column, CsvSource, DataSet, ParquetSource
from scoring.errors import SourceError
from scoring.intake import sources
from scoring.intake.sources.batching import rechunk
from scoring.snapshots.arrow import arrow_schema

AS_OF = dt.date(2005, 6, 30)
COLUMNS = (
    Column(name="id", type="text"),
    Column(name="grade", type="category", values=("A", "B"), nullable=True),
    Column(name="age", type="integer", nullable=True),
    Column(name="income", type="number", nullable=True),
    Column(name="debt", type="decimal", precision=8, scale=2, nullable=True),
    Column(name="since", type="date", nullable=True),
    Column(name="active", type="boolean", nullable=True),
)
PEOPLE = DataSet(name="people", title="People", key="id", columns=COLUMNS, source=CsvSource(path="people_{as_of}.csv"))
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": TEXT,
            "grade": st.none() | TEXT,
            "age": st.none() | st.integers(-(2**63), 2**63 - 1),
            "income": st.none() | st.floats(allow_nan=False, allow_infinity=False),
            "debt": st.none() | st.decimals(-999999, 999999, places=2),
            "since": st.none() | st.dates(),
            "active": st.none() | st.booleans(),
        }
    ),
    min_size=1,
    max_size=30,
)


def batches_of(inbox, path, data_set: DataSet = PEOPLE, batch_rows: int = 1000) -> list[pa.RecordBatch]:
    with sources.read(data_set, AS_OF, inbox=str(inbox), source_urls={}, path=path, batch_rows=batch_rows) as received:
        return list(received.batches)


def rows_of(inbox, path, data_set: DataSet = PEOPLE) -> list[dict]:
    return [row for batch in batches_of(inbox, path, data_set) for row in batch.to_pylist()]


def as_csv(rows: list[dict], quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, PEOPLE.column_names, quoting=quoting)
    writer.writeheader()
    for row in rows:
        writer.writerow(
            row
            | {"active": None if row["active"] is None else str(row["active"]).lower()}
            | {"since": row["since"] and row["since"].isoformat()}
        )
    return file.getvalue().encode()


@pytest.fixture(scope="module")
def inbox(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("inbox")


@settings(deadline=None, max_examples=40)  # an example reads three files
@given(rows=ROWS, quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), batch_rows=st.integers(1, 7))
def test_csv_gzip_and_parquet_of_the_same_rows_give_equal_batches(inbox, rows, quoting, batch_rows):
    content = as_csv(rows, quoting)
    (inbox / "people.csv").write_bytes(content)
    (inbox / "people.csv.gz").write_bytes(gzip.compress(content))
    table = pa.Table.from_pylist(rows, schema=arrow_schema(PEOPLE))
    parquet.write_table(table, inbox / "people.parquet", row_group_size=3)
    read = [batches_of(inbox, f"people{suffix}", batch_rows=batch_rows) for suffix in (".csv", ".csv.gz", ".parquet")]
    assert read[0] == read[1] == read[2]
    assert pa.Table.from_batches(read[0]).equals(table)
    assert {batch.num_rows for batch in read[0][:-1]} <= {batch_rows}
    assert 0 < read[0][-1].num_rows <= batch_rows


def test_columns_are_matched_by_name_and_come_in_the_order_of_the_definition(tmp_path):
    (tmp_path / "people_2005-06-30.csv").write_text(
        "active,age,id,since,debt,income,grade\nTRUE,36,0007,2001-02-03,1.5,-1e3,A\n"
    )
    (batch,) = batches_of(tmp_path, None)
    assert batch.schema.equals(arrow_schema(PEOPLE))
    assert batch.to_pylist() == [
        {
            "id": "0007",
            "grade": "A",
            "age": 36,
            "income": -1000.0,
            "debt": Decimal("1.50"),
            "since": dt.date(2001, 2, 3),
            "active": True,
        }
    ]


def test_text_keeps_leading_zeros_spaces_commas_quotes_and_line_ends(tmp_path):
    header = ",".join(PEOPLE.column_names)
    (tmp_path / "people.csv").write_bytes(f'{header}\r\n"00,1 ""x""\r\ny ",A,,,,,\r\n'.encode())
    (row,) = rows_of(tmp_path, "people.csv")
    assert row["id"] == '00,1 "x"\r\ny '


def test_only_cells_equal_to_a_null_value_are_null(tmp_path):
    data_set = PEOPLE.model_copy(update={"source": CsvSource(path="people.csv", null_values=("NA",))})
    header = ",".join(PEOPLE.column_names)
    (tmp_path / "people.csv").write_text(f'{header}\n1,,NA,NA,NA,NA,NA\n2,"NA",1,1,1,2001-01-01,false\n')
    rows = rows_of(tmp_path, None, data_set)
    assert [row["grade"] for row in rows] == ["", None]
    assert rows[0]["age"] is None


def test_extra_columns_are_left_out_when_the_source_says_so(tmp_path):
    source = CsvSource(path="people.csv", extra_columns="ignore")
    header = ",".join((*PEOPLE.column_names, "city"))
    (tmp_path / "people.csv").write_text(f"{header}\n1,,,,,,,Turin\n")
    (row,) = rows_of(tmp_path, None, PEOPLE.model_copy(update={"source": source}))
    assert "city" not in row


def test_a_url_is_read_like_a_path_and_relative_paths_start_at_the_inbox(tmp_path):
    content = as_csv([dict.fromkeys(PEOPLE.column_names) | {"id": "1"}])
    fsspec.filesystem("memory").pipe("/inbox/people_2005-06-30.csv", content)
    (tmp_path / "people_2005-06-30.csv").write_bytes(content)
    assert rows_of("memory://inbox", None) == rows_of(tmp_path, None)
    assert rows_of(tmp_path, "memory://inbox/people_{as_of}.csv") == rows_of(tmp_path, None)


def test_a_file_of_a_web_server_is_read(tmp_path):
    content = as_csv([dict.fromkeys(PEOPLE.column_names) | {"id": str(number)} for number in range(50_000)])
    (tmp_path / "people.csv.gz").write_bytes(gzip.compress(content))
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever).start()
        rows = rows_of(f"http://127.0.0.1:{server.server_port}", "people.csv.gz")
        server.shutdown()
    assert [row["id"] for row in rows] == [str(number) for number in range(50_000)]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def test_an_override_is_read_as_the_kind_of_file_its_ending_says(tmp_path):
    data_set = PEOPLE.model_copy(update={"source": ParquetSource(path="people.parquet")})
    (tmp_path / "corrected.csv").write_bytes(as_csv([dict.fromkeys(PEOPLE.column_names) | {"id": "1"}]))
    assert len(rows_of(tmp_path, "corrected.csv", data_set)) == 1


def write(path: Path, **columns: pa.Array) -> None:
    nulls = {column.name: pa.nulls(2) for column in COLUMNS}
    table = nulls | {"id": pa.array(["1", "2"])} | columns
    parquet.write_table(pa.table(table), path)


def test_parquet_types_that_lose_nothing_are_widened(tmp_path):
    write(
        tmp_path / "people.parquet",
        id=pa.array(["1", "2"], pa.large_string()),
        grade=pa.array(["A", None]).dictionary_encode(),
        age=pa.array([1, -2], pa.int8()),
        income=pa.array([1.5, None], pa.float32()),
        debt=pa.array([Decimal("1.5"), None], pa.decimal128(4, 1)),
    )
    (batch,) = batches_of(tmp_path, "people.parquet")
    assert batch.schema.equals(arrow_schema(PEOPLE))
    assert batch.column("grade").to_pylist() == ["A", None]
    assert batch.column("debt").to_pylist() == [Decimal("1.50"), None]
    assert batch.column("income").to_pylist() == [1.5, None]


@pytest.mark.parametrize(
    ("column", "values", "problem"),
    [
        ("id", pa.array([1, 2]), "type int64, which is not 'text'"),
        ("age", pa.array(["1", "2"]), "type string, which is not 'integer'"),
        ("age", pa.array([True, False]), "type bool, which is not 'integer'"),
        ("income", pa.array(["1", "2"]), "which is not 'number'"),
        ("debt", pa.array([1.5, 2.5]), "which is not 'decimal'"),
        ("since", pa.array([dt.datetime(2001, 1, 1)] * 2), "which is not 'date'"),  # noqa: DTZ001 - none in Parquet
        ("active", pa.array([1, 0]), "which is not 'boolean'"),
    ],
)
def test_a_parquet_column_of_another_type_is_refused(tmp_path, column, values, problem):
    write(tmp_path / "people.parquet", **{column: values})
    with pytest.raises(SourceError) as caught:
        batches_of(tmp_path, "people.parquet")
    assert (caught.value.row, caught.value.column) == (None, column)
    assert problem in caught.value.problem
    assert "definition" in caught.value.remedy


INVALID_UTF8 = pa.StringArray.from_buffers(2, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"a\xff"))


@pytest.mark.parametrize(
    ("column", "values", "problem"),
    [
        ("income", pa.array([1.0, float("nan")]), "not a finite number"),
        ("income", pa.array([1.0, float("-inf")]), "not a finite number"),
        ("income", pa.array([1, 2**53 + 1]), "not exact"),
        ("income", pa.array([1, 2**53 + 1], pa.uint64()), "not exact"),
        ("income", pa.array([Decimal(1), Decimal(2**53 + 1)], pa.decimal128(38, 0)), "not exact"),
        ("age", pa.array([1.0, 2.5]), "'2.5' is not a whole number"),
        ("age", pa.array([1.0, float("nan")]), "'nan' is not a whole number"),
        ("age", pa.array([1.0, 2.0**53 + 2]), "not exact"),
        ("age", pa.array([1, 2**63], pa.uint64()), "does not fit into a 64-bit integer"),
        ("age", pa.array([Decimal(1), Decimal("2.5")], pa.decimal128(38, 1)), "'2.5' is not a whole number"),
        ("debt", pa.array([Decimal(1), Decimal("0.001")], pa.decimal128(8, 3)), "2 of them after the point"),
        ("debt", pa.array([1, 1_000_000]), "at most 8 digits"),
        ("id", pa.array(["1", "a\0b"]), "NUL byte"),
        ("id", pa.array(["1", "x" * 1_000_001]), "1,000,001 bytes"),
        ("id", INVALID_UTF8, "not valid UTF-8"),
        ("since", pa.array([1, 3_000_000], pa.int32()).cast(pa.date32()), "not a date"),
    ],
)
def test_a_parquet_value_that_no_column_may_hold_is_refused_with_row_and_column(tmp_path, column, values, problem):
    write(tmp_path / "people.parquet", **{column: values})
    with pytest.raises(SourceError) as caught:
        batches_of(tmp_path, "people.parquet")
    assert (caught.value.row, caught.value.column) == (2, column)
    assert problem in caught.value.problem
    assert str(tmp_path / "people.parquet") in str(caught.value)


def test_missing_extra_and_repeated_parquet_columns_are_refused(tmp_path):
    ids = pa.array(["1"])
    for names, problem in [(["id"], "lacks"), ([*PEOPLE.column_names, "x"], "position 8"), (["id", "id"], "once")]:
        parquet.write_table(pa.table([ids] * len(names), names=names), tmp_path / "people.parquet")
        with pytest.raises(SourceError, match=problem):
            batches_of(tmp_path, "people.parquet")


@pytest.mark.parametrize("damage", ["truncated", "middle", "text", "empty", "no rows"])
def test_a_damaged_parquet_file_is_refused(tmp_path, damage):
    rows = 0 if damage == "no rows" else 50_000
    table = pa.table({name: pa.nulls(rows) for name in PEOPLE.column_names} | {"id": pa.array(map(str, range(rows)))})
    table = table.set_column(0, "id", table["id"].cast(pa.string()))
    path = tmp_path / "people.parquet"
    parquet.write_table(table, path, write_page_checksum=True)
    whole = path.read_bytes()
    half = len(whole) // 2
    path.write_bytes(
        {
            "truncated": whole[:half],
            "middle": whole[:half] + b"\xff" * 100 + whole[half + 100 :],
            "text": b"id,grade\n1,A\n",
            "empty": b"",
            "no rows": whole,
        }[damage]
    )
    with pytest.raises(SourceError, match=r"Remedy: Deliver (it|the file) anew") as caught:
        batches_of(tmp_path, "people.parquet")
    assert str(path) in str(caught.value)


@settings(deadline=None)
@given(sizes=st.lists(st.integers(0, 9), max_size=9), rows=st.integers(1, 12))
def test_rechunking_keeps_all_rows_in_order(sizes, rows):
    total = sum(sizes)
    numbers = iter(range(total))
    batches = [pa.record_batch({"n": pa.array([next(numbers) for _ in range(size)], pa.int64())}) for size in sizes]
    cut = list(rechunk(iter(batches), rows))
    assert [n for batch in cut for n in batch.column("n").to_pylist()] == list(range(total))
    assert [batch.num_rows for batch in cut] == [rows] * (total // rows) + [total % rows] * (total % rows > 0)


@settings(deadline=None)
@given(
    lengths=st.lists(st.lists(st.integers(0, 300), max_size=12), max_size=6),
    rows=st.integers(1, 12),
    most=st.integers(1, 700),
)
def test_rechunking_ends_a_batch_before_its_text_is_too_long_for_one_array(lengths, rows, most):
    texts = [["x" * length for length in batch] for batch in lengths]
    batches = [pa.record_batch({"text": pa.array(batch, pa.string())}) for batch in texts]
    cut = list(rechunk(iter(batches), rows, max_bytes=most))
    assert [text for batch in cut for text in batch.column("text").to_pylist()] == [
        text for batch in texts for text in batch
    ]
    for batch in cut:
        assert 0 < batch.num_rows <= rows
        assert batch.num_rows == 1 or sum(map(len, batch.column("text").to_pylist())) <= most
