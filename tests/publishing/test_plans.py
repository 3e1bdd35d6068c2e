"""A passport is looked up; who differs from what the CRM was told is found in one pass, and written to by place."""

import datetime as dt

from factories_plans import KNOWN, collected_plans, nodes, run, scanned, searched
from psycopg2 import sql

from scoring.database import connect
from scoring.domain.score import ChangeRule
from scoring.publishing import announcements, comparison, publications


def test_a_passport_reads_one_partition_by_its_key(busy):
    with connect(busy) as connection, collected_plans(connection) as plans:
        newest = publications.published(connection, "leaving", None)
        assert publications.row_of(connection, newest.publication_id, "c0000500")
        publications.reasons_of(connection, newest.publication_id, "c0000500")
    assert {name for name in searched(plans) if name.startswith("score_")} == {f"score_{newest.publication_id}_pkey"}
    assert not {name for name in scanned(plans) if name.startswith("score_")}


def test_announcements_of_those_who_differ_are_written_by_their_place(busy):
    run(busy, "CREATE TABLE scoring.score_900 (LIKE scoring.score)")
    run(busy, "INSERT INTO scoring.score_900 (publication_id, customer_id, value, arm, model_version) "
        "SELECT 900, customer_id, CASE WHEN version % 100 = 0 THEN 0.9 ELSE value END, 'champion', 1 FROM ("
        "SELECT customer_id, value, row_number() OVER () AS version FROM scoring.announcement "
        "WHERE score = 'leaving') a".replace("%", "%%"))  # fmt: skip
    names = {"score": "leaving", "as_of": dt.date(2023, 1, 31)}
    with connect(busy) as connection:
        table = sql.SQL("scoring.score_900").format()
        rule = ChangeRule(absolute=0.1)
        rows = sql.Composed([table])
        with comparison.compared(connection, rows, rule, count=KNOWN, **names, known_only=False) as found:
            assert found.told == KNOWN // 100
            with collected_plans(connection) as plans:
                announcements.tell(connection, **names, publication_id=900)
    written = [plan for plan in plans if plan["Node Type"] == "ModifyTable" and plan["Operation"] == "Update"
               and plan["Relation Name"] == "announcement"]  # fmt: skip
    assert written
    assert all("Tid Scan" in {node["Node Type"] for node in nodes(plan)} for plan in written)
    assert "announcement" not in scanned(plans)
