"""Counts over fixed bins, distances between them, and a verdict that neither size nor number of columns misleads."""

import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, fisher_exact, wasserstein_distance

from scoring.monitoring.bins import DISTINCT, Bins, cut_numbers, cut_text, numbers
from scoring.monitoring.distance import EXPECTED, holm, jensen_shannon, p_value, psi, wasserstein
from scoring.monitoring.drift import Compared, Drift, drifts

WIDE = st.floats(allow_nan=False, allow_infinity=False)
floats = st.one_of(st.none(), WIDE, st.sampled_from([0.0, 1.0, -1.0]))
counts = st.lists(st.integers(0, 1000), min_size=5, max_size=5).map(np.array)


def sample_of(rows):
    return np.array([np.nan if row is None else row for row in rows], float)


@given(st.lists(floats, max_size=200), st.lists(floats, max_size=200), st.integers(1, 5))
@example([-sys.float_info.max], [None, sys.float_info.max], 2)
@example([9e307], [0.0, 0.0], 2)
@settings(max_examples=200)
def test_every_value_is_counted_once_and_any_parts_add_up_to_the_whole(reference, rows, parts):
    bins = cut_numbers(sample_of(reference))
    whole = bins.count(pa.array(rows, pa.float64()))
    split = [bins.count(pa.array(rows[part::parts], pa.float64())) for part in range(parts)]
    together = sum(split, bins.nobody)
    assert (whole.rows, whole.missing) == (len(rows), rows.count(None))
    assert (together.counts == whole.counts).all()
    assert len(whole.counts) == bins.size
    assert len(bins.coarse(whole)) == len(bins.labels)
    assert bins.coarse(whole).sum() == whole.rows - whole.missing


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200), st.integers(2, 5))
def test_sums_and_squares_of_parts_add_up_to_those_of_the_whole(rows, parts):
    bins = cut_numbers(np.array(rows))
    whole = bins.count(pa.array(rows))
    together = sum((bins.count(pa.array(rows[part::parts], pa.float64())) for part in range(parts)), bins.nobody)
    assert together.sums == pytest.approx(whole.sums, rel=1e-9, abs=1e-9)
    assert together.squares == pytest.approx(whole.squares, rel=1e-9, abs=1e-9)
    assert whole.sums.sum() * bins.scale == pytest.approx(sum(row - bins.centre for row in rows), rel=1e-6, abs=1e-3)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, random):
    bins, other = cut_numbers(np.array(rows)), list(rows)
    random.shuffle(other)
    assert cut_numbers(np.array(other)) == bins
    one, same = bins.count(pa.array(rows)), bins.count(pa.array(other))
    assert (one.counts == same.counts).all()
    assert (one.sums == same.sums).all()
    assert one.squares == same.squares


@given(st.lists(st.sampled_from(["a", "b", "new", None]), max_size=100))
def test_categories_are_counted_by_value_with_others_and_nulls(rows):
    bins = cut_text(["a", "b"])
    found = bins.count(pa.array(rows, pa.string()))
    assert found.counts.tolist() == [rows.count("a"), rows.count("b"), rows.count("new"), rows.count(None)]
    halves = bins.count(pa.array(rows[::2], pa.string())) + bins.count(pa.array(rows[1::2], pa.string()))
    assert (halves.counts == found.counts).all()
    assert bins.labels == ["a", "b", "other"]


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=100))
def test_a_number_of_few_values_is_counted_value_by_value(rows):
    bins = cut_numbers(np.array(rows, float))
    values, expected = np.unique(rows, return_counts=True)
    assert len(values) <= DISTINCT
    found = dict(zip(bins.labels, bins.coarse(bins.count(pa.array(rows, pa.int64()))), strict=True))
    assert [found.get(f"{value:g}", found.get(f"up to {value:g}")) for value in values] == expected.tolist()
    assert sum(found.values()) == len(rows)


