"""Packing, encoding, head and footer are undone while a file is copied; what is not as stated is refused."""

import bz2
import codecs
import gzip
import io
import lzma
import tracemalloc
import zipfile

import pyarrow as pa
import pytest
from factories_dialects import digest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.domain.dialect import CsvDialect, Footer
from scoring.errors import SourceError
from scoring.intake.sources import unpacking
from scoring.intake.sources.transcoding import Transcoder

COLUMNS = (
    Column(name="id", type="text"),
    Column(name="visits", type="integer", nullable=True, source="Besuche"),
    Column(name="income", type="number", nullable=True),
    Column(name="debt", type="decimal", nullable=True),
)
PLAIN = "id,Besuche,income,debt\n1,5,0.1,10.25\nRené,,0.2,\n"


def data_set(**fields) -> DataSet:
    return DataSet(name="x", title="X", key="id", columns=COLUMNS, source=CsvSource(path="x.csv", **fields))


def written(tmp_path, content: bytes, name: str = "x.csv"):
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


def refused(tmp_path, content: bytes, **fields) -> SourceError:
    with pytest.raises(SourceError) as caught:
        digest(data_set(**fields), written(tmp_path, content))
    return caught.value


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("utf-8-sig", PLAIN.encode("utf-8-sig")),
        ("utf-8-sig", PLAIN.encode()),
        ("utf-16", PLAIN.encode("utf-16")),
        ("utf-16", codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be")),
        ("utf-16-le", PLAIN.encode("utf-16-le")),
        ("utf-16-le", codecs.BOM_UTF16_LE + PLAIN.encode("utf-16-le")),
        ("utf-16-be", PLAIN.encode("utf-16-be")),
        ("cp1252", PLAIN.encode("cp1252")),
        ("latin-1", PLAIN.encode("latin-1")),
    ],
)
def test_an_encoding_is_read_with_or_without_its_mark(tmp_path, encoding, content):
    assert digest(data_set(encoding=encoding), written(tmp_path, content)) == digest(
        data_set(), written(tmp_path, PLAIN.encode())
    )


