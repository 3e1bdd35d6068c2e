"""Reads a suite from its Great Expectations context, adds the implied rules, refuses rules that cannot work."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import great_expectations as gx
from great_expectations.data_context.data_context.file_data_context import FileDataContext
from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier
from great_expectations.exceptions.exceptions import GreatExpectationsError
from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    Expectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from marshmallow import ValidationError

from scoring.domain.dataset import DataSet
from scoring.errors import ConfigurationError, DefinitionError
from scoring.intake.expectations.docs import DataDocs
from scoring.intake.expectations.engine import Engine
from scoring.intake.expectations.rules import Rule, Scope
from scoring.intake.expectations.suite import Suite

EXAMPLE = (
    '{"name": "%s", "expectations": [{"type": "expect_column_values_to_not_be_null", '
    '"kwargs": {"column": "%s"}, "severity": "critical"}]}'
)

TYPES = "the definition gives every column its type, and a file with another one is refused before it is checked"
PATTERNS = "SQL patterns are not supported here; use a rule with a regular expression"
QUERIES = "it queries a database, but rows are checked in memory before they are in one"

# Rules that cannot work here, and why.
REFUSED = {
    "expect_column_type_to_be": TYPES,
    "expect_column_values_to_be_in_type_list": TYPES,
    "expect_column_values_to_be_of_type": TYPES,
    "expect_column_values_to_match_like_pattern": PATTERNS,
    "expect_column_values_to_match_like_pattern_list": PATTERNS,
    "expect_column_values_to_not_match_like_pattern": PATTERNS,
    "expect_column_values_to_not_match_like_pattern_list": PATTERNS,
    "expect_query_results_to_match_comparison": QUERIES,
    "expect_table_row_count_to_equal_other_table": QUERIES,
    "unexpected_rows_expectation": QUERIES,
}

# Rules that look only at the names of the columns.
ABOUT_COLUMNS = {
    "expect_column_to_exist",
    "expect_table_column_count_to_be_between",
    "expect_table_column_count_to_equal",
    "expect_table_columns_to_match_ordered_list",
    "expect_table_columns_to_match_set",
}

# Metrics that compare a row with all others: one batch is not enough.
NEEDS_WHOLE_TABLE = {
    "column_values.unique",
    "column_values.increasing",
    "column_values.decreasing",
    "column_values.not_outliers",
    "column_values.z_score.under_threshold",
    "compound_columns.unique",
}

ONE_AT_A_TIME = threading.Lock()  # Great Expectations reads its YAML with a parser that all threads share


def load(directory: Path, data_set: DataSet) -> Suite:
    """Load a suite; see ``scoring.intake.expectations.load_suite`` for the parameters and errors."""
    context = _open(directory)
    rules = [_rule(stated, data_set) for stated in _stated(context, data_set)]
    about = {(rule.configuration.type, rule.column) for rule in rules}
    rules += [
        _rule(implied, data_set)
        for implied in _implied(data_set)
        if (implied.type, implied.kwargs["column"]) not in about
    ]
    _check(rules, data_set)
    return Suite(data_set, tuple(rules), Engine(), DataDocs(context))


def _open(directory: Path) -> FileDataContext:
    file = directory / FileDataContext.GX_YML
    if not file.is_file():  # Great Expectations would make a new project there
        raise ConfigurationError(
            f"There is no {file}.",
            remedy="Set SCORING_EXPECTATIONS_DIR to the directory that has it.",
            in_airflow="Set SCORING_EXPECTATIONS_DIR of the workers to the directory that has it.",
        )
    try:
        with ONE_AT_A_TIME:
            return gx.get_context(mode="file", context_root_dir=directory)
    except (GreatExpectationsError, OSError, ValueError) as error:
        raise ConfigurationError(f"{file} cannot be used: {_one_line(error)}") from error


def _stated(context: FileDataContext, data_set: DataSet) -> list[ExpectationConfiguration]:
    """The stored expectations: Great Expectations' own suite object silently drops those that it cannot use."""
    name = data_set.suite_name
    key = ExpectationSuiteIdentifier(name=name)
    if not context.expectations_store.has_key(key):
        raise DefinitionError(
            f"Data set {data_set.name!r}: there is no suite {name!r}. Add "
            f"{Path(context.root_directory) / 'expectations' / name}.json, for example: "
            f"{EXAMPLE % (name, data_set.key)}"
        )
    try:
        return list(context.expectations_store.get(key).get("expectations") or ())
    except (GreatExpectationsError, ValidationError, ValueError, TypeError) as error:
        raise DefinitionError(f"Suite {name!r} cannot be read: {_one_line(error)}") from error


def _implied(data_set: DataSet) -> Iterator[ExpectationConfiguration]:
    for column in data_set.columns:
        about = {"column": column.name}
        if not column.nullable:
            yield ExpectationConfiguration(type="expect_column_values_to_not_be_null", kwargs=about)
        if column.values:
            values = about | {"value_set": list(column.values)}
            yield ExpectationConfiguration(type="expect_column_values_to_be_in_set", kwargs=values)


def _rule(stated: ExpectationConfiguration, data_set: DataSet) -> Rule:
    refused = f"Suite {data_set.suite_name!r}: {stated.type}({stated.kwargs}) cannot be used: "
    if stated.type in REFUSED:
        raise DefinitionError(f"{refused}{REFUSED[stated.type]}.", remedy="remove it from the suite.")
    if stated.type == "expect_column_to_exist" and stated.kwargs.get("column_index") == 0:
        raise DefinitionError(
            f"{refused}Great Expectations does not check position 0.",
            remedy="leave 'column_index' out, or use expect_table_columns_to_match_ordered_list.",
        )
    try:
        expectation = stated.to_domain_obj()
    except (GreatExpectationsError, ValueError, TypeError) as error:
        raise DefinitionError(f"{refused}{_one_line(error)}") from error
    return Rule(expectation.configuration, expectation.severity.value, _scope(expectation))


def _scope(expectation: Expectation) -> Scope:
    if expectation.expectation_type in ABOUT_COLUMNS:
        return "columns"
    if isinstance(expectation, ColumnPairMapExpectation):
        return "pair"
    if isinstance(expectation, ColumnMapExpectation | MulticolumnMapExpectation):
        return "table" if expectation.map_metric in NEEDS_WHOLE_TABLE else "row"
    return "table"


def _check(rules: Sequence[Rule], data_set: DataSet) -> None:
    seen = set()
    for rule in rules:
        unknown = [name for name in rule.columns if name not in data_set.column_names]
        if unknown:
            raise DefinitionError(
                f"Suite {data_set.suite_name!r}: {rule.name}: data set {data_set.name!r} has no column "
                f"{unknown[0]!r}; it has: {', '.join(data_set.column_names)}."
            )
        if (rule.name, rule.column) in seen:
            raise DefinitionError(f"Suite {data_set.suite_name!r}: {rule.name} (column {rule.column}) appears twice.")
        seen.add((rule.name, rule.column))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
