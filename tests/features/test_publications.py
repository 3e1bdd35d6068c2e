"""A score that looks back: point in time, named in inputs and passport, superseded when the past has changed."""

import pytest
from derived_shop import SHOP, SPENDING
from factories import JULY, JUNE, MAY, customer, customers, published, query, register, snapshot_of, told

from scoring.errors import IntegrityError, PermanentError
from scoring.publishing.passport import lines, passport, recompute
from scoring.publishing.plan import plan


@pytest.fixture
def looking_back(own_registry):
    settings = own_registry.model_copy(update={"definitions": "derived_shop"})
    register(settings, SPENDING, data_set=SHOP)
    return settings


def rows_of(spend, numbers=range(20)):
    return [customer(number, spend=spend + number) for number in numbers]


def values(settings, as_of=JUNE):
    return dict(query(settings, "SELECT customer_id, value FROM scoring.published_score WHERE as_of = %s", as_of))


def test_each_customer_gets_what_the_snapshot_before_said_whatever_the_order_of_the_rows(looking_back):
    snapshot_of(looking_back, rows_of(100.0, range(5, 30))[::-1], MAY)
    snapshot_of(looking_back, rows_of(500.0))
    published(looking_back, SPENDING)
    expected = {f"c{number:04d}": 100.0 + number if number >= 5 else 0.0 for number in range(20)}
    assert values(looking_back) == expected


def test_a_snapshot_of_the_same_date_or_a_later_one_is_never_looked_at(looking_back):
    snapshot_of(looking_back, rows_of(500.0))
    snapshot_of(looking_back, rows_of(900.0), JULY)
    published(looking_back, SPENDING)
    assert set(values(looking_back).values()) == {0.0}


def test_the_date_before_is_that_of_the_schedule_also_if_it_has_no_snapshot(looking_back):
    snapshot_of(looking_back, rows_of(100.0), MAY)
    snapshot_of(looking_back, rows_of(500.0), JULY)
    published(looking_back, SPENDING, JULY)
    assert set(values(looking_back, JULY).values()) == {0.0}


def test_a_corrected_snapshot_changes_what_a_later_date_would_be_and_not_what_was_published(looking_back):
    snapshot_of(looking_back, rows_of(100.0), MAY)
    snapshot_of(looking_back, rows_of(500.0))
    first = published(looking_back, SPENDING)
    assert published(looking_back, SPENDING) == first  # the same inputs change nothing
    snapshot_of(looking_back, rows_of(200.0), MAY)
    assert values(looking_back)["c0003"] == 103.0
    assert plan(looking_back, SPENDING, JUNE, run_id="test", anew=False).publication_id == first.publication_id
    found = passport(looking_back, "spending", "c0003")
    assert recompute(looking_back, found) == 103.0
    second = published(looking_back, SPENDING)
    assert second.publication_id != first.publication_id
    assert values(looking_back)["c0003"] == 203.0
    assert recompute(looking_back, passport(looking_back, "spending", "c0003")) == 203.0


def test_a_snapshot_that_comes_late_is_another_input_too(looking_back):
    snapshot_of(looking_back, rows_of(500.0))
    first = published(looking_back, SPENDING)
    snapshot_of(looking_back, rows_of(100.0), MAY)
    second = published(looking_back, SPENDING)
    assert (first.publication_id, set(values(looking_back).values()) == {0.0}) != (second.publication_id, True)
    assert values(looking_back)["c0000"] == 100.0


def test_the_passport_names_the_snapshots_that_were_looked_back_at(looking_back):
    may = snapshot_of(looking_back, rows_of(100.0), MAY)
    snapshot_of(looking_back, rows_of(500.0))
    published(looking_back, SPENDING)
    found = dict(lines(passport(looking_back, "spending", "c0003")))
    assert found["snapshot 1 before"] == f"{MAY} {may.snapshot_id} {may.digest}"
    assert found["snapshot 2 before"] == "2024-04-30 no snapshot"


def test_a_passport_does_not_hold_if_the_earlier_snapshot_is_another_one(looking_back):
    snapshot_of(looking_back, rows_of(100.0), MAY)
    other = snapshot_of(looking_back, rows_of(200.0), MAY)
    snapshot_of(looking_back, rows_of(500.0))
    published(looking_back, SPENDING)
    query(
        looking_back,
        "UPDATE scoring.publication_history SET snapshot_id = %s WHERE snapshot_id = %s RETURNING 1",
        other.snapshot_id - 1,
        other.snapshot_id,
    )
    with pytest.raises(IntegrityError, match="its passport gives 103"):
        recompute(looking_back, passport(looking_back, "spending", "c0003"))


def test_a_date_whose_earlier_file_has_left_by_age_is_refused_with_the_way_to_get_it_back(looking_back):
    snapshot_of(looking_back, rows_of(100.0), MAY)
    snapshot_of(looking_back, rows_of(500.0))
    query(looking_back, "UPDATE scoring.snapshot SET file = 'gone' WHERE as_of = %s RETURNING 1", MAY)
    with pytest.raises(PermanentError, match="looks back at shop 2024-05-31, and the file") as refused:
        plan(looking_back, SPENDING, JUNE, run_id="test")
    assert "scoring ingest shop --as-of 2024-05-31" in str(refused.value)


def test_a_score_without_history_keeps_its_inputs_digest(shop):
    from shop_definitions import LEAVING

    snapshot_of(shop, customers(5), MAY)
    snapshot_of(shop, customers(5))
    publication = published(shop, LEAVING).publication_id
    assert query(shop, "SELECT count(*) FROM scoring.publication_history") == [(0,)]
    assert told(shop) == []
    assert publication