def test_many_values_are_cut_into_bins_of_like_size_by_all_of_them():
    rows = np.random.default_rng(0).lognormal(size=10_000)
    bins = cut_numbers(rows)
    found = bins.coarse(bins.count(pa.array(rows)))
    assert found[[0, -1]].tolist() == [0, 0], "nothing is beyond the reference"
    assert found[1:-1].min() >= 499
    assert found[1:-1].max() <= 501
    assert bins.labels[0].startswith("up to")
    assert bins.labels[-1] == f"over {rows.max():g}"


NEVER_SEEN = {  # values then, values now
    "another constant below": ([5.0] * 100, [3.0] * 100),
    "another constant above": ([5.0] * 100, [7.0] * 100),
    "a value between": ([0.0, 1.0] * 50, [0.5] * 100),
    "below many": (np.arange(100.0), [-1.0] * 100),
    "above many": (np.arange(100.0), [99.5] * 100),
    "the smallest number there is": ([0.0] * 100, [-5e-324] * 100),
}


@pytest.mark.parametrize("case", NEVER_SEEN.values(), ids=NEVER_SEEN)
def test_a_value_that_never_occurred_is_seen(case):
    was, now = map(pa.array, case)
    bins = cut_numbers(was.to_numpy(zero_copy_only=False))
    assert jensen_shannon(bins.coarse(bins.count(was)), bins.coarse(bins.count(now))) == pytest.approx(1.0)


TYPES = {
    "boolean": pa.array([True, False, None]),
    "date": pa.array([0, 1, None], pa.date32()),
    "decimal": pa.array(["1.5", "2.5", None]).cast(pa.decimal128(4, 2)),
    "chunks": pa.chunked_array([[1, 2], [None]], pa.int64()),
}


@pytest.mark.parametrize("column", TYPES.values(), ids=TYPES)
def test_columns_of_all_types_are_counted(column):
    bins = cut_numbers(numbers(column))
    found = bins.count(column)
    assert sorted(found.counts[:-1], reverse=True)[:3] == [1, 1, 0]
    assert found.missing == 1


def test_a_number_that_is_no_float_is_the_next_one_that_is():
    assert numbers(pa.array([2**53 + 1, None]))[0] == 2**53


def test_rows_are_counted_as_integers():
    assert cut_numbers(np.array([1.0])).count(pa.array([1.0, None])).counts.dtype == np.int64
    assert cut_text(["a"]).count(pa.array(["a", None])).counts.dtype == np.int64


def test_a_category_has_no_sums():
    found = cut_text(["a"]).count(pa.array(["a", "b", "c"]))
    assert (found.counts.tolist(), found.sums.tolist(), found.squares) == ([1, 2, 0], [], 0.0)


def test_bins_are_named_for_people():
    assert cut_numbers(np.array([0.0, 1.0])).labels == ["up to -4.94066e-324", "0", "0 to 1", "1", "over 1"]


@pytest.mark.parametrize(("values", "cuts"), [(DISTINCT, 2 * DISTINCT), (DISTINCT + 1, 21)])
def test_up_to_fifty_values_have_a_bin_each(values, cuts):
    assert len(cut_numbers(np.arange(float(values))).cuts) == cuts


def test_fine_bins_hold_a_hundredth_each_and_ever_less_towards_both_ends():
    bins = cut_numbers(np.arange(10_000.0))
    edges = np.array(bins.edges)
    assert edges[edges <= 100].tolist() == [-5e-324, 0, 1, 3, 6, 12, 25, 50, 100]
    assert edges[edges >= 9900].tolist() == [9900, 9950, 9975, 9987, 9993, 9996, 9998, 9999]
    assert np.diff(edges[(edges >= 100) & (edges <= 9900)]) == pytest.approx(np.full(98, 100), abs=1)
    assert bins.cuts == (-5e-324, *range(500, 9501, 500), 9999)


def test_values_are_summed_around_their_median_in_standard_deviations():
    bins = cut_numbers(np.array([0.0, 0.5, 1.0, 1.25, 1.25]))
    assert (bins.centre, bins.scale) == (1.0, pytest.approx(np.std([0.0, 0.5, 1.0, 1.25, 1.25])))
    assert bins.scaled(np.array([1.25])) == pytest.approx(0.25 / bins.scale)
    assert cut_numbers(np.array([3.0, 3.0])).scale == 1.0, "a constant"


