"""A transform is pure: what breaks that is refused, with the column, the customer and both values."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from derived_shop import CALM, LEAVING, SHOP
from factories import customer, customers, table_of
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.dataset import Column
from scoring.domain.transform import Transform
from scoring.errors import PermanentError
from scoring.transforms.differences import differences, refuse_differences
from scoring.transforms.run import produced, with_produced

ROWS = table_of(customers(60))
ALL = tuple(name for name in SHOP.column_names if name != SHOP.key)


def made_by(function, *produces, uses=("mood",)):
    """The shop's score with another function."""
    columns = produces or (Column(name="calm", type="number"),)
    return LEAVING.model_copy(update={"transform": Transform(function=function, uses=uses, produces=columns)})


def test_the_function_makes_columns_of_the_types_that_it_says():
    found = with_produced(LEAVING, SHOP, ROWS)
    mood = ROWS.column("mood").to_numpy()
    assert found.column("calm").to_pylist() == (mood / 2).tolist()
    assert found.column("angry").to_pylist() == (mood < 0).tolist()
    assert found.schema.field("angry").type == pa.bool_()
    assert found.select(ROWS.schema.names).equals(ROWS)


def test_a_score_without_a_transform_gets_the_rows_as_they_are():
    assert with_produced(LEAVING.model_copy(update={"transform": None}), SHOP, ROWS) is ROWS


def test_nobody_gets_empty_columns():
    assert [len(column) for column in produced(LEAVING, SHOP, ROWS.slice(0, 0))] == [0, 0]


def dtypes_of(rows):
    seen = []

    def look(frame):
        seen.append(frame.dtypes.astype(str).to_dict())
        return pd.DataFrame({"calm": frame["mood"]})

    # A closure is refused in a definition; here it looks at what a function is shown.
    transform = CALM.model_copy(update={"function": look, "uses": ALL, "produces": CALM.produces[:1]})
    produced(LEAVING.model_copy(update={"transform": transform}), SHOP, rows)
    return seen[0]


@given(st.lists(st.integers(0, 59), min_size=1, max_size=8))
def test_a_part_of_the_rows_has_the_dtypes_of_the_whole(places):
    whole = dtypes_of(ROWS)
    assert dtypes_of(ROWS.take(places)) == whole
    assert whole == {
        "spend": "float64", "mood": "float64", "visits": "int64", "plan": "category", "active": "boolean",
        "balance": "float64", "joined": "datetime64[us]",
    }  # fmt: skip


def test_nulls_are_shown_as_nulls():
    rows = table_of([customer(1, active=None, balance=None, joined=None), customer(2, active=True)])

    found = []

    def look(frame):
        found.append(frame.isna().to_numpy().tolist())
        return pd.DataFrame({"calm": frame["active"].isna() * 1.0})

    uses = ("active", "balance", "joined")
    transform = CALM.model_copy(update={"function": look, "uses": uses, "produces": CALM.produces[:1]})
    (calm,) = produced(LEAVING.model_copy(update={"transform": transform}), SHOP, rows)
    assert (found, calm.to_pylist()) == ([[[True] * 3, [False] * 3]], [1.0, 0.0])


def failing(frame):
    raise KeyError(frame.columns[0])


def shorter(frame):
    return pd.DataFrame({"calm": frame["mood"].iloc[1:]})


def reordered(frame):
    return pd.DataFrame({"calm": frame["mood"]}).sort_values("calm")


def another_column(frame):
    return pd.DataFrame({"clam": frame["mood"]})


def one_column_more(frame):
    return frame.assign(calm=frame["mood"])


def a_series(frame):
    return frame["mood"]


def text(frame):
    return pd.DataFrame({"calm": frame["mood"].astype(str)})


def infinite(frame):
    return pd.DataFrame({"calm": 1.0 / (frame["mood"] - frame["mood"].round(3))})


def null(frame):
    return pd.DataFrame({"calm": frame["mood"].where(frame["mood"] != 0.25)})


def inexact(frame):
    return pd.DataFrame({"calm": (frame["mood"] * 0 + 2).astype("int64") ** 54})


