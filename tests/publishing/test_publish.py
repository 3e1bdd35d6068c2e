"""A publication is all or nothing, made from stated inputs, and the same inputs give the same result."""

import hashlib
import threading
from base64 import b64encode

import pytest
from factories import (
    JULY,
    JUNE,
    customer,
    customers,
    events,
    published,
    published_rows,
    query,
    register,
    score_rows,
    scored,
    snapshot_of,
    state_of,
    told,
    value,
)
from shop_definitions import LEAVING, SPENDING

from scoring.database import connect
from scoring.errors import IntegrityError, NotFound, PermanentError, TransientError
from scoring.publishing import publications, shards
from scoring.publishing.plan import plan
from scoring.publishing.predict import score_shard
from scoring.publishing.publish import drop, publish
from scoring.snapshots import lake

VISIBLE = ("score", "published_score", "current_score")


def visible(settings):
    return [value(settings, f"SELECT count(*) FROM scoring.{name}") for name in VISIBLE]


def states(settings):
    return [state for (state,) in query(settings, "SELECT state FROM scoring.publication ORDER BY publication_id")]


def test_what_shards_write_is_seen_by_nobody_before_it_is_published(shop):
    snapshot_of(shop, customers(30))
    publication_id = scored(shop, SPENDING)
    assert value(shop, f"SELECT count(*) FROM scoring.score_{publication_id}") == 30
    assert visible(shop) == [0, 0, 0]
    publish(shop, publication_id)
    assert visible(shop) == [30, 30, 30]


def test_every_accepted_customer_is_published_with_what_the_model_gives(shop):
    rows = customers(30)
    published_rows(shop, SPENDING, rows)
    found = query(shop, "SELECT customer_id, value, points, band, arm, model_version FROM scoring.current_score")
    assert sorted(map(tuple, found)) == [(row["customer_id"], row["spend"], None, None, "champion", 1) for row in rows]


def test_points_and_bands_of_a_probability_are_published(shop):
    published_rows(shop, LEAVING, [customer(1, mood=0.0), customer(2, mood=-5.0), customer(3, mood=5.0)])
    found = query(shop, "SELECT value, points, band FROM scoring.current_score ORDER BY customer_id")
    assert [(row.points, row.band) for row in found] == [(500, "mid"), (7, "low"), (993, "high")]
    assert found[0].value == 0.5


def test_while_a_shard_is_missing_nothing_is_published(shop):
    snapshot_of(shop, customers(30))
    planned = plan(shop, SPENDING, JUNE, run_id="test")
    assert planned.shards == [0, 1, 2]
    score_shard(shop, planned.publication_id, 1)
    before = state_of(shop)
    with pytest.raises(TransientError, match=r"waits for shards 0, 2"):
        publish(shop, planned.publication_id)
    assert state_of(shop) == before
    assert plan(shop, SPENDING, JUNE, run_id="again").shards == [0, 2]


def inject(settings, publication_id, customer_id):
    with connect(settings.database()) as connection, connection:
        shards.copy_rows(connection, publications.rows_table(publication_id), score_rows(customer_id))


@pytest.mark.parametrize(
    ("customer_id", "said"),
    [("c0001", r"customer twice.*c0001"), ("x", "31 rows.*snapshot has 30")],
    ids=["a customer twice", "a customer too many"],
)
def test_a_fault_found_while_publishing_leaves_everything_as_it_was(shop, customer_id, said):
    snapshot_of(shop, customers(30))
    publication_id = scored(shop, SPENDING)
    inject(shop, publication_id, customer_id)
    before = state_of(shop)
    with pytest.raises(IntegrityError, match=said) as caught:
        publish(shop, publication_id)
    assert state_of(shop) == before
    assert events(shop) == []
    assert f"`scoring publication drop spending 2024-06-30 --id {publication_id}`" in str(caught.value)
    drop(shop, SPENDING, JUNE, publication_id)
    assert published(shop, SPENDING).rows == 30, "the advice helps"


def test_shards_whose_marks_are_not_what_the_snapshot_has_are_not_published(shop):
    snapshot_of(shop, customers(30))
    publication_id = scored(shop, SPENDING)
    query(shop, "UPDATE scoring.shard SET rows = rows + 1 WHERE shard = 0")
    with pytest.raises(IntegrityError, match=r"Its shards wrote 31 rows, its snapshot has 30\..*publication drop"):
        publish(shop, publication_id)
    assert visible(shop) == [0, 0, 0]


