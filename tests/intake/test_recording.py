"""What identifies a snapshot, who may record it, and what a detour leads back to."""

import io
import json
import threading

import pytest
from factories import JUNE, customer, customers, deliver, query, value
from shop_definitions import SHOP
from waiting import PATIENCE, until

from scoring.database import connect, execute, transaction
from scoring.domain.dataset import Column, CsvSource, DataSet
from scoring.errors import PartitionStopped
from scoring.intake.ingest import ingest
from scoring.intake.quarantine import export, replay
from scoring.snapshots import manifest


def current(settings, data_set="shop"):
    with connect(settings.database()) as connection:
        return manifest.current(connection, data_set, JUNE)


def replayed_unchanged(settings, data_set, path, *, order=lambda lines: lines, mend=lambda text: text):
    """Export the quarantine, and replay it in the order and with the changes given."""
    file = io.StringIO()
    export(settings, data_set, JUNE, file)
    head, *lines = mend(file.getvalue()).splitlines(keepends=True)
    path.write_text(head + "".join(order(lines)), encoding="utf-8", newline="")
    return replay(settings, data_set, JUNE, str(path))


def test_duplicates_belong_to_what_identifies_a_snapshot(shop):
    deliver(shop, customers(10))
    once = ingest(shop, SHOP, JUNE)
    deliver(shop, [customer(3), *customers(10)])
    twice = ingest(shop, SHOP, JUNE)
    assert (once.accepted, twice.accepted, twice.duplicates) == (10, 10, 1)
    assert once.digest != twice.digest


def test_two_rows_without_a_key_are_nobodys_duplicates_and_both_are_refused(shop):
    roomy = SHOP.model_copy(update={"quarantine_limit": 1.0})
    deliver(shop, [*customers(5), customer(7, customer_id=""), customer(8, customer_id="")])
    found = ingest(shop, roomy, JUNE)
    assert (found.received, found.accepted, found.quarantined, found.duplicates) == (7, 5, 2, 0)


def test_the_order_of_corrections_does_not_matter(shop, tmp_path):
    deliver(shop, [customer(number, spend=-1.0 if number < 3 else 5.0) for number in range(40)])
    ingest(shop, SHOP, JUNE)
    mended = {"order": reversed, "mend": lambda text: text.replace("-1.0", "1.0")}
    backwards = replayed_unchanged(shop, SHOP, tmp_path / "a.csv", **mended)
    deliver(shop, customers(3))
    ingest(shop, SHOP, JUNE)
    query(shop, "DELETE FROM scoring.snapshot WHERE digest = %s RETURNING 1", backwards.digest)
    deliver(shop, [customer(number, spend=-1.0 if number < 3 else 5.0) for number in range(40)])
    ingest(shop, SHOP, JUNE)
    forwards = replayed_unchanged(shop, SHOP, tmp_path / "b.csv", mend=mended["mend"])
    assert forwards.digest == backwards.digest


def test_a_detour_over_another_file_leads_back_to_the_replay(shop, tmp_path):
    original = [customer(number, spend=-1.0 if number == 0 else 5.0) for number in range(40)]
    deliver(shop, original)
    ingest(shop, SHOP, JUNE)
    fixed = replayed_unchanged(shop, SHOP, tmp_path / "fixed.csv", mend=lambda text: text.replace("-1.0", "1.0"))
    deliver(shop, customers(5))
    assert ingest(shop, SHOP, JUNE).digest != fixed.digest
    deliver(shop, original)
    assert ingest(shop, SHOP, JUNE).digest == fixed.digest == current(shop).digest
    assert current(shop).accepted == 40


def test_the_current_content_is_taken_out_of_use_when_it_is_stopped_now(shop):
    deliver(shop, [*customers(19), customer(30, spend=-1.0)])
    ingest(shop, SHOP, JUNE)
    strict = SHOP.model_copy(update={"quarantine_limit": 0.0})
    with pytest.raises(PartitionStopped, match="Nothing of it is visible"):
        ingest(shop, strict, JUNE)
    assert current(shop) is None


