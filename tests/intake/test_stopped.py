"""A partition that validation stops: nothing of it is visible, and its rows can still be looked at and corrected."""

import csv
import io
from contextlib import suppress

import pytest
from factories import JUNE, customer, customers, deliver, in_quarantine, query, value
from shop_definitions import SHOP, SPENDING

from scoring.database import connect
from scoring.errors import NotFound, PartitionStopped
from scoring.intake.ingest import ingest
from scoring.intake.quarantine import export, replay
from scoring.page import newest
from scoring.publishing.plan import plan
from scoring.snapshots import manifest

TOO_MANY = [*customers(17), *(customer(number, spend=-1.0) for number in range(17, 20))]  # 15 %, the limit is 10 %
STRICT = SHOP.model_copy(update={"quarantine_limit": 0.0})
TABLE_RULE = customers(9, spend=0.5)  # the suite wants a largest spend of at least 1


def current(settings):
    with connect(settings.database()) as connection:
        return manifest.current(connection, "shop", JUNE)


def corrected(settings, path, **values):
    """An export of the quarantine with columns replaced in every row."""
    file = io.StringIO()
    export(settings, SHOP, JUNE, file)
    lines = list(csv.DictReader(io.StringIO(file.getvalue())))
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, ["row_number", *SHOP.column_names, "broken_rules"])
        writer.writeheader()
        writer.writerows({**line, **values} for line in lines)
    return str(path)


@pytest.fixture
def stopped(shop):
    """The shop with a delivery that was stopped for its many bad rows."""
    deliver(shop, TOO_MANY)
    with pytest.raises(PartitionStopped, match=r"3 of 20 rows \(15\.00%\).*limit is 10\.00%.*quarantine list"):
        ingest(shop, SHOP, JUNE)
    return shop


def test_nothing_of_a_stopped_partition_is_visible(stopped):
    assert current(stopped) is None
    with pytest.raises(NotFound, match="no snapshot of shop at 2024-06-30"):
        plan(stopped, SPENDING, JUNE, run_id="test")


def test_a_critical_rule_about_the_whole_table_stops_the_partition_and_is_named(shop):
    deliver(shop, TABLE_RULE)
    with pytest.raises(PartitionStopped, match=r"expect_column_max_to_be_between.*0\.5"):
        ingest(shop, SHOP, JUNE)
    assert current(shop) is None


def test_the_same_delivery_is_stopped_again_and_recorded_once(stopped):
    with pytest.raises(PartitionStopped):
        ingest(stopped, SHOP, JUNE)
    assert value(stopped, "SELECT count(*) FROM scoring.snapshot") == 1


def test_the_owner_is_told_once_that_a_partition_was_stopped_and_what_to_do(stopped):
    with pytest.raises(PartitionStopped):
        ingest(stopped, SHOP, JUNE)
    ((kind, owner, title, text, remedy),) = query(stopped, "SELECT kind, owner, title, text, remedy FROM scoring.alert")
    assert (kind, owner, title) == ("partition_stopped", "scoring", "shop 2024-06-30 was stopped")
    assert "3 of 20 rows (15.00%)" in text
    assert "`scoring quarantine list shop 2024-06-30`" in remedy


def test_nobody_is_told_of_a_partition_that_goes_through(shop):
    deliver(shop, customers(20))
    ingest(shop, SHOP, JUNE)
    assert query(shop, "SELECT FROM scoring.alert") == []


def test_exactly_the_limit_is_let_through(shop):
    deliver(shop, [*customers(18), *(customer(number, spend=-1.0) for number in range(18, 20))])
    assert ingest(shop, SHOP, JUNE).quarantined == 2


def test_the_quarantine_of_a_stopped_partition_is_listed_and_replayed_into_a_current_snapshot(stopped, tmp_path):
    snapshot, rows = in_quarantine(stopped)
    assert snapshot.state == "stopped"
    assert [row.customer_id for row in rows] == ["c0017", "c0018", "c0019"]
    intake = replay(stopped, SHOP, JUNE, corrected(stopped, tmp_path / "fixed.csv", spend="5"))
    assert (intake.received, intake.accepted, intake.quarantined) == (20, 20, 0)
    assert current(stopped).snapshot_id == intake.snapshot_id
    assert ingest(stopped, SHOP, JUNE).unchanged, "the delivery that was stopped does not undo its correction"


