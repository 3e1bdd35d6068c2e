"""What is old and not needed leaves; what is needed stays, and all else goes on understanding what has left."""

import datetime as dt
import shutil
from pathlib import Path

import pytest
from factories import customer, customers, deliver, published, query, scored, snapshot_of, value
from factories_maintain import DAYS, LITTLE, NOW, all_told
from shop_definitions import LEAVING, SHOP, SPENDING

from scoring.database import connect
from scoring.delivery import summary
from scoring.errors import NotFound
from scoring.intake.ingest import ingest
from scoring.intake.quarantine import quarantined
from scoring.maintain.maintain import maintain
from scoring.outcomes.collect import collect
from scoring.page import partitions
from scoring.publishing.passport import passport, recompute
from scoring.publishing.publish import publish
from scoring.reconcile.reconcile import reconcile
from scoring.snapshots import legal_holds


def part(done, kind):
    (found,) = [one for one in done.parts if one.kind == kind]
    return found


def gone(done, kind):
    return [one.what for one in part(done, kind).removed]


def visible(settings):
    return value(settings, "SELECT count(DISTINCT (score, as_of)) FROM scoring.published_score")


def files(settings):
    return len(list(Path(settings.lake).rglob("*.parquet")))


def hold(settings, kind, name, first=None, last=None):
    with connect(settings.database()) as connection, connection:
        return legal_holds.place(connection, kind, name, first=first, last=last, reason="a lawsuit", by="ann")


def undone(settings):
    found = reconcile(settings, NOW)
    return [
        one
        for one in found
        if one.kind not in ("not monitored", "not collected", "alerts not told", "abandoned directory")
    ]


def test_old_publications_and_files_leave_the_newest_stay_with_their_passports_and_all_is_counted_on(days):
    history = "SELECT score, as_of, rows, checksum, changed, inputs_digest FROM scoring.publication ORDER BY 1, 2"
    before, snapshots = (
        query(days, history),
        query(days, "SELECT received, accepted, digest FROM scoring.snapshot ORDER BY 3"),
    )
    done = maintain(days, LITTLE, NOW)
    assert (part(done, "publications").things, part(done, "snapshot files").things) == (12, 6)
    assert (visible(days), files(days)) == (4, 2)
    assert query(days, history) == before
    assert query(days, "SELECT received, accepted, digest FROM scoring.snapshot ORDER BY 3") == snapshots
    for score in (LEAVING, SPENDING):
        for as_of in DAYS[-2:]:
            found = passport(days, score.name, "c0001", as_of)
            assert recompute(days, found) == pytest.approx(found.row.value, rel=1e-9)
    with pytest.raises(NotFound, match=r"was retired at .*: its 10 rows are gone"):
        passport(days, "leaving", "c0001", DAYS[0])
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'scoring' AND tablename ~ '^score_[0-9]+$'"
    assert value(days, tables) == 4


def test_nothing_that_is_retired_is_found_undone_and_the_page_still_shows_its_dates(days):
    maintain(days, LITTLE, NOW)
    assert undone(days) == []
    with connect(days.database()) as connection:
        assert partitions.look(connection, "leaving").dates == DAYS
        (first, *_) = partitions.look(connection, "leaving").publication_ids
        assert partitions.lineage(connection, first).customers == 10


def test_a_dry_run_says_the_same_and_removes_nothing(days):
    before = query(days, "SELECT * FROM scoring.publication ORDER BY 1")
    said = maintain(days, LITTLE, NOW, dry_run=True)
    assert (visible(days), files(days)) == (16, 8)
    assert query(days, "SELECT * FROM scoring.publication ORDER BY 1") == before
    assert value(days, "SELECT count(*) FROM scoring.retirement") == 0
    done = maintain(days, LITTLE, NOW)
    assert gone(said, "publications") == gone(done, "publications") != []
    lines = part(said, "publications").lines(dry_run=True, all_of_it=True)
    assert lines[0].startswith("publications: 12 would leave (150 rows, ")
    assert "    4 stay: one of the 2 newest of its score" in lines


def test_a_second_run_finds_nothing(days):
    maintain(days, LITTLE, NOW)
    records = query(days, "SELECT * FROM scoring.retirement ORDER BY 1")
    assert maintain(days, LITTLE, NOW).removed == 0
    assert query(days, "SELECT * FROM scoring.retirement ORDER BY 1") == records
    assert all(record.done_at for record in records)


def test_what_is_young_stays(days):
    assert maintain(days, LITTLE, dt.datetime.now(dt.UTC)).removed == 0


