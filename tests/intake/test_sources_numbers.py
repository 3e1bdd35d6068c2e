"""What a number column takes: one table of cases, held by the rule itself and by each kind of source."""

import datetime as dt
import sys
from decimal import Decimal

import psycopg2
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from scoring.domain.dataset import Column, CsvSource, DataSet, PostgresSource
from scoring.errors import SourceError
from scoring.intake import sources
from scoring.intake.sources.casts import cast_text
from scoring.intake.sources.numbers import INEXACT, NO_NUMBER, NOT_FINITE, TOO_LARGE, TOO_SMALL, number_flaw

AMOUNT = Column(name="amount", type="number", nullable=True)
AMOUNTS = DataSet(
    name="amounts",
    title="Amounts",
    key="id",
    columns=(Column(name="id", type="text"), AMOUNT),
    source=CsvSource(path="amounts.csv"),
)

TEXTS = [
    ("0", None),
    ("-0.0", None),
    ("0e9", None),
    ("0.000000", None),
    ("007", None),
    ("+1.5", None),
    (".5", None),
    ("5.", None),
    ("1E+05", None),
    ("5e-324", None),
    ("1.7976931348623157e308", None),
    ("1e23", None),  # no float64 is it exactly: an exponent says that the nearest one is meant
    ("9007199254740993.0", None),  # so does a point
    ("9007199254740992", None),
    ("-9007199254740992", None),
    ("9007199254740994", None),
    ("000000009007199254740994", None),
    ("10000000000000000", None),
    ("9007199254740993", INEXACT),
    ("-9007199254740993", INEXACT),
    ("+0009007199254740993", INEXACT),
    ("0" * 5000 + "9007199254740993", INEXACT),
    ("9223372036854775807", INEXACT),
    ("1" + "0" * 400, TOO_LARGE),
    ("1" + "0" * 5000, TOO_LARGE),
    ("1" + "9" * 308, TOO_LARGE),  # 309 digits, beyond the largest
    ("1" + "0" * 308, INEXACT),  # 309 digits, within the largest
    (str(int(sys.float_info.max)), None),
    ("1e400", TOO_LARGE),
    ("-1e400", TOO_LARGE),
    ("1e-400", TOO_SMALL),
    ("-1e-324", TOO_SMALL),
    ("2e-324", TOO_SMALL),
    ("0." + "0" * 400 + "1", TOO_SMALL),
    ("nan", NOT_FINITE),
    ("-Infinity", NOT_FINITE),
    ("inf", NOT_FINITE),
    ("1_000", NO_NUMBER),
    ("1,000", NO_NUMBER),
    ("\u0661", NO_NUMBER),
    ("0x1F", NO_NUMBER),
    ("1e", NO_NUMBER),
    ("", NO_NUMBER),
    ("N/A", NO_NUMBER),
    ("infinite", NO_NUMBER),
    ("Xinf", NO_NUMBER),
]


@pytest.mark.parametrize(("text", "flaw"), TEXTS)
def test_a_cell_is_a_number_or_has_the_flaw_that_the_table_says_and_the_reader_agrees(text, flaw):
    assert number_flaw(text) == flaw
    cells = pa.array(["1", text, None])
    if flaw is None:
        assert cast_text(cells, AMOUNT).to_pylist() == [1.0, float(text), None]
    else:
        with pytest.raises(ValueError):  # noqa: PT011 - that it is refused is all; the text is number_flaw's
            cast_text(cells, AMOUNT)


@pytest.mark.parametrize(
    ("number", "flaw"), [(1.5, None), (float("inf"), NOT_FINITE), (float("nan"), NOT_FINITE), (None, NO_NUMBER)]
)
def test_a_float_is_a_number_when_it_is_finite(number, flaw):
    assert number_flaw(number) == flaw


@given(number=st.integers(-(2**64), 2**64) | st.integers(-(2**54), 2**54))
def test_an_integer_is_taken_when_a_float_holds_it_exactly(number):
    flaw = number_flaw(number)
    assert flaw == (None if int(float(number)) == number else INEXACT)
    assert number_flaw(str(number)) == flaw


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_float_is_read_back_as_python_writes_it(number):
    (read,) = cast_text(pa.array([repr(number)]), AMOUNT).to_pylist()
    assert (read, str(read)) == (number, str(number))


# The same rows in each kind of source: (text in CSV, type in Arrow and value, SQL expression)
BIG = 2**53
WHOLE = [
    (BIG, True),
    (-BIG, True),
    (BIG + 1, False),
    (-BIG - 1, False),
    (BIG + 2, True),
    (10**16, True),
    (2**62, True),
    (2**63 - 1, False),
    (-(2**63), True),
    (-(2**63) + 1, False),
]


@pytest.fixture
def warehouse(database_url):
    psycopg2.connect(database_url).close()
    return {"warehouse": database_url}


def in_csv(folder, number, _urls):
    (folder / "amounts.csv").write_text(f"id,amount\na,1\nb,{number}\n")
    return AMOUNTS, str(folder / "amounts.csv")


def in_parquet(folder, number, _urls):
    table = pa.table({"id": ["a", "b"], "amount": pa.array([1, number], pa.int64())})
    parquet.write_table(table, folder / "amounts.parquet")
    return AMOUNTS, str(folder / "amounts.parquet")


def in_postgres(sql_type):
    def made(_folder, number, _urls):
        query = f"VALUES ('a', 1::{sql_type}), ('b', ({number})::{sql_type})"
        query = f"SELECT column1 AS id, column2 AS amount FROM ({query}) v ORDER BY 1"
        source = PostgresSource(connection="warehouse", query=query)
        return AMOUNTS.model_copy(update={"source": source}), None

    return made


SOURCES = {"csv": in_csv, "parquet": in_parquet, "bigint": in_postgres("bigint"), "numeric": in_postgres("numeric")}


@pytest.mark.parametrize("source", SOURCES)
def test_an_integer_beyond_2_to_the_53_is_taken_or_refused_alike_by_every_source(source, warehouse, tmp_path):
    for number, exact in WHOLE:
        data_set, path = SOURCES[source](tmp_path, number, warehouse)
        reading = sources.read(
            data_set, dt.date(2005, 6, 30), inbox="", source_urls=warehouse, path=path, batch_rows=10
        )
        if exact:
            with reading as received:
                (batch,) = received.batches
            assert batch.column("amount").to_pylist() == [1.0, float(number)]
            continue
        with pytest.raises(SourceError) as caught, reading as received:
            list(received.batches)
        error = caught.value
        assert (error.source, error.row, error.column) == (path or "query of warehouse", 2, "amount")
        assert f"{str(number)!r} is not exact as a 64-bit number" in error.problem
        assert "'decimal'" in error.remedy


def test_digits_with_a_point_are_rounded_in_csv_and_postgres_alike(warehouse, tmp_path):
    for source in ("csv", "numeric"):
        data_set, path = SOURCES[source](tmp_path, Decimal("9007199254740993.5"), warehouse)
        with sources.read(
            data_set, dt.date(2005, 6, 30), inbox="", source_urls=warehouse, path=path, batch_rows=10
        ) as received:
            (batch,) = received.batches
        assert batch.column("amount").to_pylist() == [1.0, 9007199254740994.0]