def test_two_intakes_of_a_partition_record_one_after_the_other(shop):
    deliver(shop, customers(5))
    with transaction(shop.database()) as holder:
        manifest.lock(holder, "shop", JUNE)
        other = threading.Thread(target=ingest, args=(shop, SHOP, JUNE))
        other.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        until(lambda: value(shop, waiting) == 1)
        assert value(shop, "SELECT count(*) FROM scoring.snapshot") == 0
        execute(holder, "SELECT 1")
    other.join(timeout=PATIENCE)
    assert value(shop, "SELECT count(*) FROM scoring.snapshot") == 1


def suite_of(settings, name, *expectations):
    stated = [{"type": kind, "kwargs": kwargs, "severity": severity} for kind, kwargs, severity in expectations]
    file = settings.expectations_dir / "expectations" / f"{name}.json"
    file.write_text(json.dumps({"name": name, "expectations": stated}))


def test_rules_about_the_table_judge_the_accepted_rows_in_ingest_and_in_replay(shop, tmp_path):
    suite_of(
        shop,
        "shop",
        ("expect_column_values_to_match_regex", {"column": "customer_id", "regex": "^c"}, "critical"),
        ("expect_column_max_to_be_between", {"column": "spend", "max_value": 1000}, "critical"),
        ("expect_table_row_count_to_equal", {"value": 20}, "critical"),
    )
    deliver(shop, [*customers(20), customer(30, customer_id="x1", spend=9999.0)])
    assert ingest(shop, SHOP, JUNE).accepted == 20
    assert replayed_unchanged(shop, SHOP, tmp_path / "same.csv").unchanged


def test_data_docs_are_written_and_name_the_partition(shop):
    deliver(shop, customers(5))
    ingest(shop, SHOP, JUNE)
    docs = shop.expectations_dir / "uncommitted" / "data_docs"
    assert "shop_2024-06-30" in (docs / "index.html").read_text()


NOTES = DataSet(
    name="notes",
    title="Notes with whatever people write",
    key="id",
    columns=(
        Column(name="id", type="text"),
        Column(name="note", type="text", nullable=True),
        Column(name="amount", type="number", nullable=True),
        Column(name="exact", type="decimal", precision=20, scale=6, nullable=True),
        Column(name="day", type="date", nullable=True, format="%d.%m.%Y", source="Tag"),
        Column(name="seen", type="timestamp", nullable=True, time_zone="Europe/Madrid"),
        Column(name="yes", type="boolean", nullable=True),
        Column(name="whole", type="integer", nullable=True),
    ),
    source=CsvSource(path="notes_{as_of}.csv", null_values=("", "NA"), decimal_mark=",", separator=";"),
    quarantine_limit=1.0,
)
ODD = [
    '"a\r\nb"', '"a\nb"', '"a\rb"', '"\r"', '"\n"', '" "', '"say ""no"""', '"a,b"', "'", "NULL", "null", "None", "nan",
    "é", "\u2028", "\U0001f600", "-0.0", "#N/A", '"\t"', "0x1f", '"=1+1"',
]  # fmt: skip
AMOUNTS = ["-0.0", "0.0", "1e-308", "5e-324", "1.7976931348623157e308", "0.1", "1e22", "123456789.123", "", "NA"]


def test_quarantined_rows_come_back_from_their_export_as_they_were(shop, tmp_path):
    suite_of(shop, "notes", ("expect_column_values_to_match_regex", {"column": "id", "regex": "^good"}, "critical"))
    head = ";".join(column.source_name for column in NOTES.columns)
    rows = [
        f"x{number};{note};{AMOUNTS[number % len(AMOUNTS)].replace('.', ',')};-0,000001;01.01.0001;2005-06-30 12:00:00;"
        f"{'TRUE' if number % 2 else ''};-9"
        for number, note in enumerate(ODD)
    ]
    (tmp_path / "inbox" / f"notes_{JUNE}.csv").write_text("\n".join([head, *rows, ""]), encoding="utf-8", newline="")
    before = ingest(shop, NOTES, JUNE)
    assert (before.accepted, before.quarantined) == (0, len(ODD))
    after = replayed_unchanged(shop, NOTES, tmp_path / "same.csv")
    assert after.unchanged
    assert after.digest == before.digest