def test_deliveries_tries_and_events_leave_and_what_was_told_is_still_counted(days):
    def told():
        with connect(days.database()) as connection:
            return summary.told(connection), summary.unconfirmed(connection)

    before = told()
    events = value(days, "SELECT count(*) FROM scoring.event")
    assert events > 10
    some_days = dt.datetime.now(dt.UTC) + dt.timedelta(days=7)
    assert part(maintain(days, LITTLE, some_days), "tries of deliveries").rows > 0
    assert told() == before
    done = maintain(days, LITTLE, NOW)
    assert part(done, "events").rows == events
    assert [
        value(days, f"SELECT count(*) FROM scoring.{table}") for table in ("attempt", "delivery", "outbox", "event")
    ] == [0] * 4
    assert told() == before
    assert value(days, "SELECT sum(events) FROM scoring.retired_telling") == events


@pytest.mark.parametrize("state", ["pending", "dead", "waiting"])
def test_what_is_not_delivered_stays_with_its_event_its_publication_and_its_snapshot(days, state):
    first = value(days, "SELECT min(publication_id) FROM scoring.event")
    of_it = "IN (SELECT event_id FROM scoring.event WHERE publication_id = %s)"
    change = f"""UPDATE scoring.delivery d SET state = %s, delivered_at = NULL FROM scoring.outbox o
        WHERE o.event_id {of_it} AND o.delivery_id = d.delivery_id"""
    query(days, change, "pending" if state == "waiting" else state, first)
    if state == "waiting":
        query(days, f"UPDATE scoring.outbox SET delivery_id = NULL WHERE event_id {of_it}", first)
    events = value(days, "SELECT count(*) FROM scoring.event WHERE publication_id = %s", first)
    done = maintain(days, LITTLE, NOW)
    assert part(done, "publications").stays["the CRM is not told of it yet"] == 1
    assert value(days, "SELECT count(*) FROM scoring.event") == events > 0
    assert files(days) == 3


HOLDS = [
    (("score", "leaving", None, DAYS[1]), 2, 3 + 1),
    (("score", "leaving", DAYS[7], None), 1, 2),
    (("data_set", "shop", DAYS[1], DAYS[2]), 4, 2 + 2),
    (("customer", "c0012", None, None), 10, 8),  # it is in the customers of the fourth date and later
    (("customer", "nobody", DAYS[0], DAYS[0]), 0, 2 + 1),
]


@pytest.mark.parametrize(("which", "publications", "kept_files"), HOLDS)
def test_what_is_under_legal_hold_stays_until_it_is_released(days, which, publications, kept_files):
    number = hold(days, *which)
    assert part(maintain(days, LITTLE, NOW), "publications").stays[f"legal hold {number}"] == publications
    assert files(days) == kept_files
    with connect(days.database()) as connection, connection:
        legal_holds.release(connection, number, "bob")
    maintain(days, LITTLE, NOW)
    assert (visible(days), files(days)) == (4, 2)


def test_events_and_deliveries_of_a_customer_under_hold_stay(days):
    hold(days, "customer", "c0003")
    own = value(days, "SELECT count(*) FROM scoring.event WHERE customer_id = 'c0003'")
    maintain(days, LITTLE, NOW)
    kept = {row.customer_id for row in query(days, "SELECT DISTINCT customer_id FROM scoring.event")}
    assert own > 0
    assert "c0003" in kept
    assert value(days, "SELECT count(*) FROM scoring.event WHERE customer_id = 'c0003'") == own
    assert value(days, "SELECT count(*) FROM scoring.delivery") > 0


def test_a_superseded_publication_and_a_leftover_leave_sooner_than_what_readers_see(days):
    snapshot_of(days, customers(30), DAYS[7])
    for score in (LEAVING, SPENDING):
        published(days, score, DAYS[7])
    snapshot_of(days, customers(31), DAYS[7])
    left = scored(days, LEAVING, DAYS[7])
    snapshot_of(days, customers(30), DAYS[7])
    all_told(days)
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(days=6)
    done = maintain(days, LITTLE, soon)
    assert part(done, "publications").things == 3
    assert value(days, "SELECT count(*) FROM scoring.publication WHERE publication_id = %s", left) == 0
    assert value(days, "SELECT to_regclass(%s) IS NULL", f"scoring.score_{left}")
    assert visible(days) == 16
    assert undone(days) == []


def test_an_open_publication_of_the_current_snapshot_may_still_be_finished(days):
    later = DAYS[7] + dt.timedelta(days=1)
    snapshot_of(days, customers(9), later)
    publication = scored(days, LEAVING, later)
    assert part(maintain(days, LITTLE, NOW), "publications").stays["it may still be finished"] == 1
    assert publish(days, publication).rows == 9


