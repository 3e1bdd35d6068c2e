"""Text of any dialect, written by another library, becomes the snapshot of plain CSV and Parquet of the same rows."""

import bz2
import csv
import gzip
import io
import lzma
import zipfile

import pandas as pd
import pyarrow as pa
from factories_dialects import NAMES, PLAIN, digest, digest_of_rows, people, rows
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from scoring.domain.dataset import CsvSource
from scoring.domain.dialect import Footer
from scoring.snapshots.arrow import arrow_schema

NULLS = ("NULL", "k.A.", "")
ENCODINGS = {"utf-8": "utf-8", "utf-8-sig": "utf-8", "utf-16": "utf-8", "cp1252": "cp1252", "latin-1": "latin-1"}
MARKS = [(".", ""), (",", ""), (",", "."), (".", ","), (".", "'"), (",", "\u00a0")]
DATES = {"%d.%m.%Y": "%d.%m.%Y", "%Y%m%d": "%Y%m%d", "%m/%d/%y": "%m/%d/%y", "%d-%b-%Y": "%d-%b-%Y", None: "%Y-%m-%d"}
TIMES = {
    "%d.%m.%Y %H:%M:%S.%f %z": "%d.%m.%Y %H:%M:%S.%f %z",
    "%m/%d/%Y %I:%M:%S.%f%p": "%m/%d/%Y %I:%M:%S.%f%p",
    None: "%Y-%m-%dT%H:%M:%S.%f%z",
}
PACKERS = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": lambda content: pa.compress(content, "zstd", asbytes=True),
    "zip": lambda content: zipped(("some.txt", content)),
}


def zipped(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


@st.composite
def dialects(draw):
    """A dialect, the rows that it can write, and how they are written."""
    quote = draw(st.sampled_from(['"', "'", ""]))
    decimal, thousands = draw(st.sampled_from(MARKS))
    separators = [one for one in [",", ";", "\t", "|", "\x01", "~"] if quote or one not in (decimal, thousands)]
    separator = draw(st.sampled_from(separators))
    encoding = draw(st.sampled_from(list(ENCODINGS)))
    forbidden = "\0\ufeff" + ("" if quote else f"{separator}\r\n\"'")
    text = st.text(st.characters(codec=ENCODINGS[encoding], exclude_characters=forbidden), min_size=1, max_size=8)
    content = draw(rows(text.filter(lambda one: one not in NULLS)))
    head = draw(st.integers(0, 3))
    footer = draw(st.booleans())
    date, time = draw(st.sampled_from(list(DATES))), draw(st.sampled_from(list(TIMES)))
    source = CsvSource(
        path="x.csv",
        separator=separator,
        quote=quote,
        decimal_mark=decimal,
        thousands_mark=thousands,
        encoding=encoding,
        null_values=NULLS,
        true_values=("ja", "1"),
        false_values=("Nein", "0"),
        skip_rows=head,
        date_format=date,
        footer=Footer(text=r"(?:Zeilen|rows): (?P<rows>[\d.,'\xa0]+)") if footer else None,
    )
    data_set = people(source, seen={"format": time, "time_zone": "UTC"})
    if quote == "":
        plain = dict.fromkeys(NAMES)
        named = {column.name: {"source": column.source.translate({44: " ", 34: " "})} for column in data_set.columns}
        named["seen"] |= {"format": time, "time_zone": "UTC"}
        data_set = people(source, **(plain | named))
    return data_set, content, draw(st.sampled_from(["\n", "\r\n"])), draw(st.sampled_from(list(PACKERS)))


def number(value, source: CsvSource) -> str | None:
    if value is None:
        return None
    whole, point, rest = str(value).partition(".")
    if source.thousands_mark and whole.lstrip("-").isdigit():
        whole = f"{int(whole):,}".replace(",", source.thousands_mark) if whole != "-0" else whole
    return whole + (source.decimal_mark if point else "") + rest


def written(data_set, content, line_end) -> bytes:
    """By pandas, which knows nothing of our reader."""
    source = data_set.source
    frame = pd.DataFrame(
        {
            "id": [row["id"] for row in content],
            "grade": [row["grade"] for row in content],
            **{name: [number(row[name], source) for row in content] for name in ("visits", "income", "debt")},
            "since": [row["since"] and row["since"].strftime(DATES[source.date_format]) for row in content],
            "seen": [row["seen"] and row["seen"].strftime(TIMES[data_set.column("seen").format]) for row in content],
            "active": [{True: "JA", False: "nein", None: None}[row["active"]] for row in content],
        },
        dtype=object,
    )
    frame.columns = [column.source_name for column in data_set.columns]
    quoting = {"quoting": csv.QUOTE_ALL, "quotechar": source.quote} if source.quote else {"quoting": csv.QUOTE_NONE}
    table = frame.to_csv(index=False, sep=source.separator, na_rep="NULL", lineterminator=line_end, **quoting)
    head = "".join(f"Bericht; Seite {at}{line_end}" for at in range(source.skip_rows))
    foot = f"Zeilen: {number(len(content), source)}{line_end}" if source.footer else ""
    return (head + table + foot).encode(source.encoding)


@settings(deadline=None, max_examples=60)  # an example reads a file
@given(drawn=dialects(), batch_rows=st.integers(1, 7))
def test_a_dialect_is_read_to_the_digest_of_the_rows(tmp_path_factory, drawn, batch_rows):
    data_set, content, line_end, packer = drawn
    path = tmp_path_factory.mktemp("dialect") / "people.csv"
    path.write_bytes(PACKERS[packer](written(data_set, content, line_end)))
    assert digest(data_set, path, batch_rows) == digest_of_rows(content)


@settings(deadline=None, max_examples=20)
@given(content=rows(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=8)))
def test_so_are_plain_csv_and_parquet(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("plain")
    table = pa.Table.from_pylist(content, arrow_schema(PLAIN))
    parquet.write_table(table, folder / "people.parquet")
    frame = pd.DataFrame(content, dtype=object)
    frame["active"] = [None if one is None else str(one).lower() for one in frame["active"]]
    frame.to_csv(folder / "people.csv", index=False)
    assert digest(PLAIN, folder / "people.parquet") == digest(PLAIN, folder / "people.csv") == digest_of_rows(content)
