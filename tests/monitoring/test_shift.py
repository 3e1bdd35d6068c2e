import numpy as np
import pytest

from scoring.monitoring.shift import ratios


def test_weights_are_the_ratio_of_the_densities():
    random = np.random.default_rng(1)
    then, now = random.normal(0, 1, (12_000, 2)), random.normal(0, 1, (12_000, 2))
    now[:, 0] += 0.5
    found = ratios(then, now, seed=0)
    exact = np.exp(0.5 * then[:, 0] - 0.125)
    middle = np.abs(then[:, 0]) < 2
    assert np.corrcoef(np.log(found[middle]), np.log(exact[middle]))[0, 1] > 0.9
    assert found.mean() == pytest.approx(1, abs=0.01)
    assert (found @ then[:, 0]) / found.sum() == pytest.approx(0.5, abs=0.1)


def test_customers_as_they_were_weigh_nearly_alike():
    random = np.random.default_rng(2)
    found = ratios(random.normal(size=(6_000, 5)), random.normal(size=(3_000, 5)), seed=0)
    assert found.sum() ** 2 / np.square(found).sum() > 0.97 * 6_000


def test_a_null_says_as_much_as_a_value():
    random = np.random.default_rng(3)
    then, now = random.normal(size=(3_000, 1)), random.normal(size=(3_000, 1))
    then[:600], now[:1_800] = np.nan, np.nan
    found = ratios(then, now, seed=0)
    assert found[:600].mean() == pytest.approx(3, rel=0.2)
    assert found[600:].mean() == pytest.approx(0.5, rel=0.2)


def test_equal_seeds_give_equal_weights_whatever_the_order_of_rows():
    random = np.random.default_rng(4)
    then, now = random.normal(size=(1_000, 3)), random.normal(0.5, 1, (800, 3))
    order = random.permutation(1_000)
    found = ratios(then, now, seed=5)
    assert (ratios(then[order], random.permutation(now), seed=5) == found[order]).all()
    assert (ratios(then, now, seed=6) != found).any()


@pytest.mark.parametrize("counts", [(0, 10), (10, 0), (2, 10), (10, 2)])
def test_too_few_to_tell_apart_weigh_alike(counts):
    then, now = counts
    assert (ratios(np.zeros((then, 2)), np.ones((now, 2)), seed=0) == np.ones(then)).all()


def test_columns_of_nulls_only_are_no_trouble():
    assert ratios(np.full((100, 2), np.nan), np.full((50, 2), np.nan), seed=0) == pytest.approx(np.ones(100), abs=0.05)


def test_no_customer_weighs_more_than_a_hundred_times_the_mean():
    then, now = np.zeros((5_000, 1)), np.ones((5_000, 1))
    then[:5] = 1.0
    assert ratios(then, now, seed=0).max() <= 100
