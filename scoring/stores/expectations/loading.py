"""Reads a suite from its Great Expectations context, adds what the definition implies, refuses what cannot work."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import great_expectations as gx
from great_expectations.data_context import FileDataContext
from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier
from great_expectations.exceptions import GreatExpectationsError
from great_expectations.expectations import (
    Expectation,
    ExpectColumnValuesToBeInSet,
    ExpectColumnValuesToNotBeNull,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from marshmallow import ValidationError

from scoring.domain.dataset import DataSet
from scoring.errors import ConfigurationError, DefinitionError
from scoring.stores.expectations.rules import Rule, make_rule
from scoring.stores.expectations.suite import Suite

EXAMPLE = (
    '{"name": "%s", "expectations": [{"type": "expect_column_values_to_not_be_null", '
    '"kwargs": {"column": "%s"}, "severity": "critical"}]}'
)


def load(directory: Path, data_set: DataSet) -> Suite:
    """As ``scoring.stores.expectations.load_suite``, which says what it raises."""
    context = _open(directory)
    expectations = [_expectation(stated, data_set) for stated in _stated(context, data_set)]
    about = {(type(one), getattr(one, "column", None)) for one in expectations}
    expectations += [one for one in _implied(data_set) if (type(one), one.column) not in about]
    rules = tuple(make_rule(expectation) for expectation in expectations)
    _check(rules, data_set)
    return Suite(context, data_set, rules)


def _open(directory: Path) -> FileDataContext:
    file = directory / FileDataContext.GX_YML
    if not file.is_file():  # Great Expectations would make a new project there
        raise ConfigurationError(f"There is no {file}. Set SCORING_EXPECTATIONS_DIR to the directory that has it.")
    try:
        return gx.get_context(mode="file", context_root_dir=directory)
    except (GreatExpectationsError, OSError, ValueError) as error:
        raise ConfigurationError(f"{file} cannot be used: {_one_line(error)}") from error


def _stated(context: FileDataContext, data_set: DataSet) -> Sequence[ExpectationConfiguration]:
    """The suite's content as it stands: as a suite object it would lack, silently, what cannot be used."""
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


def _expectation(stated: ExpectationConfiguration, data_set: DataSet) -> Expectation:
    try:
        return stated.to_domain_obj()
    except (GreatExpectationsError, ValueError, TypeError) as error:
        raise DefinitionError(
            f"Suite {data_set.suite_name!r}: {stated.type}({stated.kwargs}) cannot be used: {_one_line(error)}"
        ) from error


def _implied(data_set: DataSet) -> Iterator[Expectation]:
    for column in data_set.columns:
        if not column.nullable:
            yield ExpectColumnValuesToNotBeNull(column=column.name, severity="critical")
        if column.values:
            yield ExpectColumnValuesToBeInSet(column=column.name, value_set=list(column.values), severity="critical")


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
            raise DefinitionError(
                f"Suite {data_set.suite_name!r}: {rule.name} (column {rule.column}) stands there twice."
            )
        seen.add((rule.name, rule.column))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
