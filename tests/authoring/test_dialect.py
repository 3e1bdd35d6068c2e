"""How a text file is written, by its first bytes."""

import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.authoring.dialect import Dialect, dialect_of, rows_of

LINES = "id,name,amount\n1,Ä,2.5\n2,b,3\n3,c,4\n"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-16-le", "utf-16-be"])
def test_separator_and_encoding_are_told(separator, encoding):
    found, text = dialect_of(LINES.replace(",", separator).encode(encoding))
    assert (found.separator, found.encoding) == (separator, encoding)
    assert rows_of(text, found)[1] == ["1", "Ä", "2.5"]


def test_lines_above_the_header_are_told_and_said():
    found, text = dialect_of(f"Report of June\nmade by hand\n{LINES}".encode())
    assert found.skip_rows == 2
    assert rows_of(text, found)[0] == ["id", "name", "amount"]
    assert "The first 2 line(s) seem to be no header" in found.unsure[0]


def test_an_encoding_that_is_guessed_shows_a_word():
    found, _ = dialect_of("id;name\n1;Müller\n".encode("cp1252"))
    assert (found.encoding, found.separator) == ("cp1252", ";")
    assert "Müller" in found.unsure[0]


def test_what_is_sure_is_not_said():
    assert dialect_of(LINES.encode())[0] == Dialect()


def test_an_encoding_that_is_not_read_is_refused_at_once():
    with pytest.raises(ValueError, match="it is UTF-32, which is not read"):
        dialect_of(LINES.encode("utf-32"))


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x00\x01\x02\x00" * 300])
def test_what_is_no_text_is_refused(content):
    with pytest.raises(ValueError, match="it holds"):
        dialect_of(content)


def test_a_decimal_comma_in_each_row_does_not_part_cells():
    rows = "".join(f"p{number};{number},5\n" for number in range(30))
    assert dialect_of(f"id;amount\n{rows}".encode())[0].separator == ";"


def test_one_column_has_no_separator():
    assert dialect_of(b"id\n1\n2\n")[0].separator == ","


cells = st.text(st.characters(codec="cp1252", exclude_categories=["Cc", "Cs"]), max_size=8)


@given(st.lists(st.tuples(cells, cells, cells), min_size=5, max_size=20), st.sampled_from(",;|\t"))
def test_what_pandas_writes_is_read_back_once_the_separator_is_known(rows, separator):
    file = io.StringIO()
    pd.DataFrame(rows, columns=["first", "second", "third"]).to_csv(file, sep=separator, index=False)
    text = file.getvalue()
    assert rows_of(text, Dialect(separator=separator))[1:] == [list(row) for row in rows]


@given(st.binary(max_size=400))
def test_any_bytes_have_a_dialect_or_are_refused(content):
    try:
        found, text = dialect_of(content)
    except (ValueError, UnicodeDecodeError):
        return
    rows_of(text, found)
