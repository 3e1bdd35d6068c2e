"""The comparison with the announcements is joined by the order in which the rows stand."""

import numpy as np
import pytest
from factories import JUNE, customers, scored, snapshot_of
from shop_definitions import SPENDING

from scoring.database import connect, execute
from scoring.publishing import keys, publications
from scoring.publishing.comparison import SHARED_FROM, compared
from scoring.publishing.planner import Order, order

KEYS = [f"c{number:05d}" for number in range(5_000)]
SHUFFLED = np.random.default_rng(0).permutation(KEYS).tolist()
TWO_SHARDS_AT_ONCE = [key for pair in zip(KEYS[:2_500], KEYS[2_500:], strict=True) for key in pair]


@pytest.mark.parametrize(
    ("stand", "kept"),
    [
        pytest.param(KEYS, True, id="in order"),
        pytest.param(KEYS[::-1], True, id="the last one first"),
        pytest.param(TWO_SHARDS_AT_ONCE, True, id="two shards in order, written at once"),
        pytest.param(SHUFFLED, False, id="in no order"),
    ],
)
def test_a_table_is_in_order_if_neighbours_stand_near_each_other_and_its_middle_is_known(shop, stand, kept):
    found = ordered(shop, stand)
    assert found.kept is kept
    assert "c02000" < found.middle < "c03000"


@pytest.mark.parametrize("stand", [KEYS[:2], KEYS[:1], []], ids=["two rows", "a single row", "no row"])
def test_few_rows_are_in_order_and_have_no_middle(shop, stand):
    assert ordered(shop, stand) == Order(kept=True, middle=None)


def ordered(shop, stand):
    snapshot_of(shop, customers(1))
    table = publications.rows_table(scored(shop, SPENDING))
    with connect(shop.database()) as connection:
        _stand(connection, table, stand)
        execute(connection, "SET LOCAL default_statistics_target = 10")
        execute(connection, f"ANALYZE {table.as_string(connection)} (customer_id)")
        return order(connection, table, "customer_id")


@pytest.mark.parametrize(
    ("stand", "expected", "others"),
    [
        pytest.param(KEYS, "Merge Left Join", ("Hash", "Sort"), id="in order"),
        pytest.param(SHUFFLED, "Hash Left Join", ("Merge",), id="in no order"),
    ],
)
def test_rows_in_order_are_merged_and_others_are_hashed(shop, stand, expected, others):
    plan = plan_of(shop, stand, count=SHARED_FROM - 1)
    assert expected in plan
    assert not any(other in plan for other in others)


def test_many_rows_in_order_are_merged_in_two_ranges_of_keys_by_a_process_each(shop):
    many = [f"c{number:07d}" for number in range(12 * SHARED_FROM)]  # with less, no scan would be shared anyway
    plan = plan_of(shop, many, count=SHARED_FROM)
    assert "Workers Planned: 2" in plan
    assert "Parallel Append" in plan
    assert plan.count("Merge Left Join") == 2
    assert plan.count("Sort Key") == 1, "the changes are sorted, and no table"
    assert "Parallel Index Scan" not in plan, "each process would read all announcements"


def test_rows_in_no_order_are_not_halved_however_many_they_are(shop):
    assert plan_of(shop, SHUFFLED, count=SHARED_FROM).count("Hash Left Join") == 1


@pytest.mark.parametrize("stand", [KEYS[:2], [f"{key}{'x' * 1500}" for key in KEYS[:500]]], ids=["few", "long"])
def test_rows_whose_middle_is_not_known_are_all_compared_at_once(shop, stand):
    """PostgreSQL keeps no statistics of values of more than 1,024 bytes."""
    assert plan_of(shop, stand, count=SHARED_FROM).count("Merge Left Join") == 1


def test_few_customers_are_not_looked_up_one_by_one(shop):
    """What the planner believes of the number of either may be old."""
    snapshot_of(shop, customers(1))
    publication_id = scored(shop, SPENDING)
    with connect(shop.database()) as connection, connection:
        execute(
            connection,
            """INSERT INTO scoring.announcement (score, customer_id, version, as_of, value, publication_id)
            SELECT 'spending', 'a' || lpad(n::text, 6, '0'), 1, %s, 1.0, %s FROM generate_series(1, 60000) n""",
            (JUNE, publication_id),
        )
    with connect(shop.database()) as connection:
        connection.autocommit = True
        execute(connection, "ANALYZE scoring.announcement")
    assert "Nested Loop" not in plan_of(shop, KEYS[:20], count=20, publication_id=publication_id)


def plan_of(shop, stand, count, publication_id=None):
    """How a table with these keys is compared; all of them are told."""
    if publication_id is None:
        snapshot_of(shop, customers(1))
        publication_id = scored(shop, SPENDING)
    table = publications.rows_table(publication_id)
    with connect(shop.database()) as connection:
        _stand(connection, table, stand)
        publication = publications.by_id(connection, publication_id)
        keys.add(connection, publication)
        execute(connection, "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; SET client_min_messages = log")
        names = {"count": count, "score": "spending", "as_of": JUNE, "known_only": False}
        with compared(connection, table, SPENDING.change, **names) as found:
            plan = next(text for text in connection.notices if "CREATE TEMPORARY TABLE changed" in text)
        assert found.told == len(stand)
    return plan


def _stand(connection, table, names):
    """Give a table rows with these keys, in this order."""
    name = table.as_string(connection)
    execute(connection, f"TRUNCATE {name}")
    insert = f"""INSERT INTO {name} (customer_id, value, arm, model_version)
        SELECT unnest(%s::text[]), 1.0, 'champion', 1"""
    execute(connection, insert, (list(names),))