HUGE = [-1.7e308] * 200 + [1.7e308] * 200


def test_sums_too_large_in_both_directions_are_not_defined_and_warn_nobody():
    bins = cut_numbers(np.array(HUGE))
    assert bins.scale == 1.0
    found = bins.count(pa.array(HUGE))
    assert wasserstein(bins, found, found) is None
    anything = Bins(edges=())
    assert np.isnan(anything.count(pa.array(HUGE)).sums).all()
    assert np.isnan((anything.count(pa.array(HUGE[:2])) + anything.count(pa.array(HUGE[-2:]))).sums).all()


def test_not_a_number_is_null():
    bins = cut_numbers(np.array([1.0, np.nan, 2.0]))
    assert bins.count(pa.array([float("nan"), 1.0, None])).missing == 2


def test_nothing_known_is_one_bin():
    bins = cut_numbers(np.array([np.nan]))
    assert (bins.labels, bins.count(pa.array([1.0, None])).counts.tolist()) == (["any"], [1, 1])


@given(st.lists(floats, max_size=50), st.lists(floats, max_size=50))
def test_whatever_the_values_there_is_a_verdict(was, now):
    for kind in ("feature", "missing"):
        (found,) = drifts([compared(was, now, kind=kind)], 0.1)
        assert (found.distance is None) == (found.reason is not None)
        assert found.wasserstein is None or np.isfinite(found.wasserstein)
        assert found.distance is None or 0 <= found.distance <= 1 + 1e-12


@given(counts, counts)
def test_the_jensen_shannon_distance_is_scipys_symmetric_and_at_most_one(one, other):
    if one.sum() and other.sum():
        assert jensen_shannon(one, other) == pytest.approx(jensenshannon(one, other, base=2), abs=1e-7)
        assert jensen_shannon(one, other) == jensen_shannon(other, one)
        assert 0 <= jensen_shannon(one, other) <= 1 + 1e-12
        assert psi(one, other) >= 0
        assert psi(one, other) == pytest.approx(psi(other, one))


@given(counts, counts, st.integers(1, 9))
def test_distances_are_zero_for_equal_shares_and_for_no_others(one, other, times):
    assume(one.sum() and other.sum())
    assert jensen_shannon(one, one * times) == pytest.approx(0, abs=1e-7)
    assert psi(one, one * times) == pytest.approx(0, abs=1e-12)
    equal = (one * other.sum() == other * one.sum()).all()
    assert (jensen_shannon(one, other) < 1e-6) == equal


def test_the_psi_is_the_textbooks():
    expected = 0.1 * np.log(0.6 / 0.5) - 0.1 * np.log(0.4 / 0.5)
    assert psi(np.array([50, 50]), np.array([40, 60])) == pytest.approx(expected)


def normal(random, n):
    return random.normal(size=n)


AREAS = {  # values then, values now
    "the same": (normal, normal),
    "a shift": (normal, lambda random, n: random.normal(0.3, 1, n)),
    "wider": (normal, lambda random, n: random.normal(0, 1.5, n)),
    "narrower": (normal, lambda random, n: random.normal(0, 0.5, n)),
    "amounts": (lambda random, n: random.lognormal(0, 1, n), lambda random, n: random.lognormal(0, 1.3, n)),
    "amounts with a ceiling": (
        lambda random, n: random.lognormal(0, 1, n),
        lambda random, n: np.minimum(random.lognormal(0, 1, n), 12),
    ),
    "another unit": (lambda random, n: random.lognormal(0, 1, n), lambda random, n: 1000 * random.lognormal(0, 1, n)),
    "another sign": (lambda random, n: random.lognormal(0, 1, n), lambda random, n: -random.lognormal(0, 1, n)),
    "heavy tails": (lambda random, n: random.pareto(2.2, n), lambda random, n: random.pareto(2.0, n)),
    "two humps": (
        lambda random, n: random.normal(0, 1, n) + np.where(random.random(n) < 0.5, 5, -5),
        lambda random, n: random.normal(0, 1, n) + np.where(random.random(n) < 0.6, 5, -5),
    ),
    "many zeros": (
        lambda random, n: random.lognormal(size=n) * (random.random(n) < 0.3),
        lambda random, n: random.lognormal(size=n) * (random.random(n) < 0.35),
    ),
    "counts": (lambda random, n: random.poisson(3, n), lambda random, n: random.poisson(3.3, n)),
}


