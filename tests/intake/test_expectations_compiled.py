"""A compiled rule finds the rows that Great Expectations finds, on any values; what it cannot be sure of it leaves."""

import datetime as dt
import json
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.errors import DefinitionError
from scoring.intake.expectations import load_suite
from scoring.intake.expectations.compiled import RowChecks
from scoring.intake.expectations.validation import Validation
from scoring.settings import PROJECT
from scoring.snapshots.arrow import arrow_schema

COLUMNS = (
    Column(name="id", type="text"),
    Column(name="word", type="text", nullable=True),
    Column(name="plan", type="category", values=("free", "paid"), nullable=True),
    Column(name="count", type="integer", nullable=True),
    Column(name="whole", type="integer"),
    Column(name="amount", type="number", nullable=True),
    Column(name="debt", type="decimal", precision=12, scale=2, nullable=True),
    Column(name="since", type="date", nullable=True),
)
PEOPLE = DataSet(name="people", title="People", key="id", columns=COLUMNS, source=CsvSource(path="{as_of}.csv"))

BETWEEN, LENGTHS = "expect_column_values_to_be_between", "expect_column_value_lengths_to_be_between"
BIG = 2**53
RULES = [
    (BETWEEN, {"column": "count", "min_value": 0, "max_value": 10}),
    (BETWEEN, {"column": "count", "max_value": BIG, "strict_max": True}),
    (BETWEEN, {"column": "whole", "min_value": 1, "strict_min": True}),
    (BETWEEN, {"column": "amount", "min_value": -1.5, "max_value": 2.5, "strict_min": True, "strict_max": True}),
    (BETWEEN, {"column": "debt", "min_value": 0.1, "max_value": 99.99}),
    ("expect_column_values_to_not_be_null", {"column": "word"}),
    ("expect_column_values_to_be_in_set", {"column": "word", "value_set": ["a", "b", ""]}),
    ("expect_column_values_to_be_in_set", {"column": "count", "value_set": [1, 2.0, 5]}),
    ("expect_column_values_to_not_be_in_set", {"column": "plan", "value_set": ["free"]}),
    ("expect_column_values_to_not_be_in_set", {"column": "amount", "value_set": [0, 1.5]}),
    (LENGTHS, {"column": "word", "min_value": 1, "max_value": 3}),
    (LENGTHS, {"column": "plan", "max_value": 4, "strict_max": True}),
    ("expect_column_value_lengths_to_equal", {"column": "word", "value": 2}),
    ("expect_column_values_to_match_regex", {"column": "word", "regex": "^[a-c]{1,2}$"}),
    ("expect_column_values_to_not_match_regex", {"column": "word", "regex": "b|\\d"}),
]
SLOW = [
    ("expect_column_values_to_match_regex", {"column": "id", "regex": "\\Bz"}),
    (BETWEEN, {"column": "since", "min_value": "2020-01-01"}),
    ("expect_column_values_to_be_in_set", {"column": "amount", "value_set": ["a"]}),
    (BETWEEN, {"column": "amount", "min_value": 0, "row_condition": "count > 0", "condition_parser": "pandas"}),
    ("expect_column_pair_values_a_to_be_greater_than_b", {"column_A": "whole", "column_B": "count"}),
]


def suite_of(folder, rules, severity="critical"):
    (folder / "expectations").mkdir(parents=True, exist_ok=True)
    (folder / "great_expectations.yml").write_text(
        (PROJECT / "great_expectations" / "great_expectations.yml").read_text()
    )
    stated = [{"type": kind, "kwargs": kwargs, "severity": severity} for kind, kwargs in rules]
    (folder / "expectations" / "people.json").write_text(json.dumps({"name": "people", "expectations": stated}))
    return load_suite(folder, PEOPLE)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    return suite_of(tmp_path_factory.mktemp("gx"), RULES)


