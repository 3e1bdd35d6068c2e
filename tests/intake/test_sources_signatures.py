"""A file that is something else is called what it is, and a missing value in words points to null_values."""

import bz2
import gzip
import lzma
import re

import pyarrow as pa
import pytest
from factories_sources import GOOD, PEOPLE, refused, text, with_cell
from pyarrow import parquet

from scoring.intake.sources.signatures import byte_order_mark, kind_of, looks_like_utf16

CONTENT = text(*[GOOD] * 20)
PACKED = {
    "bzip2": (bz2.compress(CONTENT), "bzip2 data"),
    "xz": (lzma.compress(CONTENT), "xz data"),
    "zstd": (pa.compress(CONTENT, "zstd", asbytes=True), "zstd data"),
}
KINDS = {
    "lz4": (pa.compress(CONTENT, "lz4", asbytes=True), "lz4 data"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "an old spreadsheet"),
    "xlsx": (b"PK\x03\x04" + bytes(60), "a zip archive or a spreadsheet (.xlsx)"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(60), "a 7-Zip archive"),
    "rar": (b"Rar!\x1a\x07\x01\x00" + bytes(60), "a RAR archive"),
    "parquet": (b"PAR1\x15\x04\x15" + bytes(60), "Parquet"),
    "html": (b"\r\n<!DOCTYPE html>\n<html><body>Sign in</body></html>", "an HTML page"),
    "xml": (b"<?xml version='1.0'?>\n<rows/>", "XML"),
    "sqlite": (b"SQLite format 3\0" + bytes(60), "a SQLite database"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_something_else_is_called_what_it_is(tmp_path, kind):
    content, called = KINDS[kind]
    error = refused(tmp_path, content)
    assert called in error.problem
    assert "UTF-16" not in str(error)
    assert "Deliver" in error.remedy


@pytest.mark.parametrize("kind", KINDS)
def test_so_is_one_inside_of_gzip(tmp_path, kind):
    content, called = KINDS[kind]
    assert called.removeprefix("a spreadsheet ") in refused(tmp_path, gzip.compress(content), "people.csv.gz").problem


@pytest.mark.parametrize("kind", PACKED)
def test_what_is_packed_twice_is_told(tmp_path, kind):
    content, called = PACKED[kind]
    for twice in (gzip.compress(content), bz2.compress(content)):
        error = refused(tmp_path, twice)
        assert called in error.problem
        assert "packed once" in error.remedy


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "parquet"])
def test_what_is_named_parquet_and_is_none_is_called_what_it_is(tmp_path, kind):
    content, called = KINDS[kind]
    error = refused(tmp_path, content, "people.parquet")
    assert f"{called}" in error.problem
    assert "not Parquet" in error.problem


@pytest.mark.parametrize("header", ["ORCHID,a", "BZhang,b", "Rar!,x", "PAR1,PAR2", "7z,x", "FEA1"])
def test_a_header_that_begins_like_a_signature_is_a_header(header):
    assert kind_of(f"{header}\n1,2\n".encode()) is None
    assert kind_of(f"{header}\r\n1,2\r\n".encode()) is None


def test_an_unknown_binary_file_is_not_called_utf16(tmp_path):
    error = refused(tmp_path, b"\x07\x00\x00\x01\x02" * 30)
    assert "binary file" in error.remedy
    assert "UTF-16" in refused(tmp_path, CONTENT.decode().encode("utf-16-be")).remedy
    assert looks_like_utf16("id,age".encode("utf-16-le"))
    assert not looks_like_utf16(bytes(40))
    assert not looks_like_utf16(b"id\0,age")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_each_ascii_letter_saved_as_utf16_is_told(encoding):
    for letter in map(chr, range(1, 128)):
        assert looks_like_utf16(letter.encode(encoding))


def test_every_byte_order_mark_is_told_from_the_others():
    marked = ["utf-8-sig", "utf-16", "utf-32"]
    assert [byte_order_mark("id".encode(encoding)) for encoding in marked] == ["UTF-8", "UTF-16", "UTF-32"]
    assert byte_order_mark(b"id") is None