@pytest.mark.parametrize("case", AREAS.values(), ids=AREAS)
@pytest.mark.parametrize("n", [1000, 100_000])
def test_the_wasserstein_distance_over_bins_is_the_exact_one_within_a_hundredth(case, n):
    random = np.random.default_rng(3)
    was, now = (make(random, n).astype(float) for make in case)
    bins = cut_numbers(was)
    found = wasserstein(bins, bins.count(pa.array(was)), bins.count(pa.array(now)))
    exact = wasserstein_distance(was, now) / was.std()
    assert found == pytest.approx(exact, abs=0.01, rel=1e-9)


EDGES = Bins(edges=(-1.0, 0.0, 1.0), cuts=(0.0,))
INSIDE = [(place + 0.5) / 1000 for place in range(1000)]
IN_BINS = {  # rows then, rows now; whatever the bins were cut from
    "the two cross inside a bin": ([0.0] * 600 + [2.0] * 400, INSIDE),
    "below all bins": ([0.5, 0.75], [-3.0, -2.0]),
    "above all bins, a spread that is small beside the values": ([1000.0, 1002.0] * 1000, [1001.0, 1003.0] * 1000),
    "one row now": ([0.0, 1.0, 2.0, 3.0], [5.0]),
}


@pytest.mark.parametrize("case", IN_BINS.values(), ids=IN_BINS)
def test_the_wasserstein_distance_is_in_standard_deviations_of_the_reference(case):
    was, now = case
    found = wasserstein(EDGES, EDGES.count(pa.array(was)), EDGES.count(pa.array(now)))
    assert found == pytest.approx(wasserstein_distance(was, now) / np.std(was), rel=1e-5)


UNDEFINED = {
    "a constant": ([2.5] * 10, [2.6] * 10),
    "a constant that is no binary fraction": ([0.1] * 1000, [0.2] * 10),
    "nobody now": ([1.0, 2.0], []),
    "nobody then": ([], [1.0, 2.0]),
    "no value now": ([1.0, 2.0], [None]),
    "too large to be squared": ([1e300, -1e300, 0.0], [1e308]),
    "too large to be added": ([9e307], [0.0, 0.0]),
    "the largest and the smallest": ([-sys.float_info.max, 0.0, 1.0], [sys.float_info.max]),
}


@pytest.mark.parametrize("case", UNDEFINED.values(), ids=UNDEFINED)
def test_a_wasserstein_distance_that_is_not_defined_is_none(case):
    was, now = (pa.array(side, pa.float64()) for side in case)
    bins = cut_numbers(numbers(was))
    assert wasserstein(bins, bins.count(was), bins.count(now)) is None


@pytest.mark.parametrize("value", [0.1, 1 / 3, 7.7, 1000.1])
def test_what_rounding_leaves_of_a_constant_is_no_spread(value):
    was, now = (EDGES.count(pa.array([row] * 1000)) for row in (value, 2 * value))
    assert wasserstein(EDGES, was, now) is None


@given(st.lists(st.integers(20, 1000), min_size=3, max_size=3), st.lists(st.integers(20, 1000), min_size=3, max_size=3))
@example([40, 8, 2], [40, 2, 8])  # just as many as are enough
def test_the_p_value_is_the_larger_of_scipys_two_where_no_bin_is_small(one, other):
    table = np.array([one, other])
    assume((table.sum(1, keepdims=True) * table.sum(0) / table.sum() >= EXPECTED).all())
    expected = max(
        chi2_contingency([one, other], correction=False, lambda_=kind).pvalue for kind in ("log-likelihood", "pearson")
    )
    assert p_value(np.array(one), np.array(other)) == pytest.approx(expected, abs=1e-12)


UNEVEN = {  # one sample has few rows or none where the other has many
    "one row": ([173, 182, 351], [1, 14, 6]),
    "no row": ([330, 274, 21, 169], [0, 52, 35, 6]),
}


