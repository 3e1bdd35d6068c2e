"""The sample in the project is what its README says: whole, as defined, and the same customers month after month."""

import calendar
import csv
import datetime as dt
import gzip
import importlib.util
import itertools

import pyarrow as pa
import pytest

from scoring.definitions.credit_cards import CREDIT_CARDS
from scoring.intake import sources
from scoring.settings import PROJECT

SAMPLE = PROJECT / "sample_data"
MONTHS = [dt.date(2005, month, calendar.monthrange(2005, month)[1]) for month in range(5, 10)]


@pytest.fixture(scope="module")
def tables() -> dict[dt.date, pa.Table]:
    return {as_of: read(as_of) for as_of in MONTHS}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("make_sample", SAMPLE / "make_sample.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(as_of: dt.date) -> pa.Table:
    with sources.read(CREDIT_CARDS, as_of, inbox=str(SAMPLE), source_urls={}, path=None, batch_rows=50_000) as received:
        return pa.Table.from_batches(received.batches)


def test_there_is_one_file_for_each_month_and_no_other():
    names = sorted(path.name for path in (SAMPLE / "credit_cards").iterdir())
    assert names == [f"credit_cards_{as_of}.csv.gz" for as_of in MONTHS]


def test_each_file_has_the_columns_of_the_definition_in_its_order():
    for as_of in MONTHS:
        with gzip.open(SAMPLE / f"credit_cards/credit_cards_{as_of}.csv.gz", "rt", encoding="ascii") as file:
            assert file.readline().rstrip("\n").split(",") == list(CREDIT_CARDS.column_names)


def test_each_month_has_all_30000_customers_once_without_a_gap(tables):
    expected = [f"{number:08d}" for number in range(1, 30_001)]
    for table in tables.values():
        assert table["customer_id"].to_pylist() == expected
        assert all(table[name].null_count == 0 for name in CREDIT_CARDS.column_names)


def test_categories_are_among_those_of_the_definition(tables):
    for table in tables.values():
        for column in CREDIT_CARDS.columns:
            if column.type == "category":
                assert set(table[column.name].unique().to_pylist()) <= set(column.values)


def test_what_is_called_previous_is_what_the_month_before_said_of_every_customer(tables):
    for before, as_of in itertools.pairwise(MONTHS):
        for name in ("repayment_status", "bill", "payment"):
            assert tables[as_of][f"previous_{name}"].equals(tables[before][name])


def test_what_never_changes_is_the_same_in_every_month(tables):
    for table in tables.values():
        for name in ("credit_limit", "sex", "age", "education", "marriage"):
            assert table[name].equals(tables[MONTHS[0]][name])


def test_codes_are_as_often_as_published(tables):
    counts = {
        name: {entry["values"]: entry["counts"] for entry in tables[MONTHS[0]][name].value_counts().to_pylist()}
        for name in ("sex", "education", "marriage")
    }
    assert counts["sex"] == {"1": 11_888, "2": 18_112}
    assert counts["education"] == {"0": 14, "1": 10_585, "2": 14_030, "3": 4_917, "4": 123, "5": 280, "6": 51}
    assert counts["marriage"] == {"0": 54, "1": 13_659, "2": 15_964, "3": 323}


def test_the_files_are_compressed_without_a_time_or_a_name():
    for path in (SAMPLE / "credit_cards").iterdir():
        assert path.read_bytes()[3:8] == b"\0\0\0\0\0"


def test_the_script_that_made_the_files_makes_each_anew_from_the_rows_it_holds(script, tables, tmp_path):
    raw = tmp_path / "raw.csv"
    with raw.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(raw_header())
        writer.writerows(raw_rows(tables))
    script.main(raw, tmp_path / "made")
    for as_of in MONTHS:
        name = f"credit_cards_{as_of}.csv.gz"
        made, kept = ((folder / name).read_bytes() for folder in (tmp_path / "made", SAMPLE / "credit_cards"))
        assert gzip.decompress(made) == gzip.decompress(kept)


def test_the_script_refuses_an_amount_that_is_not_whole(script):
    with pytest.raises(ValueError, match="not a whole amount"):
        script.whole("1.5")


def raw_header() -> list[str]:
    """The raw table's header, without the column that nothing is made of."""
    return [
        *("ID", "LIMIT_BAL", "SEX", "AGE"),
        *("PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6"),
        *(f"BILL_AMT{position}" for position in range(1, 7)),
        *(f"PAY_AMT{position}" for position in range(1, 7)),
        *(f"EDUCATION_{code}" for code in range(7)),
        *(f"MARRIAGE_{code}" for code in range(4)),
    ]


def raw_rows(tables: dict[dt.date, pa.Table]) -> zip:
    """The raw table, put together again: months backwards, amounts with .0, sex 0 or 1, codes as indicators."""
    backwards = [tables[as_of] for as_of in reversed(MONTHS)]
    first = backwards[-1]

    def six(name: str) -> list[list]:
        return [table[name].to_pylist() for table in backwards] + [first[f"previous_{name}"].to_pylist()]

    def indicators(name: str, codes: int) -> list[list[int]]:
        values = first[name].to_pylist()
        return [[int(value == str(code)) for value in values] for code in range(codes)]

    return zip(
        range(1, 30_001),
        first["credit_limit"].to_pylist(),
        [int(sex) - 1 for sex in first["sex"].to_pylist()],
        first["age"].to_pylist(),
        *six("repayment_status"),
        *six("bill"),
        *six("payment"),
        *indicators("education", 7),
        *indicators("marriage", 4),
        strict=True,
    )
