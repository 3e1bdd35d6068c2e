"""A wrong definition fails when it is loaded, and the message says which module, which field and why."""

import itertools
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scoring.catalog import Catalog, load_catalog
from scoring.errors import DefinitionError, NotFound

GOOD = """
from scoring.domain.dataset import *
from scoring.domain.score import *

columns = (Column(name="id", type="text"), Column(name="spend", type="number"), Column(name="note", type="text"))
data_set = dict(name="club", title="Club", key="id", columns=columns, source=CsvSource(path="x.csv"))
score = dict(name="risk", title="Risk", data_set="club", kind="classification", features=("spend",),
             target=Target(column="spend", at_least=1), estimator=object, change=ChangeRule(points=1), points=100)
"""
MADE = "\nDATA_SET = DataSet(**data_set)\nSCORE = Score(**score)\n"

_number = itertools.count(1)


@pytest.fixture
def load(tmp_path: Path):
    """Loads a definitions module with the given text, under a name of its own."""
    sys.path.insert(0, str(tmp_path))
    loaded = []

    def load(text: str) -> tuple[str, Callable[[], Catalog]]:
        name = f"definitions_{next(_number)}"
        loaded.append(name)
        (tmp_path / f"{name}.py").write_text(text)
        return name, lambda: load_catalog(name)

    yield load
    sys.path.remove(str(tmp_path))
    for name in loaded:
        sys.modules.pop(name, None)


def test_a_module_with_good_definitions_gives_them_by_name(load):
    _, catalog = load(GOOD + MADE)
    assert list(catalog().data_sets) == ["club"]
    assert catalog().scores_of("club") == (catalog().score("risk"),)


WRONG = {
    "data set without a title": ("del data_set['title']", "title", "Field required"),
    "unknown field": ("data_set['colour'] = 1", "colour", "Extra inputs"),
    "name with a space": ("data_set['name'] = 'the club'", "name", "is not a name"),
    "column twice": ("data_set['columns'] = columns * 2", "columns", "named twice"),
    "no columns": ("data_set['columns'] = ()", "columns", "at least 1"),
    "key that is no column": ("data_set['key'] = 'nobody'", "key", "not among the columns"),
    "key that is a number": ("data_set['key'] = 'spend'", "key", "must be of type 'text'"),
    "quarantine limit above 1": ("data_set['quarantine_limit'] = 5", "quarantine_limit", "less than or equal to 1"),
    "unknown duplicates rule": ("data_set['duplicates'] = 'merge'", "duplicates", "keep_last"),
    "unknown column type": ("Column(name='x', type='money')", "type", "integer"),
    "category without values": ("Column(name='x', type='category')", "values", "a category needs it"),
    "values of a text": ("Column(name='x', type='text', values=('a',))", "values", "belongs to a category"),
    "category twice": ("Column(name='x', type='category', values=('a', 'a'))", "values", "twice"),
    "scale beyond precision": ("Column(name='x', type='decimal', precision=2, scale=3)", "scale", "precision"),
    "no features": ("score['features'] = ()", "features", "at least 1"),
    "feature twice": ("score['features'] = ('spend', 'spend')", "features", "named twice"),
    "feature that is no column": ("score['features'] = ('age',)", "features", "has no column 'age'"),
    "feature that is text": ("score['features'] = ('note',)", "features", "a model takes numbers"),
    "outcome that is no column": ("score['target'] = Target(column='x', at_least=1)", "target.column", "no column"),
    "classification without a bound": ("score['target'] = Target(column='spend')", "target.at_least", "needs it"),
    "horizon of nothing": ("Target(column='spend', horizon_months=0)", "horizon_months", "greater than"),
    "points of a regression": ("score['kind'] = 'regression'", "points", "only a classification"),
    "bands that overlap": (
        "score['bands'] = (Band(name='a', upper=1), Band(name='b', upper=1))",
        "bands",
        "must grow",
    ),
    "bands that end too early": ("score['bands'] = (Band(name='a', upper=0.5),)", "bands", "must be 1"),
    "a rule about bands that are not there": ("score['change'] = ChangeRule(band=True)", "change.band", "no bands"),
    "a rule about points that are not there": ("score['points'] = None", "change.points", "no points"),
    "a rule that says nothing": ("ChangeRule()", "ChangeRule", "needs one of"),
    "score of an unknown data set": ("score['data_set'] = 'pub'", "data_set", "no data set 'pub'"),
}


@pytest.mark.parametrize(("change", "field", "reason"), WRONG.values(), ids=WRONG)
def test_a_wrong_definition_is_refused_with_module_field_and_reason(load, change, field, reason):
    module, catalog = load(f"{GOOD}\n{change}{MADE}")
    with pytest.raises(DefinitionError) as refused:
        catalog()
    for said in (module, field, reason):
        assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("def broken(:", "SyntaxError"),
        ("x = unknown", "NameError: name 'unknown' is not defined"),
    ],
    ids=["missing import", "syntax", "unknown name"],
)
def test_a_module_that_python_does_not_take_is_named_with_the_reason(load, text, reason):
    module, catalog = load(text)
    with pytest.raises(DefinitionError, match=module) as refused:
        catalog()
    assert reason in str(refused.value)


def test_two_definitions_of_one_name_are_refused(load):
    module, catalog = load(f"{GOOD}{MADE}OTHER = DataSet(**data_set)")
    with pytest.raises(DefinitionError, match=f"{module}: 'club' is defined twice"):
        catalog()


def test_a_package_that_is_not_there_is_named():
    with pytest.raises(DefinitionError, match="no_such_package"):
        load_catalog("no_such_package")


def test_asking_for_an_unknown_name_tells_those_there_are():
    catalog = load_catalog("shop_definitions")
    with pytest.raises(NotFound, match=r"no data set 'shops'; there are: shop\."):
        catalog.data_set("shops")
    with pytest.raises(NotFound, match=r"no score 'risk'; there are: leaving, spending\."):
        catalog.score("risk")


def test_the_definitions_of_the_sample_are_in_order():
    catalog = load_catalog()
    assert {score.data_set for score in catalog.scores.values()} <= catalog.data_sets.keys()
