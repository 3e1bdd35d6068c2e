"""What column a list of cells is."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.authoring.cells import Marks
from scoring.authoring.guess import guess, key_of, names_of, pairs_of
from scoring.domain.dataset import NAME


def of(*texts, marks=Marks()):  # noqa: B008 - it cannot change
    return guess("a", "A", texts, marks)


GUESSED = [
    # cells, type, nullable, what else
    (["1", "2"], "integer", False, {"low": 1, "high": 2}),
    (["1", "2.5", ""], "number", True, {"low": 1, "high": 2.5}),
    (["1", "NA"], "integer", True, {"nulls": ("", "NA")}),
    (["007", "12"], "text", False, {}),
    (["99999999999999999999", "1"], "text", False, {}),
    (["yes", "no"], "boolean", False, {"words": ("yes", "no")}),
    (["2005-06-30"], "date", False, {"date_format": None}),
    (["30.06.2005"], "date", False, {"date_format": "%d.%m.%Y"}),
    (["2005-06-30T10:00:00Z"], "timestamp", False, {"zoned": True}),
    (["2005-06-30T10:00:00", ""], "timestamp", True, {"zoned": False}),
    (["a", "b"] * 5, "category", False, {"values": ("a", "b")}),
    (["a", "b"] * 5 + [""], "category", True, {"values": ("a", "b")}),
    (["a", "b", "c"], "text", False, {"unique": True}),
    (["a", "a", "b"], "text", False, {"unique": False}),
    (["NA", "x", "y"], "text", False, {}),  # somebody may be called so
    (["none", "x", "x"] * 5, "category", False, {"values": ("none", "x")}),  # none may be an answer like others
    (["NA", "NA"], "text", False, {"nulls": ("",)}),
    (["", ""], "text", True, {}),
]


@pytest.mark.parametrize(("texts", "kind", "nullable", "more"), GUESSED)
def test_a_column_is_told_by_its_cells(texts, kind, nullable, more):
    found = of(*texts)
    assert (found.type, found.nullable) == (kind, nullable)
    assert {name: getattr(found, name) for name in more} == more


UNSURE = [
    (["03/06/2005"], "may also be read as '%m/%d/%Y'"),
    (["20050630"], "eight digits"),
    (["007"], "begin with a zero"),
    (["2005-06-30T10:00:00"], "no zone"),
    (["1", "NA"], "'NA' is taken for a missing value"),
    ([str(n) for n in range(20)] + ["n.k."], "20 of 21 cells are numbers. If 'n.k.' means a missing value"),
    (["a", "b"] * 5 + [""], "the values of the 10 rows that have one"),
    (["a", "NA"] * 5, "If 'NA' means a missing value, take it out of values, and add nullable=True"),
    (["", ""], "No row that was looked at has a value"),
    (["x", "x"], "the same value"),
    ([str(2**60), "1"], "too large for a model"),
]


@pytest.mark.parametrize(("texts", "said"), UNSURE)
def test_what_is_unsure_is_said(texts, said):
    assert any(said in one for one in of(*texts).unsure)


def test_what_is_sure_has_no_comment():
    for texts in (["1", "2"], ["1.5", "2"], ["2005-06-30", "2005-07-01"], ["true", "false"], ["a", "b", "c"]):
        assert of(*texts).unsure == ()


def test_numbers_are_read_by_the_marks_of_the_file():
    found = of("1.234,5", "2", marks=Marks(",", "."))
    assert (found.type, found.high) == ("number", 1234.5)


@given(st.lists(st.text(max_size=80), max_size=20))
def test_each_header_has_a_name_that_definitions_take_and_no_two_the_same(headers):
    names = names_of(headers)
    assert all(re.match(NAME, name) for name in names)
    assert len(set(names)) == len(headers)


@pytest.mark.parametrize(
    ("header", "name"),
    [("Kunden-Nr.", "kunden_nr"), ("Límite de crédito", "limite_de_credito"), ("credit.amount", "credit_amount"),
     ("2nd", "column_2nd"), ("客户", "column_1"), ("row_number", "row_number_2")],
)  # fmt: skip
def test_names_are_headers_in_plain_letters(header, name):
    assert names_of([header]) == [name]


def test_the_key_is_a_column_that_never_repeats_and_rather_one_that_is_called_so():
    texts = [str(n) for n in range(30)]
    amount, number = guess("amount", "amount", texts, Marks()), guess("customer_id", "customer_id", texts, Marks())
    same = guess("same", "same", ["1"] * 30, Marks())
    assert key_of([amount, same, number]) == ((number,), "amount: also another value in each row.")
    assert key_of([amount, same]) == ((amount,), "")
    assert key_of([same])[0] == ()


def shown(**columns):
    guesses = [guess(name, name, texts, Marks()) for name, texts in columns.items()]
    return guesses, list(columns.values())


def test_if_no_column_is_the_key_two_may_be_it_together():
    columns, values = shown(
        month=[str(n % 5) for n in range(20)], account=[str(n // 5) for n in range(20)], note=["x"] * 19 + [""],
        branch=["a", "b"] * 10,
    )  # fmt: skip
    pairs = pairs_of(columns, values)
    assert pairs == (("month", "account"),)
    assert key_of(columns, pairs) == (
        (columns[0], columns[1]), "No column has another value in each row, but month and account have together.",
    )  # fmt: skip
    assert key_of(columns, (*pairs, ("month", "branch")))[1].endswith(" So have month and branch.")
    assert pairs_of(*shown(id=["1", "2"], account=["1", "1"])) == ()
    assert pairs_of(*shown(a=["1", "1"], b=["2", "2"])) == ()
    assert pairs_of(*shown(a=["1", "1"], b=["2", ""])) == ()


def test_a_pair_that_is_called_like_a_key_is_the_first():
    by_five = {"x": [str(n % 5) for n in range(20)], "y": [str(n // 5) for n in range(20)]}
    columns, values = shown(**by_five, customer_id=[str(n % 5) for n in range(20)])
    assert pairs_of(columns, values) == (("y", "customer_id"), ("x", "y"))