def test_a_stopped_delivery_leaves_the_current_snapshot_and_is_the_one_to_correct(shop, tmp_path):
    deliver(shop, customers(9))
    good = ingest(shop, SHOP, JUNE)
    deliver(shop, TOO_MANY)
    with pytest.raises(PartitionStopped):
        ingest(shop, SHOP, JUNE)
    assert current(shop).snapshot_id == good.snapshot_id
    assert len(in_quarantine(shop)[1]) == 3
    replay(shop, SHOP, JUNE, corrected(shop, tmp_path / "fixed.csv", spend="5"))
    assert current(shop).accepted == 20


def test_a_stopped_delivery_is_over_when_a_good_one_came_after_it(stopped):
    deliver(stopped, customers(9))
    ingest(stopped, SHOP, JUNE)
    snapshot, rows = in_quarantine(stopped)
    assert (snapshot.state, rows) == ("current", [])


def test_a_stopped_delivery_is_over_when_the_good_one_is_delivered_again(shop):
    deliver(shop, customers(9))
    good = ingest(shop, SHOP, JUNE)
    deliver(shop, TOO_MANY)
    with pytest.raises(PartitionStopped):
        ingest(shop, SHOP, JUNE)
    deliver(shop, customers(9))
    assert ingest(shop, SHOP, JUNE).unchanged
    snapshot, rows = in_quarantine(shop)
    assert (snapshot.snapshot_id, snapshot.state, rows) == (good.snapshot_id, "current", [])


@pytest.mark.parametrize("before", [SHOP, STRICT], ids=["let through before", "stopped before"])
def test_of_several_stopped_deliveries_the_one_that_came_last_is_the_one_to_correct(shop, before):
    one_bad = [*customers(19), customer(30, spend=-1.0)]
    for rows, data_set in ((one_bad, before), (TOO_MANY, SHOP), (one_bad, STRICT)):
        deliver(shop, rows)
        with suppress(PartitionStopped):
            ingest(shop, data_set, JUNE)
    snapshot, rows = in_quarantine(shop)
    assert (snapshot.state, [row.customer_id for row in rows]) == ("stopped", ["c0030"])
    assert value(shop, "SELECT count(*) FROM scoring.snapshot WHERE state = 'stopped'") == 1


def test_the_page_shows_an_earlier_delivery_that_came_again_and_was_stopped_beside_a_current_one(shop):
    one_bad = [*customers(19), customer(30, spend=-1.0)]
    for rows, data_set in ((one_bad, SHOP), (customers(20), SHOP), (one_bad, STRICT)):
        deliver(shop, rows)
        with suppress(PartitionStopped):
            ingest(shop, data_set, JUNE)
    assert current(shop).quarantined == 0
    with connect(shop.database()) as connection:
        assert list(newest.stopped(connection, ["shop"])) == ["shop"]


@pytest.mark.parametrize("rows", [TOO_MANY, TABLE_RULE], ids=["too many bad rows", "a rule about the table"])
def test_a_stopped_partition_replayed_unchanged_stays_stopped(shop, tmp_path, rows):
    deliver(shop, [*rows, customer(50, spend=-1.0)])
    with pytest.raises(PartitionStopped):
        ingest(shop, SHOP, JUNE)
    with pytest.raises(PartitionStopped):
        replay(shop, SHOP, JUNE, corrected(shop, tmp_path / "same.csv"))
    assert current(shop) is None


def test_a_partition_with_nothing_but_bad_rows_can_be_corrected(shop, tmp_path):
    deliver(shop, customers(3, plan="gold"))
    with pytest.raises(PartitionStopped):
        ingest(shop, SHOP, JUNE)
    assert replay(shop, SHOP, JUNE, corrected(shop, tmp_path / "fixed.csv", plan="free")).accepted == 3
