"""Suites in a real Great Expectations context: what they find, refuse and write."""

import datetime as dt
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from waiting import PATIENCE

from scoring.definitions.credit_cards import CREDIT_CARDS
from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.errors import ConfigurationError, DefinitionError
from scoring.intake.expectations import Suite, TableFinding, Validation, load_suite
from scoring.intake.expectations.frames import texts
from scoring.settings import PROJECT
from scoring.snapshots.arrow import arrow_schema

AS_OF = dt.date(2005, 6, 30)
PEOPLE = DataSet(
    name="people",
    title="People",
    key="id",
    columns=(
        Column(name="id", type="text"),
        Column(name="age", type="integer", nullable=True),
        Column(name="size", type="number", nullable=True),
        Column(name="price", type="decimal", nullable=True),
        Column(name="born", type="date", nullable=True),
        Column(name="seen", type="date", nullable=True),
        Column(name="kind", type="category", values=("a", "b"), nullable=True),
    ),
    source=CsvSource(path="people.csv"),
)
AGE = "expect_column_values_to_be_between(min_value=18, max_value=120)"


def stated(kind: str, severity: str = "critical", **kwargs: object) -> dict:
    return {"type": kind, "kwargs": kwargs, "severity": severity}


def age(severity: str = "critical", **kwargs: object) -> dict:
    bounds = {"column": "age", "min_value": 18, "max_value": 120}
    return stated("expect_column_values_to_be_between", severity, **(bounds | kwargs))


def rows(**columns: list) -> pa.RecordBatch:
    count = len(next(iter(columns.values())))
    given = {"id": [str(number) for number in range(count)]} | columns
    return pa.RecordBatch.from_pylist(
        [{name: given[name][row] if name in given else None for name in PEOPLE.column_names} for row in range(count)],
        schema=arrow_schema(PEOPLE),
    )


class Violation(NamedTuple):
    row_number: int
    rule: str
    column: str
    value: str | None
    critical: bool


def violations(validation: Validation, batch: pa.RecordBatch, first_row: int = 1) -> list[Violation]:
    """What the rows of a batch break, in the order of the rows."""
    found = []
    for one in validation.check_rows(batch):
        failing = np.flatnonzero(one.failing)
        values = texts(batch, one.columns, failing)
        found += [
            Violation(first_row + int(row), one.rule, one.column, value, one.critical)
            for row, value in zip(failing, values, strict=True)
        ]
    return sorted(found, key=lambda violation: violation.row_number)


def numbers(found: list[Violation]) -> list[int]:
    return [violation.row_number for violation in found]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A context of the project's configuration, to which a test adds suites."""
    made = tmp_path / "great_expectations"
    shutil.copytree(PROJECT / "great_expectations", made, ignore=shutil.ignore_patterns("uncommitted"))
    return made


@pytest.fixture
def validation(suite: Callable[..., Suite]) -> Callable[..., Validation]:
    """Makes a validation by the suite of PEOPLE out of expectations."""
    return lambda *expectations: suite(*expectations).validation()


@pytest.fixture
def suite(directory: Path) -> Callable[..., Suite]:
    """Makes the suite of PEOPLE out of expectations."""

    def make(*expectations: dict) -> Suite:
        content = {"name": "people", "expectations": list(expectations)}
        (directory / "expectations" / "people.json").write_text(json.dumps(content))
        return load_suite(directory, PEOPLE)

    return make


def test_each_row_that_breaks_a_critical_rule_is_named_with_rule_column_and_value(validation) -> None:
    found = violations(validation(age()), rows(age=[17, 18, 120, 121]), first_row=1)
    assert found == [Violation(1, AGE, "age", "17", critical=True), Violation(4, AGE, "age", "121", critical=True)]


def test_row_numbers_count_on_across_batches(validation) -> None:
    checked = validation(age())
    assert numbers(violations(checked, rows(age=[20, 5]), first_row=1)) == [2]
    assert numbers(violations(checked, rows(age=[5, 20, 20, 5]), first_row=3)) == [3, 6]


def test_more_rows_than_great_expectations_lists_are_all_named(validation) -> None:
    assert numbers(violations(validation(age()), rows(age=[0] * 1000), first_row=11)) == list(range(11, 1011))


def test_mostly_does_not_let_a_row_through(validation) -> None:
    assert numbers(violations(validation(age(mostly=0.1)), rows(age=[20, 5]), first_row=1)) == [2]


@pytest.mark.parametrize("severity", ["warning", "info"])
def test_below_critical_a_row_is_counted_and_not_quarantined(validation, severity) -> None:
    checked = validation(age(severity))
    for first in (1, 3):
        assert [one.critical for one in violations(checked, rows(age=[20, 5]), first)] == [False]
    assert checked.row_warnings() == [TableFinding(AGE, "age", severity, "2 of 4 values (50.00%)")]


