"""A dialect's spelling is brought to the plain one, strictly; what is spelled otherwise is refused."""

import pyarrow as pa
import pytest

from scoring.domain.dataset import Column
from scoring.domain.dialect import Spelling
from scoring.intake.sources.reasons import MAX_CELL_BYTES, why_unfit
from scoring.intake.sources.spelling import MISSPELLED, Speller

GERMAN = {"decimal_mark": ",", "thousands_mark": "."}
CASES = [  # fields of the spelling, type of the column, the cell, how it is spelled plainly (None: not so)
    ({"decimal_mark": ","}, "number", "-1,5", "-1.5"),
    ({"decimal_mark": ","}, "number", "1,5e-3", "1.5e-3"),
    ({"decimal_mark": ","}, "number", ",5", ".5"),
    ({"decimal_mark": ","}, "number", "5,", "5."),
    ({"decimal_mark": ","}, "number", "1.5", None),
    ({"decimal_mark": ","}, "number", "1,5,0", None),
    ({"decimal_mark": ","}, "number", ",", None),
    ({"decimal_mark": ","}, "integer", "15", "15"),
    (GERMAN, "decimal", "1.234.567,89", "1234567.89"),
    (GERMAN, "number", "+1.234", "+1234"),
    (GERMAN, "integer", "1234", "1234"),
    (GERMAN, "number", "1.5", None),
    (GERMAN, "number", "1234.567", None),
    (GERMAN, "number", "1.2345", None),
    (GERMAN, "number", ".234", None),
    (GERMAN, "number", "1..234", None),
    (GERMAN, "number", "1,234.5", None),
    ({"thousands_mark": "'"}, "number", "1'234.5", "1234.5"),
    ({"thousands_mark": ","}, "integer", "12,345", "12345"),
    ({"thousands_mark": "\u00a0", "decimal_mark": ","}, "number", "1\u00a0234,5", "1234.5"),
    ({"thousands_mark": ","}, "text", "1,2", "1,2"),
    ({"true_values": ("J", "Ja"), "false_values": ("N",)}, "boolean", "jA", "true"),
    ({"true_values": ("J",), "false_values": ("n",)}, "boolean", "N", "false"),
    ({"true_values": ("J",), "false_values": ("N",)}, "boolean", "true", None),
    ({"date_format": "%d.%m.%Y"}, "date", "3.2.2001", "2001-02-03"),
    ({"date_format": "%d.%m.%Y"}, "date", "2001-02-03", None),
    ({"date_format": "%d.%m.%Y"}, "date", "03.02.2001 ", None),
    ({"date_format": "%d.%m.%Y"}, "date", "30.02.2001", "2001-02-30"),  # the cast refuses it
    ({"date_format": "%Y%m%d"}, "date", "2001023", None),
    ({"date_format": "%d%b%Y"}, "date", "03FEB2001", "2001-02-03"),
    ({"date_format": "%d%b%Y"}, "date", "03FEV2001", None),
    ({"date_format": "%m/%d/%y"}, "date", "2/3/68", "2068-02-03"),
    ({"date_format": "%m/%d/%y"}, "date", "2/3/69", "1969-02-03"),
    ({"date_format": "100%% %Y %m %d"}, "date", "100% 2001 2 3", "2001-02-03"),
    ({"timestamp_format": "%Y-%m-%d %H:%M"}, "timestamp", "2001-02-03 4:05", "2001-02-03T04:05:00"),
    ({"timestamp_format": "%Y-%m-%d"}, "timestamp", "2001-02-03", "2001-02-03T00:00:00"),
    ({"timestamp_format": "%Y%m%d %H:%M:%S.%f%z"}, "timestamp", "20010203 04:05:06.7+0200",
     "2001-02-03T04:05:06.700000+0200"),
    ({"timestamp_format": "%m/%d/%Y %I:%M %p"}, "timestamp", "2/3/2001 12:05 am", "2001-02-03T00:05:00"),
    ({"timestamp_format": "%m/%d/%Y %I:%M %p"}, "timestamp", "2/3/2001 12:05 PM", "2001-02-03T12:05:00"),
    ({"timestamp_format": "%m/%d/%Y %I:%M %p"}, "timestamp", "2/3/2001 1:05 PM", "2001-02-03T13:05:00"),
    ({"timestamp_format": "%m/%d/%Y %I:%M %p"}, "timestamp", "2/3/2001 13:05 PM", None),
    ({"timestamp_format": "%m/%d/%Y %I:%M %p"}, "timestamp", "2/3/2001 0:05 PM", None),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "kind", "cell", "plain"), CASES)