@pytest.mark.parametrize("case", UNEVEN.values(), ids=UNEVEN)
def test_the_p_value_is_that_of_the_likelihood_ratio_where_it_is_the_larger_one(case):
    ratio = chi2_contingency(case, correction=False, lambda_="log-likelihood").pvalue
    assert ratio > chi2_contingency(case, correction=False).pvalue
    assert p_value(*map(np.array, case)) == pytest.approx(ratio, rel=1e-9, abs=0)


@pytest.mark.parametrize("case", [([900, 30], [180, 20]), ([47, 3], [43, 7])])
def test_two_bins_of_few_are_tested_exactly(case):
    assert p_value(*map(np.array, case)) == pytest.approx(fisher_exact(case).pvalue)


def test_two_bins_of_fifty_expected_rows_are_not_few():
    case = [60, 40], [40, 60]
    ratio = chi2_contingency(case, correction=False, lambda_="log-likelihood").pvalue
    pearson = chi2_contingency(case, correction=False).pvalue
    assert p_value(*map(np.array, case)) == pytest.approx(max(ratio, pearson), rel=1e-9)


POOLED = {  # what is too few for itself: joined, or part of the smallest that is not
    "few are joined": ([500, 4, 3, 4], [500, 3, 4, 4], [500, 11], [500, 11]),
    "just enough together are joined": ([47, 2, 1], [43, 4, 3], [47, 3], [43, 7]),
    "too few even together are part of the smallest": ([500, 90, 3, 0], [500, 120, 0, 1], [500, 93], [500, 121]),
    "an empty bin is none": ([500, 90, 0], [500, 90, 0], [500, 90], [500, 90]),
}


@pytest.mark.parametrize("case", POOLED.values(), ids=POOLED)
def test_small_bins_are_taken_together(case):
    one, other, pooled, other_pooled = map(np.array, case)
    assert p_value(one, other) == pytest.approx(p_value(pooled, other_pooled), abs=1e-15)


@pytest.mark.parametrize("sides", [([0, 0], [5, 5]), ([5, 5], [0, 0]), ([0, 0], [0, 0]), ([5, 0], [7, 0])])
def test_where_there_is_nothing_to_tell_apart_the_p_value_is_one(sides):
    assert p_value(*map(np.array, sides)) == 1.0


def test_holms_adjustment_shares_the_five_percent_between_families():
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.01, 0.04, 0.03]), families=2).tolist() == pytest.approx([0.06, 0.12, 0.12])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]
    assert holm(np.array([])).tolist() == []


def compared(was, now, **more):
    was, now = pa.array(was, pa.float64()), pa.array(now, pa.float64())
    bins = cut_numbers(numbers(was))
    return Compared("x", more.pop("kind", "feature"), bins, bins.count(was), bins.count(now), **more)


