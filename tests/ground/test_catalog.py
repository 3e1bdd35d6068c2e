"""A wrong definition takes away what it defines and nothing else, and the message says file, object, field and why."""

import itertools
import sys
from pathlib import Path

import pytest

from scoring.catalog import Catalog, Problem, load_catalog, told
from scoring.catalog.files import read_file
from scoring.errors import DefinitionError, NotFound

HEAD = """
from scoring.domain.dataset import *
from scoring.domain.score import *
"""
CLUB = """
CLUB = DataSet(name="club", title="Club", key="id", source=CsvSource(path="x.csv"), columns=(
    Column(name="id", type="text"), Column(name="spend", type="number"), Column(name="note", type="text")))
"""
RISK = """
RISK = Score(name="risk", title="Risk", data_set="club", kind="regression", features=("spend",),
             target=Target(column="spend"), estimator=object, change=ChangeRule(absolute=1))
"""

_number = itertools.count(1)


@pytest.fixture
def load(tmp_path: Path):
    """Loads a package of definitions with the given files; returns the catalog and the package's name."""
    sys.path.insert(0, str(tmp_path))
    loaded = []

    def load(**files: str) -> tuple[Catalog, str]:
        package = f"definitions_{next(_number)}"
        loaded.append(package)
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
        for name, text in files.items():
            (tmp_path / package / f"{name}.py").write_text(text.replace("PACKAGE", package))
        return load_catalog(package), package

    yield load
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] in loaded]:
        del sys.modules[name]


def test_good_definitions_are_found_by_name_and_without_problems(load):
    catalog, _ = load(club=HEAD + CLUB + RISK)
    assert catalog.problems == ()
    assert catalog.data_set("club").title == "Club"
    assert catalog.scores_of("club") == (catalog.score("risk"),)
    catalog.raise_problems()


