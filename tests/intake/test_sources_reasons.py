"""Why a cell does not fit its column, and what to do about it: a table of cases."""

import pytest

from scoring.domain.dataset import Column
from scoring.intake.sources.reasons import MAX_CELL_BYTES, Unfit, not_utf8, why_unfit


def why(value, kind="text", limit=MAX_CELL_BYTES):
    return why_unfit(value, Column.model_construct(name="x", type=kind, precision=6, scale=2), limit=limit, missing="M")


NOT_WHOLE = ("is not a whole number", "Correct the cell, or define the column as 'number'.")
PLUS = ("begins with a plus sign", "Write the digits alone, after a minus sign if it is negative.")
TOO_BIG = ("does not fit into a 64-bit integer", "Correct the cell, or define the column as 'decimal' or 'text'.")
NO_NUMBER = ("is not a number", "Write digits with a decimal point (1234.5).")
NO_TEXT = ("is not text", "Deliver it as text.")
NO_DECIMAL = (
    "is not a decimal of at most 6 digits, 2 of them after the point",
    "Correct the cell, or give the column more digits in the definition.",
)
NO_DATE = ("is not a date from 0001-01-01 to 9999-12-31", "Write dates like 2005-06-30.")
NO_BOOLEAN = ("is not a boolean", "Write true or false.")
SPACES = ("has spaces around the value", "Remove the spaces: a cell is exactly its value.")
NUL = ("contains a NUL byte", "Remove the NUL bytes; was the file saved as UTF-16?")
INEXACT = (
    "is not exact as a 64-bit number, which holds each integer up to 9,007,199,254,740,992 and only some beyond",
    "Define the column as 'decimal', as 'integer', or, if the digits are an identifier, as 'text'.",
)
VANISHES = (
    "is too small for a 64-bit number, which would make it 0",
    "Write 0, or digits that a 64-bit number can hold.",
)
CASES = [  # value, type of the column, reason and remedy
    (5, "text", NO_TEXT),
    (5, "category", NO_TEXT),
    ("1.5", "integer", NOT_WHOLE),
    (2.0**53 + 2, "integer", (INEXACT[0], "Write it as an integer.")),
    ("9223372036854775808.0", "integer", TOO_BIG),
    ("1.5e3", "integer", NOT_WHOLE),
    ("5-", "integer", NOT_WHOLE),
    ("+x", "integer", NOT_WHOLE),
    ("x5", "integer", NOT_WHOLE),
    ("\u0665", "integer", NOT_WHOLE),  # a digit, but not one of ASCII
    ("\udce9", "integer", NOT_WHOLE),  # half of a character: it cannot be UTF-8
    ("+5", "integer", PLUS),
    ("9223372036854775808", "integer", TOO_BIG),
    ("-9223372036854775809", "integer", TOO_BIG),
    ("1,5", "number", NO_NUMBER),
    ("1_0", "number", NO_NUMBER),
    ("9007199254740993", "number", INEXACT),
    ("1e-400", "number", VANISHES),
    (2005, "date", NO_DATE),
    ("12345.67", "decimal", NO_DECIMAL),
    ("30.06.2005", "date", NO_DATE),
    ("yes", "boolean", NO_BOOLEAN),
    (" 5", "integer", SPACES),
    ("5 ", "text", SPACES),
    ("a\0b", "text", NUL),
    (b"a\0\xff", "text", NUL),
]


@pytest.mark.parametrize(("value", "kind", "said"), CASES)
def test_a_cell_is_told_with_the_reason_and_the_remedy(value, kind, said):
    reason, remedy = said
    shown = value if isinstance(value, str | bytes) else str(value)
    assert why(value, kind) == Unfit(reason, f"{shown!r} {reason}.", remedy)


@pytest.mark.parametrize("word", ["", "NA", "null", "-", "?", "-inf"])
def test_a_word_for_a_missing_value_has_the_remedy_of_its_source(word):
    assert why(word, "number").remedy == "If it stands for a missing value: M."


SHORTEN = "Shorten it; if it should be short, look for a quotation mark that is never closed."


def test_a_cell_or_a_key_has_a_limit_of_bytes():
    too_long = "is too long"
    assert why("aé", limit=2) == Unfit(too_long, "The key has 3 bytes; a key may have 2.", SHORTEN)
    assert why(5 * "é", limit=10).reason != too_long
    cell = b"a" * (MAX_CELL_BYTES + 1)
    assert why(cell) == Unfit(too_long, "The cell has 1,000,001 bytes; a cell may have 1,000,000.", SHORTEN)


def test_the_first_byte_that_is_no_utf8_is_named():
    remedy = "Save the file as UTF-8; it looks like Latin-1 or Windows-1252."
    reason = "is not valid UTF-8"
    assert why(b"Ren\xe9e") == Unfit(reason, "b'Ren\\xe9e' is not valid UTF-8 (byte 0xe9).", remedy)
    assert not_utf8(b"fine") == Unfit(reason, "b'fine' is not valid UTF-8.", remedy)


@pytest.mark.parametrize(("length", "shown"), [(80, "'" + "x" * 80 + "'"), (81, "'" + "x" * 80 + "'...")])
def test_of_a_long_value_eighty_characters_are_shown(length, shown):
    assert why("x" * length, "integer").problem == f"{shown} is not a whole number."