ROW = "id,Besuche,income,debt\n1,5,0.1,10.25\n"
HALF = (ROW + "\ud800,5,,\n").encode("utf-16-le", "surrogatepass")
ENCODED = {  # content, encoding, row, column, problem, remedy
    "a byte that cp1252 lacks": ((ROW + "é\x81,5,,").encode("latin-1"), "cp1252", 2, "id", "byte 0x81", "encoding"),
    "half a character": (HALF, "utf-16-le", 2, "id", "half", "encoding"),
    "NUL": ((ROW + "a\0,5,,\n").encode("utf-16"), "utf-16", 2, "id", "NUL", "Remove"),
    "half a unit": (PLAIN.encode("utf-16")[:-1], "utf-16", None, None, "middle of a character", "anew"),
    "no mark": (PLAIN.encode("utf-16-le"), "utf-16", None, None, "byte order mark", "utf-16-le"),
    "UTF-8 with a mark": (PLAIN.encode("utf-8-sig"), "utf-8", None, None, "UTF-8 byte order mark", "utf-8-sig"),
    "UTF-16 by default": (PLAIN.encode("utf-16"), "utf-8", None, None, "UTF-16 byte order mark", 'encoding="utf-16"'),
    "UTF-16 as cp1252": (PLAIN.encode("utf-16"), "cp1252", None, None, "UTF-16 byte order mark", "UTF-8"),
    "UTF-8 as latin-1": (PLAIN.encode("utf-8-sig"), "latin-1", None, None, "UTF-8 byte order mark", "utf-8-sig"),
    "another kind": (b"\x89HDF\r\n" + bytes(60), "latin-1", None, None, "HDF5", "Deliver"),
    "cp1252 by default": (PLAIN.encode("cp1252"), "utf-8", 2, "id", "byte 0xe9", "cp1252"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ENCODED)
def test_what_is_not_in_the_encoding_of_the_source_is_refused(tmp_path, kind):
    content, encoding, row, column, problem, remedy = ENCODED[kind]
    error = refused(tmp_path, content, encoding=encoding)
    assert (error.row, error.column) == (row, column)
    assert problem in error.problem
    assert remedy in error.remedy


HEADS = ["", "Report\n", "\n\n", "a,b\r\nc\r", '"never closed\n', "\r\r\n\r"]
LINES = [0, 1, 2, 2, 1, 3]


@settings(deadline=None)
@given(
    head=st.sampled_from(list(zip(HEADS, LINES, strict=True))),
    foot=st.sampled_from([("", 0), ("end", 1), ("end\r\n\n", 1), ("a\nb\n", 2), ("a\n\r\n\nb", 2)]),
    body=st.sampled_from(["h\n1\n", "h\r\n1\r\n", "h\r1\r", "h\n1\n\n\n"]),
    cut=st.integers(1, 9),
)
def test_head_and_footer_are_cut_off_wherever_a_piece_ends(head, foot, body, cut):
    (above, skipped), (below, lines) = head, foot
    content = (above + body + below).encode()
    dialect = CsvDialect(skip_rows=skipped, footer=Footer(text="x", lines=lines) if lines else None)
    transcoder = Transcoder(dialect, "x")
    pieces = (content[at : at + cut] for at in range(0, len(content), cut))
    assert b"".join(transcoder.copied(pieces)) == body.encode()
    assert transcoder.footer == below.strip("\r\n")
    assert transcoder.needed == bool(skipped or lines)


TOTAL = Footer(text=r"Total: (?P<rows>\d+); (?P<visits>-?[\d.]+); (?P<income>[\d.,]+); (?P<debt>[\d.,]+)")


def test_a_footer_that_is_true_is_no_row(tmp_path):
    content = PLAIN.encode() + b"Total: 2; 5; 0.3; 10.25\n"
    assert digest(data_set(footer=TOTAL), written(tmp_path, content)) == digest(
        data_set(), written(tmp_path, PLAIN.encode())
    )


FOOTERS = {
    "another count": ("Total: 3; 5; 0.3; 10.25", None, "says 3 rows; the file has 2", "whole file"),
    "another sum of integers": ("Total: 2; 6; 0.3; 10.25", "Besuche", "6 as the sum of 'Besuche'", ""),
    "another sum of numbers": ("Total: 2; 5; 0.31; 10.25", "income", "0.31 as the sum of 'income'", ""),
    "another sum of decimals": ("Total: 2; 5; 0.3; 10.2", "debt", "10.2 as the sum of 'debt'; the file has 10.25", ""),
    "another text": ("Sum: 2", None, "'Sum: 2', which is not of the form that the source names", "footer"),
    "no footer": ("", None, "not of the form that the source names", "footer"),
    "no number": ("Total: 2; 5.5.5; 0.3; 10.25", None, "'5.5.5' in place of a number", "footer"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FOOTERS)
def test_a_footer_that_is_not_true_is_refused(tmp_path, kind):
    footer, column, problem, remedy = FOOTERS[kind]
    error = refused(tmp_path, f"{PLAIN}{footer}\n".encode(), footer=TOTAL)
    assert error.column == column
    assert problem in error.problem
    assert remedy in error.remedy


def test_a_file_that_is_shorter_than_its_head_or_footer_is_refused(tmp_path):
    assert "within the 3 lines above the header" in refused(tmp_path, b"a\nb\nc", skip_rows=3).problem
    assert "ends before its footer" in refused(tmp_path, b"\n\n", footer=TOTAL).problem
    long = b"id\n" + b"x" * 3_000_000
    assert "longer than 1,048,576 bytes" in refused(tmp_path, long, footer=TOTAL).problem


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


TABLE = PLAIN.encode() * 1
MANY = (ROW + "1,5,0.1,10.25\n" * 100_000).encode()
PACKERS = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda content: pa.compress(content, "zstd", asbytes=True),
}


@pytest.mark.parametrize("method", PACKERS)
def test_packed_streams_may_follow_each_other(tmp_path, method):
    whole = written(tmp_path, TABLE, "whole.csv")
    parts = written(tmp_path, PACKERS[method](TABLE[:30]) + PACKERS[method](TABLE[30:]), "parts.csv")
    assert digest(data_set(), parts) == digest(data_set(), whole)


@pytest.mark.parametrize("method", PACKERS)
def test_packed_data_that_is_truncated_or_damaged_is_refused(tmp_path, method):
    packed = PACKERS[method](MANY)
    for broken in (packed[:-1], packed[: len(packed) // 2]):
        assert f"The {method} data ends too early" in refused(tmp_path, broken).problem
    middle = len(packed) // 2
    error = refused(tmp_path, packed[:middle] + bytes(8) + packed[middle + 8 :])
    assert f"The {method} data" in error.problem
    assert f"{method} --test" in error.remedy


def test_zeros_may_pad_xz_and_nothing_else_may_follow(tmp_path):
    whole = written(tmp_path, TABLE, "whole.csv")
    assert digest(data_set(), written(tmp_path, lzma.compress(TABLE) + bytes(8), "p.csv")) == digest(data_set(), whole)
    assert "xz data is corrupt" in refused(tmp_path, lzma.compress(TABLE) + b"more" * 16).problem


ZIPS = {
    "two members": (zipped(("a.csv", TABLE), ("b.csv", TABLE)), "has 2 files instead of one"),
    "none": (zipped(("folder/", b"")), "has 0 files instead of one"),
    "a rare method": (zipped(("a.csv", TABLE), method=zipfile.ZIP_LZMA), "rare method"),
    "a spreadsheet": (zipped(("[Content_Types].xml", b"x")), "is a spreadsheet (.xlsx), not CSV"),
    "truncated": (zipped(("a.csv", TABLE))[:-30], "it is damaged"),
    "another checksum": (zipped(("a.csv", TABLE), method=zipfile.ZIP_STORED).replace(b"10.25", b"10.26", 1), "damaged"),
}


@pytest.mark.parametrize("kind", ZIPS)
def test_a_zip_archive_without_exactly_one_sound_member_is_refused(tmp_path, kind):
    content, problem = ZIPS[kind]
    assert problem in refused(tmp_path, content).problem


def test_an_encrypted_zip_archive_is_refused(tmp_path):
    content = bytearray(zipped(("a.csv", TABLE)))
    content[6] |= 1  # the flag in the member's own header, and in the directory
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in refused(tmp_path, bytes(content)).problem


def test_a_zip_archive_with_one_member_in_a_folder_is_read(tmp_path):
    packed = written(tmp_path, zipped(("folder/", b""), ("folder/x.txt", TABLE)), "x.zip")
    assert digest(data_set(), packed) == digest(data_set(), written(tmp_path, TABLE))


@pytest.mark.parametrize("method", [*PACKERS, "zip"])
def test_a_bomb_is_unpacked_piece_by_piece_and_refused_where_no_table_packs_so_well(tmp_path, monkeypatch, method):
    monkeypatch.setattr(unpacking, "ANY_SIZE", 16 << 20)
    monkeypatch.setattr(unpacking, "MOST_TIMES", 100)
    content = bytes(64 << 20)
    packed = zipped(("a.csv", content)) if method == "zip" else PACKERS[method](content)
    del content
    tracemalloc.start()
    error = refused(tmp_path, packed)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "more than 100 times as large" in error.problem
    assert most < 16 << 20
