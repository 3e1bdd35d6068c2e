"""What cells are, by their texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.authoring.cells import Marks, date_formats, has_leading_zeros, marks_of, null_words, times, yes_no

NUMBERS = [
    # text, decimal mark, mark of thousands, what Python reads
    ("1234.5", ".", "", "1234.5"),
    ("1234,5", ",", "", "1234.5"),
    ("1.234,5", ",", ".", "1234.5"),
    ("1,234,567.5", ".", ",", "1234567.5"),
    ("-1 234", ".", " ", "-1234"),
    ("12,34", ".", ",", None),  # the mark does not stand before three digits
    ("1.5", ",", "", None),
    ("1e-3", ".", "", "1e-3"),
    ("", ".", "", None),
    ("12a", ".", "", None),
    ("1,234", ",", "", "1.234"),
]


@pytest.mark.parametrize(("text", "decimal", "thousands", "plain"), NUMBERS)
def test_a_number_is_read_by_its_marks(text, decimal, thousands, plain):
    assert Marks(decimal, thousands).plain(text) == plain


@given(
    st.floats(allow_nan=False, allow_infinity=False, width=32), st.sampled_from([(",", "."), (".", ","), (",", " ")])
)
def test_what_was_written_with_marks_is_read_back(number, marks):
    decimal, thousands = marks
    written = f"{number:,.3f}".translate({ord(","): thousands, ord("."): decimal})
    assert float(Marks(decimal, thousands).plain(written)) == float(f"{number:.3f}")


MARKED = [
    ([{"1.5", "2"}, {"x"}], Marks()),
    ([{"1,5", "2"}, {"3"}], Marks(",")),
    ([{"1.234,5", "2"}], Marks(",", ".")),
    ([{"1,234.5", "2"}], Marks(".", ",")),
    ([{"1", "2"}], Marks()),
    ([{"1,5", "NA", ""}], Marks(",")),
    ([{"a"}, set()], Marks()),
]


@pytest.mark.parametrize(("columns", "marks"), MARKED)
def test_the_marks_are_those_by_which_most_columns_are_numbers(columns, marks):
    assert marks_of(columns) == marks


def test_words_for_null_are_the_usual_ones():
    assert null_words({"1", "NA", "-", "x"}) == ("", "NA", "-")
    assert null_words({"1"}) == ("",)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["Yes", "No"], ("Yes", "No")),
        (["SI", "NO"], ("SI", "NO")),
        (["ja"], ("ja", "nein")),
        (["true", "false"], ("true", "false")),
        (["yes", "no", "maybe"], None),
        (["Yes", "yes"], None),  # two spellings of one
        ([], None),
    ],
)
def test_yes_and_no_are_told_in_some_languages(texts, words):
    assert yes_no(texts) == words


@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        (["2005-06-30"], ["%Y-%m-%d"]),
        (["30.06.2005", "1.7.2005"], ["%d.%m.%Y"]),
        (["30/06/2005"], ["%d/%m/%Y"]),
        (["03/06/2005"], ["%d/%m/%Y", "%m/%d/%Y"]),
        (["20050630"], ["%Y%m%d"]),
        (["99999999"], []),
        (["12345678"], []),
        (["2005-13-01"], []),
        (["2005-6-3"], []),  # Python would take it, a strict reader does not
        ([], []),
    ],
)
def test_dates_are_told_by_all_formats_that_fit_all_of_them(texts, formats):
    assert date_formats(texts) == formats


@pytest.mark.parametrize(
    ("texts", "zoned"),
    [
        (["2005-06-30T12:00:00Z", "2005-06-30 12:00:00.5+02:00"], True),
        (["2005-06-30T12:00:00Z", "2005-06-30T12:00"], False),
        (["2005-06-30T12:00"], False),
        (["2005-06-30"], None),
        ([], None),
    ],
)
def test_moments_have_a_zone_or_not(texts, zoned):
    assert times(texts) is zoned


def test_leading_zeros_would_be_lost_by_a_number():
    assert has_leading_zeros(["12", "007"])
    assert not has_leading_zeros(["0", "10", "0.5", "x0"])
