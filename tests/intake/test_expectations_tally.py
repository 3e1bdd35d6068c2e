"""Counts of many batches are those of one batch, and rules have short and distinct names."""

import pytest
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from hypothesis import given
from hypothesis import strategies as st

from scoring.intake.expectations.rules import LONGEST, Rule
from scoring.intake.expectations.tally import SHOWN, Tally


def rule(kind: str = "expect_column_values_to_be_between", severity: str = "critical", **kwargs: object) -> Rule:
    return Rule(ExpectationConfiguration(type=kind, kwargs=kwargs), severity, scope="row")


@given(st.lists(st.lists(st.sampled_from(["a", "b", None]), max_size=40), max_size=6))
def test_the_counts_do_not_depend_on_how_the_rows_are_cut_into_batches(batches: list[list[str | None]]) -> None:
    cut, whole = Tally(rule(column="x")), Tally(rule(column="x"))
    for values in batches:
        cut.add({"element_count": 100, "missing_count": 10}, values)
    everything = [value for values in batches for value in values]
    whole.add({"element_count": 100 * len(batches), "missing_count": 10 * len(batches)}, everything)
    assert cut.result().result == whole.result().result


def test_what_is_shown_is_bounded_and_the_counts_are_not() -> None:
    tally = Tally(rule(column="x"))
    for start in range(0, 1000, 100):
        tally.add({"element_count": 100}, [str(number) for number in range(start, start + 100)])
    result = tally.result().result
    assert result["unexpected_count"] == 1000
    assert len(result["partial_unexpected_list"]) == len(result["partial_unexpected_counts"]) == SHOWN


def test_success_obeys_mostly() -> None:
    for mostly, success in ((0.9, True), (0.95, False)):
        tally = Tally(rule(column="x", mostly=mostly))
        tally.add({"element_count": 110, "missing_count": 10}, ["bad"] * 10)
        assert tally.result().success is success
        assert tally.observed == "10 of 100 values (10.00%)"


def test_success_is_exact_where_a_product_of_floats_is_not() -> None:
    tally = Tally(rule(column="x", mostly=0.07))  # 0.07 * 100 is 7.000000000000001
    tally.add({"element_count": 100}, ["bad"] * 93)
    assert tally.result().success


def test_no_row_at_all_is_a_success() -> None:
    assert Tally(rule(column="x")).result().success


@pytest.mark.parametrize(
    ("kwargs", "name"),
    [
        ({"column": "x", "min_value": 18.0, "max_value": 0.5, "mostly": 0.9}, "(min_value=18, max_value=0.5)"),
        ({"column": "x"}, ""),
        ({"column": "x", "value_set": ["0", "5"]}, "(value_set=['0', '5'])"),
    ],
)
def test_a_rule_is_called_by_its_type_and_arguments(kwargs: dict, name: str) -> None:
    assert rule(**kwargs).name == "expect_column_values_to_be_between" + name


def test_long_names_are_cut_and_stay_distinct() -> None:
    names = {rule(column="x", value_set=[*map(str, range(300)), last]).name for last in "ab"}
    assert len(names) == 2
    assert all(len(name) < LONGEST + 20 for name in names)