def test_a_critical_rule_is_no_warning(validation) -> None:
    checked = validation(age())
    violations(checked, rows(age=[5]), 1)
    assert checked.row_warnings() == []


def test_nulls_in_nullable_columns_pass(validation) -> None:
    checked = validation(age(), stated("expect_column_values_to_match_regex", column="kind", regex="^[ab]$"))
    assert violations(checked, rows(age=[None, 20], kind=[None, "a"]), first_row=1) == []
    assert violations(checked, rows(age=[None, None]), first_row=3) == []


def test_a_definition_implies_not_null_and_the_values_of_a_category(validation) -> None:
    found = violations(validation(), rows(id=["1", None, "3"], kind=["a", "b", "c"]), first_row=1)
    assert found == [
        Violation(2, "expect_column_values_to_not_be_null", "id", None, critical=True),
        Violation(3, "expect_column_values_to_be_in_set(value_set=['a', 'b'])", "kind", "c", critical=True),
    ]


def test_a_rule_of_the_suite_takes_the_place_of_the_implied_one(validation) -> None:
    lenient = stated("expect_column_values_to_be_in_set", "warning", column="kind", value_set=["a", "b", "c"])
    found = violations(validation(lenient), rows(kind=["c", "d"]), first_row=1)
    assert [(one.row_number, one.critical) for one in found] == [(2, False)]


def test_dates_and_decimals_are_compared_with_bounds(validation) -> None:
    checked = validation(
        stated("expect_column_values_to_be_between", column="born", min_value="1900-01-01", max_value="2005-06-30"),
        stated("expect_column_values_to_be_between", column="price", min_value=0.1, max_value=0.3),
    )
    days = [dt.date(1899, 12, 31), dt.date(1900, 1, 1), None, dt.date(9999, 12, 31)]
    prices = [Decimal("0.10"), Decimal("0.30"), Decimal("0.31"), None]
    found = violations(checked, rows(born=days, price=prices), first_row=1)
    assert [(one.row_number, one.column, one.value) for one in found] == [
        (1, "born", "1899-12-31"),
        (3, "price", "0.31"),
        (4, "born", "9999-12-31"),
    ]


def test_a_comparison_of_two_columns_names_both_and_a_missing_side_fails(validation) -> None:
    later = {"column_A": "seen", "column_B": "born", "or_equal": True}
    early, late = dt.date(2000, 1, 1), dt.date(2001, 1, 1)
    found = violations(
        validation(stated("expect_column_pair_values_a_to_be_greater_than_b", **later)),
        rows(born=[early, late, None, early], seen=[late, early, None, None]),
        first_row=1,
    )
    assert [(one.row_number, one.column, one.value) for one in found] == [
        (2, "seen, born", "2000-01-01, 2001-01-01"),
        (4, "seen, born", "null, 2000-01-01"),
    ]


def test_a_row_condition_decides_which_rows_a_rule_is_about(validation) -> None:
    conditional = age(row_condition='kind == "a"', condition_parser="pandas")
    assert numbers(violations(validation(conditional), rows(age=[5, 5, 5], kind=["b", "a", None]), 7)) == [8]


def test_a_table_rule_sees_the_columns_it_names_and_no_other(validation) -> None:
    checked = validation(
        stated("expect_table_row_count_to_be_between", min_value=4),
        stated("expect_column_mean_to_be_between", "warning", column="age", min_value=18, max_value=50),
        stated("expect_column_values_to_be_unique", column="id"),
        stated("expect_column_max_to_be_between", column="born", max_value="2005-06-30"),
    )
    table = pa.Table.from_batches([rows(id=["1", "1", "2"], age=[90, 80, None], born=[dt.date(2005, 1, 1)] * 3)])
    asked = []

    def columns(names: tuple[str, ...]) -> pa.Table:
        asked.append(names)
        return table.select(names)

    assert violations(checked, table.to_batches()[0], first_row=1) == []
    assert checked.check_table(columns, table.num_rows) == [
        TableFinding("expect_table_row_count_to_be_between(min_value=4)", None, "critical", "3"),
        TableFinding("expect_column_mean_to_be_between(min_value=18, max_value=50)", "age", "warning", "85.0"),
        TableFinding("expect_column_values_to_be_unique", "id", "critical", "2 of 3 rows"),
    ]
    assert sorted(asked) == [("age",), ("born",), ("id",)]