WRONG = {
    "a field that is wrong": (
        CLUB.replace('"number"', '"numbr"') + RISK,
        [(6, "Column 'spend'", "type", "Input should be 'text', 'integer', 'number'")],
    ),
    "several fields, parts and definitions at once": (
        CLUB.replace("title=", "titel=").replace('name="note"', 'name="a note"').replace('"number"', '"numbr"')
        + RISK.replace("absolute=1", "").replace('"regression"', '"regress"'),
        [
            (6, "Column 'spend'", "type", "Input should be"),
            (6, "Column 'a note'", "name", "'a note' is not a name"),
            (5, "DataSet 'club'", "title", "Field required"),
            (5, "DataSet 'club'", "titel", "there is no such field; is 'title' meant?"),
            (9, "ChangeRule", "band, points, relative, absolute", "a change rule needs one of them"),
            (8, "Score 'risk'", "kind", "Input should be 'classification' or 'regression'"),
        ],
    ),
    "several rules between the fields": (
        CLUB + RISK.replace("absolute=1", "band=True, points=2").replace('=("spend",)', '=("spend", "spend")'),
        [
            (8, "Score 'risk'", "features", "a column is named twice"),
            (8, "Score 'risk'", "change.band", "the score has no bands"),
            (8, "Score 'risk'", "change.points", "the score has no points"),
        ],
    ),
    "a column given as a dictionary": (
        CLUB.replace('Column(name="note", type="text")', '{"name": "note", "type": "txt"}') + RISK,
        [(5, "Column 'note'", "type", "Input should be")],
    ),
    "a part whose own fields contradict each other": (
        CLUB.replace('"number"', '"number", scale=40') + RISK,
        [(6, "Column 'spend'", "scale", "40 is larger than precision (18)")],
    ),
    "a name without quotes": (
        CLUB.replace('"number"', "number"),
        [(6, "DataSet 'club'", "", "NameError: name 'number'")],
    ),
    "an argument without its name": (CLUB.replace('name="club"', '"club"'), [(5, "", "", "TypeError: ")]),
    "a feature that is no column": (
        CLUB + RISK.replace('=("spend",)', '=("age", "note")'),
        [
            (None, "Score 'risk'", "features", "'club' has no column 'age'"),
            (None, "Score 'risk'", "features", "column 'note' is of type 'text'; a model takes numbers"),
        ],
    ),
    "a segment that is no column, or has no few values": (
        CLUB + RISK.replace("change=", "monitoring={'segments': ('region', 'note')}, change="),
        [
            (None, "Score 'risk'", "monitoring.segments", "'club' has no category or boolean 'region'"),
            (None, "Score 'risk'", "monitoring.segments", "'club' has no category or boolean 'note'"),
        ],
    ),
    "a deadline without a schedule": (
        CLUB + RISK.replace("change=", "deadline='PT3H', change="),
        [(None, "Score 'risk'", "deadline", "it counts from the schedule of 'club', which has none")],
    ),
    "a deadline that has passed before the tick": (
        CLUB + RISK.replace("change=", "deadline='PT0S', change="),
        [(8, "Score 'risk'", "deadline", "Input should be greater than")],
    ),
    "a target that is no column": (
        CLUB + RISK.replace('column="spend"', 'column="age"'),
        [(None, "Score 'risk'", "target.column", "'club' has no column 'age'")],
    ),
    "a score of a data set that nobody defines": (
        RISK.replace('"club"', '"pub"'),
        [(None, "Score 'risk'", "data_set", "there is no data set 'pub'")],
    ),
    "a score with a data set's name": (
        CLUB + RISK.replace('"risk"', '"club"'),
        [(None, "Score 'club'", "name", "'club' is a data set, too")],
    ),
    "a missing package": (
        "import nowhere_to_be_found" + CLUB,
        [
            (
                4,
                "",
                "",
                "ModuleNotFoundError: No module named 'nowhere_to_be_found'. Install the package where this runs",
            )
        ],
    ),
    "a syntax error": ("def broken(:", [(4, "", "", "SyntaxError: invalid syntax")]),
    "an end of Python": (CLUB + "import sys\nsys.exit(3)", [(8, "", "", "it ends Python (SystemExit: 3)")]),
    "an error of no usual kind": (
        "class Odd(BaseException): pass\nraise Odd('so there')",
        [(5, "", "", "Odd: so there")],
    ),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_told_with_file_line_object_field_and_reason_and_other_files_stay(load, text, expected):
    other = HEAD + CLUB.replace("club", "other") + RISK.replace("club", "other").replace("risk", "another")
    catalog, package = load(a=HEAD + text, b=other)
    consequences = [problem for problem in catalog.problems if "is defined wrongly" in problem.reason]
    told_of = [problem for problem in catalog.problems if problem not in consequences]
    for problem, (line, thing, field, reason) in zip(told_of, expected, strict=True):
        assert (problem.file, problem.line, problem.thing, problem.field) == (f"{package}/a.py", line, thing, field)
        assert problem.reason.startswith(reason)
    assert "other" in catalog.data_sets
    assert "another" in catalog.scores


def test_a_score_whose_data_set_is_wrong_is_missing_too_and_says_so(load):
    catalog, package = load(club=HEAD + CLUB.replace('"number"', '"numbr"'), scores=HEAD + RISK)
    assert (catalog.data_sets, catalog.scores) == ({}, {})
    with pytest.raises(DefinitionError) as refused:
        catalog.score("risk")
    assert f"{package}/scores.py: Score 'risk': data_set: the data set 'club' is defined wrongly" in str(refused.value)
    assert f"{package}/club.py, line 6: Column 'spend': type: Input should be" in str(refused.value)


def test_what_is_asked_for_by_name_and_defined_wrongly_is_said_to_be_so_with_the_reason(load):
    catalog, package = load(a=HEAD + CLUB, b=HEAD + RISK.replace("object", "objekt"))
    with pytest.raises(DefinitionError) as refused:
        catalog.score("risk")
    assert str(refused.value) == (
        "The score 'risk' is defined wrongly:\n"
        f"  {package}/b.py, line 6: Score 'risk': NameError: name 'objekt' is not defined\n"
        "Remedy: Correct the files; a running Airflow reads them again by itself."
    )


def test_asking_for_an_unknown_name_tells_those_there_are_and_which_mistakes_may_hide_it(load):
    catalog = load_catalog("shop_definitions")
    with pytest.raises(NotFound, match=r"no data set 'shops'; there are: shop\.$"):
        catalog.data_set("shops")
    with pytest.raises(NotFound, match=r"no score 'risk'; there are: leaving, spending\.$"):
        catalog.score("risk")
    hidden, package = load(a="def broken(:")
    with pytest.raises(NotFound, match=rf"there are: none\..*\n  {package}/a\.py, line 1: SyntaxError"):
        hidden.data_set("club")


def test_in_one_file_only_what_a_mistake_defines_is_missing(load):
    second = RISK.replace("RISK", "SECOND").replace("risk", "second")
    catalog, _ = load(club=HEAD + CLUB + RISK.replace("object", "objekt") + second)
    assert (list(catalog.data_sets), list(catalog.scores)) == (["club"], ["second"])
    assert len(catalog.problems) == 1


def test_what_only_follows_from_a_mistake_is_missing_but_told_once(load):
    features = "FEATURES = CLUB.column_names[1:2]\n"
    using = RISK.replace('("spend",)', "FEATURES")
    catalog, _ = load(club=HEAD + CLUB.replace("CsvSource", "CsvSorce") + features + using)
    assert [problem.reason[:9] for problem in catalog.problems] == ["NameError"]
    assert catalog.problems[0].thing == "DataSet 'club'"
    with pytest.raises(DefinitionError, match="'risk' is defined wrongly"):
        catalog.score("risk")


def test_a_wrong_data_set_can_still_be_read_by_the_scores_below_it_so_that_their_mistakes_are_told_too(load):
    features = "FEATURES = CLUB.column_names[1:2]\n"
    using = RISK.replace('("spend",)', "FEATURES").replace('"regression"', '"regress"')
    catalog, _ = load(club=HEAD + CLUB.replace('"text"', '"txt"') + features + using)
    assert [problem.thing for problem in catalog.problems] == ["Column 'id'", "Column 'note'", "Score 'risk'"]


def test_a_name_that_a_wrong_statement_would_bind_anew_does_not_keep_what_it_was(load):
    catalog, _ = load(club=HEAD + CLUB + 'CLUB = CLUB.with_title("Another")\n')
    assert catalog.data_sets == {}


OWN = """
RISK = Score(name="risk", title="Risk", data_set="club", kind="regression", features=("spend",),
             target=Target(column="COLUMN", source=CsvSource(path="{as_of}.csv"), observed_at="seen"),
             estimator=object, change=ChangeRule(absolute=1))
"""


NAMED = """
RISK = Score(name="risk", title="Risk", data_set="club", kind="classification", features=("spend",),
             target=Target(column="COLUMN", positive=("yes",)), estimator=object, change=ChangeRule(points=1), points=9)
"""


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("note", None),
        ("spend", "target.positive: column 'spend' is of type 'number'; its outcomes are told by 'at_least'"),
        ("member", "target.positive: column 'member' has no value 'yes'"),
    ],
)
def test_named_outcomes_are_checked_by_the_type_of_their_column(load, column, said):
    club = CLUB.replace("columns=(", 'columns=(Column(name="member", type="boolean"), ')
    catalog, _ = load(club=HEAD + club + NAMED.replace("COLUMN", column))
    assert [f"{one.field}: {one.reason}" for one in catalog.problems] == ([said] if said else [])