def test_a_publication_that_lost_its_table_can_be_dropped_and_run_again(shop):
    snapshot_of(shop, customers(30))
    publication_id = scored(shop, SPENDING)
    query(shop, f"DROP TABLE scoring.score_{publication_id}")
    with pytest.raises(IntegrityError, match=r"has lost its table of rows.*publication drop"):
        publish(shop, publication_id)
    drop(shop, SPENDING, JUNE, publication_id)
    assert published(shop, SPENDING).rows == 30


@pytest.mark.parametrize(
    "length", [4000, 2685], ids=["too long for the scores", "too long beside the score's name in the announcements"]
)
def test_a_key_that_is_too_long_is_refused_for_good_and_named_with_the_remedy(shop, length):
    noise = b"".join(hashlib.sha512(bytes([number])).digest() for number in range(50))  # or an index compresses it
    key = b64encode(noise).decode()[:length]
    snapshot_of(shop, [*customers(5), customer(6, customer_id=key)])
    publication_id = scored(shop, SPENDING)
    with pytest.raises(PermanentError) as caught:
        publish(shop, publication_id)
    said = str(caught.value)
    assert f"Publication {publication_id} of spending 2024-06-30 has a key that is too long" in said
    assert f"{key[:40]!r}... has {length:,} characters" in said
    assert "Remedy: Correct the key in the source, ingest the partition again" in said
    assert visible(shop) == [0, 0, 0]
    assert events(shop) == []
    assert published_rows(shop, SPENDING, customers(6)).rows == 6, "the advice helps"
    drop(shop, SPENDING, JUNE, publication_id)


def test_a_change_and_its_event_and_its_outbox_row_commit_together(shop):
    snapshot_of(shop, customers(30))
    publication_id = scored(shop, SPENDING)
    query(shop, "ALTER TABLE scoring.publication ADD CHECK (state <> 'published')")  # the last statement fails
    with pytest.raises(PermanentError, match="SQLSTATE 23514"):
        publish(shop, publication_id)
    assert [value(shop, f"SELECT count(*) FROM scoring.{name}") for name in ("event", "outbox", "announcement")] == [
        0
    ] * 3
    query(shop, "ALTER TABLE scoring.publication DROP CONSTRAINT publication_state_check1")
    assert publish(shop, publication_id).changed == 30
    assert [value(shop, f"SELECT count(*) FROM scoring.{name}") for name in ("event", "outbox", "announcement")] == [
        30
    ] * 3


def test_the_same_inputs_again_change_nothing(shop):
    first = published_rows(shop, SPENDING, customers(30))
    before = state_of(shop)
    assert plan(shop, SPENDING, JUNE, run_id="again").shards == []
    assert published(shop, SPENDING) == first
    assert score_shard(shop, first.publication_id, 0) == 14, "a shard run again is left as it is"
    assert state_of(shop) == before


def test_a_changed_snapshot_supersedes(shop):
    published_rows(shop, SPENDING, customers(30))
    published_rows(shop, SPENDING, customers(31))
    assert states(shop) == ["superseded", "published"]
    assert visible(shop)[1:] == [31, 31]
    assert told(shop)[-1] == ("c0030", 1)
    assert len(events(shop)) == 31


def test_a_new_champion_supersedes(own_registry):
    published_rows(own_registry, SPENDING, customers(9))
    register(own_registry, SPENDING, scale=2.0)
    again = published(own_registry, SPENDING)
    assert states(own_registry) == ["superseded", "published"]
    assert again.changed == 9
    assert {row.model_version for row in query(own_registry, "SELECT model_version FROM scoring.current_score")} == {2}


def test_superseded_inputs_that_come_back_are_published_again(shop):
    first = published_rows(shop, SPENDING, customers(30))
    published_rows(shop, SPENDING, customers(30, spend=900.0))
    back = published_rows(shop, SPENDING, customers(30))
    assert (back.publication_id, back.checksum) == (first.publication_id, first.checksum)
    assert states(shop) == ["published", "superseded"]
    assert back.changed == 30, "the CRM had been told 900"
    assert told(shop)[:3] == [("c0000", 1), ("c0000", 2), ("c0000", 3)]


@pytest.mark.parametrize("was_published", [True, False], ids=["published before", "never published"])
def test_a_publish_that_comes_late_does_not_replace_what_newer_inputs_made(shop, was_published):
    snapshot_of(shop, customers(30))
    late = scored(shop, SPENDING)
    if was_published:
        publish(shop, late)
    newer = published_rows(shop, SPENDING, customers(30, spend=900.0))
    before = state_of(shop)
    assert publish(shop, late).publication_id == newer.publication_id
    assert state_of(shop) == before


