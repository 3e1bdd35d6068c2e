"""The same work twice at the same time: it is done once, and nobody waits for ever."""

from factories import JULY, JUNE, customers, deliver, events, published, query, snapshot_of, value
from factories_faults import together
from shop_definitions import LEAVING, SHOP, SPENDING

from scoring.intake.ingest import ingest
from scoring.publishing.plan import plan
from scoring.publishing.predict import score_shard
from scoring.publishing.publish import drop

ROUNDS = 8


def test_two_runs_of_a_partition_make_one_publication_with_one_checksum(shop):
    for round_ in range(ROUNDS):
        rows = customers(30, spend=100.0 * (round_ + 1))
        snapshot_of(shop, rows)
        first, second = together(*[lambda: published(shop, SPENDING)] * 2)
        assert first == second
        assert value(shop, "SELECT count(*) FROM scoring.current_score") == 30
        assert len(events(shop)) == 30 * (round_ + 1)
    assert [state for (state,) in query(shop, "SELECT state FROM scoring.publication ORDER BY 1")] == [
        "published",
        *["superseded"] * (ROUNDS - 1),
    ]


def test_one_shard_run_twice_at_once_is_written_once(shop):
    snapshot_of(shop, customers(30))
    publication_id = plan(shop, SPENDING, JUNE, run_id="test").publication_id
    assert together(*[lambda: score_shard(shop, publication_id, 0)] * 3) == [14, 14, 14]
    assert value(shop, f"SELECT count(*) FROM scoring.score_{publication_id}") == 14


def test_two_scores_are_published_at_once_while_others_read_and_drop(shop):
    snapshot_of(shop, customers(30))
    snapshot_of(shop, customers(30), JULY)
    published(shop, SPENDING, JULY)

    def drop_july():
        drop(shop, SPENDING, JULY)
        published(shop, SPENDING, JULY)

    for _ in range(ROUNDS // 2):
        together(
            lambda: published(shop, SPENDING),
            lambda: published(shop, LEAVING),
            drop_july,
            lambda: query(shop, "SELECT * FROM scoring.current_score"),
        )
        assert value(shop, "SELECT count(*) FROM scoring.published_score") == 90
        drop(shop, SPENDING, JUNE)
        drop(shop, LEAVING, JUNE)


def test_one_delivery_taken_in_twice_at_once_is_one_snapshot(shop):
    deliver(shop, customers(30))
    ingest(shop, SHOP, JULY, path="shop_2024-06-30.csv")
    first, second = together(*[lambda: ingest(shop, SHOP, JUNE)] * 2)
    assert first.snapshot_id == second.snapshot_id
    assert sorted([first.unchanged, second.unchanged]) == [False, True]
    assert value(shop, "SELECT count(*) FROM scoring.snapshot WHERE as_of = %s", JUNE) == 1