WORDS = st.text(st.sampled_from("abc1 \nüé"), max_size=4)
INTEGERS = st.integers(-3, 12) | st.sampled_from([BIG - 1, BIG, BIG + 1, -BIG - 1, 2**63 - 1, -(2**63)])
NUMBERS = st.sampled_from([-1.5, 2.5, 0.0, -0.0, 1.5, 1e300]) | st.floats(-5, 5)
ROWS = st.lists(
    st.tuples(
        WORDS, st.none() | WORDS, st.none() | st.sampled_from(["free", "paid", "gold"]), st.none() | INTEGERS, INTEGERS,
        st.none() | NUMBERS, st.none() | st.decimals(-200, 200, places=2), st.none() | st.dates(dt.date(2019, 1, 1)),
    ),
    min_size=20, max_size=40,
)  # fmt: skip


def batch_of(rows):
    columns = [list(values) for values in zip(*rows, strict=True)]
    schema = arrow_schema(PEOPLE)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def results(validation):
    """All that is said of a rule over all rows: counts, shares, examples, and whether it holds."""
    return {(one.rule.name, one.rule.column): (one.success, one.result) for one in validation.results}


def found(findings):
    return {(one.rule, one.column): one.failing.tolist() for one in findings if one.critical}


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_compiled_rules_find_what_great_expectations_finds(quick, rows):
    checks, batch = RowChecks(quick), batch_of(rows)
    assert checks.slow == []
    judges = [Validation(PEOPLE, quick.rules, quick.engine, compiled=by_arrow) for by_arrow in (True, False)]
    by_arrow, by_them = (found(judge.check_rows(batch)) for judge in judges)
    assert found(checks.check(batch)) == by_them
    assert by_arrow == by_them
    assert results(judges[0]) == results(judges[1])


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_a_row_that_certainly_passes_breaks_no_rule(quick, rows):
    checks, batch = RowChecks(quick), batch_of(rows)
    broken = np.any([one.failing for one in checks.check(batch)] or [np.zeros(len(rows))], axis=0)
    for row, breaks in zip(batch.to_pylist(), broken, strict=True):
        assert not (checks.passes(row) and breaks)
        if checks.passes(row) or breaks or max(abs(row["count"] or 0), abs(row["whole"])) > BIG:
            continue
        texts = (row["word"], row["plan"])
        assert not all(text is None or (text.isascii() and text.isprintable()) for text in texts), row


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        (RULES[-2], {"word": "a\n"}),
        (RULES[-1], {"word": "\u0663"}),
        ((BETWEEN, {"column": "whole", "min_value": BIG, "strict_min": True}), {"whole": BIG + 1}),
    ],
    ids=["the end of a line", "a digit of another script", "an integer that a float64 rounds"],
)
def test_what_python_and_the_engine_see_otherwise_does_not_certainly_pass(tmp_path, rule, values):
    plain = dict(zip(PEOPLE.column_names, ("ab", "a", "free", 3, 1, -2.0, Decimal(1), None), strict=True))
    assert not RowChecks(suite_of(tmp_path, [rule])).passes(plain | values)


def test_rows_of_rules_that_great_expectations_judges_never_certainly_pass(tmp_path):
    checks = RowChecks(suite_of(tmp_path, SLOW[:1]))
    (row,) = batch_of([("ab", "a", "free", 3, 1, -2.0, Decimal(1), dt.date(2019, 5, 1))]).to_pylist()
    assert not checks.passes(row)


def test_what_may_differ_is_left_to_great_expectations(tmp_path):
    suite = suite_of(tmp_path, SLOW)
    checks = RowChecks(suite)
    assert len(checks.slow) == len(SLOW)
    batch = batch_of([("xa", "a", "free", 3, 1, -2.0, Decimal(1), dt.date(2019, 5, 1))])
    assert found(checks.check(batch)) == found(
        Validation(PEOPLE, suite.rules, suite.engine, compiled=False).check_rows(batch)
    )
    assert {rule for rule, _ in found(checks.check(batch))} >= {checks.slow[1], checks.slow[2], checks.slow[4]}


def test_rules_below_critical_are_not_checked_and_a_rule_that_cannot_be_computed_never_passes(tmp_path):
    row = batch_of([("xa", None, "free", 3, 1, -2.0, Decimal(1), None)])
    assert found(RowChecks(suite_of(tmp_path / "a", RULES, "warning")).check(row)) == {}
    contradiction = suite_of(tmp_path / "b", [(BETWEEN, {"column": "whole", "min_value": 3, "max_value": 1})])
    with pytest.raises(DefinitionError, match="cannot be computed"):
        RowChecks(contradiction).check(row)