@pytest.mark.parametrize(
    ("expectation", "says"),
    [
        (age(column="height"), "no column 'height'; it has: id, age"),
        (stated("expect_nonsense", column="age"), "expect_nonsense not found"),
        (stated("expect_column_values_to_be_between", column="age"), "cannot both be None"),
        (stated("expect_column_values_to_not_be_null", colum="age"), "extra fields not permitted"),
        (stated("expect_column_values_to_not_be_null", "bad", column="age"), "Must be one of: critical"),
    ],
)
def test_an_expectation_that_cannot_be_used_is_refused_when_the_suite_is_loaded(suite, expectation, says) -> None:
    with pytest.raises(DefinitionError, match=re.escape(says)):
        suite(expectation)


@pytest.mark.parametrize(
    ("expectation", "says"),
    [
        (age(column="kind"), "must either be None or of the same type"),
        (stated("expect_column_values_to_match_regex", column="kind", regex="[a"), "Invalid regular expression"),
        (age(row_condition="height > 3", condition_parser="pandas"), "height"),
    ],
)
def test_a_row_rule_that_raises_stops_everything_instead_of_passing(validation, expectation, says) -> None:
    with pytest.raises(DefinitionError, match="cannot be computed") as caught:
        violations(validation(expectation), rows(age=[20], kind=["a"]), first_row=1)
    assert says in str(caught.value)


def test_a_rule_that_stands_twice_is_refused(suite) -> None:
    with pytest.raises(DefinitionError, match="appears twice"):
        suite(age(), age("warning"))


def test_a_missing_suite_is_reported_with_the_file_to_add_and_an_example_that_works(directory) -> None:
    with pytest.raises(DefinitionError, match="there is no suite 'people'") as caught:
        load_suite(directory, PEOPLE)
    file, example = re.search(r"Add (\S+), for example: (.*)", str(caught.value)).groups()
    Path(file).write_text(example)
    assert violations(load_suite(directory, PEOPLE).validation(), rows(age=[1]), 1) == []


def test_a_suite_that_is_no_json_is_refused(directory) -> None:
    (directory / "expectations" / "people.json").write_text("{")
    with pytest.raises(DefinitionError, match="Suite 'people' cannot be read"):
        load_suite(directory, PEOPLE)


def test_a_directory_without_a_context_is_refused_and_left_alone(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match="SCORING_EXPECTATIONS_DIR"):
        load_suite(tmp_path, PEOPLE)
    assert list(tmp_path.iterdir()) == []


def test_the_digest_is_stable_and_follows_type_arguments_and_severity(suite) -> None:
    other = stated("expect_column_values_to_not_be_null", column="age")
    digest = suite(age(), other).digest
    assert suite(other, age()).digest == digest
    changed = [
        suite(age("warning"), other),
        suite(age(max_value=121), other),
        suite(age(mostly=0.9), other),
        suite(age()),
    ]
    assert len({digest, *(one.digest for one in changed)}) == 5


def test_data_docs_hold_the_counts_of_all_batches_and_nothing_else_in_the_context_changes(suite, directory) -> None:
    stating = suite(age(), stated("expect_table_row_count_to_be_between", min_value=9))
    checked = stating.validation()
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    checked.check_rows(rows(age=[5, 20, None]))
    checked.check_rows(rows(age=[20, 6]))
    checked.check_table(rows(age=[]).select, 5)
    page = stating.write_docs(checked.results, AS_OF, "manual 14:00:00+00:00 profiling", kept=1)

    html = Path(page).read_text()
    assert "2 unexpected values found." in html
    assert "people 2005-06-30" in html
    assert Path(page).relative_to(directory / "uncommitted" / "data_docs").parts[:2] == ("validations", "people")
    [stored] = (directory / "uncommitted" / "validations").rglob("*.json")
    content = json.loads(stored.read_text())
    found = {one["expectation_config"]["type"]: one for one in content["results"]}
    assert not found["expect_column_values_to_be_between"]["success"]
    merged = found["expect_column_values_to_be_between"]["result"]
    assert (merged["element_count"], merged["missing_count"], merged["unexpected_count"]) == (5, 1, 2)
    assert (merged["unexpected_percent"], merged["partial_unexpected_list"]) == (50.0, ["5", "6"])
    assert not found["expect_table_row_count_to_be_between"]["success"]
    assert (content["success"], content["statistics"]["evaluated_expectations"]) == (False, 4)
    assert {path: path.read_bytes() for path in before} == before
    assert {path.parts[len(directory.parts)] for path in directory.rglob("*")} == {
        "great_expectations.yml",
        "expectations",
        "uncommitted",
    }