REFUSED = {
    "an exception": (failing, "it fails: KeyError: 'mood'"),
    "fewer rows": (shorter, "it returns 59 rows with another index for 60 customers"),
    "another order": (reordered, "it returns 60 rows with another index for 60 customers"),
    "another column": (another_column, "it returns the columns clam, not calm"),
    "one column more": (one_column_more, "it returns the columns mood, calm, not calm"),
    "no frame": (a_series, "it returns Series, not a DataFrame"),
    "texts": (text, "column 'calm' is str; numbers (float64) are wanted"),
    "infinity": (infinite, "column 'calm' of customer 'c0000' is inf, which is not finite or not exact"),
    "a null": (null, "column 'calm' of customer 'c0011' is null, and the column is not nullable"),
    "an integer that no float64 holds": (inexact, "is 18014398509481984, which is not finite or not exact"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_function_may_not_return_is_refused_by_name(case):
    function, message = REFUSED[case]
    with pytest.raises(PermanentError) as refused:
        produced(made_by(function), SHOP, ROWS)
    assert f"The transform {function.__name__} of leaving cannot be used: " in str(refused.value)
    assert message in str(refused.value)


def half_integers(frame):
    return pd.DataFrame({"found": frame["visits"] / 2})


def plans(frame):
    return pd.DataFrame({"found": frame["plan"].astype(str).where(frame["visits"] != 3, "gold")})


@pytest.mark.parametrize(
    ("function", "column", "message"),
    [
        (half_integers, Column(name="found", type="integer"), "column 'found' is float64; integers"),
        (half_integers, Column(name="found", type="boolean"), "column 'found' is float64; booleans"),
        (half_integers, Column(name="found", type="category", values=("1",)), "texts or categories are wanted"),
        (
            plans,
            Column(name="found", type="category", values=("free", "paid")),
            "column 'found' of customer 'c0003' is 'gold', which is none of 'free', 'paid'",
        ),
    ],
)
def test_a_column_has_the_type_that_it_says(function, column, message):
    with pytest.raises(PermanentError) as refused:
        produced(made_by(function, column, uses=("visits", "plan")), SHOP, ROWS)
    assert message in str(refused.value)


def counted(frame):
    return pd.DataFrame({"calm": frame["visits"] + 1})


def told_plan(frame):
    return pd.DataFrame({"calm": frame["plan"]})


def test_integers_and_categories_come_back_as_such():
    (whole,) = produced(made_by(counted, Column(name="calm", type="integer"), uses=("visits",)), SHOP, ROWS)
    assert whole.to_pylist() == [visits + 1 for visits in ROWS.column("visits").to_pylist()]
    same = Column(name="calm", type="category", values=("free", "paid"))
    (plan,) = produced(made_by(told_plan, same, uses=("plan",)), SHOP, ROWS)
    assert plan.to_pylist() == ROWS.column("plan").to_pylist()


def test_a_category_that_the_definition_does_not_know_is_named_with_its_customer():
    rows = table_of([customer(1), customer(2, plan="gold")])
    same = Column(name="calm", type="category", values=("free", "paid"))
    with pytest.raises(PermanentError, match="Customer 'c0002' of shop: 'plan' is 'gold', which the definition does"):
        produced(made_by(told_plan, same, uses=("plan",)), SHOP, rows)


def test_a_column_that_the_rows_lack_is_named():
    with pytest.raises(PermanentError, match=r"The transform of leaving uses mood, which these rows of shop lack"):
        produced(LEAVING, SHOP, ROWS.drop_columns(["mood"]))


def test_a_pure_function_shows_no_differences():
    assert differences(LEAVING, SHOP, ROWS) == []
    assert differences(LEAVING.model_copy(update={"transform": None}), SHOP, ROWS) == []
    assert differences(LEAVING, SHOP, ROWS.slice(0, 1)) == []
    assert differences(LEAVING, SHOP, ROWS.slice(0, 0)) == []


def centred(frame):
    return pd.DataFrame({"calm": frame["mood"] - frame["mood"].mean()})


def previous_row(frame):
    return pd.DataFrame({"calm": frame["mood"].shift(1, fill_value=0.0)})


def by_length(frame):
    return pd.DataFrame({"calm": frame["mood"] + (len(frame) == 1)})


def ranked(frame):
    return pd.DataFrame({"calm": frame["mood"].rank(method="first")})


def random(frame):
    return pd.DataFrame({"calm": frame["mood"] * np.random.default_rng().random(len(frame))})


IMPURE = {centred, previous_row, by_length, ranked, random}
ALONE = {"calm": "alone"}


@pytest.mark.parametrize("function", sorted(IMPURE, key=lambda one: one.__name__))
def test_a_function_of_more_than_the_customers_own_row_is_found(function):
    found = differences(made_by(function), SHOP, ROWS)
    assert found
    assert all(one.column == "calm" and one.whole != one.part for one in found)
    if function is by_length:
        assert {one.way for one in found} == {"alone"}


def test_a_difference_names_column_customer_and_both_values():
    with pytest.raises(PermanentError) as refused:
        refuse_differences(made_by(previous_row), SHOP, table_of(customers(2)))
    message = str(refused.value)
    assert "The transform previous_row of leaving depends on more than a customer's own row" in message
    assert "column 'calm' of customer 'c0001' is -2.5 among all rows and 0.0 " in message


def changing(frame):
    frame["mood"] = frame["mood"] + 1
    return pd.DataFrame({"calm": frame["mood"]})


def adding(frame):
    frame["new"] = 1
    return pd.DataFrame({"calm": frame["mood"]})


@pytest.mark.parametrize(("function", "what"), [(changing, "mood"), (adding, "its columns")])
def test_a_function_that_changes_what_it_is_given_is_found(function, what):
    with pytest.raises(PermanentError, match=rf"changes the rows that it is given \({what}\)"):
        differences(made_by(function), SHOP, ROWS)


def test_what_the_rows_say_is_not_changed_by_a_function_that_tries_to():
    before = table_of(customers(60))
    produced(made_by(changing), SHOP, ROWS)
    assert before.equals(ROWS)
    assert dt.date(2020, 1, 1) == ROWS.column("joined")[0].as_py()
