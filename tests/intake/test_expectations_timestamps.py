"""Rules about timestamps see moments in UTC, in Great Expectations and for single records alike."""

import datetime as dt
import json

import pyarrow as pa
import pytest

from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.errors import DefinitionError
from scoring.intake.expectations import load_suite
from scoring.intake.expectations.compiled import RowChecks
from scoring.intake.messages.reader import Reader
from scoring.intake.messages.schema import example_record, record_schema
from scoring.settings import PROJECT
from scoring.snapshots.arrow import arrow_schema

PEOPLE = DataSet(
    name="people",
    title="People",
    key="id",
    columns=(
        Column(name="id", type="text"),
        Column(name="opened", type="timestamp", time_zone="Europe/Madrid"),
        Column(name="closed", type="timestamp", nullable=True),
    ),
    source=CsvSource(path="x.csv"),
)
NOON = dt.datetime(2005, 6, 30, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
FIRST = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
ROWS = [("1", NOON, NOON + HOUR), ("2", NOON, None), ("3", NOON + HOUR, NOON), ("4", FIRST, None)]
BETWEEN = "expect_column_values_to_be_between"
RULES = {  # the rule, and the ids that break it
    "after": ((BETWEEN, {"column": "opened", "min_value": "2005-01-01T00:00:00"}), {"4"}),
    "to the hour": ((BETWEEN, {"column": "opened", "max_value": "2005-06-30T12:30:00"}), {"3"}),
    "in order": (
        ("expect_column_pair_values_a_to_be_greater_than_b",
         {"column_A": "closed", "column_B": "opened", "ignore_row_if": "either_value_is_missing"}), {"3"},
    ),
    "there": (("expect_column_values_to_not_be_null", {"column": "closed"}), {"2", "4"}),
}  # fmt: skip


@pytest.fixture
def suite(tmp_path):
    def suite_of(*rules):
        (tmp_path / "expectations").mkdir(exist_ok=True)
        yml = (PROJECT / "great_expectations" / "great_expectations.yml").read_text()
        (tmp_path / "great_expectations.yml").write_text(yml)
        stated = [{"type": kind, "kwargs": kwargs, "severity": "critical"} for kind, kwargs in rules]
        (tmp_path / "expectations" / "people.json").write_text(json.dumps({"name": "people", "expectations": stated}))
        return load_suite(tmp_path, PEOPLE)

    return suite_of


def batch() -> pa.RecordBatch:
    columns = zip(*ROWS, strict=True)
    schema = arrow_schema(PEOPLE)
    return pa.RecordBatch.from_arrays(
        [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema
    )


@pytest.mark.parametrize("kind", RULES)
def test_a_rule_about_rows_finds_the_moments_that_break_it(suite, kind):
    rule, broken = RULES[kind]
    for findings in (suite(rule).validation().check_rows(batch()), RowChecks(suite(rule)).check(batch())):
        rows = {row[0] for one in findings for row, bad in zip(ROWS, one.failing, strict=True) if bad}
        assert rows == broken


def columns_of(names) -> pa.Table:
    return pa.Table.from_batches([batch()]).select(list(names))


def test_a_bound_needs_a_time(suite):
    rule = (BETWEEN, {"column": "opened", "min_value": "2005-01-01"})
    with pytest.raises(DefinitionError, match=r"Cannot compare Timestamp with datetime\.date"):
        suite(rule).validation().check_rows(batch())


def test_a_rule_about_the_table_sees_the_latest_moment(suite):
    found = {}
    for bound in ("2005-06-30T12:59:59", "2005-06-30T13:00:00"):
        validation = suite(("expect_column_max_to_be_between", {"column": "opened", "max_value": bound})).validation()
        list(validation.check_rows(batch()))
        found[bound] = [one.rule for one in validation.check_table(columns_of, len(ROWS))]
    assert [len(broken) for broken in found.values()] == [1, 0]


def test_a_record_has_a_moment_in_short_and_the_long_way(suite):
    reader = Reader(PEOPLE, RowChecks(suite()))
    record = {"id": "1", "opened": "2005-06-30T14:00:00+02:00", "closed": None}
    assert reader.single(record) == {"id": "1", "opened": NOON, "closed": None}
    assert reader.read([record]).rows.to_pylist() == [reader.single(record)]
    for written, expected in {
        "2005-06-30T14:00:00": NOON, "2005-06-30 12:00Z": NOON, "2005-06-30T12:00:00.000000Z": NOON,
        "9999-12-31T23:59:59.999999Z": dt.datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC),
    }.items():  # fmt: skip
        (row,) = reader.read([record | {"opened": written}]).rows.to_pylist()
        assert row["opened"] == expected
        assert reader.single(record | {"opened": written}) in (None, row)
    for written in ("2005-02-30T12:00:00Z", "9999-12-31T23:59:59-23:00", "2005-10-30T02:30:00", "today"):
        assert reader.single(record | {"opened": written}) is None
        (refused,) = reader.read([record | {"opened": written}]).refused.values()
        assert [error.field for error in refused.errors] == ["opened"]
    (refused,) = reader.read(
        [record | {"opened": "2005-06-30T12:00:00", "closed": "2005-06-30T12:00:00"}]
    ).refused.values()
    assert [(error.field, error.rule) for error in refused.errors] == [("closed", "it has no time zone")]


def test_the_schema_of_a_record_says_what_a_timestamp_is(suite):
    properties = record_schema(PEOPLE)["properties"]
    assert properties["opened"] == {"type": "string", "format": "date-time"}
    assert properties["closed"] == {"type": ["string", "null"], "format": "date-time"}
    assert Reader(PEOPLE, RowChecks(suite())).single(example_record(PEOPLE)) is not None


def test_a_timestamp_is_no_feature():
    assert not PEOPLE.column("opened").numeric
