"""What a definition that was begun looks like: its text is what ruff would make of it, and says what is unsure."""

import ast
from dataclasses import replace

import pytest

from scoring.authoring.cells import Marks
from scoring.authoring.dialect import Dialect
from scoring.authoring.guess import Guess
from scoring.authoring.seen import Look
from scoring.authoring.write import definition, suite

COLUMNS = (
    Guess("id", "ID", "text", unique=True),
    Guess("amount", "amount", "number", nullable=True, nulls=("", "NA"), low=1.5, high=9.0, unsure=("one", "two")),
    Guess("plan", 'Plan "x"', "category", values=("a", "b")),
    Guess("day", "day", "date", date_format="%d.%m.%Y"),
    Guess("at", "at", "timestamp", zoned=False),
    Guess("active", "active", "boolean", words=("Ja", "Nein")),
    Guess("gone", "gone", "integer", low=0, high=1),
)
LOOK = Look("csv", "/in/a_2026-07-31.csv", COLUMNS, 101, whole=True, dialect=Dialect("cp1252", ";", 2, ("three",)),
            marks=Marks(",", "."), unsure=("three",))  # fmt: skip


def test_the_text_is_python_and_each_unsure_thing_is_a_comment_above_it():
    text = definition("shop", LOOK, path="a_{as_of}.csv", target="gone")
    ast.parse(text)
    lines = [line.strip() for line in text.splitlines()]
    assert lines.index("# unsure: one") + 1 == lines.index("# unsure: two")
    assert lines[lines.index("# unsure: two") + 1].startswith('Column(name="amount"')
    assert lines[lines.index("SHOP = DataSet(") - 1] == "# unsure: three"
    assert all(len(line) <= 120 for line in text.splitlines())


@pytest.mark.parametrize(
    "line",
    [
        'Column(name="id", type="text", source="ID"),',
        'Column(name="amount", type="number", nullable=True, null_values=("", "NA")),',
        'Column(name="plan", type="category", source="Plan \\"x\\"", values=("a", "b")),',
        'Column(name="day", type="date", format="%d.%m.%Y"),',
        'Column(name="at", type="timestamp", time_zone="UTC"),',
        'Column(name="active", type="boolean"),',
        'key="id",',
        "first_as_of=dt.date(2026, 7, 31),",
        'separator=";",', 'encoding="cp1252",', 'decimal_mark=",",', 'thousands_mark=".",', "skip_rows=2,",
        'true_values=("ja",),', 'false_values=("nein",),',
        'target=Target(column="gone", horizon=Horizon(months=1), at_least=1),',
        'kind="classification",', '"amount",', '"plan",', '"active",',
    ],
)  # fmt: skip
def test_it_holds(line):
    assert line in [one.strip() for one in definition("shop", LOOK, path="a_{as_of}.csv", target="gone").splitlines()]


def test_without_a_target_it_says_how_to_begin_a_score():
    text = definition("shop", LOOK, path="a_{as_of}.csv", target=None)
    ast.parse(text)
    assert "Score(" not in text
    assert "--target" in text


def test_the_key_of_typed_data_keeps_its_type_and_that_of_a_text_file_is_text():
    number = (Guess("id", "id", "integer", unique=True, low=1, high=9),)
    typed = definition("shop", Look("parquet", "a.parquet", number, 9, whole=True), path="a", target=None)
    plain = definition("shop", Look("csv", "a.csv", number, 9, whole=True), path="a", target=None)
    assert 'Column(name="id", type="integer")' in typed
    assert 'Column(name="id", type="text")' in plain


def test_a_long_doubt_is_a_comment_of_several_lines_and_imports_are_sorted():
    long = replace(COLUMNS[1], unsure=("so " * 60 + "on.",))
    text = definition("shop", replace(LOOK, kind="parquet", columns=(COLUMNS[0], long)), path="a", target=None)
    ast.parse(text)
    assert all(len(line) <= 120 for line in text.splitlines())
    assert "import Column, DataSet, ParquetSource" in text


