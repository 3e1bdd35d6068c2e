"""One customer's scores cost the same however many dates were published: only the partitions asked for are read."""

import datetime as dt

import pytest
from factories_plans import CUSTOMERS, DATES, collected_plans, nodes, performed, scanned
from shop_definitions import LEAVING, SHOP

from scoring.database import connect
from scoring.outcomes import ledger
from scoring.outcomes.correct import correct_in
from scoring.outcomes.told import Told, take_in
from scoring.publishing import streamed
from scoring.serving.published import published

CUSTOMER = "c0000500"


def partitions(plans):
    """The partitions that plans go through or look into, without those that were pruned at execution."""
    found = (node for plan in plans for node in nodes(plan) if node.get("Actual Loops", 1))
    return {name for node in found if (name := node.get("Relation Name", "")).startswith("score_")}


def test_a_history_reads_as_many_partitions_as_it_has_dates(busy):
    with connect(busy) as connection, collected_plans(connection) as plans:
        assert len(published(connection, "leaving", CUSTOMER, 5)) == 5
    assert len(partitions(plans)) == 5
    assert not partitions(plans) & scanned(plans)


def test_a_streamed_score_is_looked_up(busy):
    with connect(busy) as connection, collected_plans(connection) as plans:
        assert streamed.in_force(connection, "leaving", CUSTOMER)
    assert "streamed_score" not in scanned(plans)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * FROM scoring.current_score WHERE score = 'leaving' AND customer_id = 'c0000500'", 1),
        ("SELECT * FROM scoring.current_score WHERE customer_id = 'c0000500'", 2),
        ("SELECT count(*) FROM scoring.current_score WHERE score = 'leaving'", 1),
        ("SELECT * FROM scoring.published_score WHERE score = 'leaving' AND customer_id = 'c0000500'", DATES),
        ("SELECT * FROM scoring.published_score WHERE score = 'leaving' AND as_of = '2021-01-31'", 1),
        ("SELECT * FROM scoring.published_score WHERE publication_id = 7 AND customer_id = 'c0000500'", 1),
        ("SELECT * FROM scoring.published_reason WHERE score = 'leaving' AND as_of = '2021-01-31'", 1),
    ],
)
def test_views_read_the_publications_that_are_asked_for(busy, query, expected):
    with connect(busy) as connection:
        plan = performed(connection, query)
    assert len(partitions([plan])) == expected
    if "customer_id" in query:
        assert not {name for name in scanned([plan]) if name.startswith(("score_", "streamed_score"))}


def test_views_show_the_same_as_a_join_of_their_tables(busy):
    of_tables = """SELECT p.score, p.as_of, s.customer_id, s.value, s.points, s.band, s.arm, s.model_version,
        s.publication_id FROM scoring.publication p JOIN scoring.score s USING (publication_id)
        WHERE p.state = 'published'"""
    view = "SELECT * FROM scoring.published_score"
    with connect(busy) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE scoring.publication SET state = 'superseded' WHERE publication_id = 3")
        cursor.execute(f"({view} EXCEPT ALL {of_tables}) UNION ALL ({of_tables} EXCEPT ALL {view})")
        assert cursor.fetchall() == []
        cursor.execute(f"SELECT count(*) FROM ({view}) v")
        assert cursor.fetchone() == ((2 * DATES - 1) * CUSTOMERS,)


def test_an_outcome_and_a_correction_read_their_cohort_alone(busy):
    as_of = dt.date(2021, 1, 31)
    with connect(busy) as connection, collected_plans(connection) as plans:
        take_in(connection, LEAVING, SHOP, as_of, [Told(CUSTOMER, "0", None)], source="API key test")
        correct_in(
            connection, LEAVING, SHOP, as_of, CUSTOMER, written="1", author="a person", reason="they called"
        )  # fmt: skip
        assert len(ledger.of_customer(connection, "leaving", CUSTOMER, as_of)) == 3
    assert plans
    assert len(partitions(plans)) == 1
    assert "outcome" not in scanned(plans)
