import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.monitoring.dle import Tail, estimate

COLUMNS = 4


def customers(random, count, *, shift=0.0):
    """Features, values and outcomes; errors are larger where the first feature is."""
    features = random.normal(size=(count, COLUMNS))
    features[:, 0] += shift
    features[random.random(count) < 0.1, 1] = np.nan
    values = 10 + 3 * features[:, 2]
    return features, values, values + random.normal(size=count) * np.exp(0.6 * features[:, 0])


def realised(values, outcomes):
    return {"mae": np.abs(values - outcomes).mean(), "rmse": np.sqrt(np.square(values - outcomes).mean())}


def estimated(reference, features, values, *, rows=None, seed=0):
    found = estimate(*reference, features, values, rows=rows or len(values), seed=seed)
    return {figure.metric: figure for figure in found}


@pytest.fixture(scope="module")
def reference():
    return customers(np.random.default_rng(1), 4_000)


def test_estimates_are_near_the_truth_and_their_intervals_hold_it(reference):
    features, values, outcomes = customers(np.random.default_rng(2), 5_000)
    found = estimated(reference, features, values)
    assert list(found) == ["mae", "rmse"]
    for metric, truth in realised(values, outcomes).items():
        assert found[metric].value == pytest.approx(truth, rel=0.08)
        assert found[metric].low <= truth <= found[metric].high
        assert (found[metric].n, found[metric].reason) == (5_000, None)


def test_errors_are_larger_when_customers_are_more_often_those_with_large_errors(reference):
    random = np.random.default_rng(3)
    features, values, outcomes = customers(random, 5_000, shift=0.7)
    found, before = estimated(reference, features, values), realised(*reference[1:])
    for metric, truth in realised(values, outcomes).items():
        assert truth > 1.3 * before[metric]
        assert found[metric].value == pytest.approx(truth, rel=0.15)
        assert found[metric].low <= truth <= found[metric].high


def test_equal_seeds_give_equal_results_whatever_the_order_of_rows(reference):
    random = np.random.default_rng(4)
    features, values, _ = customers(random, 1_000)
    found = estimated(reference, features, values, seed=5)
    then, now = random.permutation(len(reference[0])), random.permutation(1_000)
    again = estimated(tuple(part[then] for part in reference), features[now], values[now], seed=5)
    assert again == found
    assert estimated(reference, features, values, seed=6) != found


@pytest.mark.parametrize("metric", ["mae", "rmse"])
def test_intervals_are_wider_with_fewer_customers_on_either_side(reference, metric):
    features, values, _ = customers(np.random.default_rng(5), 4_000)

    def width(known, count, rows=None):
        figure = estimated(known, features[:count], values[:count], rows=rows)[metric]
        return figure.high - figure.low

    few = tuple(part[:300] for part in reference)
    assert width(few, 4_000) > 2 * width(reference, 4_000)
    assert width(reference, 200) > 2 * width(reference, 4_000)
    assert width(reference, 200, rows=1_000_000) > width(reference, 4_000, rows=1_000_000)


def test_a_sample_of_many_customers_has_less_noise_than_as_many_customers(reference):
    features, values, _ = customers(np.random.default_rng(6), 500)
    few, many = estimated(reference, features, values), estimated(reference, features, values, rows=10_000_000)
    assert many["mae"].value == few["mae"].value
    assert many["mae"].high - many["mae"].low < few["mae"].high - few["mae"].low
    assert many["mae"].n == 10_000_000


NOTHING = np.zeros((0, COLUMNS)), np.zeros(0)
SOME = np.zeros((3, COLUMNS)), np.zeros(3)
UNDEFINED = {
    "nobody now": (200, 1.0, NOTHING, "this publication has no customers"),
    "nobody then": (0, 1.0, SOME, "too few outcomes to learn from: 0; at least 200 are needed"),
    "199 then": (199, 1.0, SOME, "too few outcomes to learn from: 199; at least 200 are needed"),
    "errors whose squares are infinite": (200, 1e200, SOME, "amounts are too large to be squared"),
    "errors that are infinite themselves": (200, 1.7e308, SOME, "amounts are too large to be squared"),
}


@pytest.mark.parametrize("case", UNDEFINED.values(), ids=UNDEFINED)
def test_what_is_not_defined_is_none_with_its_reason(case):
    count, error, (features, values), reason = case
    found = estimate(
        np.zeros((count, COLUMNS)),
        np.full(count, -error),
        np.full(count, error),
        features,
        values,
        rows=len(values),
        seed=0,
    )
    assert [(figure.metric, figure.value, figure.low, figure.high) for figure in found] == [
        ("mae", None, None, None),
        ("rmse", None, None, None),
    ]
    assert {figure.reason for figure in found} == {reason}


