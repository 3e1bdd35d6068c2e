"""Whatever a model gives that cannot be published is refused, with the model and the first customers."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from factories import customers, table_of
from shop_definitions import LEAVING, SHOP, SPENDING
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import LinearSVC

from scoring.errors import PermanentError
from scoring.models.encoding import Encoding
from scoring.models.scorer import BLOCK, Scorer

ROWS = 5


class Fixed:
    """An estimator that gives the same whatever it is shown."""

    def __init__(self, given, classes=(0, 1)):
        self.given, self.classes_ = given, np.array(classes)

    def predict_proba(self, _):
        return self.given

    def predict(self, _):
        return self.given


class Failing:
    """An estimator that was fitted with something else."""

    def predict(self, features):
        raise KeyError(f"{features.shape[1]} features")


def scorer(estimator, score=LEAVING):
    return Scorer(estimator, score, Encoding.of(score, SHOP), key=SHOP.key, name=f"{score.name} version 7")


def both(probability, dtype=float):
    """Probabilities as an estimator gives them, a column for each class."""
    found = np.array(probability, dtype)
    return np.column_stack([1 - found, found]).astype(dtype)


REFUSED = {
    "above one": (
        LEAVING,
        Fixed(both([0.1, 1.11, 0.2, 0.3, 1.2])),
        r"probability for 2 of 5 .*'c0001' \(1.11\), 'c0004'",
    ),
    "below zero": (LEAVING, Fixed(both([0.1, -0.11, 0.2, 0.3, 0.4])), r"for 1 of 5 .*'c0001' \(-0.11\)"),
    "not a number": (LEAVING, Fixed(both([np.nan, 0.1, 0.2, 0.3, 0.4])), r"'leaving', the first are 'c0000' \(nan\)"),
    "no finite amount": (
        SPENDING,
        Fixed(np.array([1, 2, np.inf, 4, 5.0])),
        r"finite amount for 1 of 5 .*'c0002'",
    ),
    "not a number of a regression": (SPENDING, Fixed(np.full(5, np.nan)), r"no finite amount for 5 of 5"),
    "no probabilities": (LEAVING, LinearSVC(), r"leaving version 7 has no predict_proba, which a classification needs"),
    "one class": (LEAVING, Fixed(np.ones((5, 1)), classes=(1,)), r"of shape \(5, 1\) for the classes \[.*1.*\]"),
    "three classes": (LEAVING, Fixed(np.ones((5, 3)) / 3, classes=(0, 1, 2)), r"of shape \(5, 3\)"),
    "other classes": (LEAVING, Fixed(both([0.5] * 5), classes=("no", "yes")), r"two, 0 and 1, are needed"),
    "a flat answer": (LEAVING, Fixed(np.full(5, 0.5)), r"of shape \(5,\)"),
    "too few rows": (SPENDING, Fixed(np.ones(4)), r"gives an array of shape \(4,\) for 5 customers"),
    "two columns of a regression": (SPENDING, Fixed(np.ones((5, 2))), r"of shape \(5, 2\) for 5 customers"),
    "a failure": (SPENDING, Failing(), r"spending version 7 fails: KeyError: '2 features'"),
    "text": (SPENDING, Fixed(np.array(["a"] * 5)), r"fails: ValueError"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_published_is_refused_and_named(case):
    score, estimator, said = case
    with pytest.raises(PermanentError, match=said) as refused:
        scorer(estimator, score).values(table_of(customers(ROWS)))
    assert "Remedy: Nothing is published. Promote another version" in str(refused.value)


def test_features_that_are_null_are_named_for_the_first_customer():
    rows = table_of(customers(ROWS, visits=None))
    with pytest.raises(PermanentError, match=r"The first has no value for visits\."):
        scorer(Fixed(np.full(5, np.nan)), SPENDING).values(rows)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int64])
def test_numbers_of_any_type_are_published_as_float64(dtype):
    found = scorer(Fixed(both([0, 1, 1, 0, 1], dtype))).values(table_of(customers(ROWS)))
    assert found.dtype == np.float64
    assert found.tolist() == [0, 1, 1, 0, 1]


def test_a_probability_that_is_off_by_the_rounding_of_32_bits_is_cut():
    found = scorer(Fixed(both([1 + 1e-7, -1e-7, 0.5, 0, 1]))).values(table_of(customers(ROWS)))
    assert found.tolist() == [1.0, 0.0, 0.5, 0.0, 1.0]


def test_the_probability_is_that_of_the_outcome_wherever_its_class_stands():
    estimator = Fixed(both([0.1, 0.2, 0.3, 0.4, 0.5])[:, ::-1], classes=(1, 0))
    assert scorer(estimator).values(table_of(customers(ROWS))).tolist() == [0.1, 0.2, 0.3, 0.4, 0.5]


@pytest.mark.parametrize(
    ("score", "estimator"),
    [
        (LEAVING, LogisticRegression()),
        (LEAVING, RandomForestClassifier(n_estimators=5, random_state=0)),
        (SPENDING, LinearRegression()),
        (SPENDING, HistGradientBoostingRegressor(max_iter=3)),
    ],
    ids=lambda value: getattr(value, "name", type(value).__name__),
)
def test_an_estimator_of_scikit_learn_gives_its_own_predictions(score, estimator):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.random((80, len(score.features))), columns=list(score.features))
    estimator.fit(frame, np.arange(80) % 2)
    keys = table_of(customers(80)).column("customer_id")
    found = scorer(estimator, score).values_of(frame, keys)
    expected = estimator.predict_proba(frame)[:, 1] if score is LEAVING else np.maximum(estimator.predict(frame), 0.0)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("width", [2, 11, 33])
@pytest.mark.parametrize("kind", [LogisticRegression, LinearRegression])
def test_in_blocks_a_linear_model_gives_a_row_the_same_to_the_last_bit_alone_and_among_many(kind, width):
    random = np.random.default_rng(width)
    names = [f"f{place}" for place in range(width)]
    frame = pd.DataFrame(random.normal(size=(3003, width)), columns=names)
    estimator = kind().fit(frame, np.arange(3003) % 2)
    score = (LEAVING if kind is LogisticRegression else SPENDING).model_copy(update={"minimum": None})
    model = Scorer(estimator, score, Encoding.of(score, SHOP), key=SHOP.key, name="a model", block=BLOCK)
    keys = pa.chunked_array([[str(place) for place in range(3003)]])
    whole = model.values_of(frame, keys)
    for size in (1, 7, 250):
        pieces = [model.values_of(frame[at : at + size], keys[at : at + size]) for at in range(0, 500, size)]
        np.testing.assert_array_equal(np.concatenate(pieces), whole[: len(pieces) * size])
