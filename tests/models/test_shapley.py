"""Contributions of trees are Shapley values, add up, and do not depend on who else is explained."""

import itertools
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.models.explaining import blocks as blocks_module
from scoring.models.explaining import cells
from scoring.models.explaining import trees as module
from scoring.models.explaining.cells import Block, Cuts, blocks_of, cuts_of
from scoring.models.explaining.forest import NONE, Forest, Tree
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


@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"KEPT": 0},
        {"KEPT": 4 * 1600},
        {"CELLS": 50, "TOGETHER": 2},
        {"ALL_CELLS": 5000},
        {"AT_ONCE": 70, "FIRST": 7},
    ],
    ids=str,
)
def test_a_customers_contributions_are_the_same_to_the_last_digit_whoever_else_is_explained(monkeypatch, limits):
    for name, value in limits.items():
        monkeypatch.setattr(module, name, value)
    random = np.random.default_rng(1)
    found, rows = TreeContributions([random_tree(random, 7) for _ in range(9)], FEATURES), random_rows(random, 300)
    assert found.has_table
    first = found.of(rows[:FEW])
    many = found.of(rows)
    np.testing.assert_array_equal(many[:FEW], first)
    np.testing.assert_array_equal(np.concatenate([found.of(row[None]) for row in rows]), many)
    np.testing.assert_array_equal(found.of(rows), many)
    assert found.of(rows[:0]).shape == (0, FEATURES)


def test_contributions_do_not_depend_on_what_several_threads_explain_at_the_same_time(monkeypatch):
    monkeypatch.setattr(module, "KEPT", FEATURES * 1600)  # now and then all cells are forgotten
    random = np.random.default_rng(3)
    trees = [random_tree(random, 6) for _ in range(20)]
    batches = [random_rows(random, 100) for _ in range(20)]
    wanted, found = TreeContributions(trees, FEATURES), TreeContributions(trees, FEATURES)
    with ThreadPoolExecutor(4) as pool:
        for batch, given in zip(batches, pool.map(found.of, batches), strict=True):
            np.testing.assert_array_equal(given, wanted.of(batch))


@pytest.mark.parametrize("count", [FEW, FEW + 1])
def test_values_on_thresholds_beyond_all_and_infinite_ones_go_where_the_tree_sends_them(count):
    values = [-np.inf, -1.0, 0.0, 1.0, 1.5, 2.0, 3.0, np.inf, np.nan]
    random = np.random.default_rng(4)
    trees = [random_tree(random, 5) for _ in range(4)]
    trees[0].threshold[trees[0].feature != NONE] = np.inf  # only NaN goes right
    rows, everything = random.choice(values, (count, FEATURES)), set(range(FEATURES))
    found = TreeContributions(trees, FEATURES)
    predicted = [sum(expected(tree, row, everything) for tree in trees) for row in rows]
    np.testing.assert_allclose(found.base + found.of(rows).sum(axis=1), predicted, atol=1e-9)


def test_a_block_has_no_more_cells_and_leaves_than_it_may_have(monkeypatch):
    random = np.random.default_rng(5)
    forest = Forest([random_tree(random, 6) for _ in range(9)])
    leaves = cuts_of(forest.bounds(FEATURES))
    blocks = blocks_of(leaves, 300)
    assert [block.leaves.start for block in blocks[1:]] == [block.leaves.stop for block in blocks[:-1]]
    assert blocks[-1].leaves.stop == len(leaves)
    assert all(block.size <= 300 for block in blocks)
    for block, after in itertools.pairwise(blocks):
        joint = dict(block.cuts)
        for feature, cuts in leaves[after.leaves.start].items():
            joint[feature] = joint.get(feature, Cuts()).joined(cuts)
        assert Block(block.leaves, joint).size > 300  # the next leaf does not fit
    monkeypatch.setattr(cells, "MOST_LEAVES", 3)
    assert max(block.leaves.stop - block.leaves.start for block in blocks_of(leaves, 2**15)) == 3


def test_a_cell_is_added_up_once_for_all_batches(monkeypatch):
    random = np.random.default_rng(6)
    found, rows = TreeContributions([random_tree(random, 6) for _ in range(9)], FEATURES), random_rows(random, 300)
    found.of(rows)
    monkeypatch.setattr(blocks_module.Patterns, "of", None)
    found.of(rows[::-1])


def test_trees_too_large_for_a_table_are_explained_one_customer_at_a_time(monkeypatch):
    random = np.random.default_rng(2)
    trees, rows = [random_tree(random, 6) for _ in range(4)], random_rows(random, 100)
    wanted = TreeContributions(trees, FEATURES).of(rows)
    monkeypatch.setattr(module, "LARGEST_TABLE", 10)
    found = TreeContributions(trees, FEATURES)
    assert not found.has_table
    np.testing.assert_allclose(found.of(rows), wanted, atol=1e-12)
