"""Parquet as Spark, pandas and others write it becomes the snapshot of the same rows, or the value is named."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pytest
from factories_dialects import CALLED, PLAIN, digest, digest_of_rows, people, rows
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from scoring.domain.dataset import ParquetSource
from scoring.errors import SourceError
from scoring.snapshots.arrow import arrow_schema

SOURCE = ParquetSource(path="people.parquet")
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
UTC = people(SOURCE, seen={"time_zone": "UTC"})
YEARS = [dt.datetime(1, 1, 1), dt.datetime(1582, 10, 15), dt.datetime(2262, 4, 12), dt.datetime(9999, 12, 31, 23, 59)]  # noqa: DTZ001
TYPES = {
    "visits": [pa.int64(), pa.decimal128(38, 0), pa.decimal128(20, 1)],
    "income": [pa.float64()],
    "debt": [pa.decimal128(12, 2), pa.decimal128(38, 2), pa.decimal128(20, 9), pa.decimal256(60, 4)],
    "since": [pa.date32(), pa.date64()],
    "seen": [pa.timestamp("us", "UTC"), pa.timestamp("us"), pa.timestamp("us", "Asia/Tokyo")],
    "id": [pa.string(), pa.large_string(), pa.string_view()],
}


@st.composite
def files(draw):
    """Rows, and the types and options with which they are written."""
    types = {name: draw(st.sampled_from(kinds)) for name, kinds in TYPES.items()}
    options = {
        "row_group_size": draw(st.integers(1, 5)),
        "use_dictionary": draw(st.booleans()),
        "compression": draw(st.sampled_from(["snappy", "gzip", "zstd", "none"])),
        "data_page_version": draw(st.sampled_from(["1.0", "2.0"])),
        "version": draw(st.sampled_from(["1.0", "2.4", "2.6"])),
        "store_schema": draw(st.booleans()),
        "use_deprecated_int96_timestamps": draw(st.booleans()),
        "flavor": None,
    }
    return draw(rows(TEXT)), types, options


@settings(deadline=None, max_examples=60)
@given(drawn=files())
def test_rows_are_read_to_their_digest_whatever_the_types_and_options(tmp_path_factory, drawn):
    content, types, options = drawn
    table = pa.Table.from_pylist(content, arrow_schema(PLAIN))
    for name, kind in types.items():
        at = table.schema.get_field_index(name)
        column = table.column(at)
        if pa.types.is_decimal(kind) and not pa.types.is_decimal(column.type):
            column = pa.chunked_array([pa.array([one and Decimal(one) for one in column.to_pylist()], kind)])
        table = table.set_column(at, name, column.cast(kind))
    path = tmp_path_factory.mktemp("parquet") / "people.parquet"
    parquet.write_table(table.rename_columns(CALLED), path, **options)
    assert digest(UTC, path) == digest_of_rows(content)


def written(path, name: str, values: pa.Array, **options) -> None:
    nulls = {column: pa.nulls(len(values)) for column in PLAIN.column_names}
    ids = pa.array([str(number) for number in range(len(values))])
    table = pa.table(nulls | {"id": ids, name: values})
    parquet.write_table(table.rename_columns(CALLED), path, **options)


def refused(path, data_set=UTC) -> SourceError:
    with pytest.raises(SourceError) as caught:
        digest(data_set, path)
    return caught.value


def test_int96_holds_all_years_of_the_calendar(tmp_path):
    moments = pa.array(YEARS, pa.timestamp("us"))
    written(tmp_path / "x.parquet", "seen", moments, use_deprecated_int96_timestamps=True)
    written(tmp_path / "y.parquet", "seen", moments.cast(pa.timestamp("us", "UTC")))
    assert digest(UTC, tmp_path / "x.parquet") == digest(UTC, tmp_path / "y.parquet")


@pytest.mark.parametrize("kind", [pa.uint64(), pa.float64(), pa.float32(), pa.uint8(), pa.decimal128(30, 10)])
def test_whole_numbers_of_any_type_are_integers_and_decimals(tmp_path, kind):
    values = pa.array([1, None, 200], pa.int64())
    cast = values.cast(pa.float64()).cast(kind) if pa.types.is_decimal(kind) else values.cast(kind)
    written(tmp_path / "x.parquet", "visits", cast)
    written(tmp_path / "y.parquet", "visits", values)
    assert digest(UTC, tmp_path / "x.parquet") == digest(UTC, tmp_path / "y.parquet")


def test_a_decimal_becomes_the_nearest_number_as_its_text_does(tmp_path):
    amounts = [Decimal("0.1"), Decimal("123456789012345.678901234"), Decimal("-0.000000001"), None]
    written(tmp_path / "x.parquet", "income", pa.array(amounts, pa.decimal128(38, 9)))
    written(tmp_path / "y.parquet", "income", pa.array([one and float(one) for one in amounts]))
    assert digest(UTC, tmp_path / "x.parquet") == digest(UTC, tmp_path / "y.parquet")


@pytest.mark.parametrize(
    ("values", "row", "problem", "remedy"),
    [
        (pa.array([0, 1], pa.timestamp("ns", "UTC")), 2, "is finer than a microsecond", "Round it"),
        (pa.array([0, 2**62], pa.timestamp("ms", "UTC")), 2, "is not a timestamp of the years 1 to 9999", "like 2005"),
        (pa.array([0, 2**48], pa.timestamp("ms", "UTC")), 2, "is not a timestamp of the years 1 to 9999", "like 2005"),
        (pa.array([0, 1], pa.int64()), None, "type int64, which is not 'timestamp'", "Write it as timestamp"),
    ],
)
def test_a_timestamp_that_does_not_fit_is_refused(tmp_path, values, row, problem, remedy):
    written(tmp_path / "x.parquet", "seen", values)
    error = refused(tmp_path / "x.parquet")
    assert (error.row, error.column) == (row, "zuletzt gesehen")
    assert problem in error.problem
    assert remedy in error.remedy


def test_local_times_need_the_time_zone_of_their_column(tmp_path):
    written(tmp_path / "x.parquet", "seen", pa.array([dt.datetime(2005, 3, 27, 2, 30)]))  # noqa: DTZ001
    error = refused(tmp_path / "x.parquet", people(SOURCE))
    assert (error.row, error.column) == (None, "zuletzt gesehen")
    assert "without a time zone" in error.problem
    assert "time_zone" in error.remedy
    error = refused(tmp_path / "x.parquet", people(SOURCE, seen={"time_zone": "Europe/Madrid"}))
    assert (error.row, error.column) == (1, "zuletzt gesehen")
    assert "never was in Europe/Madrid" in error.problem


def test_a_name_with_a_dot_is_a_column_beside_one_with_parts(tmp_path):
    parts = pa.array([{"grade": "B"}])
    nulls = dict(zip(CALLED, [pa.nulls(1) for _ in CALLED], strict=True))
    table = pa.table(nulls | {"Kunden-Nr. (neu)": pa.array(["1"]), "credit.grade": pa.array(["A"]), "credit": parts})
    parquet.write_table(table, tmp_path / "x.parquet")
    expected = [dict.fromkeys(PLAIN.column_names) | {"id": "1", "grade": "A"}]
    loose = people(ParquetSource(path="x.parquet", extra_columns="ignore"))
    assert digest(loose, tmp_path / "x.parquet") == digest_of_rows(expected)
