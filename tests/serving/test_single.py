"""A single record that is plainly in order is read and scored without Arrow: nobody can tell by the answer."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pytest
from factories import SUITE, customers, table_of
from factories_serving import record
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shop_definitions import LEAVING, SHOP, SPENDING
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from scoring.domain.dataset import Column
from scoring.intake.expectations import load_suite
from scoring.intake.expectations.compiled import RowChecks
from scoring.intake.messages.reader import Reader
from scoring.intake.messages.single import Unsure, reader_of
from scoring.intake.messages.text import parsed
from scoring.intake.sources.casts import cast_text
from scoring.models.encoding import Encoding
from scoring.models.features import feature_frame, features_of_one
from scoring.models.scorer import Scorer
from scoring.publishing.publications import Arm
from scoring.publishing.scorers import Scorers
from scoring.serving.model import Served
from scoring.settings import PROJECT
from scoring.snapshots.forgotten import Forgotten, fingerprint

NUMBERS = [
    *["0", "-0", "1", "-1", "7", "12", "1.0", "1.5", "0.1", "-0.0", "1e3", "1E-3", "1e22", "1e23", "8.41e21", "0.30"],
    *["1e400", "1e-400", "5e-324", "-4e-324", "1.2345678901234567", "1234567890.12", "12345678901.12", "0.123"],
    *["9007199254740992", "9007199254740993", "-9007199254740993", "9007199254740992.5", "999999999999999"],
    *["9223372036854775808", "123456789012345678901234567890", "100000000000000000000.5"],
]
TEXTS = [
    *["", "c0001", "c00", "x", "free", "paid", "gold", "NA", "é", "a\0b", "\ud800", "c0001\n", "é" * 1001, "n" * 2001],
    *["12.5", "-0.5", "1e2", ".5", "5.", "2024-06-30", "2024-02-30", "0000-01-01", "0001-01-01", "2024-6-30"],
    *["20240630", "2024-06-30T00:00", "\uff12024-06-30"],
]
CELL = st.one_of(
    st.sampled_from(NUMBERS), st.sampled_from([json.dumps(text) for text in TEXTS]),
    st.sampled_from(["null", "true", "false", "[]"]), st.integers(-(2**63), 2**63).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr), st.text(max_size=4).map(json.dumps),
    st.dates().map(lambda day: json.dumps(day.isoformat())),
)  # fmt: skip
RECORDS = st.integers(0, 40).flatmap(
    lambda number: st.dictionaries(st.sampled_from(SHOP.column_names), CELL, max_size=3).map(
        lambda cells: {name: json.dumps(value) for name, value in record(number).items()} | cells
    )
)


def written(cells):
    """A record as :func:`parsed` gives it, from JSON texts."""
    return parsed("{{{}}}".format(", ".join(f"{json.dumps(name)}: {cell}" for name, cell in cells.items())).encode())


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gx")
    shutil.copytree(PROJECT / "great_expectations" / "expectations", folder / "expectations")
    shutil.copy(PROJECT / "great_expectations" / "great_expectations.yml", folder)
    (folder / "expectations" / "shop.json").write_text(json.dumps(SUITE))
    return Reader(SHOP, RowChecks(load_suite(folder, SHOP)))


@settings(max_examples=1500, deadline=None)
@given(RECORDS)
@example({name: json.dumps(value) for name, value in record(1).items()} | {"spend": "1e-400"})
def test_a_record_that_is_read_in_short_is_read_alike_the_long_way(reader, cells):
    given_ = written(cells)
    short = reader.single(given_)
    if short is not None:
        long = reader.read([given_])
        assert not long.refused
        (row,) = long.rows.to_pylist()
        assert short == row
        assert [str(short[name]) for name in ("spend", "mood")] == [str(row[name]) for name in ("spend", "mood")], (
            "-0.0"
        )


@pytest.mark.parametrize("number", range(30))
def test_ordinary_records_are_read_in_short(reader, number):
    given_ = written({name: json.dumps(value) for name, value in record(number).items()})
    assert reader.single(given_) is not None


LEFT = {
    "a null that must not be": {"mood": "null"},
    "a NUL": {"customer_id": '"c\\u0000"'},
    "more bytes than a key has": {"customer_id": json.dumps("c" + "é" * 1000)},
    "half a character": {"customer_id": '"c\\ud800"'},
    "no such day": {"joined": '"2024-02-30"'},
    "a rule": {"plan": '"gold"'},
    "a field too many": {"more": "1"},
    "digits that are no ASCII": {"joined": json.dumps("\uff12024-06-30")},
}


@pytest.mark.parametrize("cells", LEFT.values(), ids=LEFT)
def test_what_is_not_plainly_in_order_is_left_to_the_long_way(reader, cells):
    plain = {name: json.dumps(value) for name, value in record(1).items()}
    assert reader.single(written(plain)) is not None
    assert reader.single(written(plain | cells)) is None


def test_texts_are_read_in_short_if_postgresql_can_store_them():
    read = reader_of(Column(name="t", type="text"), 4)
    assert [read(text) for text in ("", "ab c", "éé")] == ["", "ab c", "éé"]
    for text in ("ééa", "abcde", "a\0", "\ud800"):
        with pytest.raises(Unsure):
            read(text)


@pytest.mark.parametrize(
    ("scale", "fits", "does_not"),
    [
        (2, ["0.12", "-0.5", "0"], ["1.12", "0.123", "00", "1"]),
        (0, ["12", "-7"], ["1.0", "123"]),
        (1, ["1.2"], ["12.2"]),
    ],
)
def test_decimals_are_read_in_short_if_their_digits_fit(scale, fits, does_not):
    column = Column(name="d", type="decimal", precision=2, scale=scale)
    read = reader_of(column, 0)
    for text in fits:
        assert read(text) == cast_text(pa.array([text]), column)[0].as_py()
    for text in does_not:
        with pytest.raises(Unsure):
            read(text)


def scorers_of(score, estimator):
    encoding = Encoding.of(score, SHOP)
    table = table_of(customers(300))
    features = feature_frame(encoding, table, SHOP.key)
    estimator.fit(features, np.arange(300) % 3 == 0 if score is LEAVING else features["spend"] - 200)
    scorer = Scorer(estimator, score, encoding, key=SHOP.key, name=f"{score.name} version 7")
    scorer.hurry()
    arm = Arm("champion", score.model_name, 7, "0" * 64)
    return Scorers(score, SHOP, [arm], [scorer]), table


@pytest.mark.parametrize(
    ("score", "kind"), [(LEAVING, HistGradientBoostingClassifier), (SPENDING, HistGradientBoostingRegressor)],
    ids=["classification", "regression"],
)  # fmt: skip
def test_every_customer_gets_the_same_score_in_short_to_the_last_bit(score, kind):
    scorers, table = scorers_of(score, kind(max_iter=30, min_samples_leaf=5))
    batch = scorers.scored(table)
    assert score.minimum is None or (batch.value == score.minimum).any()
    for place, row in enumerate(table.to_pylist()):
        one = scorers.scored_one(row)
        assert one.keys.to_pylist() == [row["customer_id"]]
        assert one.value[0] == batch.value[place]
        assert (one.points is None) == (batch.points is None)
        if one.points is not None:
            assert (one.points[0], one.band[0]) == (batch.points[place], batch.band[place])


class Overflowing:
    """A walker whose sums are beyond float64."""

    def predict_lists(self, _):
        return np.array([np.inf])


def test_a_number_that_cannot_be_published_is_left_to_the_long_way_which_says_so():
    scorers, table = scorers_of(SPENDING, HistGradientBoostingRegressor(max_iter=5))
    scorers._scorers[0]._few = Overflowing()
    assert scorers.scored_one(table.to_pylist()[0]) is None


def test_a_forgotten_customer_is_left_to_the_long_way_which_says_so(reader):
    scorers, table = scorers_of(SPENDING, HistGradientBoostingRegressor(max_iter=5))
    arms = (Arm("champion", SPENDING.model_name, 7, "0" * 64),)
    served = Served(SPENDING, SHOP, arms, scorers, scorers, None, "d", reader)
    given_ = written({name: json.dumps(value) for name, value in record(1).items()})
    key = b"k" * 32
    gone = Forgotten("shop", frozenset([fingerprint(key, "shop", "c0001")]), key)
    assert served.quick_result(given_, Forgotten("shop"))["value"] == scorers.scored(table).value[1]
    assert served.quick_result(given_, gone) is None


def test_the_features_of_one_are_those_of_a_frame():
    encoding = Encoding.of(LEAVING.model_copy(update={"features": ("plan", "visits", "active", "mood")}), SHOP)
    table = table_of([*customers(40), *customers(1, mood=None), *customers(1, plan=None)])
    frame = feature_frame(encoding, table, SHOP.key).to_numpy()
    each = [features_of_one(encoding, row) for row in table.to_pylist()]
    assert np.array_equal(np.array(each), frame, equal_nan=True)


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1], ids=["above", "below"])
def test_what_a_float_cannot_hold_exactly_and_what_the_model_has_never_seen_are_left_to_the_long_way(value):
    encoding = Encoding.of(LEAVING, SHOP)
    row = table_of(customers(1)).to_pylist()[0]
    assert features_of_one(encoding, row) is not None
    assert features_of_one(encoding, row | {"visits": value}) is None
    assert features_of_one(encoding, row | {"plan": "gold"}) is None
    with_decimal = Encoding.of(LEAVING.model_copy(update={"features": ("balance",)}), SHOP)
    assert features_of_one(with_decimal, row) is None
