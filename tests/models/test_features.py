"""The one place where a column's type becomes a number for a model."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from factories import customer, table_of
from shop_definitions import LEAVING, SHOP, SPENDING

from scoring.domain.dataset import Column
from scoring.errors import PermanentError
from scoring.models.encoding import Encoding
from scoring.models.features import as_float, feature_frame, outcome_of


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