CASES = {  # rows then, rows now, shift in sigma: drifted?
    "nothing moved": (10_000, 10_000, 0.0, False),
    "a shift that matters": (10_000, 10_000, 0.3, True),
    "a shift that does not matter": (100_000, 100_000, 0.15, False),
    "a tiny shift of a million": (1_000_000, 1_000_000, 0.03, False),
    "a large shift of few": (10_000, 200, 1.0, True),
    "few, by chance": (10_000, 200, 0.0, False),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_column_has_drifted_when_the_shift_matters_and_is_no_chance(case):
    then, now, shift, expected = case
    random = np.random.default_rng(1)
    (found,) = drifts([compared(random.normal(size=then), random.normal(shift, size=now))], 0.1)
    assert found.drifted is expected


def test_who_has_no_value_is_one_thing_and_which_value_the_others_have_another():
    was, now = [1.0, 2.0] * 500, [1.0, 2.0, None, 1.0, 2.0] * 200
    values, missing = drifts([compared(was, now), compared(was, now, kind="missing")], 0.1)
    assert (values.distance, values.drifted) == (pytest.approx(0.0, abs=1e-7), False)
    assert missing.drifted
    assert (missing.missing_reference, missing.missing_current) == (0.0, 0.2)
    assert missing.wasserstein is None


REASONS = {
    "nobody then": (([], [1.0], {}), "the reference has no customers here"),
    "nobody now": (([1.0], [], {}), "this publication has no customers here"),
    "no value then": (([None], [1.0], {}), "the reference has no value of any customer"),
    "no value now": (([1.0], [None], {}), "this publication has no value of any customer"),
    "a column that is not there": (([1.0], [1.0], {"absent": "gone"}), "gone"),
}


@pytest.mark.parametrize("case", REASONS.values(), ids=REASONS)
def test_a_distance_that_is_not_defined_is_none_with_its_reason(case):
    (was, now, more), reason = case
    (found,) = drifts([compared(was, now, **more)], 0.1)
    assert (found.psi, found.distance, found.wasserstein, found.p_value, found.drifted) == (None,) * 4 + (False,)
    assert found.reason == reason


def test_everybody_without_a_value_is_a_drift_of_who_has_one():
    (found,) = drifts([compared([1.0, 2.0] * 50, [None] * 100, kind="missing")], 0.1)
    assert found.drifted
    assert found.reason is None


def test_what_is_not_judged_has_distances_no_verdict_and_costs_the_others_nothing():
    shifted = [0.0] * 100, [1.0] * 100
    alone = drifts([compared(*shifted)], 0.1)
    both = drifts([compared(*shifted, unjudged="in sample"), compared(*shifted)], 0.1)
    assert both[1] == alone[0]
    assert (both[0].distance, both[0].p_value, both[0].drifted, both[0].reason) == (1.0, None, False, "in sample")


def test_a_verdict_needs_the_distance_as_well_as_the_significance_of_all_looked_at_together():
    random = np.random.default_rng(0)
    was, now = random.normal(size=1000), random.normal(0.35, size=300)
    one = compared(was, now)
    raw = drifts([one], 0.1)[0].p_value
    assert 0 < raw < 0.05
    assert drifts([one], 0.1)[0].drifted
    assert not drifts([one], 0.9)[0].drifted
    same = compared(was, was)
    crowd = drifts([one, *[same] * int(0.05 / raw)], 0.1)[0]
    assert (crowd.drifted, crowd.distance) == (False, drifts([one], 0.1)[0].distance)


def test_the_verdict_says_all_that_was_found():
    bins = cut_text(["a", "b"])
    then, now = (bins.count(pa.array(rows)) for rows in (["a", "b"] * 50, ["a"] * 25 + ["b"] * 75 + [None] * 25))
    one = Compared("plan", "feature", bins, then, now, segment="country", value="DE")
    raw = fisher_exact([[50, 50], [25, 75]]).pvalue
    assert drifts([one], 0.1) == [
        Drift(
            "plan", "feature", "country", "DE",
            psi=pytest.approx(0.25 * np.log(3)),
            distance=pytest.approx(jensenshannon([50, 50], [25, 75], base=2)),
            wasserstein=None,
            p_value=pytest.approx(raw),
            missing_reference=0.0, missing_current=0.2, drifted=True, reason=None,
        )
    ]  # fmt: skip
    assert drifts([one], 0.1, families=3)[0].p_value == pytest.approx(3 * raw)


def test_a_number_is_told_with_its_wasserstein_distance():
    (found,) = drifts([compared([0.0, 2.0] * 50, [1.0, 3.0] * 50)], 0.1)
    assert found.wasserstein == pytest.approx(1.0)
    assert found.psi > 1


def test_a_distance_of_just_the_least_that_matters_is_a_drift():
    (found,) = drifts([compared([0.0] * 100, [1.0] * 100)], 1.0)
    assert (found.distance, found.drifted) == (1.0, True)


def test_no_columns_are_no_drift():
    assert drifts([], 0.1) == []


def test_bins_of_a_category_have_no_wasserstein_distance():
    bins = Bins(values=("a", "b"))
    sides = [bins.count(pa.array(rows)) for rows in (["a", "b"] * 50, ["a"] * 100)]
    (found,) = drifts([Compared("x", "feature", bins, *sides)], 0.1)
    assert (found.wasserstein, found.reason, found.drifted) == (None, None, True)
