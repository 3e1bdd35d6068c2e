"""A dialect that contradicts itself is refused with the field and the reason; formats are read strictly."""

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from scoring.domain.dataset import Column, CsvSource, DataSet, ExcelSource
from scoring.domain.dialect import CsvDialect, Footer, Spelling
from scoring.domain.time_format import time_format

WRONG = {
    "one mark for both": ({"decimal_mark": ",", "thousands_mark": ","}, "thousands_mark: ',' is the decimal mark, too"),
    "a word for both": ({"true_values": ("J", "x"), "false_values": ("X",)}, "'x' would be both"),
    "a letter between cells": ({"separator": "x"}, "separator: 'x' cannot part cells"),
    "a line end between cells": ({"separator": "\n"}, "separator: '\\n' cannot part cells"),
    "two bytes between cells": ({"separator": "§"}, "separator: '§' cannot part cells"),
    "a quotation mark between cells": ({"separator": "'", "quote": "'"}, 'separator: "\'" cannot part cells'),
    "a decimal comma between cells": ({"decimal_mark": ",", "quote": ""}, "quote: without it, the mark ','"),
    "a thousands mark between cells": ({"thousands_mark": ",", "quote": ""}, "quote: without it, the mark ','"),
    "no encoding": ({"encoding": "ebcdic"}, "encoding"),
    "no words": ({"true_values": ()}, "true_values"),
    "a date without its year": ({"date_format": "%d.%m."}, "a day needs one of %Y and %y"),
    "a date with an hour": ({"date_format": "%d.%m.%Y %H"}, "a date has no %H"),
    "an unknown field": ({"date_format": "%j.%Y"}, "%j is not known"),
    "half a field": ({"date_format": "%d.%m.%Y%"}, "% is not known"),
    "a field twice": ({"date_format": "%d.%m.%Y %d"}, "%d stands there twice"),
    "two years": ({"date_format": "%d.%m.%Y %y"}, "a day needs one of %Y and %y"),
    "two hours": ({"timestamp_format": "%d.%m.%Y %H %I %p"}, "an hour is %H, or %I with %p"),
    "half an hour": ({"timestamp_format": "%d.%m.%Y %I"}, "an hour is %H, or %I with %p"),
    "minutes alone": ({"timestamp_format": "%d.%m.%Y %M"}, "%M needs %H"),
    "seconds alone": ({"timestamp_format": "%d.%m.%Y %H %S"}, "%S needs %M"),
    "a fraction alone": ({"timestamp_format": "%d.%m.%Y %H:%M %f"}, "%f needs %S"),
    "a footer that is no expression": ({"footer": {"text": "("}}, "is no regular expression"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_dialect_that_cannot_be_is_refused_with_the_field_and_the_reason(kind):
    fields, mistake = WRONG[kind]
    with pytest.raises(ValidationError) as caught:
        CsvDialect(**fields)
    assert mistake in str(caught.value)


@pytest.mark.parametrize("separator", [";", "\t", "|", "\x01", " ", "~"])
def test_any_other_ascii_character_parts_cells(separator):
    assert CsvDialect(separator=separator).separator == separator


FIELDS = {
    "format: only a date or timestamp": {"type": "text", "format": "%Y"},
    "format: '%Y': a day needs": {"type": "date", "format": "%Y"},
    "a date has no %H": {"type": "date", "format": "%Y%m%d%H"},
    "time_zone: only a timestamp has one": {"type": "date", "time_zone": "UTC"},
    "'Madrid' is not a time zone": {"type": "timestamp", "time_zone": "Madrid"},
    "source": {"type": "text", "source": ""},
}


@pytest.mark.parametrize("mistake", FIELDS)
def test_a_column_that_contradicts_itself_is_refused(mistake):
    with pytest.raises(ValidationError) as caught:
        Column(name="x", **FIELDS[mistake])
    assert mistake in str(caught.value)


SOURCE = {"source": CsvSource(path="x")}


def data_set(*columns: Column, **fields) -> DataSet:
    key = Column(name="id", type="text")
    return DataSet(**({"name": "x", "title": "X", "key": "id", "columns": (key, *columns)} | SOURCE | fields))


def test_names_have_63_characters_and_what_the_source_calls_a_column_is_free():
    long = "a" * 63
    column = data_set(Column(name=long, type="text", source="credit.amount, net\n(€)")).column(long)
    assert column.source_name == "credit.amount, net\n(€)"
    assert (column.plainly_written.source_name, Column(name="x", type="text").source_name) == (long, "x")
    with pytest.raises(ValidationError, match="up to 63"):
        Column(name=long + "a", type="text")
    with pytest.raises(ValidationError, match="up to 48"):
        data_set(name="a" * 49)


def test_a_column_of_the_source_is_read_once():
    with pytest.raises(ValidationError, match="'id' of the source is read twice"):
        data_set(Column(name="other", type="text", source="id"))
    assert data_set(Column(name="a", type="text", source="b"), Column(name="b", type="text", source="a"))


def test_a_footer_has_sums_of_columns_of_numbers_alone():
    footer = Footer(text="(?P<rows>.) (?P<name>.)")
    assert footer.sums == ("name",)
    for kind in ("text", "date", "boolean"):
        with pytest.raises(ValidationError, match="'name' is not a column of numbers"):
            data_set(Column(name="name", type=kind), source=CsvSource(path="x", footer=footer))
    with pytest.raises(ValidationError, match="'name' is not a column of numbers"):
        data_set(source=CsvSource(path="x", footer=footer))
    assert data_set(Column(name="name", type="decimal"), source=CsvSource(path="x", footer=footer))


def test_how_a_column_is_written_is_no_part_of_the_digest():
    plain = data_set(Column(name="a", type="timestamp"))
    written = Column(
        name="a", type="timestamp", source="A", null_values=("NA",), format="%Y%m%d", time_zone="UTC", description="d"
    )
    assert data_set(written, source=ExcelSource(path="x")).digest == plain.digest
    assert data_set(Column(name="a", type="date")).digest != plain.digest
    # as it was before columns had sources, formats and time zones
    old = DataSet(name="x", title="X", key="id", columns=(Column(name="id", type="text"),), source=CsvSource(path="x"))
    assert old.digest == "0e9de0fca8cc1beb8aabcaf507f49288504034007936adf96df12532f41b49b0"


@pytest.mark.parametrize(
    "text", ["%d.%m.%Y", "%Y%m%d", "%d-%b-%Y", "%m/%d/%y", "%Y-%m-%dT%H:%M:%S", "%I:%M:%S %p, %d.%m.%Y"]
)
@given(moment=st.datetimes(dt.datetime(1969, 1, 1), dt.datetime(2068, 12, 31)))  # noqa: DTZ001 - formats know no zone
def test_a_format_matches_what_strftime_writes(text, moment):
    found = time_format(text, with_time=True)
    match = re.fullmatch(found.pattern, moment.strftime(text))
    assert match is not None
    assert set(match.groupdict()) == set(found.fields)
    assert re.fullmatch(found.pattern, found.example)


def test_the_default_spelling_is_plain():
    assert Spelling() == Spelling(
        null_values=("",), true_values=("true",), false_values=("false",), decimal_mark=".", thousands_mark=""
    )