def test_a_dropped_publication_run_again_has_the_same_checksum_and_tells_nobody(shop):
    first = published_rows(shop, SPENDING, customers(30))
    assert drop(shop, SPENDING, JUNE).publication_id == first.publication_id
    assert visible(shop) == [0, 0, 0]
    again = published(shop, SPENDING)
    assert (again.checksum, again.rows, again.changed) == (first.checksum, 30, 0)
    assert len(events(shop)) == 30
    drop(shop, SPENDING, JUNE)
    with pytest.raises(NotFound, match="Nothing is published of spending at 2024-06-30"):
        drop(shop, SPENDING, JUNE)


@pytest.mark.parametrize("shard_rows", [1, 7, 21, 1000])
def test_the_checksum_does_not_depend_on_how_the_work_was_cut(shop, shard_rows):
    first = published_rows(shop, SPENDING, customers(30))
    drop(shop, SPENDING, JUNE)
    again = published(shop.model_copy(update={"shard_rows": shard_rows}), SPENDING)
    assert again.checksum == first.checksum
    shards = value(shop, "SELECT count(*) FROM scoring.shard WHERE publication_id = %s", again.publication_id)
    assert shards == {1: 5, 7: 5, 21: 2, 1000: 1}[shard_rows]


def test_one_thread_reads_row_groups_in_order_and_no_more_ahead_than_threads_work_on(shop, monkeypatch):
    read, ahead, readers = [], [], set()
    read_group, copy_rows = lake.SnapshotFile.read_group, shards.copy_rows

    def reading(file, group, columns=None):
        read.append(group)
        readers.add(threading.get_ident())
        return read_group(file, group, columns)

    def copying(*arguments):
        ahead.append(len(read) - len(ahead))
        copy_rows(*arguments)

    monkeypatch.setattr(lake.SnapshotFile, "read_group", reading)
    monkeypatch.setattr(shards, "copy_rows", copying)
    snapshot_of(shop, customers(210))
    scored(shop.model_copy(update={"shard_rows": 210}), SPENDING)
    assert read == list(range(30))
    assert len(readers) == 1
    assert max(ahead) <= shop.threads + 1


def test_the_checksum_depends_on_the_scores(shop):
    first = published_rows(shop, SPENDING, customers(30))
    other = published_rows(shop, SPENDING, [*customers(29), customer(29, spend=129.0000001)])
    assert other.checksum != first.checksum


def test_a_snapshot_of_nobody_is_published_as_an_empty_set(shop):
    assert published_rows(shop, SPENDING, []).rows == 0


def test_what_does_not_exist_is_named_with_the_remedy(shop):
    with pytest.raises(NotFound, match=r"no snapshot of shop at 2024-07-31.*scoring ingest shop"):
        plan(shop, SPENDING, JULY, run_id="test")
    with pytest.raises(NotFound, match="no publication 77"):
        publish(shop, 77)
    with pytest.raises(NotFound, match="77 has no shard 0"):
        score_shard(shop, 77, 0)


CHANGED = """
import shop_definitions
from shop_definitions import LEAVING, SHOP
SPENDING = shop_definitions.SPENDING.model_copy(update={"minimum": 5.0})
"""


def test_what_was_planned_with_one_definition_is_not_finished_with_another(shop, tmp_path, monkeypatch):
    snapshot_of(shop, customers(5))
    before = plan(shop, SPENDING, JUNE, run_id="test")
    (tmp_path / "changed_shop.py").write_text(CHANGED)
    monkeypatch.syspath_prepend(tmp_path)
    changed = shop.model_copy(update={"definitions": "changed_shop"})
    with pytest.raises(PermanentError, match="definition of spending has changed"):
        score_shard(changed, before.publication_id, 0)
    score_shard(shop, before.publication_id, 0)
    with pytest.raises(PermanentError, match="definition of spending has changed"):
        publish(changed, before.publication_id)
    assert visible(shop) == [0, 0, 0]


def test_an_open_publication_can_be_dropped_by_its_id(shop):
    snapshot_of(shop, customers(5))
    unfinished = plan(shop, SPENDING, JUNE, run_id="test")
    with pytest.raises(NotFound):
        drop(shop, SPENDING, JUNE)
    with pytest.raises(NotFound):
        drop(shop, LEAVING, JUNE, unfinished.publication_id)
    drop(shop, SPENDING, JUNE, unfinished.publication_id)
    assert states(shop) == []
    assert published(shop, SPENDING).rows == 5