def test_warnings_alone_leave_the_page_a_success(suite) -> None:
    stating = suite(age("warning"))
    checked = stating.validation()
    checked.check_rows(rows(age=[5]))
    html = Path(stating.write_docs(checked.results, AS_OF, "run", kept=1)).read_text()
    assert "Succeeded" in html
    assert "1 unexpected values found." in html


WRITER = """
import datetime as dt, sys
from pathlib import Path
from typing import NamedTuple
import pyarrow as pa
from scoring.snapshots.arrow import arrow_schema
from scoring.definitions.credit_cards import CREDIT_CARDS
from scoring.intake.expectations import load_suite
for number in range(3):
    suite = load_suite(Path(sys.argv[1]), CREDIT_CARDS)
    validation = suite.validation()
    validation.check_table(lambda names: arrow_schema(CREDIT_CARDS).empty_table().select(names), 0)
    assert Path(suite.write_docs(validation.results, dt.date(2005, 6, 30), f"{sys.argv[2]}_{number}", kept=1)).is_file()
"""


def test_two_processes_write_data_docs_at_the_same_time_and_say_nothing(directory) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(directory), name],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in ("left", "right")
    ]
    assert [(writer.communicate(timeout=PATIENCE)[0], writer.returncode) for writer in writers] == [("", 0)] * 2
    index = (directory / "uncommitted" / "data_docs" / "index.html").read_text()
    assert all(f"{name}_{number}" in index for name in ("left", "right") for number in range(3))


def test_naming_the_suite_does_not_import_great_expectations() -> None:
    code = "import scoring.intake.expectations, sys; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False).returncode == 0


@pytest.mark.parametrize("month", ["2005-05-31", "2005-06-30", "2005-07-31", "2005-08-31", "2005-09-30"])
def test_the_sample_keeps_every_critical_rule_and_breaks_the_three_warnings(directory, month) -> None:
    file = PROJECT / "sample_data" / "credit_cards" / f"credit_cards_{month}.csv.gz"
    types = pyarrow.csv.ConvertOptions(column_types=arrow_schema(CREDIT_CARDS))
    table = pyarrow.csv.read_csv(file, convert_options=types).combine_chunks()
    validation = load_suite(directory, CREDIT_CARDS).validation()
    found = violations(validation, table.to_batches()[0], first_row=1)
    assert [one for one in found if one.critical] == []
    assert validation.check_table(table.select, table.num_rows) == []
    assert {warning.column for warning in validation.row_warnings()} == {"education", "marriage", "bill"}


def test_a_delivery_in_which_all_bills_are_zero_is_stopped(directory) -> None:
    table = pa.table({"bill": [0.0] * 3, "repayment_status": [0] * 3, "age": [30] * 3, "payment": [1.0] * 3})
    found = load_suite(directory, CREDIT_CARDS).validation().check_table(table.select, 3)
    assert [(one.column, one.severity, one.observed) for one in found] == [("bill", "critical", "0.0")]


FRAMES = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(-(2**62), 2**62), st.integers(15, 125)),
        st.one_of(st.none(), st.floats(-2, 2)),
        st.one_of(st.none(), st.sampled_from(["a", "b", "", "ab", "A\n"])),
        st.one_of(st.none(), st.dates()),
    ),
    min_size=1,
    max_size=30,
)


@hypothesis_settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(drawn=FRAMES, cut=st.sampled_from([7, 15, 30]))
def test_the_quarantined_rows_are_those_that_plain_pandas_finds(validation, drawn, cut) -> None:
    checked = validation(
        age(),
        stated("expect_column_values_to_be_between", column="size", min_value=0, strict_min=True),
        stated("expect_column_values_to_match_regex", column="kind", regex="^[a-z]+$"),
        stated("expect_column_values_to_be_between", column="born", min_value="1970-01-01"),
        stated("expect_column_values_to_be_between", "warning", column="size", max_value=1),
    )
    ages, sizes, kinds, born = (list(values) for values in zip(*drawn, strict=True))
    batch = rows(age=ages, size=sizes, kind=kinds, born=born)
    found: set[int] = set()
    for start in range(0, batch.num_rows, cut):
        part = violations(checked, batch.slice(start, cut), first_row=1 + start)
        found |= {one.row_number for one in part if one.critical}

    frame = pd.DataFrame({"age": ages, "size": sizes, "kind": kinds, "born": born}, dtype=object)
    broken = (
        frame["age"].map(lambda value: value is not None and not 18 <= value <= 120)
        | frame["size"].map(lambda value: value is not None and not value > 0)
        | frame["kind"].map(lambda value: value is not None and value not in ("a", "b"))
        | frame["born"].map(lambda value: value is not None and value < dt.date(1970, 1, 1))
    )
    assert found == {row + 1 for row in frame.index[broken]}