@pytest.mark.parametrize("column", ["spend", "paid_later"])
def test_a_target_with_a_source_of_its_own_need_not_be_a_column_of_the_data_set(load, column):
    catalog, _ = load(club=HEAD + CLUB + OWN.replace("COLUMN", column))
    assert catalog.problems == ()


@pytest.mark.parametrize(
    ("text", "field", "said"),
    [
        (
            OWN.replace("COLUMN", "id"),
            "target.column",
            "'id' is the key of 'club'; the value needs",
        ),
        (OWN.replace("COLUMN", "note"), "target.column", "'note' is of type 'text' in 'club'; an outcome is"),
        (
            OWN.replace("COLUMN", "spend").replace('"seen"', '"id"'),
            "target.observed_at",
            "'id' is the key of 'club'",
        ),
        (
            RISK + RISK.replace('"risk"', '"outcomes_risk"').replace("RISK =", "OTHER ="),
            "name",
            "'outcomes_risk' would be the outcomes of 'risk'",
        ),
    ],
)
def test_the_columns_of_a_target_and_the_names_of_its_outcomes_are_checked(load, text, field, said):
    catalog, _ = load(club=HEAD + CLUB + text)
    (problem,) = catalog.problems
    assert (problem.thing, problem.field) == ("Score 'risk'", field)
    assert problem.reason.startswith(said)


