"""A few rows are predicted by walking the trees in Python, where that gives the estimator's numbers to the last bit."""

import numpy as np
import pytest
from factories import customers, table_of
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_definitions import LEAVING, SHOP, SPENDING
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier

from scoring.models import few
from scoring.models.encoding import Encoding
from scoring.models.few import MOST, Walker
from scoring.models.scorer import Scorer

LARGE = np.finfo(np.float64).max


def rows_of(random, count, features):
    """Rows with ties, zeros of both signs, numbers at the limits of float64, and NaN."""
    kinds = np.array([np.nan, 0.0, -0.0, LARGE, -LARGE, 5e-324, 1.0])
    rows = random.normal(size=(count, features)).round(1)
    odd = random.random(rows.shape) < 0.2
    rows[odd] = random.choice(kinds, odd.sum())
    return rows


def fitted(kind, random, features, **options):
    rows = rows_of(random, 300, features)
    outcome = np.nan_to_num(rows[:, 0]).clip(-3, 3) > random.normal(size=300)
    amount = outcome * random.gamma(2.0, 100.0, 300)
    estimator = kind(max_iter=8, min_samples_leaf=3, random_state=0, **options)
    return estimator.fit(rows, outcome if kind is HistGradientBoostingClassifier else amount)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([HistGradientBoostingClassifier, HistGradientBoostingRegressor]),
    st.integers(1, 5),
    st.integers(2, 40),
)
def test_the_walker_gives_what_the_estimator_gives_to_the_last_bit(seed, kind, features, leaves):
    random = np.random.default_rng(seed)
    estimator = fitted(kind, random, features, max_leaf_nodes=leaves)
    walker = Walker.of(estimator, lambda *_: True)
    rows = rows_of(random, 500, features)
    own = estimator.predict_proba(rows)[:, 1] if hasattr(estimator, "classes_") else estimator.predict(rows)
    assert np.array_equal(walker.predict(rows), own)


def scorer_of(estimator, score):
    return Scorer(estimator, score, Encoding.of(score, SHOP), key=SHOP.key, name=f"{score.name} version 7")


def trained(score, estimator):
    found = scorer_of(estimator, score)
    table = table_of(customers(200))
    features = found.features(table)
    outcome = np.arange(200) % 3 == 0 if score is LEAVING else features["spend"].fillna(0.0) * 1.1
    estimator.fit(features, outcome)
    return found, table


@pytest.mark.parametrize(
    ("score", "kind"), [(LEAVING, HistGradientBoostingClassifier), (SPENDING, HistGradientBoostingRegressor)],
    ids=["classification", "regression"],
)  # fmt: skip
def test_a_scorer_in_a_hurry_gives_each_customer_alone_the_number_that_all_together_get(score, kind):
    scorer, table = trained(score, kind(max_iter=20, min_samples_leaf=5))
    together = scorer.values(table)
    scorer.hurry()
    assert scorer.is_quick
    for count in (1, MOST, MOST + 1):
        parts = [scorer.values(table.slice(first, count)) for first in range(0, len(table), count)]
        assert np.array_equal(np.concatenate(parts), together)


def test_it_does_not_ask_the_estimator_then():
    scorer, table = trained(LEAVING, HistGradientBoostingClassifier(max_iter=5))
    scorer.hurry()
    scorer._estimator = None
    assert 0 < scorer.values(table.slice(0, MOST))[0] < 1


def spoil(node):
    """The tree with the children of its first split exchanged."""
    return (*node[:3], node[4], node[3]) if isinstance(node, tuple) else node


def test_a_walker_that_does_not_agree_is_not_used(monkeypatch):
    honest = few._nested
    trees = []

    def planted(tree):
        trees.append(tree)
        return spoil(honest(tree)) if len(trees) == 3 else honest(tree)

    monkeypatch.setattr(few, "_nested", planted)
    scorer, table = trained(LEAVING, HistGradientBoostingClassifier(max_iter=20, min_samples_leaf=5))
    before = scorer.values(table)
    scorer.hurry()
    assert not scorer.is_quick
    assert np.array_equal(np.concatenate([scorer.values(table.slice(at, 1)) for at in range(len(table))]), before)


def test_a_threshold_that_is_off_by_one_bit_is_noticed(monkeypatch):
    honest = few._nested

    def planted(tree):
        feature, threshold, *rest = honest(tree)
        return (feature, float(np.nextafter(threshold, np.inf)), *rest)

    monkeypatch.setattr(few, "_nested", planted)
    scorer, _ = trained(LEAVING, HistGradientBoostingClassifier(max_iter=20, min_samples_leaf=5))
    scorer.hurry()
    assert not scorer.is_quick


@pytest.mark.parametrize(
    ("score", "estimator"),
    [
        (LEAVING, RandomForestClassifier(5)),
        (SPENDING, HistGradientBoostingRegressor(loss="poisson")),
        (LEAVING, HistGradientBoostingClassifier(categorical_features=["plan"])),
    ],
    ids=["a forest", "a link of its own", "categories"],
)
def test_other_kinds_are_asked_themselves(score, estimator):
    scorer, table = trained(score, estimator)
    before = scorer.values(table.slice(0, 1))
    scorer.hurry()
    assert not scorer.is_quick
    assert np.array_equal(scorer.values(table.slice(0, 1)), before)
