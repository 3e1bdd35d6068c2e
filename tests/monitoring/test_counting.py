"""Snapshots are counted in pieces and threads; neither makes a difference."""

import numpy as np
import pytest
from factories import MAY, customer, snapshot_of
from shop_definitions import SHOP

from scoring.monitoring.counting import EVERYBODY, Segment, count, cut
from scoring.snapshots.lake import SnapshotFile

NAMES = ("spend", "visits", "plan", "active")
COLUMNS = [SHOP.column(name) for name in NAMES]
PLAN = Segment("plan", ("free", "paid"))
ROWS = 2000


@pytest.fixture
def snapshot(shop):
    random = np.random.default_rng(0)
    rows = [customer(number, spend=float(random.lognormal(4, 1))) for number in range(ROWS)]
    with SnapshotFile(snapshot_of(shop.model_copy(update={"row_group_rows": 300}), rows, MAY).location) as file:
        yield file


def test_the_number_of_threads_changes_no_figure(snapshot):
    one, other = (cut(snapshot, COLUMNS, threads) for threads in (1, 3))
    assert one == other
    tallies = [count(snapshot.groups(list(NAMES)), one, (PLAN,), threads) for threads in (1, 3)]
    for group in (EVERYBODY, ("plan", "free"), ("plan", "paid")):
        for name in NAMES:
            first, second = (tally[group][name] for tally in tallies)
            assert (first.counts == second.counts).all()
            assert (first.sums == second.sums).all()
            assert first.squares == second.squares


def test_segments_share_the_customers_among_them(snapshot):
    bins = cut(snapshot, COLUMNS, 2)
    tally = count(snapshot.groups(list(NAMES)), bins, (PLAN,), 2)
    assert tally[EVERYBODY]["spend"].rows == ROWS
    together = tally["plan", "free"]["spend"] + tally["plan", "paid"]["spend"]
    assert (together.counts == tally[EVERYBODY]["spend"].counts).all()
    assert tally["plan", "free"]["plan"].counts.tolist() == [tally["plan", "free"]["plan"].rows, 0, 0, 0]


def test_of_many_rows_a_sample_is_cut_always_the_same(snapshot):
    whole, sampled = cut(snapshot, COLUMNS, 2), cut(snapshot, COLUMNS, 2, sample_rows=1000)
    assert sampled == cut(snapshot, COLUMNS, 1, sample_rows=1000)
    assert sampled["spend"] != whole["spend"]
    counted = count(snapshot.groups(["spend"]), {"spend": sampled["spend"]}, (), 2)[EVERYBODY]["spend"]
    shares = sampled["spend"].coarse(counted)[1:-1] / ROWS
    assert np.abs(np.cumsum(shares) - np.arange(1, 21) / 20).max() < 0.05
    assert sampled["plan"] == whole["plan"], "a category has the values of its definition"


def test_a_column_that_a_snapshot_does_not_have_is_not_cut(snapshot):
    gone = SHOP.column("spend").model_copy(update={"name": "gone"})
    assert set(cut(snapshot, [gone, *COLUMNS], 2)) == set(NAMES)


def test_a_boolean_is_a_segment_of_its_two_values(snapshot):
    active = Segment("active", ("true", "false"))
    table = snapshot.read(["active"])
    codes = active.codes(table).to_pylist()
    assert codes == [None if value is None else int(not value) for value in table.column("active").to_pylist()]