def test_a_cell_is_spelled_plainly_or_not_as_the_dialect_says(fields, kind, cell, plain):
    column = Column.model_construct(name="x", type=kind, precision=12, scale=2)
    speller = Speller(Spelling(**fields))
    assert speller.plain_text(cell, column) == plain
    among = speller.lenient(pa.array(["", None, cell, cell]), column).to_pylist()
    assert among == [None, None, *[cell + MISSPELLED if plain is None else plain] * 2]
    if plain is None:
        with pytest.raises(ValueError):  # noqa: PT011 - its text is told by why_unfit
            speller.plain(pa.array([None, cell]), column)
    else:
        assert speller.plain(pa.array([None, cell]), column).to_pylist() == [None, plain]


def test_null_values_of_a_column_replace_those_of_the_source():
    speller = Speller(Spelling(null_values=("NA",)))
    own = Column(name="x", type="integer", null_values=("-999", "?"))
    cells = pa.array(["NA", "-999", "?", "5"])
    assert speller.plain(cells, own).to_pylist() == ["NA", None, None, "5"]
    assert speller.plain(cells, own.plainly_written).to_pylist() == [None, "-999", "?", "5"]
    assert speller.lenient(cells, own).to_pylist() == ["NA", None, None, "5"]


def test_a_format_of_a_column_replaces_that_of_the_source():
    speller = Speller(Spelling(date_format="%d.%m.%Y"))
    assert speller.plain_text("02/03/2001", Column(name="x", type="date", format="%m/%d/%Y")) == "2001-02-03"
    assert speller.plain_text("02.03.2001", Column(name="x", type="date")) == "2001-03-02"


@pytest.mark.parametrize("kind", ["text", "category", "integer", "number", "decimal", "date", "timestamp", "boolean"])
def test_the_default_spelling_is_plain_for_each_type(kind):
    column = Column.model_construct(name="x", type=kind)
    assert Speller(Spelling()).is_plain(column)
    assert not Speller(Spelling()).is_plain(column.model_copy(update={"null_values": ()}))
    spelled = {
        "boolean": {"true_values": ("J",)}, "date": {"date_format": "%Y%m%d"}, "text": None, "category": None,
        "timestamp": {"timestamp_format": "%Y%m%d"},
    }.get(kind, GERMAN)  # fmt: skip
    assert spelled is None or not Speller(Spelling(**spelled)).is_plain(column)


MARKS = "or correct the source's decimal_mark and thousands_mark."
WORDS = "or add the word to the source's true_values or false_values."
DATE = "or correct the column's format or the source's date_format."
TIME = "or correct the column's format or the source's timestamp_format."
AMERICAN = {"timestamp_format": "%d %b %Y %I:%M %p %z"}
INEXACT = "Define the column as 'decimal', as 'integer', or, if the digits are an identifier, as 'text'."
REMEDIES = [
    (GERMAN, "number", "x", f"Write digits with a decimal comma (1234,5 or 1.234,5), {MARKS}"),
    ({}, "number", "x", f"Write digits with a decimal point (1234.5), {MARKS}"),
    ({"true_values": ("J", "1"), "false_values": ("N",)}, "boolean", "x", f"Write J, 1 or N, {WORDS}"),
    ({"date_format": "%d.%m.%Y"}, "date", "x", f"Write dates like 30.06.2005, {DATE}"),
    ({}, "date", "x", f"Write dates like 2005-06-30, {DATE}"),
    (AMERICAN, "timestamp", "x", f"Write timestamps like 30 Jun 2005 05:05 PM +00:00, {TIME}"),
    ({}, "timestamp", "x", f"Write timestamps like 2005-06-30T12:00:00+02:00, {TIME}"),
    (GERMAN, "number", "9.007.199.254.740.993", INEXACT),
    (GERMAN, "integer", "1,5", "Correct the cell, or define the column as 'number'."),
    (GERMAN, "number", "n/a", "If it stands for a missing value: M."),
]


@pytest.mark.parametrize(("fields", "kind", "cell", "remedy"), REMEDIES)
def test_a_remedy_speaks_of_the_dialect_of_the_source(fields, kind, cell, remedy):
    column = Column(name="x", type=kind)
    why = why_unfit(cell, column, limit=MAX_CELL_BYTES, missing="M", speller=Speller(Spelling(**fields)))
    assert why.remedy == remedy
    assert why.problem.startswith(repr(cell))


@pytest.mark.parametrize(
    ("encoding", "cell", "said"),
    [
        ("utf-8", b"Ren\xe9", "is not valid UTF-8 (byte 0xe9)."),
        ("utf-8-sig", b"Ren\xe9", "is not valid UTF-8 (byte 0xe9)."),
        ("cp1252", b"x\x81", "is not valid cp1252 (byte 0x81)."),
        ("utf-16", b"x\xed\xa0\x80", "is not valid utf-16 (half a character)."),
        ("utf-16", b"fine", "is not valid utf-16."),
    ],
)
def test_a_cell_that_cannot_be_decoded_is_told_by_the_encoding_of_the_source(encoding, cell, said):
    why = why_unfit(cell, Column(name="x", type="text"), limit=99, missing="", speller=Speller(Spelling(), encoding))
    assert why.problem == f"{cell!r} {said}"
    assert "encoding" in why.remedy
