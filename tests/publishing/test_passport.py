"""Every published score says what it was made from, and can be made again from that."""

import pyarrow as pa
import pytest
import sklearn
from factories import JULY, JUNE, customers, published, published_rows, query, register
from shop_definitions import LEAVING, SPENDING

from scoring.errors import IntegrityError, NotFound
from scoring.publishing.passport import lines, passport, recompute
from scoring.publishing.publish import drop
from scoring.snapshots import lake
from scoring.snapshots.writing import RowGroupWriter


@pytest.fixture
def scored_shop(shop):
    for score in (SPENDING, LEAVING):
        published_rows(shop, score, customers(60))
    return shop


def test_a_passport_is_complete(scored_shop):
    settings = scored_shop.model_copy(update={"code_version": "1.2.3"})
    published_rows(settings, LEAVING, customers(61))
    found = dict(lines(passport(settings, "leaving", "c0004")))
    ((snapshot_id, snapshot_digest),) = query(
        settings, "SELECT snapshot_id, digest FROM scoring.snapshot WHERE state = 'current'"
    )
    ((publication_id, definition, checksum),) = query(
        settings,
        """SELECT publication_id, definition_digest, checksum FROM scoring.publication
           WHERE score = 'leaving' AND state = 'published'""",
    )
    digest = found.pop("model digest")
    assert len(digest) == 64
    assert found == {
        "score": "leaving",
        "customer": "c0004",
        "as_of": JUNE,
        "value": found["value"],
        "points": 182,
        "band": "low",
        "arm": "champion",
        "model": "leaving version 1",
        "snapshot": f"shop {snapshot_id}",
        "snapshot digest": snapshot_digest,
        "definition digest": definition,
        "publication": publication_id,
        "checksum": checksum,
        "trained with": f"scikit-learn {sklearn.__version__}",
        "scored with": f"scikit-learn {sklearn.__version__}",
        "predicted by": "estimator (the version was registered without a parity check)",
        "parity": "not checked",
        "run": "test",
        "code version": "1.2.3",
    }


@pytest.mark.parametrize("score", [SPENDING, LEAVING], ids=lambda score: score.name)
def test_scoring_again_from_the_passport_gives_the_published_value(scored_shop, score):
    for number in range(0, 60, 3):
        found = passport(scored_shop, score.name, f"c{number:04d}")
        assert recompute(scored_shop, found) == pytest.approx(found.row.value, abs=1e-9)


def test_a_passport_of_an_older_date_stays_what_it_was(own_registry):
    published_rows(own_registry, SPENDING, customers(9))
    register(own_registry, SPENDING, scale=2.0)
    published_rows(own_registry, SPENDING, customers(9, spend=5.0), JULY)
    june, july = (passport(own_registry, "spending", "c0001", as_of) for as_of in (JUNE, JULY))
    assert (june.arm.model_version, june.row.value, recompute(own_registry, june)) == (1, 101.0, 101.0)
    assert (july.arm.model_version, july.row.value, recompute(own_registry, july)) == (2, 10.0, 10.0)
    assert passport(own_registry, "spending", "c0001") == july


def forge(snapshot, rows):
    """Put other rows where the snapshot's are, in a file that says it is the right one."""
    writer = RowGroupWriter(snapshot.location, rows.schema, snapshot.row_group_rows)
    for batch in rows.to_batches():
        writer.write(batch)
    writer.close(snapshot.digest)


def test_a_snapshot_that_was_tampered_with_is_found_out(scored_shop):
    found = passport(scored_shop, "spending", "c0004")
    with lake.SnapshotFile(found.snapshot.location) as file:
        rows = file.read()
    spend = pa.array([amount + 1e-6 for amount in rows.column("spend").to_pylist()])
    forge(found.snapshot, rows.set_column(1, "spend", spend))
    with pytest.raises(
        IntegrityError, match=r"spending of c0004: published 104\.0, but its passport gives 104\.000001"
    ):
        recompute(scored_shop, found)
    forge(found.snapshot, rows.slice(10))
    with pytest.raises(IntegrityError, match="has no customer 'c0004'"):
        recompute(scored_shop, found)


def test_what_has_no_passport_is_named(scored_shop):
    with pytest.raises(NotFound, match="no customer 'nobody'"):
        passport(scored_shop, "spending", "nobody")
    with pytest.raises(NotFound, match="Nothing is published of spending at 2024-07-31"):
        passport(scored_shop, "spending", "c0001", JULY)
    with pytest.raises(NotFound, match="no score 'mood'"):
        passport(scored_shop, "mood", "c0001")


def test_a_dropped_publication_has_the_same_passport_again(scored_shop):
    before = dict(lines(passport(scored_shop, "spending", "c0004")))
    drop(scored_shop, SPENDING, JUNE)
    published(scored_shop, SPENDING)
    after = dict(lines(passport(scored_shop, "spending", "c0004")))
    assert {name for name in before if before[name] != after[name]} == {"publication"}
