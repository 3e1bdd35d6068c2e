"""What a history is called, which types its features have, and which definitions of it are wrong."""

import pytest
from factories_definitions import mistakes_of
from shop_definitions import SHOP, SPENDING

from scoring.catalog.catalog import _data_set_mistakes
from scoring.domain.dataset import Column
from scoring.domain.features import derived_columns, derived_names, feature_columns, made
from scoring.domain.history import History
from scoring.domain.transform import Transform

EVERYTHING = History(column="spend", periods=(1, 3), aggregates=("last", "mean", "count"), within=6, default=0.0)


def remembering(*history, features=("spend",), transform=None):
    return SPENDING.model_copy(update={"history": history, "features": features, "transform": transform})


def test_features_are_named_by_column_and_period():
    assert EVERYTHING.names == ["spend_before_1", "spend_before_3", "spend_last_6", "spend_mean_6", "spend_count_6"]
    assert EVERYTHING.reach == 6
    assert History(column="spend", periods=(2, 7)).reach == 7
    assert remembering(EVERYTHING, History(column="mood", periods=(9,))).reach == 9
    assert remembering().reach == 0


TYPES = {
    "spend": "number?,number?,number?,number?,number?,integer",
    "visits": "integer?,integer?,number?,integer?,integer?,integer",
    "balance": "decimal?,decimal?,number?,decimal?,number?,integer",
}


@pytest.mark.parametrize("column", TYPES)
def test_features_have_the_type_of_the_column_and_may_be_null(column):
    asked = ("last", "mean", "max", "change", "count")
    history = History(column=column, periods=(1,), aggregates=asked, within=2)
    found = history.columns(SHOP.column(column))
    assert ",".join(one.type + "?" * one.nullable for one in found) == TYPES[column]
    assert all(one.precision == 12 for one in found if one.type == "decimal")


def test_a_feature_may_have_as_long_a_name_as_a_column():
    assert History(column="a" * 54, periods=(1,)).names == ["a" * 54 + "_before_1"]


def test_a_default_takes_nulls_away():
    history = History(column="plan", periods=(1,), default="free")
    (found,) = history.columns(SHOP.column("plan"))
    assert (found.type, found.values, found.nullable) == ("category", ("free", "paid"), False)


WRONG = {
    "nothing": ({}, "periods, aggregates: a history needs one of them"),
    "aggregates of no periods": ({"aggregates": ("mean",)}, "within: says over how many periods"),
    "periods of no aggregates": ({"periods": (1,), "within": 2}, "within: says over how many periods"),
    "the present": ({"periods": (0,)}, "periods: 1 is the previous date, 60 the earliest"),
    "too far": ({"periods": (61,)}, "periods: 1 is the previous date, 60 the earliest"),
    "twice": ({"periods": (1, 1)}, "periods, aggregates: one is named twice"),
    "a name that is too long": ({"column": "a" * 60, "periods": (1,)}, "column: the feature's name"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_history_is_refused_with_field_and_reason(case):
    fields, message = WRONG[case]
    assert any(message in found for found in mistakes_of(lambda: History(**{"column": "spend"} | fields)))


def pairs(frame):
    return frame


PAIRS = Transform(function=pairs, uses=("spend_before_1",), produces=(Column(name="pair", type="number"),))

UNFIT = {
    "no column": (remembering(History(column="age", periods=(1,))), "history", "'shop' has no column 'age'"),
    "the key": (remembering(History(column="customer_id", periods=(1,))), "history", "'customer_id' is the key of"),
    "a mean of categories": (
        remembering(History(column="plan", aggregates=("mean", "last"), within=2)),
        "history",
        "mean of 'plan', which is of type 'category'; only numbers have them",
    ),
    "a default of another type": (
        remembering(History(column="visits", periods=(1,), default=1.5)),
        "history",
        "default 1.5 is no value of 'visits' (integer)",
    ),
    "a boolean for a number": (
        remembering(History(column="spend", periods=(1,), default=True)),
        "history",
        "default True is no value of 'spend' (number)",
    ),
    "a category that is none": (
        remembering(History(column="plan", periods=(1,), default="gold")),
        "history",
        "default 'gold' is no value of 'plan' (category)",
    ),
    "twice the same": (
        remembering(History(column="spend", periods=(1,)), History(column="spend", periods=(1, 2))),
        "history, transform",
        "'spend_before_1' is the name of more than one column",
    ),
    "a feature of a text": (
        remembering(History(column="joined", periods=(1,)), features=("joined_before_1",)),
        "features",
        "'joined_before_1' is of type 'date'",
    ),
    "a transform of what is not there": (
        remembering(transform=PAIRS),
        "transform.uses",
        "neither 'shop' nor the score's history has a column 'spend_before_1'",
    ),
    "a feature that nothing makes": (
        remembering(History(column="spend", periods=(1,)), features=("spend_before_2",)),
        "features",
        "'shop' has no column 'spend_before_2'",
    ),
}


@pytest.mark.parametrize("case", UNFIT)
def test_what_does_not_fit_the_data_set_is_told_by_field(case):
    score, field, reason = UNFIT[case]
    found = list(_data_set_mistakes(score, SHOP))
    assert [one for one in found if one[0] == field and reason in one[1]], found


def test_a_history_that_fits_has_no_mistakes():
    score = remembering(EVERYTHING, features=("spend", "spend_before_1", "pair"), transform=PAIRS)
    assert list(_data_set_mistakes(score, SHOP)) == []
    assert derived_names(score) == [*EVERYTHING.names, "pair"] == list(derived_columns(score, SHOP))
    assert [one.name for one in feature_columns(score, SHOP)] == ["spend", "spend_before_1", "pair"]


def test_a_streamed_score_may_not_look_back():
    given = dict(SPENDING) | {"streamed": True, "history": (EVERYTHING,)}
    found = mistakes_of(lambda: type(SPENDING)(**given))
    assert found == ["streamed: an update comes without earlier snapshots, which the score's history needs"]


def test_the_digest_of_a_score_without_derived_features_is_what_it_was():
    assert remembering(features=SPENDING.features).digest == SPENDING.digest


CHANGED = {
    "column": {"column": "mood"},
    "periods": {"periods": (1, 2)},
    "aggregates": {"aggregates": ("last", "mean")},
    "within": {"within": 5},
    "default": {"default": 1.0},
    "no default": {"default": None},
}


@pytest.mark.parametrize("case", CHANGED)
def test_all_of_a_history_is_part_of_the_digest(case):
    other = EVERYTHING.model_copy(update=CHANGED[case])
    assert remembering(other).digest != remembering(EVERYTHING).digest


def test_how_a_feature_is_made_changes_with_what_it_is_made_of():
    score = remembering(EVERYTHING, transform=PAIRS)
    other = remembering(EVERYTHING.model_copy(update={"default": 1.0}), transform=PAIRS)
    assert made(score, "spend") == ""
    assert len({made(one, name) for one in (score, other) for name in ("spend_before_1", "spend_mean_6", "pair")}) == 6
