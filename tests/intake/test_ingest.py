"""A partition taken in: every row is accounted for, the same content changes nothing, other content supersedes."""

import datetime as dt
import gzip

import psycopg2
import pyarrow.parquet as pq
import pytest
from factories import JULY, JUNE, customer, customers, deliver, query, table_of, value, write_csv
from shop_definitions import SHOP

from scoring.database import connect
from scoring.domain.dataset import ParquetSource
from scoring.errors import DefinitionError, NotFound, PermanentError, SourceError, SourceNotReady
from scoring.intake.builder import Origin, SnapshotBuilder
from scoring.intake.expectations import load_suite
from scoring.intake.ingest import ingest
from scoring.intake.quarantine import quarantined
from scoring.snapshots import lake, manifest


def take_in(settings, rows, data_set=SHOP, as_of=JUNE):
    deliver(settings, rows, as_of)
    return ingest(settings, data_set, as_of)


def current(settings, as_of=JUNE):
    with connect(settings.database()) as connection:
        return manifest.current(connection, "shop", as_of)


def states(settings):
    return query(settings, "SELECT digest, state FROM scoring.snapshot ORDER BY snapshot_id")


def test_every_row_received_is_accepted_quarantined_or_a_duplicate(shop):
    rows = [*customers(40), customer(3, spend=1.0), customer(41, spend=-1.0), customer(42, plan="gold")]
    intake = take_in(shop, rows)
    assert (intake.received, intake.accepted, intake.quarantined, intake.duplicates) == (43, 40, 2, 1)
    snapshot = current(shop)
    assert (snapshot.received, snapshot.accepted, snapshot.quarantined, snapshot.duplicates) == (43, 40, 2, 1)
    with lake.SnapshotFile(snapshot.location) as file:
        assert file.read(["customer_id"]).num_rows == 40


def test_accepted_rows_are_stored_with_every_value_as_it_came(shop):
    rows = [customer(n, spend=0.1 + n, active=n % 2 == 0, balance="-0.05", plan="free") for n in range(9)]
    take_in(shop, rows)
    with lake.SnapshotFile(current(shop).location) as file:
        assert file.read().equals(table_of(rows))


@pytest.mark.parametrize("column", ["received", "accepted", "quarantined", "duplicates"])
def test_the_database_refuses_a_snapshot_that_lost_or_invented_a_row(shop, column):
    take_in(shop, customers(3))
    with pytest.raises(psycopg2.errors.CheckViolation, match="rows_are_conserved"):
        query(
            shop, f"UPDATE scoring.snapshot SET {column} = {column} + 1, kept = kept + {int(column == 'quarantined')}"
        )


def test_the_database_refuses_a_current_snapshot_of_whose_refused_rows_only_a_sample_is_kept(shop):
    take_in(shop, [*customers(30), customer(30, spend=-1.0)])
    with pytest.raises(psycopg2.errors.CheckViolation, match="refused_rows_are_kept"):
        query(shop, "UPDATE scoring.snapshot SET kept = 0")


def test_a_row_that_gets_lost_between_reading_and_recording_is_refused_by_the_database(shop, tmp_path):
    builder = SnapshotBuilder(shop, SHOP, JUNE, tmp_path)
    for batch in table_of(customers(9)).to_batches():
        builder.accept(batch)
    suite = load_suite(shop.expectations_dir, SHOP)
    new = builder.judge(suite, suite.validation(), Origin("x", received=10, duplicates=0))
    with pytest.raises(PermanentError, match="rows_are_conserved"):
        builder.record(new)


def test_the_same_content_again_changes_nothing(shop):
    first = take_in(shop, customers(9))
    before = query(shop, "SELECT * FROM scoring.snapshot")
    again = take_in(shop, customers(9))
    assert again.unchanged
    assert (again.snapshot_id, again.digest) == (first.snapshot_id, first.digest)
    assert query(shop, "SELECT * FROM scoring.snapshot") == before


def test_changed_content_supersedes_and_the_former_becomes_current_again_when_it_comes_back(shop):
    first, second = take_in(shop, customers(9)), take_in(shop, customers(10))
    assert states(shop) == [(first.digest, "superseded"), (second.digest, "current")]
    back = take_in(shop, customers(9))
    assert (back.snapshot_id, back.unchanged) == (first.snapshot_id, False)
    assert states(shop) == [(first.digest, "current"), (second.digest, "superseded")]


def test_partitions_do_not_touch_each_other(shop):
    june, july = take_in(shop, customers(3)), take_in(shop, customers(3), as_of=JULY)
    assert june.digest != july.digest
    assert [state for _, state in states(shop)] == ["current", "current"]


