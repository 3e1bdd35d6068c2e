"""A key of any kind is one text, and different keys are different texts."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from scoring.domain.dataset import MAX_KEY_BYTES, Column, CsvSource, DataSet
from scoring.domain.keys import column_of, joined, most_bytes, parts_of, whole

PARTS = st.lists(st.text(st.sampled_from("|\\ab7")) | st.text(), min_size=1, max_size=5)


@given(PARTS)
def test_a_composite_key_can_be_read_back(parts):
    assert parts_of(joined(parts)) == tuple(parts)


@given(PARTS, PARTS)
def test_different_composite_keys_have_different_texts(one, other):
    assume(one != other)
    assert joined(one) != joined(other)


@given(st.text(st.sampled_from("|\\a"), max_size=8))
def test_a_text_is_the_key_of_the_parts_that_are_read_from_it_or_of_none(text):
    try:
        parts = parts_of(text)
    except ValueError:
        assert "\\" in text
    else:
        assert joined(parts) == text


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("0012", "7"), "0012|7"),
        (("a|b", "c"), r"a\|b|c"),
        (("a", "b|c"), r"a|b\|c"),
        (("a\\", "b"), "a\\\\|b"),
        (("", ""), "|"),
        (("", "", ""), "||"),
    ],
)
def test_parts_are_joined_by_a_bar_and_what_could_be_mistaken_is_escaped(parts, text):
    assert joined(parts) == text
    assert parts_of(text) == parts


@pytest.mark.parametrize("text", ["a\\b", "\\", "a|b\\"])
def test_a_backslash_that_escapes_nothing_is_no_key(text):
    with pytest.raises(ValueError, match=rf"at {text.index(chr(92))} a backslash escapes nothing"):
        parts_of(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("7", "7"),
        ("007", "7"),
        ("-0012", "-12"),
        ("0", "0"),
        ("-0", "0"),
        ("000", "0"),
        ("10", "10"),
        ("007.00", "7"),
        ("-0.0", "0"),
    ]
    + [
        (other, None)
        for other in ("", "+7", "7.", "7.5", ".0", "1e3", " 7", "7\n", "\N{ARABIC-INDIC DIGIT SEVEN}", "-", "x")
    ],
)
def test_an_integer_is_written_in_one_way(text, written):
    assert whole(text) == written


@given(st.integers())
def test_the_digits_of_an_integer_are_its_key(number):
    assert whole(str(number)) == str(number)


@given(st.lists(st.text(st.sampled_from("|\\aé")), min_size=2, max_size=8), st.integers(20, MAX_KEY_BYTES))
def test_parts_of_the_allowed_length_make_a_key_of_the_allowed_length(parts, most):
    allowed = most_bytes(len(parts), most)
    cut = [part.encode()[:allowed].decode(errors="ignore") for part in parts]
    assert len(joined(cut).encode()) <= most
    assert most_bytes(1, most) == most


def test_two_parts_have_almost_a_quarter_each():
    assert [most_bytes(parts, MAX_KEY_BYTES) for parts in (1, 2, 3, 8)] == [2000, 499, 333, 124]


COLUMNS = (
    Column(name="branch", type="text"),
    Column(name="account", type="integer"),
    Column(name="opened", type="date"),
    Column(name="kind", type="category", values=("a",)),
    Column(name="amount", type="number"),
    Column(name="note", type="text", nullable=True),
)


def made(key) -> DataSet:
    return DataSet(name="x", title="X", key=key, columns=COLUMNS, source=CsvSource(path="x.csv"))


def test_a_key_is_a_column_or_several_in_the_order_that_the_definition_gives():
    assert (made("branch").key, made("branch").key_columns, made("branch").plain_key) == ("branch", ("branch",), True)
    assert (made("account").key, made("account").key_columns, made("account").plain_key) == (
        "account", ("account",), False,
    )  # fmt: skip
    composite = made(("account", "branch", "opened", "kind"))
    assert composite.key == column_of(composite.key_columns) == "account|branch|opened|kind"
    assert composite == made(composite.key)
    assert made(("branch",)) == made(["branch"]) == made("branch")


def test_in_a_snapshot_the_key_is_text_and_a_composite_one_comes_last():
    def stored(key):
        return [(column.name, column.type) for column in made(key).stored]

    delivered = [(column.name, column.type) for column in COLUMNS]
    assert stored("branch") == delivered
    assert stored("account") == [(name, "text" if name == "account" else kind) for name, kind in delivered]
    assert stored(("branch", "account")) == [*delivered, ("branch|account", "text")]
    integer = made("account")
    assert (integer.column("account").type, integer.delivered("account").type) == ("text", "integer")
    assert integer.column("amount") is integer.delivered("amount") is COLUMNS[4]
    for find in (integer.column, integer.delivered):
        with pytest.raises(KeyError, match="elsewhere"):
            find("elsewhere")


def test_texts_of_a_key_are_shorter_than_others():
    assert made("branch").most_bytes("branch", 9_999) == MAX_KEY_BYTES
    assert made(("branch", "account")).most_bytes("branch", 9_999) == 499
    assert made(("branch", "account")).most_bytes("note", 9_999) == 9_999


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("other", "key: 'other' is not among the columns"),
        (("branch", "other"), "key: 'other' is not among the columns"),
        ("amount", "key: column 'amount' must be of type 'text' or 'integer' and not nullable"),
        ("opened", "key: column 'opened' must be of type 'text' or 'integer'"),
        ("note", "key: column 'note' must be"),
        (("branch", "note"), "key: column 'note' must be of type 'text', 'integer', 'date' or 'category' and not null"),
        (("branch", "amount"), "key: column 'amount' must be"),
        (("branch", "branch"), "key: branch, branch: a column is named twice"),
        (tuple("abcdefghi"), "key: 9 columns are too many, 8 may be"),
        ((), "key: '' is not among"),
        (("branch", 7), "key\n"),
        (7, "key\n"),
    ],
)
def test_what_can_be_no_key_is_refused(key, problem):
    with pytest.raises(ValidationError, match=problem):
        made(key)


def test_the_kind_of_the_key_is_part_of_the_digest():
    assert len({made(key).digest for key in ("branch", "account", ("branch", "account"), ("account", "branch"))}) == 4