@pytest.mark.parametrize("word", ["N/A", "NA", "null", "NULL", "None", "-", "?", "#N/A", "nan"])
@pytest.mark.parametrize("position", [2, 3, 4, 5, 6], ids=["integer", "number", "decimal", "date", "boolean"])
def test_a_word_for_a_missing_value_points_to_null_values(tmp_path, word, position):
    error = refused(tmp_path, text(GOOD, with_cell(position, word)))
    assert error.row == 2
    assert repr(word) in error.problem
    assert "null_values" in error.remedy
    assert "leave the cell empty" in error.remedy


@pytest.mark.parametrize(
    ("position", "cell", "reason"),
    [
        (3, "1_000", "'1_000' is not a number"),
        (3, "1e-400", "is too small for a 64-bit number, which would make it 0"),
        (3, "9007199254740993", "is not exact as a 64-bit number"),
        (2, "+5", "begins with a plus sign"),
        (2, "1_000", "is not a whole number"),
    ],
)
def test_the_reason_that_is_named_is_the_right_one(tmp_path, position, cell, reason):
    error = refused(tmp_path, text(GOOD, with_cell(position, cell)))
    assert reason in error.problem
    assert "null_values" not in error.remedy


def test_a_codec_that_cannot_be_unpacked_is_named_with_the_remedy(tmp_path):
    columns = {name: pa.nulls(1) for name in PEOPLE.column_names} | {"id": pa.array(["x"])}
    parquet.write_table(pa.table(columns), tmp_path / "x", compression="none")
    column = b"\x19\x18\x02id\x15"  # in the footer (Thrift): the path, and then the codec as a zigzag number
    whole = (tmp_path / "x").read_bytes()
    assert whole.count(column + b"\0") == 1
    error = refused(tmp_path, whole.replace(column + b"\0", column + b"\x06"), "people.parquet")
    assert "LZO" in error.problem
    assert "cannot be unpacked here" in error.problem
    assert "zstd or snappy" in error.remedy


def test_no_name_of_an_unknown_header_is_quoted(tmp_path):
    header = "root:x:0:0:root:/root:/bin/bash,secret\n"
    error = refused(tmp_path, text(header=header))
    assert "lacks columns 'id', 'name'" in error.problem
    assert "2 columns (positions 1, 2)" in error.problem
    quoted = text(header='"pass"word,b\n')
    twice = text(header="secret,secret," + ",".join(PEOPLE.column_names) + "\n")
    more = text(header="secret," + ",".join(PEOPLE.column_names) + "\n")
    ragged = text("0,1\n", header=",".join(PEOPLE.column_names) + ",secret\n")
    for content in (text(header=header), quoted, twice, more):
        assert not re.search("root:|secret|word", str(refused(tmp_path, content)))
    source = PEOPLE.source.model_copy(update={"extra_columns": "ignore"})
    row = GOOD.replace("\n", ",1,2\n").encode()
    assert "secret" not in str(refused(tmp_path, ragged.splitlines(keepends=True)[0] + row, source=source))


def test_a_nul_byte_is_refused_also_where_the_definition_does_not_look(tmp_path):
    source = PEOPLE.source.model_copy(update={"extra_columns": "ignore"})
    header = ",".join(PEOPLE.column_names) + ",city,land\n"
    good = GOOD.replace("\n", ",a,b\n")
    content = text(good, good.replace(",a,b", ",\0a,b,c"), header=header)  # Arrow would count one cell less
    error = refused(tmp_path, content, source=source)
    assert (error.row, error.column) == (2, "#8")
    assert "NUL byte" in error.problem


def test_a_parquet_column_whose_name_is_no_text_is_damage(tmp_path):
    parquet.write_table(pa.table({name: ["x"] for name in PEOPLE.column_names}), tmp_path / "x", store_schema=False)
    content = (tmp_path / "x").read_bytes().replace(b"since", b"s\xffnce")
    assert "damaged" in refused(tmp_path, content, "people.parquet").problem
