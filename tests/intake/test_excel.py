"""Spreadsheets, written by another library, become the snapshot of plain CSV of the same rows, or a cell is named."""

import datetime as dt
import io
import zipfile

import openpyxl
import pytest
from factories_dialects import CALLED, NAMES, PLAIN, digest, digest_of_rows, people, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.domain.dataset import ExcelSource
from scoring.errors import SourceError
from scoring.intake.sources import workbook

SHEET = people(ExcelSource(path="people.xlsx"), seen={"time_zone": "UTC"})
# XML takes no control characters, and openpyxl writes _x0041_ as it is, which spreadsheets read as A.
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C",), exclude_characters="_\ufffe\uffff"), min_size=1)
FIRST = dict(zip(CALLED, ["0007", "A", 36, 1234.5, 10.25, dt.date(2001, 2, 3), dt.datetime(2005, 6, 30, 12), True], strict=True))  # fmt: skip  # noqa: DTZ001, E501 - a spreadsheet knows no zones


def spreadsheet(path, table: list[list], *, title: str = "Sheet", more: tuple[str, ...] = ()) -> None:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in table:
        book.active.append(row)
    for name in more:
        book.create_sheet(name)
    book.save(path)


def with_cell(name: str, value: object) -> list[list]:
    return [CALLED, list(FIRST.values()), list((FIRST | {name: value}).values())]


def refused(path, data_set=SHEET) -> SourceError:
    with pytest.raises(SourceError) as caught:
        digest(data_set, path)
    assert str(path) in str(caught.value)
    return caught.value


def cells(row: dict) -> list:
    """A row as a person would type it into a spreadsheet."""
    return [row["seen"].replace(tzinfo=None) if name == "seen" and row["seen"] else row[name] for name in NAMES]


