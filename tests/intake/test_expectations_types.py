"""Every kind of expectation that Great Expectations has is judged right, or refused when the suite is loaded."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from great_expectations.expectations import core

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.errors import DefinitionError
from scoring.intake.expectations import Validation, load_suite
from scoring.intake.expectations.loading import REFUSED
from scoring.settings import PROJECT
from scoring.snapshots.arrow import arrow_schema

DATA = DataSet(
    name="people",
    title="People",
    key="id",
    columns=(
        Column(name="id", type="text"),
        Column(name="note", type="text", nullable=True),
        Column(name="age", type="integer", nullable=True),
        Column(name="size", type="number", nullable=True),
        Column(name="weight", type="number", nullable=True),
    ),
    source=CsvSource(path="people.csv"),
)
GOOD = {
    "id": ["a", "b", "c", "d"],
    "note": ['{"x": 1}', '{"x": 2}', '{"x": 3}', '{"x": 4}'],
    "age": [10, 20, 30, 40],
    "size": [1.0, 2.0, 3.0, 4.0],
    "weight": [1.0, 2.0, 3.0, 4.0],
}
IDS, AGES = {"column": "id"}, {"column": "age"}
PAIR = {"column_A": "size", "column_B": "weight"}
LIST = {"column_list": ["size", "weight"]}
SCHEMA = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
PARTS = {"bins": [0, 15, 25, 35, 50], "weights": [0.25, 0.25, 0.25, 0.25]}
SKEWED = {"bins": [0, 15, 25, 35, 50], "weights": [0.97, 0.01, 0.01, 0.01]}

# Arguments with which each kind holds for GOOD, and with which it does not.
CASES: dict[str, tuple[dict, dict]] = {
    "expect_column_distinct_values_to_be_in_set": (
        IDS | {"value_set": ["a", "b", "c", "d", "e"]},
        IDS | {"value_set": ["a"]},
    ),
    "expect_column_distinct_values_to_contain_set": (IDS | {"value_set": ["a"]}, IDS | {"value_set": ["z"]}),
    "expect_column_distinct_values_to_equal_set": (
        IDS | {"value_set": ["a", "b", "c", "d"]},
        IDS | {"value_set": ["a"]},
    ),
    "expect_column_kl_divergence_to_be_less_than": (
        AGES | {"partition_object": PARTS, "threshold": 0.1},
        AGES | {"partition_object": SKEWED, "threshold": 0.1},
    ),
    "expect_column_max_to_be_between": (AGES | {"max_value": 40}, AGES | {"max_value": 39}),
    "expect_column_mean_to_be_between": (AGES | {"max_value": 25}, AGES | {"max_value": 24}),
    "expect_column_median_to_be_between": (AGES | {"max_value": 25}, AGES | {"max_value": 24}),
    "expect_column_min_to_be_between": (AGES | {"min_value": 10}, AGES | {"min_value": 11}),
    "expect_column_most_common_value_to_be_in_set": (
        IDS | {"value_set": ["a", "b", "c", "d"], "ties_okay": True},
        IDS | {"value_set": ["z"], "ties_okay": True},
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": (PAIR | {"or_equal": True}, PAIR),
    "expect_column_pair_values_to_be_equal": (PAIR, {"column_A": "size", "column_B": "age"}),
    "expect_column_pair_values_to_be_in_set": (
        PAIR | {"value_pairs_set": [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [4.0, 4.0]]},
        PAIR | {"value_pairs_set": [[1.0, 1.0]]},
    ),
    "expect_column_proportion_of_non_null_values_to_be_between": (AGES | {"min_value": 1}, AGES | {"max_value": 0.5}),
    "expect_column_proportion_of_unique_values_to_be_between": (AGES | {"min_value": 1}, AGES | {"max_value": 0.5}),
    "expect_column_quantile_values_to_be_between": (
        AGES | {"quantile_ranges": {"quantiles": [0.5], "value_ranges": [[20, 30]]}},
        AGES | {"quantile_ranges": {"quantiles": [0.5], "value_ranges": [[90, 99]]}},
    ),
    "expect_column_stdev_to_be_between": (AGES | {"min_value": 1}, AGES | {"max_value": 1}),
    "expect_column_sum_to_be_between": (AGES | {"max_value": 100}, AGES | {"max_value": 99}),
    "expect_column_to_exist": (AGES | {"column_index": 2}, AGES | {"column_index": 1}),
    "expect_column_unique_value_count_to_be_between": (AGES | {"min_value": 4}, AGES | {"max_value": 3}),
    "expect_column_value_lengths_to_be_between": (IDS | {"max_value": 1}, IDS | {"min_value": 2}),
    "expect_column_value_lengths_to_equal": (IDS | {"value": 1}, IDS | {"value": 2}),
    "expect_column_value_z_scores_to_be_less_than": (
        AGES | {"threshold": 3, "double_sided": True},
        AGES | {"threshold": 0.5, "double_sided": True},
    ),
    "expect_column_values_to_be_between": (AGES | {"max_value": 40}, AGES | {"max_value": 39}),
    "expect_column_values_to_be_dateutil_parseable": (IDS | {"column": "day"}, IDS),
    "expect_column_values_to_be_decreasing": (AGES | {"column": "falling"}, AGES),
    "expect_column_values_to_be_in_set": (IDS | {"value_set": ["a", "b", "c", "d"]}, IDS | {"value_set": ["a"]}),
    "expect_column_values_to_be_increasing": (AGES, AGES | {"column": "falling"}),
    "expect_column_values_to_be_json_parseable": ({"column": "note"}, IDS),
    "expect_column_values_to_be_null": ({"column": "nothing"}, AGES),
    "expect_column_values_to_be_unique": (AGES, AGES | {"column": "same"}),
    "expect_column_values_to_match_json_schema": (
        {"column": "note", "json_schema": SCHEMA},
        {"column": "note", "json_schema": SCHEMA | {"required": ["y"]}},
    ),
    "expect_column_values_to_match_regex": (IDS | {"regex": "^[a-d]$"}, IDS | {"regex": "^a$"}),
    "expect_column_values_to_match_regex_list": (
        IDS | {"regex_list": ["^[ab]$", "^[cd]$"]},
        IDS | {"regex_list": ["^a$"]},
    ),
    "expect_column_values_to_match_strftime_format": (
        {"column": "day", "strftime_format": "%Y-%m-%d"},
        {"column": "day", "strftime_format": "%d/%m"},
    ),
    "expect_column_values_to_not_be_in_set": (IDS | {"value_set": ["z"]}, IDS | {"value_set": ["a"]}),
    "expect_column_values_to_not_be_null": (AGES, {"column": "nothing"}),
    "expect_column_values_to_not_be_outliers": (
        AGES | {"method": "iqr", "multiplier": 3},
        AGES | {"column": "outlier", "method": "iqr", "multiplier": 1.5},
    ),
    "expect_column_values_to_not_match_regex": (IDS | {"regex": "z"}, IDS | {"regex": "a"}),
    "expect_column_values_to_not_match_regex_list": (IDS | {"regex_list": ["z"]}, IDS | {"regex_list": ["a"]}),
    "expect_compound_columns_to_be_unique": (LIST, {"column_list": ["same", "also_same"]}),
    "expect_multicolumn_sum_to_equal": ({"column_list": ["one", "nine"], "sum_total": 10}, LIST | {"sum_total": 10}),
    "expect_multicolumn_values_to_be_equal": (LIST, {"column_list": ["size", "age"]}),
    "expect_select_column_values_to_be_unique_within_record": ({"column_list": ["size", "age"]}, LIST),
    "expect_table_column_count_to_be_between": ({"min_value": 5, "max_value": 20}, {"max_value": 2}),
    "expect_table_column_count_to_equal": ({"value": 12}, {"value": 2}),
    "expect_table_columns_to_match_ordered_list": ({"column_list": "ALL"}, {"column_list": ["id"]}),
    "expect_table_columns_to_match_set": ({"column_set": "ALL"}, {"column_set": ["id"]}),
    "expect_table_row_count_to_be_between": ({"min_value": 4, "max_value": 4}, {"max_value": 3}),
    "expect_table_row_count_to_equal": ({"value": 4}, {"value": 5}),
}
MORE = {
    "day": ("text", ["2005-06-30", "2005-07-31", "2005-08-31", "2005-09-30"]),
    "falling": ("integer", [4, 3, 2, 1]),
    "nothing": ("integer", [None] * 4),
    "same": ("integer", [7] * 4),
    "also_same": ("integer", [8] * 4),
    "outlier": ("integer", [1, 2, 2, 1000]),
    "one": ("integer", [1] * 4),
    "nine": ("integer", [9] * 4),
}


def kinds() -> set[str]:
    """The types of all expectations that Great Expectations brings."""
    names = [name for name in dir(core) if name.startswith(("Expect", "UnexpectedRows"))]
    return {getattr(core, name).expectation_type for name in names} - {""}  # one that only has a new name


def test_every_kind_is_either_tried_here_or_refused_on_load() -> None:
    assert kinds() == set(CASES) | set(REFUSED)
    assert not set(CASES) & set(REFUSED)


def data_set_for(kwargs: dict) -> DataSet:
    """The people with those further columns that the arguments name."""
    named = {kwargs.get("column"), *kwargs.get("column_list", ())} if kwargs.get("column_list") != "ALL" else set()
    extra = [Column(name=name, type=kind, nullable=True) for name, (kind, _) in MORE.items() if name in named]
    return DATA.model_copy(update={"columns": (*DATA.columns, *extra)})


@pytest.fixture
def judged(tmp_path: Path) -> Callable[..., tuple[bool, Validation]]:
    """Whether one expectation holds for given rows."""
    directory = tmp_path / "great_expectations"
    shutil.copytree(PROJECT / "great_expectations", directory, ignore=shutil.ignore_patterns("uncommitted"))

    def judge(kind: str, kwargs: dict, rows: dict[str, list]) -> bool:
        data_set = data_set_for(kwargs)
        names = list(data_set.column_names)
        kwargs = {key: names if value == "ALL" else value for key, value in kwargs.items()}
        if kind == "expect_table_column_count_to_equal" and kwargs["value"] == 12:
            kwargs = {"value": len(names)}
        stated = {"name": "people", "expectations": [{"type": kind, "kwargs": kwargs, "severity": "critical"}]}
        (directory / "expectations" / "people.json").write_text(json.dumps(stated))
        validation = load_suite(directory, data_set).validation()
        columns = rows | {name: values[: len(rows["id"])] for name, (_, values) in MORE.items()}
        schema = arrow_schema(data_set)
        table = pa.table({name: pa.array(columns[name], schema.field(name).type) for name in names}, schema)
        broken = {
            finding.rule for batch in table.combine_chunks().to_batches() for finding in validation.check_rows(batch)
        }
        broken |= {
            finding.rule for finding in validation.check_table(lambda some: table.select(list(some)), len(table))
        }
        assert all(one.observed is not None for one in validation.results)
        return not any(re.match(rf"{kind}\b", rule) for rule in broken)

    return judge


@pytest.mark.parametrize("kind", sorted(CASES))
def test_an_expectation_holds_and_breaks_where_it_should(judged: Callable[..., bool], kind: str) -> None:
    holds, breaks = CASES[kind]
    assert judged(kind, holds, GOOD) is True
    assert judged(kind, breaks, GOOD) is False


ODD = {
    "nulls": {name: ["a", "b", "c", "d"] if name == "id" else [None] * 4 for name in GOOD},
    "no rows": {name: [] for name in GOOD},
    "one row": {name: values[:1] for name, values in GOOD.items()},
}


@pytest.mark.parametrize("rows", ODD.values(), ids=ODD)
@pytest.mark.parametrize("kind", sorted(CASES))
def test_an_expectation_has_an_answer_or_a_definition_error_for_odd_rows(
    judged: Callable[..., bool], kind: str, rows: dict[str, list]
) -> None:
    for kwargs in CASES[kind]:
        try:
            assert judged(kind, kwargs, rows) in (True, False)
        except DefinitionError as error:
            assert "cannot be computed" in str(error)  # noqa: PT017 - either is an answer


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_a_kind_that_would_never_be_right_is_refused_with_the_reason(judged: Callable[..., bool], kind: str) -> None:
    with pytest.raises(DefinitionError, match=re.escape(REFUSED[kind])):
        judged(kind, {"column": "age"}, GOOD)


def test_the_first_place_of_a_column_is_refused_for_great_expectations_does_not_look_at_it(judged) -> None:
    with pytest.raises(DefinitionError, match="does not check position 0"):
        judged("expect_column_to_exist", {"column": "age", "column_index": 0}, GOOD)
