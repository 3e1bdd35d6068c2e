"""Contributions of trees are Shapley values, add up, and do not depend on who else is explained."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.models.explaining import trees as module
from scoring.models.explaining.forest import NONE, Tree
from scoring.models.explaining.trees import FEW, TreeContributions

FEATURES = 4


def random_tree(random, depth):
    """A tree of random splits and covers; now and then nobody went one way."""
    rows = []

    def grow(cover, deeper):
        here = len(rows)
        rows.append(None)
        if deeper == 0 or random.random() < 0.2:
            rows[here] = (NONE, 0.0, False, NONE, NONE, cover, random.normal())
            return here
        share = random.choice([0.0, 1.0, *random.random(8)])
        feature, threshold = random.integers(FEATURES), float(random.integers(4))
        left, right = grow(cover * share, deeper - 1), grow(cover * (1 - share), deeper - 1)
        rows[here] = (feature, threshold, bool(random.integers(2)), left, right, cover, 0.0)
        return here

    grow(100.0, depth)
    feature, threshold, missing_left, left, right, cover, value = map(np.array, zip(*rows, strict=True))
    cover = np.where(cover == 0, 1e-300, cover)  # 0 / 0 below a node to which nobody came
    return Tree(feature, threshold.astype(float), missing_left, left, right, cover, value.astype(float))


def expected(tree, row, known, node=0):
    """What a tree predicts if only some features are known: the average over both ways otherwise."""
    feature, left, right = tree.feature[node], tree.left[node], tree.right[node]
    if left == NONE:
        return tree.value[node]
    if feature in known:
        value = row[feature]
        goes_left = tree.missing_left[node] if math.isnan(value) else value <= tree.threshold[node]
        return expected(tree, row, known, left if goes_left else right)
    return sum(tree.cover[way] / tree.cover[node] * expected(tree, row, known, way) for way in (left, right))


def shapley(tree, row):
    """By the definition: the average gain of knowing a feature, over all orders of becoming known."""
    found = np.zeros(FEATURES)
    for feature in range(FEATURES):
        others = [one for one in range(FEATURES) if one != feature]
        for size in range(FEATURES):
            weight = math.factorial(size) * math.factorial(FEATURES - size - 1) / math.factorial(FEATURES)
            for known in itertools.combinations(others, size):
                gain = expected(tree, row, {*known, feature}) - expected(tree, row, set(known))
                found[feature] += weight * gain
    return found


def random_rows(random, count):
    rows = random.integers(-1, 6, (count, FEATURES)).astype(float)
    rows[random.random(rows.shape) < 0.2] = np.nan
    return rows


@given(seed=st.integers(0, 2**32), depth=st.integers(0, 5), count=st.integers(1, 3))
@settings(max_examples=25)
def test_contributions_of_trees_are_their_shapley_values(seed, depth, count):
    random = np.random.default_rng(seed)
    trees = [random_tree(random, depth) for _ in range(count)]
    rows = random_rows(random, 2)
    found = TreeContributions(trees, FEATURES)
    wanted = [sum(shapley(tree, row) for tree in trees) for row in rows]
    np.testing.assert_allclose(found.of(rows), wanted, atol=1e-12)
    assert found.base == pytest.approx(sum(expected(tree, rows[0], set()) for tree in trees))


@given(seed=st.integers(0, 2**32), depth=st.integers(0, 8), count=st.integers(1, 5))
@settings(max_examples=25)
def test_base_and_contributions_are_what_the_trees_predict(seed, depth, count):
    random = np.random.default_rng(seed)
    trees = [random_tree(random, depth) for _ in range(count)]
    rows, everything = random_rows(random, FEW + 5), set(range(FEATURES))
    found = TreeContributions(trees, FEATURES)
    predicted = [sum(expected(tree, row, everything) for tree in trees) for row in rows]
    np.testing.assert_allclose(found.base + found.of(rows).sum(axis=1), predicted, atol=1e-9)


@pytest.mark.parametrize("kept", [0, 2**24])
def test_a_customers_contributions_are_the_same_to_the_last_digit_whoever_else_is_explained(monkeypatch, kept):
    monkeypatch.setattr(module, "KEPT", kept)
    random = np.random.default_rng(1)
    found, rows = TreeContributions([random_tree(random, 7) for _ in range(9)], FEATURES), random_rows(random, 300)
    first = found.of(rows[:FEW])
    many = found.of(rows)
    np.testing.assert_array_equal(many[:FEW], first)
    np.testing.assert_array_equal(np.concatenate([found.of(row[None]) for row in rows]), many)
    np.testing.assert_array_equal(found.of(rows), many)
    assert found.of(rows[:0]).shape == (0, FEATURES)


def test_trees_too_large_for_a_table_are_explained_one_customer_at_a_time(monkeypatch):
    random = np.random.default_rng(2)
    trees, rows = [random_tree(random, 6) for _ in range(4)], random_rows(random, 100)
    wanted = TreeContributions(trees, FEATURES).of(rows)
    monkeypatch.setattr(module, "LARGEST_TABLE", 10)
    found = TreeContributions(trees, FEATURES)
    assert not found.has_table
    np.testing.assert_allclose(found.of(rows), wanted, atol=1e-12)