def test_a_table_without_a_key_says_what_to_do():
    text = definition("shop", replace(LOOK, columns=COLUMNS[1:]), path="a", target=None)
    assert "docs/strange-data.md#a-table-without-a-key" in text


def test_a_key_of_two_columns_is_proposed_with_a_doubt_and_neither_is_a_feature():
    columns = (Guess("branch", "branch", "category", values=("a", "b")), Guess("account", "account", "integer", low=1,
               high=9), Guess("spend", "spend", "number"), Guess("aim", "aim", "integer", low=0, high=2))  # fmt: skip
    look = Look("parquet", "a.parquet", columns, 9, whole=True, pairs=(("branch", "account"),))
    lines = [line.strip() for line in definition("shop", look, path="a", target="aim").splitlines()]
    assert 'key=("branch", "account"),' in lines
    assert 'Column(name="branch", type="text"),' in lines
    assert 'Column(name="account", type="integer"),' in lines
    assert any(line.startswith("# unsure, the key: No column") for line in lines)
    assert '"spend",' in lines
    assert '"account",' not in lines
    assert '"account"' not in suite("shop", look)


@pytest.mark.parametrize(
    ("aim", "said"),
    [
        (Guess("aim", "aim", "category", values=("a", "b")), 'positive=("b",)'),
        (Guess("aim", "aim", "category", values=("a", "b", 'c"')), """positive=("c\\"",)"""),
        (Guess("aim", "aim", "boolean"), "at_least=1"),
        (Guess("aim", "aim", "integer", low=0, high=1), "at_least=1"),
        (Guess("aim", "aim", "integer", low=0, high=2), "horizon=Horizon(months=1))"),
        (Guess("aim", "aim", "decimal"), 'kind="regression"'),
    ],
)
def test_what_is_predicted_follows_from_the_column(aim, said):
    look = Look("csv", "a.csv", (COLUMNS[0], COLUMNS[1], aim), 9, whole=True)
    assert said in definition("shop", look, path="a.csv", target="aim")


@pytest.mark.parametrize(
    ("aim", "said"),
    [
        (Guess("aim", "aim", "text"), "is a text"),
        (Guess("aim", "aim", "date"), "is a date"),
    ],
)
def test_what_cannot_be_predicted_is_said(aim, said):
    with pytest.raises(ValueError, match=said):
        definition("shop", Look("csv", "a", (COLUMNS[0], COLUMNS[1], aim), 9, whole=True), path="a", target="aim")


def test_words_that_are_predicted_are_unsure():
    aim = Guess("aim", "aim", "category", values=("bad", "good"))
    look = Look("csv", "a.csv", (COLUMNS[0], COLUMNS[1], aim), 9, whole=True)
    assert "# unsure: which values are the outcome" in definition("shop", look, path="a.csv", target="aim")
    assert "# unsure: which values" not in definition("shop", LOOK, path="a.csv", target="gone")


def test_what_is_predicted_may_be_named_as_in_the_source():
    text = definition("shop", LOOK, path="a.csv", target="amount")
    look = replace(LOOK, columns=tuple(replace(one, source="Amount €") if one.name == "amount" else one
                                       for one in COLUMNS))  # fmt: skip
    named = definition("shop", look, path="a.csv", target="Amount €")
    assert named == definition("shop", look, path="a.csv", target="amount")
    assert named.replace(', source="Amount €"', "") == text


def test_a_score_needs_something_to_learn_from():
    with pytest.raises(ValueError, match="nothing to learn from"):
        definition("shop", Look("csv", "a", (COLUMNS[0], COLUMNS[6]), 9, whole=True), path="a", target="gone")


def test_the_suite_warns_of_what_was_not_seen():
    text = suite("shop", LOOK)
    assert '"column": "amount", "min_value": 1.5, "max_value": 9.0' in text
    assert '"min_value": 50' in text
    assert "critical" not in text