def test_csv_gzip_and_parquet_of_the_same_rows_are_the_same_snapshot(shop, tmp_path):
    rows = [*customers(20), customer(21, spend=-1.0)]
    inbox = tmp_path / "inbox"
    plain = write_csv(inbox / "x.csv", rows)
    (inbox / "x.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    pq.write_table(table_of(rows), inbox / "x.parquet", row_group_size=6)
    intakes = [ingest(shop, SHOP, JUNE, path=f"x.{end}") for end in ("csv", "csv.gz", "parquet")]
    assert len({intake.digest for intake in intakes}) == 1
    assert [intake.unchanged for intake in intakes] == [False, True, True]


def test_a_data_set_whose_source_is_parquet_is_read_from_there(shop, tmp_path):
    pq.write_table(table_of(customers(4)), tmp_path / "inbox" / "shop_2024-06-30.parquet")
    data_set = SHOP.model_copy(update={"source": ParquetSource(path="shop_{as_of}.parquet")})
    assert ingest(shop, data_set, JUNE).accepted == 4


@pytest.mark.parametrize("row_group_rows", [1, 5, 1000])
def test_the_digest_does_not_depend_on_the_size_of_row_groups(shop, row_group_rows):
    rows = [*customers(11), customer(4, spend=2.0), customer(20, spend=-1.0)]
    first = take_in(shop, rows)
    again = take_in(shop.model_copy(update={"row_group_rows": row_group_rows}), rows)
    assert again.unchanged
    assert again.digest == first.digest


@pytest.mark.parametrize(
    ("rule", "kept"), [("keep_last", [900.0, 101.0]), ("keep_first", [101.0, 100.0])], ids=["last", "first"]
)
def test_the_rule_decides_which_of_two_rows_with_one_key_stays_and_the_other_is_counted(shop, rule, kept):
    rows = [customer(1), customer(0), customer(0, spend=900.0), customer(1)]
    if rule == "keep_first":
        rows = rows[:2] + rows[3:]
    intake = take_in(shop, rows, SHOP.model_copy(update={"duplicates": rule}))
    assert intake.duplicates == len(rows) - 2
    with lake.SnapshotFile(current(shop).location) as file:
        assert file.read(["spend"]).column(0).to_pylist() == kept


def test_a_refused_duplicate_stops_the_intake_and_nothing_is_recorded(shop):
    with pytest.raises(SourceError, match="row 3, column 'customer_id'"):
        take_in(shop, [customer(0), customer(1), customer(0)], SHOP.model_copy(update={"duplicates": "refuse"}))
    assert value(shop, "SELECT count(*) FROM scoring.snapshot") == 0


def test_a_broken_cell_is_refused_with_file_row_and_column_and_nothing_is_recorded(shop):
    with pytest.raises(SourceError, match=r"shop_2024-06-30\.csv, row 2, column 'visits'.*Remedy"):
        take_in(shop, [customer(0), customer(1, visits="many")])
    assert value(shop, "SELECT count(*) FROM scoring.snapshot") == 0
    assert not (shop.home / "lake").exists()


def test_a_source_that_is_not_there_is_worth_another_try(shop):
    with pytest.raises(SourceNotReady, match=r"shop_2024-06-30\.csv"):
        ingest(shop, SHOP, JUNE)


def test_a_data_set_without_a_suite_is_refused_with_its_name(shop):
    with pytest.raises(DefinitionError, match="pub"):
        ingest(shop, SHOP.model_copy(update={"name": "pub"}), JUNE)


def test_warnings_are_recorded_and_keep_nobody_out(shop):
    intake = take_in(shop, [*customers(5), customer(6, visits=99)])
    assert intake.accepted == 6
    ((warnings,),) = query(shop, "SELECT warnings FROM scoring.snapshot")
    assert [(found["column"], found["severity"]) for found in warnings] == [("visits", "warning")]


def test_a_lost_file_of_the_lake_is_restored_by_the_same_input(shop):
    take_in(shop, customers(4))
    location = current(shop).location
    lake_file = shop.home / "lake" / "shop" / "as_of=2024-06-30" / location.rpartition("/")[2]
    lake_file.unlink()
    assert take_in(shop, customers(4)).unchanged
    assert lake_file.exists()


def test_asking_for_the_quarantine_of_a_date_without_intake_says_so(shop):
    with pytest.raises(NotFound, match="2020-01-31"), quarantined(shop, SHOP, dt.date(2020, 1, 31)):
        pass