def test_of_two_definitions_of_one_name_the_first_stays_and_the_second_is_a_problem(load):
    catalog, package = load(a=HEAD + CLUB, b=HEAD + CLUB.replace('"Club"', '"Second"'))
    assert catalog.data_set("club").title == "Club"
    (problem,) = catalog.problems
    assert str(problem) == f"{package}/b.py: DataSet 'club': name: 'club' is defined twice, first in {package}/a.py"


def test_a_sound_namesake_never_stands_in_for_a_wrong_definition(load):
    catalog, _ = load(a=HEAD + CLUB.replace('"number"', '"numbr"'), b=HEAD + CLUB)
    assert catalog.data_sets == {}
    assert len(catalog.problems) == 2


def test_a_definition_that_another_file_imports_is_not_defined_twice(load):
    catalog, _ = load(a="from PACKAGE.club import CLUB", club="from __future__ import annotations\n" + HEAD + CLUB)
    assert list(catalog.data_sets) == ["club"]
    assert catalog.problems == ()


def test_a_file_that_never_comes_to_an_end_is_given_up_and_keeps_what_stands_above(load):
    _, package = load(club="")
    (Path(sys.path[0]) / package / "stuck.py").write_text(HEAD + CLUB + "import threading\nthreading.Event().wait()\n")
    file = read_file(f"{package}.stuck", seconds=0.2)
    assert [found.name for found in file.found] == ["club"]
    assert [str(problem) for problem in file.problems] == [
        f"{package}/stuck.py, line 8: it has not come to an end after 0.2 s"
    ]


@pytest.mark.parametrize("package", ["no_such_package", "no_such_package.definitions"])
def test_a_package_that_is_not_there_is_named(package):
    catalog = load_catalog(package)
    with pytest.raises(
        DefinitionError, match=f"{package}: Python finds no package of this name; .*SCORING_DEFINITIONS"
    ):
        catalog.raise_problems()


def test_a_file_beside_the_others_can_be_the_whole_package():
    assert list(load_catalog("shop_definitions").scores) == ["leaving", "spending"]


def test_the_first_ten_problems_are_told_and_the_others_counted():
    problems = [Problem("club.py", number, f"Column 'c{number}'", "type", "wrong") for number in range(1, 13)]
    lines = told(problems).splitlines()
    assert lines[0] == "  club.py, line 1: Column 'c1': type: wrong"
    assert lines[9:] == ["  club.py, line 10: Column 'c10': type: wrong", "  ... and 2 more"]
    with pytest.raises(DefinitionError, match=r"^12 mistake\(s\) in the definitions(?s:.*)\n  \.\.\. and 2 more"):
        Catalog(problems=tuple(problems)).raise_problems()


def test_the_definitions_of_the_sample_are_in_order():
    catalog = load_catalog()
    assert catalog.problems == ()
    assert {score.data_set for score in catalog.scores.values()} == catalog.data_sets.keys() == {"credit_cards"}
