"""The definitions are without a mistake, and the estimator does what it says."""

import numpy as np
import pytest

from magazine.estimator import CellRates
from scoring.catalog import load_catalog


def test_the_definitions_are_without_a_mistake():
    catalog = load_catalog("magazine.definitions")
    catalog.raise_problems()
    assert list(catalog.scores) == ["cancellation_risk"]


def test_a_cell_is_drawn_towards_the_share_of_all_and_an_unknown_one_gets_it():
    features, outcomes = np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([1, 1, 0, 0])
    model = CellRates(prior=2).fit(features, outcomes)
    assert model.predict_proba([[0.0], [1.0], [9.0]])[:, 1] == pytest.approx([0.75, 0.25, 0.5])


def test_without_a_prior_it_is_the_share_itself():
    model = CellRates(prior=0).fit(np.array([[0.0], [0.0], [1.0]]), np.array([1, 0, 0]))
    assert model.predict_proba([[0.0], [1.0]])[:, 1] == pytest.approx([0.5, 0.0])
