"""A source tells all kinds of its errors at once, ten at most, each with a place, in bounded time."""

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv, parquet

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.errors import Finding, SourceError
from scoring.intake import sources
from scoring.intake.sources.casts import cast_text
from scoring.intake.sources.cells import Form, TypedBatches
from scoring.intake.sources.delimited import RaggedRows
from scoring.intake.sources.findings import MAX_KINDS, Findings

DAY = dt.date(2005, 6, 30)
NUMBERS = tuple(f"n{at}" for at in range(12))
WIDE = DataSet(
    name="wide",
    title="Wide",
    key="id",
    columns=(Column(name="id", type="text"), *(Column(name=name, type="integer") for name in NUMBERS)),
    source=CsvSource(path="wide.csv"),
)
GOOD = "a" + ",1" * len(NUMBERS)


def row(**cells: str) -> str:
    return ",".join(["a", *(cells.get(name, "1") for name in NUMBERS)])


def refused(folder, *lines: str, name: str = "wide.csv") -> SourceError:
    (folder / name).write_bytes("\n".join([",".join(WIDE.column_names), *lines, ""]).encode("utf-8", "surrogateescape"))
    reading = sources.read(WIDE, DAY, inbox=str(folder), source_urls={}, path=None, batch_rows=100)
    with pytest.raises(SourceError) as caught, reading as received:
        list(received.batches)
    return caught.value


def places(error: SourceError) -> list[tuple[int | None, str | None]]:
    return [(found.row, found.column) for found in error.findings]


def test_all_kinds_of_error_of_a_file_are_told_at_once_in_the_order_of_the_rows(tmp_path):
    error = refused(
        tmp_path, row(n5="x"), GOOD, row(n1=" 1", n0="1.5"), row(n1="x", n5="y"), row(n1=str(2**63)), "a,1", GOOD + ",9"
    )
    assert places(error) == [(1, "n5"), (3, "n0"), (3, "n1"), (4, "n1"), (5, "n1"), (6, "n1"), (7, "n11")]
    assert (error.row, error.column) == (1, "n5")
    lines = str(error).splitlines()
    assert "7 kinds of error" in lines[0]
    assert "wide.csv" in lines[0]
    assert lines[1].startswith("  1. row 1, column 'n5': 'x' is not a whole number. Remedy: ")
    assert len(lines) == 8


def test_one_kind_of_error_is_told_in_one_line_with_its_first_place(tmp_path):
    error = refused(tmp_path, GOOD, row(n3="x"), row(n3="y"))
    assert str(error).startswith(f"{tmp_path}/wide.csv, row 2, column 'n3': 'x' is not a whole number.")
    assert "\n" not in str(error)


def test_ten_kinds_are_told_of_more(tmp_path):
    error = refused(tmp_path, *(row(**{name: "x"}) for name in NUMBERS))
    assert places(error) == [(at, f"n{at - 1}") for at in range(1, 11)]


def test_kinds_far_apart_and_rows_after_ragged_ones_are_told_with_the_rows_they_have_in_the_file(tmp_path):
    ragged = ["a,1", '"a\n\n"' + ",1" * 40]
    lines = [*ragged, *[GOOD] * 60_000, row(n1="x"), "", "a,1,1", row(n2="y"), *[GOOD] * 60_000, row(n3="z")]
    error = refused(tmp_path, *lines)
    assert places(error) == [
        (1, "n1"), (2, "n11"), (60_003, "n1"), (60_004, "n2"), (60_005, "n2"), (120_006, "n3")
    ]  # fmt: skip


def test_cells_that_are_no_utf8_are_told_with_the_others(tmp_path):
    latin = "\udce9"  # the byte 0xe9
    error = refused(tmp_path, row(n2="x"), latin + GOOD[1:], row(n1=latin))
    assert places(error) == [(1, "n2"), (2, "id"), (3, "n1")]
    assert (2, "id") in places(refused(tmp_path, row(n2="x"), latin + ",1"))  # Arrow gives up at such a row


