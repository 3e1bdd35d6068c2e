"""The one place where a column's type becomes a number for a model."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from factories import customer, table_of
from hypothesis import given
from hypothesis import strategies as st
from shop_definitions import LEAVING, SHOP, SPENDING

from scoring.domain.dataset import Column
from scoring.errors import PermanentError
from scoring.models.encoding import Encoding
from scoring.models.features import as_float, feature_frame, feature_matrix, outcome_of


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        pytest.param(SHOP.column("plan"), ["free", "paid", None], [0, 1, np.nan], id="category"),
        pytest.param(SHOP.column("active"), [True, False, None], [1, 0, np.nan], id="boolean"),
        pytest.param(SHOP.column("visits"), [3, -1, None], [3, -1, np.nan], id="integer"),
        pytest.param(SHOP.column("spend"), [0.1, 1e300, None], [0.1, 1e300, np.nan], id="number"),
        pytest.param(Column(name="x", type="category", values=("b", "a")), ["a", "b"], [1, 0], id="stated order"),
    ],
)
@pytest.mark.parametrize("chunked", [False, True], ids=["array", "chunked"])
def test_a_column_becomes_float64(column, values, expected, chunked):
    array = pa.array(values)
    found = as_float(pa.chunked_array([array[:1], array[1:]]) if chunked else array, column.type, column.values)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, np.array(expected, dtype=np.float64))


def test_a_decimal_keeps_its_value():
    column = SHOP.column("balance")
    found = as_float(pa.array(["12.34", None]).cast(pa.decimal128(12, 2)), column.type)
    np.testing.assert_array_equal(found, [12.34, np.nan])


def test_features_stand_in_the_order_of_the_definition():
    frame = feature_frame(
        Encoding.of(LEAVING, SHOP), table_of([customer(1), customer(2, plan="free", visits=9, mood=0.5)]), SHOP.key
    )
    assert list(frame.columns) == ["mood", "visits", "plan"]
    assert frame.iloc[1].tolist() == [0.5, 9.0, 0.0]
    assert (frame.dtypes == np.float64).all()


REFUSED = {
    "an integer that would be rounded": ({"visits": 2**53 + 1}, r"'visits' of customer 'c0002' is 9007199254740993"),
    "a negative one": ({"visits": -(2**53) - 1}, r"'visits' of customer 'c0002' is -9007199254740993"),
    "a category that the model has never seen": ({"plan": "gold"}, r"'plan' of customer 'c0002' is 'gold'.*never seen"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_a_model_cannot_be_shown_is_refused_with_the_customer(case):
    values, said = case
    rows = table_of([customer(1, plan="free"), customer(2, **values), customer(3)])
    with pytest.raises(PermanentError, match=said):
        feature_frame(Encoding.of(LEAVING, SHOP), rows, SHOP.key)


def test_the_largest_exact_integer_is_shown():
    rows = table_of([customer(1, visits=2**53), customer(2, visits=-(2**53))])
    frame = feature_frame(Encoding.of(LEAVING, SHOP), rows, SHOP.key)
    assert frame["visits"].tolist() == [2.0**53, -(2.0**53)]


def test_an_outcome_is_zero_or_one_for_a_classification_and_the_amount_for_a_regression():
    visits = pa.array([4, 5, 6, None])
    np.testing.assert_array_equal(outcome_of(LEAVING, visits, SHOP.column("visits")), [0, 1, 1, np.nan])
    np.testing.assert_array_equal(outcome_of(SPENDING, visits, SHOP.column("spend")), [4, 5, 6, np.nan])


def test_a_date_is_no_feature():
    assert not SHOP.column("joined").numeric
    with pytest.raises(pa.ArrowNotImplementedError):
        as_float(pa.array([dt.date(2024, 1, 1)]), "date")


def typed(**update):
    return Encoding.of(LEAVING.model_copy(update={"features": TYPED_COLUMNS, "features_as": "typed"} | update), SHOP)


TYPED_COLUMNS = ("mood", "visits", "plan", "active", "balance")


def test_typed_features_have_the_types_of_their_columns():
    rows = [customer(1, plan="paid", active=True), customer(5, plan=None, active=None, balance=None)]
    frame = feature_frame(typed(), table_of(rows), SHOP.key)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "mood": "float64", "visits": "int64", "plan": "category", "active": "float64", "balance": "float64"
    }  # fmt: skip
    assert frame["plan"].cat.categories.tolist() == ["free", "paid"]
    assert frame["plan"].isna().tolist() == [False, True]
    np.testing.assert_array_equal(frame["active"], [1.0, np.nan])
    np.testing.assert_array_equal(frame["balance"], [1.01, np.nan])


nullable = st.lists(st.tuples(st.sampled_from(["free", "paid"]), st.booleans() | st.none()), max_size=9)


@given(nullable, st.integers(0, 9))
def test_the_types_of_features_never_depend_on_the_rows_and_a_part_is_shown_as_in_the_whole(rows, cut):
    table = table_of([customer(number, plan=plan, active=active) for number, (plan, active) in enumerate(rows)])
    whole = feature_frame(typed(), table, SHOP.key)
    parts = [feature_frame(typed(), part, SHOP.key) for part in (table.slice(0, cut), table.slice(cut))]
    assert all((part.dtypes == whole.dtypes).all() for part in parts)
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)


@given(nullable)
def test_typed_features_say_the_same_as_codes(rows):
    table = table_of([customer(number, plan=plan, active=active) for number, (plan, active) in enumerate(rows)])
    shown = feature_frame(typed(), table, SHOP.key)
    codes = shown.assign(plan=shown["plan"].cat.codes).to_numpy(np.float64)
    np.testing.assert_array_equal(codes, feature_matrix(typed(), table, SHOP.key))
    np.testing.assert_array_equal(codes, feature_frame(typed(features_as="codes"), table, SHOP.key).to_numpy())


def test_a_boolean_that_is_always_there_is_shown_as_one():
    columns = (*SHOP.columns, Column(name="member", type="boolean"))
    encoding = Encoding.of(typed_of("member"), SHOP.model_copy(update={"columns": columns}))
    rows = pa.table({"customer_id": ["c1", "c2"], "member": [True, False]})
    assert feature_frame(encoding, rows, SHOP.key)["member"].dtype == np.bool_
    with pytest.raises(PermanentError, match="'member' of customer 'c2' is None, and the model was trained with it"):
        feature_frame(encoding, pa.table({"customer_id": ["c1", "c2"], "member": [True, None]}), SHOP.key)


def typed_of(*features):
    return LEAVING.model_copy(update={"features": features, "features_as": "typed"})


@pytest.mark.parametrize("shown", ["codes", "typed"])
def test_a_category_that_the_model_has_never_seen_is_refused_or_shown_as_missing(shown):
    rows = table_of([customer(1, plan="free"), customer(2, plan="gold")])
    encoding = typed(features_as=shown)
    with pytest.raises(PermanentError, match=r"'plan' of customer 'c0002' is 'gold', which the model has never seen"):
        feature_frame(encoding, rows, SHOP.key)
    frame = feature_frame(replace(encoding, unseen="null"), rows, SHOP.key)
    assert frame["plan"].isna().tolist() == [False, True]
