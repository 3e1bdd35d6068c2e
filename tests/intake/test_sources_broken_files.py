"""A broken file of each kind is refused with a message that names file, row, column and remedy."""

import gzip

import pytest
from factories_sources import GOOD, HEADER, PEOPLE, read_rows, refused, text, with_cell

BIG = "x" * 10_000_000
UNNAMED = None

# content of the file, row, column, part of the problem, part of the remedy
BROKEN = {
    "missing column": (text(header="id,name,age,income,debt,since\n"), UNNAMED, "active", "lacks", "all columns"),
    "misspelled column": (
        text(header=HEADER.replace("age", "Age")),
        UNNAMED,
        "age",
        "position 3 is 'age' but for capital letters",
        "spelled",
    ),
    "extra column": (
        text(header=HEADER.replace("\n", ",city\n")),
        UNNAMED,
        UNNAMED,
        "has 1 column (position 8), which the definition",
        'extra_columns="ignore"',
    ),
    "duplicate header": (
        text(header=HEADER.replace("\n", ",age\n")),
        UNNAMED,
        "age",
        "more than once",
        "each column once",
    ),
    "semicolon separator": (text(header=HEADER.replace(",", ";")), UNNAMED, UNNAMED, "semicolons", "commas"),
    "tab separator": (text(header=HEADER.replace(",", "\t")), UNNAMED, UNNAMED, "tabs", "commas"),
    "UTF-8 BOM": (b"\xef\xbb\xbf" + text(GOOD), UNNAMED, UNNAMED, "UTF-8 byte order mark", "without a byte order mark"),
    "UTF-16 BOM": ((HEADER + GOOD).encode("utf-16"), UNNAMED, UNNAMED, "UTF-16 byte order mark", "Save it as UTF-8"),
    "UTF-16 without BOM": ((HEADER + GOOD).encode("utf-16-le"), UNNAMED, UNNAMED, "NUL byte", "UTF-8"),
    "Latin-1 byte": (
        (HEADER + GOOD + with_cell(1, "René")).encode("latin-1"),
        2,
        "name",
        "not valid UTF-8 (byte 0xe9)",
        "Latin-1",
    ),
    "Latin-1 in the header": (
        HEADER.replace("name", "naïve").encode("latin-1"),
        UNNAMED,
        UNNAMED,
        "header is not valid UTF-8",
        "UTF-8",
    ),
    "empty file": (b"", UNNAMED, UNNAMED, "0 bytes", "Deliver"),
    "only empty lines": (b"\n\r\n\n", UNNAMED, UNNAMED, "nothing but empty lines", "Deliver"),
    "header only": (text(), UNNAMED, UNNAMED, "no rows", "with its rows"),
    "a spreadsheet": (b"PK\x03\x04" + b"x" * 50, UNNAMED, UNNAMED, "zip archive or a spreadsheet", "anew"),
    "NUL byte in text": (text(GOOD, with_cell(1, "A\0da")), 2, "name", "NUL byte", "Remove"),
    "NUL byte in a number": (text(GOOD, with_cell(2, "3\0")), 2, "age", "NUL byte", "Remove"),
    "10 MB cell": (text(GOOD, with_cell(1, BIG)), 2, "name", "10,000,000 bytes", "Shorten"),
    "10 MB quoted cell": (text(GOOD, with_cell(1, f'"{BIG}"')), 2, "name", "10,000,000 bytes", "Shorten"),
    "10 MB cell at the end": (text(GOOD, with_cell(6, BIG)), 2, "active", "10,000,000 bytes", "Shorten"),
    "2 MB cell": (text(GOOD, with_cell(1, BIG[:2_000_000])), 2, "name", "2,000,000 bytes", "Shorten"),
    "2 MB number": (text(GOOD, with_cell(2, "1" * 2_000_000)), 2, "age", "2,000,000 bytes", "Shorten"),
    "text in an integer": (text(GOOD, GOOD, with_cell(2, "old")), 3, "age", "'old' is not a whole number", "Correct"),
    "fraction in an integer": (text(GOOD, with_cell(2, "1.5")), 2, "age", "'1.5' is not a whole number", "'number'"),
    "hexadecimal integer": (text(GOOD, with_cell(2, "0x1F")), 2, "age", "not a whole number", "Correct"),
    "integer overflow": (text(GOOD, with_cell(2, str(2**63))), 2, "age", "64-bit integer", "Correct"),
    "spaces around a number": (text(GOOD, with_cell(2, " 36")), 2, "age", "spaces around", "Remove the spaces"),
    "text in a number": (text(GOOD, with_cell(3, "1 234")), 2, "income", "is not a number", "decimal point"),
    "decimal comma": (text(GOOD, with_cell(3, '"1,5"')), 2, "income", "'1,5' is not a number", "decimal point"),
    "nan": (text(GOOD, with_cell(3, "nan")), 2, "income", "'nan' is not a finite number", "empty"),
    "NaN": (text(GOOD, with_cell(3, "NaN")), 2, "income", "'NaN' is not a finite number", "empty"),
    "inf": (text(GOOD, with_cell(3, "inf")), 2, "income", "'inf' is not a finite number", "empty"),
    "-Infinity": (text(GOOD, with_cell(3, "-Infinity")), 2, "income", "is not a finite number", "empty"),
    "1e400": (text(GOOD, with_cell(3, "1e400")), 2, "income", "'1e400' is too large", "decimal point"),
    "bad decimal": (text(GOOD, with_cell(4, "ten")), 2, "debt", "is not a decimal", "Correct"),
    "decimal with three places": (text(GOOD, with_cell(4, "1.234")), 2, "debt", "2 of them after", "more digits"),
    "decimal of seven digits": (text(GOOD, with_cell(4, "12345.67")), 2, "debt", "at most 6 digits", "more digits"),
    "NaN in a decimal": (text(GOOD, with_cell(4, "NaN")), 2, "debt", "is not a decimal", "null_values"),
    "day that is none": (text(GOOD, with_cell(5, "2001-02-30")), 2, "since", "is not a date", "2005-06-30"),
    "German date": (text(GOOD, with_cell(5, "03.02.2001")), 2, "since", "is not a date", "2005-06-30"),
    "year 0": (text(GOOD, with_cell(5, "0000-01-01")), 2, "since", "is not a date", "2005-06-30"),
    "boolean as a digit": (text(GOOD, with_cell(6, "1")), 2, "active", "'1' is not a boolean", "true or false"),
    "too few cells": (text(GOOD, "0002,Bo\n"), 2, "age", "2 cells instead of 7", "Complete"),
    "too many cells": (text(GOOD, GOOD.replace("\n", ",x\n")), 2, "active", "8 cells instead of 7", "quotation"),
    "quote never closed": (text(GOOD, with_cell(1, '"Ada'), GOOD), 2, "name", "never closed", "Quote a cell"),
    "quote never closed in the last cell": (text(GOOD, with_cell(6, '"true')), 2, "active", "never closed", "double"),
    "quote never closed in a large file": (
        text(GOOD, with_cell(1, '"Ada'), *[GOOD] * 120_000),
        2,
        "name",
        "never closed",
        "Quote a cell",
    ),
    "two quotes never closed, which would merge two rows": (
        text('0001,"Ada\n', '0002,"Bo,36,1,1,2001-02-03,true\n'),
        1,
        "name",
        "where none may",
        "double",
    ),
    "quote inside an unquoted cell": (text(GOOD, with_cell(1, 'A"da')), 2, "name", "where none may", "double"),
    "unquoted header quote": (text(header='"id,name\n'), UNNAMED, UNNAMED, "header cannot be read", "column names"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_csv_file_is_refused_with_place_and_remedy(tmp_path, kind):
    content, row, column, problem, remedy = BROKEN[kind]
    error = refused(tmp_path, content)
    assert (error.row, error.column) == (row, column)
    assert problem in error.problem
    assert remedy in error.remedy
    assert len(str(error)) < 1000


def test_a_truncated_gzip_file_is_refused(tmp_path):
    whole = gzip.compress(text(*[GOOD] * 10_000))
    error = refused(tmp_path, whole[: len(whole) // 2], "people.csv.gz")
    assert "truncated" in error.problem
    assert "gzip --test" in error.remedy


@pytest.mark.parametrize("position", [12, -6], ids=["data", "checksum"])
def test_a_corrupt_gzip_file_is_refused(tmp_path, position):
    damaged = bytearray(gzip.compress(text(*[GOOD] * 100)))
    damaged[position] ^= 0xFF
    error = refused(tmp_path, bytes(damaged), "people.csv.gz")
    assert "corrupt" in error.problem
    assert "gzip --test" in error.remedy


def test_a_file_is_packed_or_not_whatever_its_name_says(tmp_path):
    (tmp_path / "people.csv.gz").write_bytes(text(GOOD))
    (tmp_path / "people.csv").write_bytes(gzip.compress(text(GOOD)))
    assert read_rows(PEOPLE, tmp_path, "people.csv.gz") == read_rows(PEOPLE, tmp_path, "people.csv")


def test_an_empty_gzip_content_is_refused(tmp_path):
    assert "nothing but empty lines" in refused(tmp_path, gzip.compress(b""), "people.csv.gz").problem


def test_the_row_is_right_far_into_a_file_and_after_empty_lines_and_multi_line_cells(tmp_path):
    rows = [GOOD, "\n", with_cell(1, '"two\nlines"'), *[GOOD] * 60_000]
    error = refused(tmp_path, text(*rows, with_cell(2, "old"), GOOD))
    assert (error.row, error.column) == (60_003, "age")
    error = refused(tmp_path, text(*rows, "0002,Bo\n", GOOD))
    assert (error.row, error.column) == (60_003, "age")


def test_the_first_of_several_wrong_cells_of_a_block_is_named(tmp_path):
    error = refused(tmp_path, text(GOOD, with_cell(6, "no"), with_cell(2, "old")))
    assert (error.row, error.column) == (2, "active")


def test_a_long_value_is_shortened_in_the_message(tmp_path):
    error = refused(tmp_path, text(with_cell(2, "9" * 5000)))
    assert "'" + "9" * 80 + "'..." in error.problem
    assert "9" * 81 not in str(error)


def test_an_unknown_kind_of_file_beside_a_definition_by_csv_is_read_as_csv(tmp_path):
    (tmp_path / "people.txt").write_bytes(text(GOOD))
    assert len(read_rows(PEOPLE, tmp_path, path="people.txt")) == 1