def test_a_file_with_nothing_but_ragged_rows_is_not_read_to_its_end(tmp_path):
    error = refused(tmp_path, *["a,1"] * 200_000)
    assert places(error) == [(1, "n1")]


def test_what_comes_before_a_fault_that_ends_the_reading_is_told_with_it(tmp_path):
    error = refused(tmp_path, row(n2="x"), *[GOOD] * 60_000, row(n1="9" * 3_000_000))
    assert places(error) == [(1, "n2"), (60_002, "n1")]
    assert "3,000,000 bytes" in error.findings[1].problem


def test_all_kinds_of_a_parquet_file_are_told_at_once(tmp_path):
    columns = {name: pa.array([1, 2]) for name in NUMBERS} | {"id": pa.array(["a", "b\0"])}
    parquet.write_table(
        pa.table(columns | {"n1": pa.array(["x"] * 2), "n7": pa.array([True] * 2)}), tmp_path / "w.parquet"
    )
    reading = sources.read(WIDE, DAY, inbox=str(tmp_path), source_urls={}, path="w.parquet", batch_rows=100)
    with pytest.raises(SourceError) as caught, reading as received:
        list(received.batches)
    assert places(caught.value) == [(None, "n1"), (None, "n7")]


def test_after_ten_kinds_the_source_is_not_read_on():
    cells = [pa.array(["a"]), *[pa.array(["x"])] * len(NUMBERS)]
    blocks = iter([cells, cells])
    with pytest.raises(SourceError):
        list(TypedBatches(WIDE, Form(cast_text, missing=""), Findings("x")).of(blocks))
    assert next(blocks) is cells


def test_rows_of_another_length_are_left_out_until_there_are_ten_thousand():
    rows = RaggedRows(("a", "b"), Findings("x"))
    said = [rows.take(csv.InvalidRow(2, 1, number, "1")) for number in range(2, 10_002)]
    assert (set(said[:-1]), said[-1], rows.gave_up) == ({"skip"}, "error", True)


def test_no_batch_is_given_after_the_first_unfit_cell(tmp_path):
    (tmp_path / "wide.csv").write_text(
        "\n".join([",".join(WIDE.column_names), *[GOOD] * 50_000, row(n1="x"), *[GOOD] * 99_999])
    )
    got = []
    with (
        pytest.raises(SourceError, match="row 50001"),
        sources.read(WIDE, DAY, inbox=str(tmp_path), source_urls={}, path=None, batch_rows=100) as received,
    ):
        got.extend(batch.num_rows for batch in received.batches)
    assert sum(got) <= 50_000


def test_a_column_that_is_wrong_throughout_costs_a_few_looks_a_block():
    cast_cells = 0

    def counting(cells, column):
        nonlocal cast_cells
        cast_cells += len(cells)
        return cast_text(cells, column)

    data_set = WIDE.model_copy(update={"columns": WIDE.columns[:2]})
    rows = 5000
    blocks = [[pa.array(["a"] * rows), pa.array(["x"] * rows)] for _ in range(100)]
    with pytest.raises(SourceError):
        list(TypedBatches(data_set, Form(counting, missing=""), Findings("x")).of(iter(blocks)))
    assert cast_cells < 1.2 * 100 * rows  # those of the good column, and few of the other


def test_what_is_wrong_with_the_whole_source_is_told_before_its_first_row():
    findings = Findings("file")
    findings.add("row", Finding("a row", "", 1, "a"))
    findings.add("whole", Finding("the whole", ""))
    assert [found.problem for found in findings.error().findings] == ["the whole", "a row"]


@settings(deadline=None)
@given(kinds=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(1, 9)), max_size=40))
def test_the_first_finding_of_each_kind_is_kept_and_they_are_sorted_by_row(kinds):
    findings = Findings("file")
    for column, reason, at in kinds:
        findings.add(str(reason), Finding(f"{column}{reason}", "", at, column))
    assert bool(findings) == bool(kinds)
    if kinds:
        first = {}
        for column, reason, at in kinds:
            first.setdefault((column, reason), at)
        kept = list(first.values())[:MAX_KINDS]
        assert [found.row for found in findings.error().findings] == sorted(kept)
