"""What a history's features are, against the same in plain Python."""

import statistics

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.dataset import Column
from scoring.domain.history import History
from scoring.features.aggregates import feature, needs_now
from scoring.snapshots.arrow import arrow_type

NUMBER = Column(name="spend", type="number")
INTEGER = Column(name="spend", type="integer")
DECIMAL = Column(name="spend", type="decimal", precision=12, scale=2)
EVERY = ("last", "mean", "min", "max", "count", "change")


def features_of(history, column, periods, now):
    kind = arrow_type(column)
    before = {period: pa.array(values, kind) for period, values in enumerate(periods, 1)}
    return {
        found.name: feature(history, found, before, pa.array(now, kind)).to_pylist()
        for found in history.columns(column)
    }


CELLS = st.one_of(st.none(), st.integers(-1000, 1000))


@given(
    st.integers(1, 5).flatmap(lambda n: st.tuples(*[st.lists(CELLS, min_size=3, max_size=3)] * n)),
    st.lists(CELLS, min_size=3, max_size=3),
)
def test_aggregates_leave_nulls_out_and_are_null_of_nothing(periods, now):
    within = len(periods)
    history = History(column="spend", aggregates=EVERY, within=within)
    found = features_of(history, INTEGER, periods, now)
    for customer in range(3):
        seen = [values[customer] for values in periods if values[customer] is not None]
        change = now[customer] - seen[-1] if seen and now[customer] is not None else None
        expected = {
            "last": seen[0] if seen else None,
            "mean": pytest.approx(statistics.fmean(seen)) if seen else None,
            "min": min(seen, default=None),
            "max": max(seen, default=None),
            "count": len(seen),
            "change": change,
        }
        assert {one: found[f"spend_{one}_{within}"][customer] for one in EVERY} == expected


def test_a_period_is_its_own_value_and_null_where_there_is_none():
    history = History(column="spend", periods=(2, 1))
    found = features_of(history, NUMBER, [[1.0, None], [None, 2.0]], [9.0, 9.0])
    assert found == {"spend_before_2": [None, 2.0], "spend_before_1": [1.0, None]}


def test_a_default_stands_for_every_null_but_a_count_is_none():
    history = History(column="spend", periods=(1,), aggregates=EVERY, within=1, default=7)
    found = features_of(history, NUMBER, [[None]], [None])
    assert {name: values[0] for name, values in found.items()} == {
        "spend_before_1": 7.0, "spend_last_1": 7.0, "spend_mean_1": 7.0, "spend_min_1": 7.0, "spend_max_1": 7.0,
        "spend_count_1": 0, "spend_change_1": 7.0,
    }  # fmt: skip


def test_decimals_stay_exact_where_nothing_is_divided():
    from decimal import Decimal

    history = History(column="spend", periods=(1,), aggregates=("last", "max", "mean", "change"), within=2)
    found = features_of(history, DECIMAL, [[Decimal("0.10")], [Decimal("0.30")]], [Decimal("1.30")])
    assert found == {
        "spend_before_1": [Decimal("0.10")],
        "spend_last_2": [Decimal("0.10")],
        "spend_max_2": [Decimal("0.30")],
        "spend_mean_2": [pytest.approx(0.2)],
        "spend_change_2": [1.0],
    }


def test_a_change_beyond_64_bits_is_no_other_number():
    history = History(column="spend", aggregates=("change",), within=1)
    with pytest.raises(pa.ArrowInvalid, match="overflow"):
        features_of(history, INTEGER, [[-(2**63)]], [1])


def test_only_a_change_needs_the_present():
    assert needs_now(History(column="spend", aggregates=("last", "change"), within=1))
    assert not needs_now(History(column="spend", periods=(1,), aggregates=("last",), within=1))