def test_a_model_that_never_errs_is_expected_not_to():
    features = np.random.default_rng(7).normal(size=(300, 2))
    found = estimated((features, features[:, 0], features[:, 0]), features[:50], features[:50, 0])
    assert [(figure.value, figure.low, figure.high) for figure in found.values()] == [(0.0, 0.0, 0.0)] * 2


def test_a_model_that_errs_once_is_no_trouble():
    values = np.zeros(300)
    outcomes = np.where(np.arange(300) == 150, 1.0, 0.0)
    features = np.arange(300.0)[:, None]
    found = estimated((features, values, outcomes), features, values)
    assert found["mae"].value == pytest.approx(1 / 300, rel=0.5)
    assert found["mae"].low <= found["mae"].value <= found["mae"].high


@pytest.mark.parametrize("columns", [0, 3])
def test_features_that_say_nothing_are_no_trouble(columns):
    random = np.random.default_rng(8)
    features, values = np.full((1_000, columns), np.nan), np.full(1_000, 5.0)
    found = estimated((features, values, values + random.normal(size=1_000)), features[:1], values[:1])
    assert found["mae"].value == pytest.approx(np.sqrt(2 / np.pi), rel=0.1)
    assert found["mae"].low < 0.2
    assert found["mae"].high > 1.5


def test_amounts_in_another_unit_have_the_same_relative_errors(reference):
    features, values, _ = customers(np.random.default_rng(9), 500)
    small = estimated(reference, features, values)
    large = estimated((reference[0], reference[1] * 1024, reference[2] * 1024), features, values * 1024)
    for metric, figure in small.items():
        assert large[metric].value == pytest.approx(1024 * figure.value, rel=1e-6)
        assert large[metric].high == pytest.approx(1024 * figure.high, rel=1e-6)


@settings(max_examples=5)
@given(st.lists(st.one_of(st.just(0.0), st.floats(-1e9, 1e9)), min_size=200, max_size=210), st.integers(1, 30))
def test_whatever_the_errors_a_figure_is_within_its_interval(outcomes, now):
    features, values = np.arange(float(len(outcomes)))[:, None], np.zeros(len(outcomes))
    found = estimated((features, values, np.array(outcomes)), features[:now], values[:now], rows=100)
    for figure in found.values():
        assert 0 <= figure.low <= figure.value <= figure.high < np.inf


def test_a_tail_is_fitted_with_its_shape_and_drawn_beyond_what_was_seen():
    random = np.random.default_rng(10)
    pareto = 1 + random.pareto(4, 100_000)
    tail = Tail.of(pareto)
    assert tail.shape == pytest.approx(1 / 4, abs=0.04)
    drawn = tail.drawn(pareto, random)
    assert (drawn[pareto <= tail.above] == pareto[pareto <= tail.above]).all()
    assert np.quantile(drawn, [0.97, 0.999]) == pytest.approx(np.quantile(pareto, [0.97, 0.999]), rel=0.05)
    assert drawn.mean() == pytest.approx(pareto.mean(), rel=0.005)
    assert Tail.of(random.exponential(size=100_000)).shape == pytest.approx(0, abs=0.04)
    assert Tail.of(1 + random.pareto(1.2, 100_000)).shape == 0.45


def test_numbers_that_are_all_alike_have_no_tail():
    alike = np.full(500, 2.0)
    assert (Tail.of(alike).drawn(alike, np.random.default_rng(0)) == alike).all()


def test_values_of_other_models_do_not_say_which_customers_are_like_those_of_now():
    """Half of them were scored by a model near that of now, which erred more: all customers are alike."""
    random = np.random.default_rng(9)
    known, now = random.normal(size=(4_000, 2)), random.normal(size=(2_000, 2))
    near = np.arange(4_000) % 2 == 0
    values = np.where(near, 100.0, 101.0) + random.normal(0, 0.01, 4_000)
    outcomes = values + random.normal(0, np.where(near, 20.0, 10.0))
    of_now = 100.0 + random.normal(0, 0.01, 2_000)
    mae = {
        by_value: estimate(known, values, outcomes, now, of_now, rows=2_000, seed=0, by_value=by_value)[0].value
        for by_value in (True, False)
    }
    assert mae[False] < mae[True]