def test_a_retired_date_that_is_taken_in_again_is_scored_again_without_telling_the_crm(days):
    old = query(days, "SELECT * FROM scoring.publication WHERE score = 'leaving' AND as_of = %s", DAYS[0])[0]
    maintain(days, LITTLE, NOW)
    snapshot_of(days, customers(10), DAYS[0])
    query(days, "UPDATE scoring.snapshot SET file = 'kept' WHERE as_of = %s", DAYS[0])  # as an intake does
    again = published(days, LEAVING, DAYS[0])
    assert (again.checksum, again.silent) == (old.checksum, True)
    assert again.publication_id != old.publication_id
    assert query(days, "SELECT publication_id FROM scoring.publication WHERE score = 'leaving' AND as_of = %s AND seen",
                 DAYS[0]) == [(again.publication_id,)]  # fmt: skip
    assert maintain(days, LITTLE, NOW).removed > 0
    assert undone(days) == []


def test_to_publish_what_was_retired_meanwhile_says_so_and_changes_nothing(days):
    first = value(days, "SELECT min(publication_id) FROM scoring.publication")
    maintain(days, LITTLE, NOW)
    found = publish(days, first)
    assert (found.rows, "was retired" in found.warning) == (10, True)


def test_an_intake_of_the_same_content_puts_a_removed_file_back(shop):
    deliver(shop, customers(20))
    made = ingest(shop, SHOP, dt.date(2024, 6, 30))
    keep = LITTLE.model_copy(update={"newest": 1})
    snapshot_of(shop, customers(5), dt.date(2024, 7, 31))
    assert part(maintain(shop, keep, NOW), "snapshot files").things == 1
    assert value(shop, "SELECT file FROM scoring.snapshot WHERE snapshot_id = %s", made.snapshot_id) == "gone"
    again = ingest(shop, SHOP, dt.date(2024, 6, 30))
    assert (again.snapshot_id, again.unchanged, files(shop)) == (made.snapshot_id, True, 2)
    assert value(shop, "SELECT file FROM scoring.snapshot WHERE snapshot_id = %s", made.snapshot_id) == "kept"


def test_quarantined_rows_leave_and_their_counts_stay(shop):
    deliver(shop, [*customers(20), customer(30, spend=-1.0)])
    ingest(shop, SHOP, dt.date(2024, 6, 30))
    assert gone(maintain(shop, LITTLE, NOW), "quarantined rows") == ["of snapshot 1, shop 2024-06-30"]
    assert value(shop, "SELECT count(*) FROM scoring.breach") == 0
    row = query(shop, "SELECT received, accepted, quarantined, duplicates, kept FROM scoring.snapshot")[0]
    assert tuple(row) == (21, 20, 1, 0, 1)
    with (
        pytest.raises(NotFound, match=r"The 1 quarantined rows of shop 2024-06-30 were removed"),
        quarantined(shop, SHOP, dt.date(2024, 6, 30)),
    ):
        pass


def test_outcomes_leave_with_their_publication_and_are_not_collected_again(shop):
    june, july, august = dt.date(2024, 6, 30), dt.date(2024, 7, 31), dt.date(2024, 8, 31)
    for as_of in (june, july, august):
        snapshot_of(shop, customers(12), as_of)
        published(shop, LEAVING, as_of)
    all_told(shop)
    collect(shop, LEAVING, june)
    keep = LITTLE.model_copy(update={"newest": 1})
    assert part(maintain(shop, keep, NOW), "outcomes").stays == {"its publication is kept": 1}  # a training looks at it
    query(shop, "UPDATE scoring.publication SET state = 'retired', retired_at = now(), retired_from = 'published' "
          "WHERE as_of = %s", june)  # fmt: skip
    done = maintain(shop, keep, NOW)
    assert (part(done, "outcomes").rows, value(shop, "SELECT count(*) FROM scoring.outcome")) == (12, 0)
    assert value(shop, "SELECT recorded FROM scoring.outcome_batch") == 12


def test_files_that_no_snapshot_knows_are_swept_after_a_day(days):
    known = next(Path(days.lake).rglob("*.parquet"))
    stray = known.with_name("0" * 64 + ".parquet")
    shutil.copyfile(known, stray)
    assert gone(maintain(days, LITTLE, dt.datetime.now(dt.UTC)), "stray files") == []
    maintain(days, LITTLE, dt.datetime.now(dt.UTC) + dt.timedelta(days=2))
    assert not stray.exists()
    assert files(days) == 8
