"""From predictions to what is published."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_definitions import LEAVING, SPENDING

from scoring.domain.scale import band_of, points_of, value_of

probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=30).map(np.array)


@pytest.mark.parametrize(
    ("probability", "points"),
    [(0.0, 0), (0.0004, 0), (0.0005, 1), (0.4995, 500), (0.5, 500), (0.9994, 999), (1.0, 1000)],
)
def test_points_are_the_probability_times_the_scale_with_halves_rounded_up(probability, points):
    assert points_of(LEAVING, np.array([probability])).tolist() == [points]


@pytest.mark.parametrize(
    ("probability", "band"), [(0.0, "low"), (0.3, "low"), (0.3000001, "mid"), (0.7, "mid"), (0.71, "high"), (1, "high")]
)
def test_a_band_reaches_up_to_and_including_its_upper_bound(probability, band):
    assert LEAVING.bands[band_of(LEAVING, np.array([probability]))[0]].name == band


@given(probabilities)
def test_every_probability_has_a_band_and_points_within_the_scale(values):
    assert (band_of(LEAVING, values) < len(LEAVING.bands)).all()
    points = points_of(LEAVING, values)
    assert points.dtype == np.int16
    assert ((points >= 0) & (points <= 1000)).all()


@given(probabilities)
def test_a_higher_probability_never_has_fewer_points_or_a_lower_band(values):
    ordered = np.sort(values)
    assert (np.diff(points_of(LEAVING, ordered)) >= 0).all()
    assert (np.diff(band_of(LEAVING, ordered)) >= 0).all()


def test_a_regression_has_neither_points_nor_bands():
    assert points_of(SPENDING, np.array([1.0])) is None
    assert band_of(SPENDING, np.array([1.0])) is None


def test_a_value_is_never_below_the_minimum_and_else_as_predicted():
    assert value_of(SPENDING, np.array([-5.0, 0.0, 7.5])).tolist() == [0.0, 0.0, 7.5]
    assert value_of(LEAVING, np.array([0.25])).tolist() == [0.25]
