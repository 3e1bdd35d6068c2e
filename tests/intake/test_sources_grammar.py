"""Records and cells end where the grammar of the dialect says, by any separator and quotation mark."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.dialect import CsvDialect
from scoring.intake.sources.grammar import RFC_4180, Grammar
from scoring.intake.sources.records import lines_of, records, survey

CASES = [  # separator, quote, the record, its cells, whether its quotation marks are valid
    (",", '"', b'a,"b,""c""",\r\n', [b"a", b'"b,""c"""', b""], True),
    (";", '"', b'a,b;"c;d"\n', [b"a,b", b'"c;d"'], True),
    (";", "'", b"'a;''b''';\"c\n", [b"'a;''b'''", b'"c'], True),
    ("\t", "", b'"a\tb"\n', [b'"a', b'b"'], True),
    ("|", '"', b'a|"b\n', [b"a", b'"b\n'], False),
    ("|", "'", b"a|b'c\n", [b"a", b"b"], False),
    ("\x01", "", b"\x01\x01", [b"", b"", b""], True),
]


def grammar(separator: str, quote: str) -> Grammar:
    return Grammar.of(CsvDialect(separator=separator, quote=quote))


@pytest.mark.parametrize(("separator", "quote", "record", "cells", "valid"), CASES)
def test_a_record_is_cut_into_its_cells(separator, quote, record, cells, valid):
    assert grammar(separator, quote).cells_of(record) == (cells, valid)


def test_the_default_is_rfc_4180():
    assert Grammar.of(CsvDialect()) == RFC_4180 == Grammar(b",", b'"')
    assert RFC_4180.text_of(b'"a""b"') == 'a"b'
    assert Grammar(b",", b"'").text_of(b'"a""b"') == '"a""b"'
    assert Grammar(b",", b"").text_of(b"'") == "'"


@pytest.mark.parametrize(
    ("separator", "one", "many"),
    [(b",", "comma", "commas"), (b"\t", "tab", "tabs"), (b"~", "'~'", "'~'"), (b"|", "vertical bar", "vertical bars")],
)
def test_a_separator_has_a_name(separator, one, many):
    assert (Grammar(separator).separator_name, Grammar(separator).separators) == (one, many)


def test_cells_end_at_separators_line_ends_and_closing_marks():
    found = Grammar(b"|", b"'")
    assert [found.end_of_plain.search(text).start() for text in (b"ab|", b"ab\r", b"a,b\n")] == [2, 2, 3]
    assert [found.end_of_quoted.search(text).start() for text in (b"a|b'|", b"a'\n")] == [3, 1]
    assert found.edges.nonzero()[0].tolist() == sorted(b"|'\r\n")


TABLES = st.lists(st.lists(st.text("a,;'\"\n\r ", max_size=4), min_size=2, max_size=3), min_size=1, max_size=4)


@given(table=TABLES, separator=st.sampled_from(",;|"), quote=st.sampled_from("\"'"))
def test_what_pythons_csv_writes_is_read_back(table, separator, quote):
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=separator, quotechar=quote, quoting=csv.QUOTE_ALL).writerows(table)
    content, found = file.getvalue().encode(), grammar(separator, quote)
    read = [found.cells_of(one.content) for one in records(lines_of(io.BytesIO(content)), found)]
    assert all(valid for _, valid in read)
    assert [[found.text_of(cell) for cell in cells] for cells, _ in read] == table
    assert survey(io.BytesIO(content), found).quotes_pair_up
