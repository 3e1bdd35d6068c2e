"""How a person is recognised in free text: pure."""

import html
import json
from decimal import Decimal
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.customers.traces import Traces, distinctive


@pytest.mark.parametrize(
    ("value", "forms"),
    [
        (98765.4321, {"98765.4321"}),
        (-98765.4321, {"98765.4321"}),  # a sign may be written elsewhere
        (1234567.0, {"1234567.0", "1234567"}),
        (Decimal("1234.56"), {"1234.56"}),
        (123456, {"123456"}),
        (12345, set()),  # five digits
        (1234500000, set()),  # zeros at the end say little
        (0.00012345, set()),
        (0.000123456, {"0.000123456"}),
        (1.23456e-7, {"1.23456e-07"}),
        (1.2345e-7, set()),  # digits of an exponent are no digits of the value
        (Decimal("1.2345E+10"), set()),
        ("Ada Li", {"Ada Li"}),
        ("Ada L", set()),
        ("      ", set()),
        (True, set()),
        (None, set()),
    ],
)
def test_a_value_with_six_significant_digits_or_characters_is_a_persons_own(value, forms):
    assert distinctive(value) == forms


@pytest.mark.parametrize(
    ("customer", "text", "masked"),
    [
        ("c0007", "customer c0007: 3", "customer *****: 3"),
        ("c0007", "c00071 and xc0007 and c0007_2", "c00071 and xc0007 and c0007_2"),  # others
        ("c0007", "c0007-2, c0007.", "*****-2, *****."),
        ("17", "17 of 2005-05-17", "17 of 2005-05-17"),  # a number like others
        ("17", "customer '17', \"17\"", "customer '**', \"**\""),
        ("17", "no customer 17 here; customer_id=17", "no customer ** here; customer_id=**"),
        ("00000017", "00000017: 300 → 500 points", "********: 300 → 500 points"),
        ("abc", "abc and 'abc'", "abc and '***'"),
        ("123456", "123456 and 12345", "****** and 12345"),
    ],
)
def test_an_id_is_masked_where_it_stands_alone_and_a_short_one_where_it_stands_as_an_id(customer, text, masked):
    assert Traces(customer).masked(text) == masked
    assert Traces(customer).in_text(text) == (text != masked)


def test_values_are_masked_whole_and_no_part_of_another_number_is():
    traces = Traces("c0007", {"98765.4321"})
    assert traces.masked("98765.4321, -98765.4321; 198765.4321 98765.43210 0.98765.4321 98765.4321.") == (
        "**********, -**********; 198765.4321 98765.43210 0.98765.4321 **********."
    )


def test_values_are_found_however_json_or_html_write_them():
    traces = Traces("c0007", {'Ada "A" Li'})
    for text in ('Ada "A" Li', json.dumps('Ada "A" Li')[1:-1], html.escape('Ada "A" Li')):
        assert traces.masked(f" {text} ") == f" {'*' * len(text)} "


def test_json_stays_json():
    traces = Traces("c0007", {"98765.4321"})
    content = {"c0007": [98765.4321, 1, None, True, "at c0007"], "other": {"deep": "98765.4321"}}
    assert traces.masked_content(content) == {
        "*****": [None, 1, None, True, "at *****"],
        "other": {"deep": "**********"},
    }


@given(st.text(min_size=4).filter(lambda text: not text.isdigit() and "*" not in text))
def test_an_id_is_found_however_json_html_or_a_url_write_it(customer):
    traces = Traces(customer)
    written = [customer, json.dumps(customer), html.escape(customer), quote(customer, safe="")]
    for text in written:
        assert traces.in_text(f" {text} ")
        assert traces.spans(f" {text} ".encode())
        assert not traces.in_text(traces.masked(f" {text} "))
