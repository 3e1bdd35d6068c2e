"""A cell's bytes are kept exactly, wherever a block of the parser ends and however lines end."""

import datetime as dt
import io
import tempfile

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.intake import sources
from scoring.intake.sources.delimited import csv_batches
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.writing import ContentDigest

NOTES = DataSet(
    name="notes",
    title="Notes",
    key="id",
    columns=(Column(name="id", type="text"), Column(name="note", type="text")),
    source=CsvSource(path="notes.csv", null_values=()),
)
PIECES = st.lists(st.sampled_from(["\r\n", "\r", "\n", '"', ",", "x", "é", "\r\r\n", "\n\r"]), max_size=8).map("".join)
ROWS = st.lists(st.tuples(PIECES, PIECES), min_size=1, max_size=5)


def as_csv(rows: list[tuple[str, str]], line_end: str) -> bytes:
    lines = ["id,note"] + [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    return "".join(line + line_end for line in lines).encode()


def read(content: bytes, block_bytes: int) -> pa.Table:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return pa.Table.from_batches(csv_batches(file, "notes.csv", NOTES, NOTES.source, block_bytes=block_bytes))


def digest(batches) -> str:
    content = ContentDigest(arrow_schema(NOTES))
    for batch in batches:
        content.update(batch)
    return content.hexdigest()


@settings(deadline=None, max_examples=60)
@given(rows=ROWS, line_end=st.sampled_from(["\n", "\r\n", "\r"]))
@example(rows=[("1", "a\r\nb"), ("2", "\r\n\r\n"), ("3", "\r\r\n\n")], line_end="\r\n")
def test_csv_has_the_digest_of_parquet_of_the_same_rows_wherever_a_block_ends(tmp_path_factory, rows, line_end):
    table = pa.table([list(column) for column in zip(*rows, strict=True)], schema=arrow_schema(NOTES))
    folder = tmp_path_factory.mktemp("notes")
    parquet.write_table(table, folder / "notes.parquet")
    day = dt.date(2005, 6, 30)
    with sources.read(NOTES, day, inbox=str(folder), source_urls={}, path="notes.parquet", batch_rows=2) as received:
        expected = digest(received.batches)
    content = as_csv(rows, line_end)
    longest = max(len(as_csv([row], line_end)) for row in rows)  # a block must hold the header, or a row
    for block_bytes in range(longest + 2, len(content) + 2):
        read_back = read(content, block_bytes)
        assert read_back.equals(table), block_bytes
        assert digest(read_back.to_batches()) == expected


@pytest.mark.parametrize("line_end", ["\r\n", "\r", "\n"])
def test_a_line_end_inside_quotes_at_the_edge_of_a_mebibyte_is_kept(tmp_path, line_end):
    edge = 1 << 20
    file = io.BytesIO()
    file.write(b"id,note\n")
    while edge - file.tell() > 2000:
        file.write(b'1,"' + b"x" * 900 + b'"\n')
    file.write(b'2,"')
    before = edge - file.tell() - 1
    file.write(b"y" * before)
    file.write(line_end.encode())  # its first byte is the last of the first block
    file.write(b'z"\n')
    assert file.getvalue()[edge - 1 : edge] == line_end.encode()[:1]
    (tmp_path / "notes.csv").write_bytes(file.getvalue())
    day = dt.date(2005, 6, 30)
    with sources.read(NOTES, day, inbox=str(tmp_path), source_urls={}, path=None, batch_rows=10_000) as received:
        (batch,) = received.batches
    assert batch.column("note")[-1].as_py() == "y" * before + line_end + "z"