@settings(deadline=None, max_examples=40)
@given(
    content=rows(TEXT.filter(lambda text: text.strip() and not text.startswith("=")), integers=2**53, milliseconds=True)
)
def test_a_spreadsheet_is_read_to_the_digest_of_the_rows(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("excel") / "people.xlsx"
    for row in content:
        row["debt"] = row["debt"] and row["debt"] % 1_000_000  # a spreadsheet's numbers have 15 digits
        row["income"] = row["income"] and float(f"{row['income'] / 2:.15g}")
    spreadsheet(path, [CALLED, *map(cells, content)])
    assert digest(SHEET, path) == digest_of_rows(content)


def test_rows_above_the_header_empty_rows_and_other_sheets_do_not_matter(tmp_path):
    spreadsheet(tmp_path / "plain.xlsx", with_cell("aktiv?", False))
    table = with_cell("aktiv?", False)
    spreadsheet(
        tmp_path / "framed.xlsx",
        [["Report"], [], [], table[0], [], table[1], [None] * 8, table[2], []],
        title="Data",
        more=("Notes",),
    )
    framed = people(ExcelSource(path="x.xlsx", sheet="Data", skip_rows=1), seen={"time_zone": "UTC"})
    assert digest(framed, tmp_path / "framed.xlsx") == digest(SHEET, tmp_path / "plain.xlsx")
    assert "2 sheets" in refused(tmp_path / "framed.xlsx").problem
    other = people(ExcelSource(path="x.xlsx", sheet="Else"), seen={"time_zone": "UTC"})
    assert "no sheet 'Else'" in refused(tmp_path / "framed.xlsx", other).problem


def test_a_sheet_that_begins_further_right_and_down_is_read(tmp_path):
    table = with_cell("aktiv?", False)
    spreadsheet(tmp_path / "plain.xlsx", table)
    spreadsheet(tmp_path / "moved.xlsx", [[], [], *([None, None, *row] for row in table)])
    moved = people(ExcelSource(path="x.xlsx", extra_columns="ignore"), seen={"time_zone": "UTC"})
    assert digest(moved, tmp_path / "moved.xlsx") == digest(SHEET, tmp_path / "plain.xlsx")
    spreadsheet(tmp_path / "wrong.xlsx", [[], [None, None, *table[0]], [None, None, *with_cell("Besuche", "=1/0")[2]]])
    assert (refused(tmp_path / "wrong.xlsx", moved).column, refused(tmp_path / "wrong.xlsx", moved).row) == (
        "Besuche",
        1,
    )


def test_text_in_a_column_of_numbers_is_read_as_the_spelling_says(tmp_path):
    spreadsheet(tmp_path / "typed.xlsx", with_cell("Einkommen, netto", 1234.5))
    spreadsheet(tmp_path / "text.xlsx", with_cell("Einkommen, netto", "1.234,5"))
    spelled = people(ExcelSource(path="x.xlsx", decimal_mark=",", thousands_mark="."), seen={"time_zone": "UTC"})
    assert digest(spelled, tmp_path / "text.xlsx") == digest(SHEET, tmp_path / "typed.xlsx")
    assert "'1.234,5' is not a number" in refused(tmp_path / "text.xlsx").problem


UNFIT = {
    "a number for text": ("Kunden-Nr. (neu)", 7, "'7.0' is not text", "Deliver it as text"),
    "a fraction for an integer": ("Besuche", 1.5, "'1.5' is not a whole number", "'number'"),
    "text for an integer": ("Besuche", "old", "'old' is not a whole number", "Correct"),
    "a date for a number": ("Einkommen, netto", dt.date(2005, 6, 30), "'2005-06-30' is not a number", "decimal point"),
    "a number for a date": ("seit", 38533, "'38533.0' is not a date", "2005-06-30"),
    "a time in a date": ("seit", dt.datetime(2005, 6, 30, 12), "12:00:00' is not a date", "2005-06-30"),  # noqa: DTZ001
    "too many digits": ('Soll "alt"', 0.125, "2 of them after the point", "more digits"),
    "a number for a boolean": ("aktiv?", 1, "'1.0' is not a boolean", "true or false"),
    "an error": ("Besuche", "#DIV/0!", "'an error (like #N/A)' is not a whole number", "Correct"),
    "a formula without a result": (
        "Einkommen, netto",
        "=1+1",
        "'a formula without a result' is not a number",
        "digits",
    ),
    "a number for a timestamp": ("zuletzt gesehen", 38533.5, "is not a timestamp", "2005-06-30T12:00:00+02:00"),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_a_cell_that_does_not_fit_is_refused_with_row_and_column(tmp_path, kind):
    column, value, problem, remedy = UNFIT[kind]
    spreadsheet(tmp_path / "people.xlsx", with_cell(column, value))
    error = refused(tmp_path / "people.xlsx")
    assert (error.row, error.column) == (2, column)
    assert problem in error.problem
    assert remedy in error.remedy


def test_a_local_time_needs_the_time_zone_of_its_column(tmp_path):
    spreadsheet(tmp_path / "people.xlsx", with_cell("aktiv?", False))
    error = refused(tmp_path / "people.xlsx", people(ExcelSource(path="x.xlsx")))
    assert (error.row, error.column) == (1, "zuletzt gesehen")
    assert "time_zone" in error.remedy


def changed(path, member: str, change) -> None:
    """Rewrite one part of a spreadsheet."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, change(part) if name == member else part)
    path.write_bytes(content.getvalue())


def test_a_sheet_that_would_take_too_much_memory_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "people.xlsx"
    spreadsheet(path, with_cell("aktiv?", False))
    changed(path, "xl/worksheets/sheet1.xml", lambda part: part.replace(b'r="B3"', b'r="XFD1048576"'))
    error = refused(path)
    assert "1,048,576 rows of 16,384 cells" in error.problem
    assert "CSV or Parquet" in error.remedy


@pytest.mark.parametrize("limit", ["MOST_BYTES", "MOST_UNPACKED"])
def test_a_spreadsheet_over_a_limit_is_refused(tmp_path, monkeypatch, limit):
    spreadsheet(tmp_path / "people.xlsx", with_cell("aktiv?", False))
    monkeypatch.setattr(workbook, limit, 1000)
    assert "1,000" in str(refused(tmp_path / "people.xlsx"))


@pytest.mark.parametrize(
    "content", [b"id,name\n1,2\n", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), b"PK\x03\x04x"]
)
def test_what_is_no_spreadsheet_is_refused(tmp_path, content):
    (tmp_path / "people.xlsx").write_bytes(content)
    assert "Save it anew as .xlsx" in refused(tmp_path / "people.xlsx").remedy


def test_a_truncated_or_changed_spreadsheet_is_refused(tmp_path):
    path = tmp_path / "people.xlsx"
    spreadsheet(path, with_cell("aktiv?", False))
    whole = path.read_bytes()
    for broken in (whole[:-100], whole[: len(whole) // 2], whole.replace(whole[600:610], b"\0" * 10)):
        path.write_bytes(broken)
        assert "damaged" in refused(path).problem


def test_entities_are_refused(tmp_path):
    path = tmp_path / "people.xlsx"
    spreadsheet(path, with_cell("aktiv?", False))
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'
    changed(path, "xl/workbook.xml", lambda part: bomb + part)
    assert "entities" in refused(path).problem


def test_a_spreadsheet_beside_a_definition_by_csv_is_told_by_its_ending(tmp_path):
    spreadsheet(tmp_path / "people.xlsx", [PLAIN.column_names, *with_cell("aktiv?", False)[1:]])
    zoned = PLAIN.model_copy(
        update={"columns": tuple(
            one.model_copy(update={"time_zone": "UTC"}) if one.type == "timestamp" else one for one in PLAIN.columns
        )}
    )  # fmt: skip
    assert digest(zoned, tmp_path / "people.xlsx")
