"""Counts over fixed bins, distances between them, and a verdict that neither size nor number of columns misleads."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency

from scoring.monitoring.bins import DISTINCT, Bins, cut_numbers, cut_text
from scoring.monitoring.distance import holm, jensen_shannon, p_value, psi
from scoring.monitoring.drift import Compared, drifts

floats = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))
counts = st.lists(st.integers(0, 1000), min_size=5, max_size=5).map(np.array)


@given(st.lists(floats, max_size=200), st.lists(floats, max_size=200))
@settings(max_examples=200)
def test_every_value_is_counted_once_and_parts_add_up_to_the_whole(reference, rows):
    bins = cut_numbers(np.array([np.nan if value is None else value for value in reference], float))
    whole = bins.count(pa.array(rows, pa.float64()))
    parts = [bins.count(pa.array(part, pa.float64())) for part in (rows[::2], rows[1::2])]
    assert whole.sum() == len(rows)
    assert whole[-1] == rows.count(None)
    assert (sum(parts) == whole).all()
    assert len(whole) == bins.size == len(bins.labels)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=100))
def test_a_number_of_few_values_is_counted_value_by_value(rows):
    found = cut_numbers(np.array(rows, float)).count(pa.array(rows, pa.int64()))
    values, expected = np.unique(rows, return_counts=True)
    assert len(values) <= DISTINCT
    assert found[:-1].tolist() == expected.tolist()


def test_many_values_are_cut_into_bins_of_like_size():
    rows = np.random.default_rng(0).lognormal(size=10_000)
    found = cut_numbers(rows).count(pa.array(rows))
    assert found[-1] == 0
    assert found[:-1].min() > 400
    assert found[:-1].max() < 600


TYPES = {
    "boolean": (pa.array([True, False, None]), [1, 1, 1]),
    "date": (pa.array([0, 1, None], pa.date32()), [1, 1, 1]),
    "decimal": (pa.array(["1.5", "2.5", None]).cast(pa.decimal128(4, 2)), [1, 1, 1]),
}


@pytest.mark.parametrize("case", TYPES.values(), ids=TYPES)
def test_columns_of_all_types_are_counted(case):
    column, expected = case
    from scoring.monitoring.bins import numbers

    assert cut_numbers(numbers(column)).count(column).tolist() == expected


def test_a_category_that_the_definition_does_not_know_is_counted_apart():
    column = pa.chunked_array([["a", "b"], ["a", "new", None]])
    assert cut_text(["a", "b"]).count(column).tolist() == [2, 1, 1, 1]


@given(counts, counts)
def test_the_jensen_shannon_distance_is_scipys(one, other):
    if one.sum() and other.sum():
        assert jensen_shannon(one, other) == pytest.approx(jensenshannon(one, other, base=2), abs=1e-7)
        assert 0 <= jensen_shannon(one, other) <= 1 + 1e-12
        assert psi(one, other) >= 0


def test_the_psi_is_the_textbooks():
    assert psi(np.array([50, 50]), np.array([40, 60])) == pytest.approx(
        0.1 * np.log(0.6 / 0.5) - 0.1 * np.log(0.4 / 0.5)
    )


@given(st.lists(st.integers(20, 1000), min_size=3, max_size=3), st.lists(st.integers(20, 1000), min_size=3, max_size=3))
def test_the_p_value_is_that_of_scipys_g_test_where_no_bin_is_small(one, other):
    expected = chi2_contingency([one, other], correction=False, lambda_="log-likelihood").pvalue
    assert p_value(np.array(one), np.array(other)) == pytest.approx(expected, abs=1e-12)


def test_small_bins_are_taken_together():
    one, other = np.array([500, 1, 0, 1, 0]), np.array([500, 0, 1, 0, 1])
    assert p_value(one, other) == 1.0


def test_holms_adjustment():
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]


CASES = {  # rows then, rows now, shift in sigma: drifted?
    "nothing moved": (10_000, 10_000, 0.0, False),
    "a shift that matters": (10_000, 10_000, 0.4, True),
    "a tiny shift of a million": (1_000_000, 1_000_000, 0.03, False),
    "a large shift of few": (10_000, 200, 1.0, True),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_column_has_drifted_when_the_shift_matters_and_is_no_chance(case):
    then, now, shift, expected = case
    random = np.random.default_rng(1)
    was = random.normal(size=then)
    bins = cut_numbers(was)
    (found,) = drifts(
        [Compared("x", bins.count(pa.array(was)), bins.count(pa.array(random.normal(shift, size=now))))], 0.1
    )
    assert found.drifted is expected


def test_missing_values_are_a_drift_of_their_own():
    bins = Bins(edges=(0.0,))
    (found,) = drifts([Compared("x", np.array([500, 500, 0]), np.array([400, 400, 200]))], 0.1)
    assert bins.size == 3
    assert (found.drifted, found.missing_reference, found.missing_current) == (True, 0.0, 0.2)
