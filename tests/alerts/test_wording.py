"""Every fact says what it is, whose, and what to do about it."""

import datetime as dt

import pytest

from scoring.alerts import wording
from scoring.alerts.facts import KINDS, LINE

JUNE = dt.date(2024, 6, 30)
NOON = dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC)
TOKYO = dt.timezone(dt.timedelta(hours=9))

# Each fact; whose it is; what its key, title, text and remedy hold.
FACTS = [
    (
        wording.model_promoted(
            "x", "risk", 4, model="m version 3", before=2, by="ann", how="person", reason="It is better."
        ),
        (
            "risk", "promotion 4", "x: m version 3 is in charge",
            "m version 3 is in charge of x, in place of version 2. Decided by ann (person): It is better.",
            "`scoring model rollback x --reason <why>`, or the DAG roll_back_model",
        ),
    ),
    (
        wording.approval_waiting("x", "risk", 8, model="m", version=3, report="m version 3 passes."),
        (
            "risk", "gate 8", "x: m version 3 waits for your approval", "m version 3 passes.",
            "DAG retrain_x that waits (*Required actions*), or put it in charge by `scoring model approve x 3 --reason",
        ),
    ),
    (
        wording.alias_moved("x", "risk", model="m", pointed=1, version=2, day=JUNE),
        (
            "risk", "m at version 1 2024-06-30", "x: somebody moved MLflow's alias",
            "The alias champion of the model m pointed at version 1; version 2 is in charge by the ledger",
            "`scoring model promote x <version> --reason <why>`",
        ),
    ),
    (
        wording.alias_moved("x", "risk", model="m", pointed=None, version=2, day=JUNE),
        ("risk", "m nowhere 2024-06-30", "x: somebody", "pointed nowhere; version 2", "scoring model promote"),
    ),
    (
        wording.partition_stopped("shop", "data", JUNE, 7, because="3 of 20 rows.", remedy="look at it."),
        ("data", "shop 2024-06-30 snapshot 7", "was stopped", "3 of 20 rows. Nothing of it is visible", "look at it."),
    ),
    (
        wording.task_failed(
            "score_x", "plan", "risk", occurrence="run 1", as_of="2024-06-30", run="run 1",
            error="NotFound: no champion", remedy="clear it",
        ),
        ("risk", "score_x plan run 1", "the task plan failed", "2024-06-30. Run: run 1.\nNotFound", "clear it"),
    ),
    (
        wording.score_overdue("x", "risk", JUNE, what="It is late.", remedy="look"),
        ("risk", "x 2024-06-30", "x 2024-06-30 is overdue", "It is late.", "look"),
    ),
    (
        wording.drift("x", "risk", JUNE, 9, columns=["age", "bill"], against="the training snapshot"),
        (
            "risk", "x 2024-06-30 publication 9 the training snapshot", "2 columns have drifted",
            "differ from the training snapshot, in this order: age, bill.", "drift report",
        ),
    ),
    (
        wording.drift("x", "risk", JUNE, 9, columns=[f"c{n}" for n in range(50)], against="May"),
        ("risk", "x 2024-06-30 publication 9 May", "50 columns", "c18, c19 and others.", "drift report"),
    ),
    (
        wording.update_needed("x", "risk", JUNE, "m version 3", because="The AUC fell."),
        (
            "risk", "x m version 3", "x: m version 3 needs an update", "Seen at 2024-06-30: The AUC fell.",
            "`scoring train x --as-of <date>`), or say why not: `scoring update dismiss x --reason <why>`",
        ),
    ),
    (
        wording.endpoint_disabled("crm", "it answered 410 Gone"),
        ("scoring", "crm it answered 410 Gone", "crm is disabled", "Nothing is sent to crm: it answered 410 Gone.",
         "scoring endpoint enable"),
    ),
    (
        wording.endpoint_down("crm", NOON, what="It waits.", remedy="look"),
        ("scoring", "crm waits since 2024-07-01", "crm is not reached", "It waits.", "look"),
    ),
    (
        wording.endpoint_down("crm", NOON.astimezone(TOKYO).replace(hour=1), what="It waits.", remedy="look"),
        ("scoring", "crm waits since 2024-06-30", "crm", "It waits.", "look"),
    ),
    (
        wording.endpoint_down("crm", None, what="It waits.", remedy="look"),
        ("scoring", "crm waits since unknown", "crm", "It waits.", "look"),
    ),
    (
        wording.dead_deliveries("crm", JUNE, what="msg_1 failed."),
        ("scoring", "crm 2024-06-30", "given up", "msg_1 failed. They are kept.", "scoring delivery replay"),
    ),
    (
        wording.publication_held("x", "risk", JUNE, 4, limit="6 of 10.", digest="New customers: 1."),
        (
            "risk", "x 2024-06-30 hold 4", "held back", "6 of 10. Readers see the scores; the CRM is told nothing.\n",
            "`scoring publication confirm x 2024-06-30 --by <name>`",
        ),
    ),
    (
        wording.digest("x", "risk", JUNE, "publication 9 now", summary="6 of 10 changed", text="New customers: 1."),
        ("risk", "x 2024-06-30 publication 9 now", "x 2024-06-30: 6 of 10 changed", "New", "scoring score passport x"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fact", "expected"), FACTS, ids=[fact.key for fact, _ in FACTS])
def test_a_fact_says_what_whose_and_what_to_do(fact, expected):
    owner, key, title, text, remedy = expected
    assert (fact.owner, fact.key) == (owner, key)
    assert title in fact.title
    assert text in fact.text
    assert remedy in fact.remedy
    assert len(fact.title) < LINE


def test_there_are_words_for_every_kind():
    assert {fact.kind for fact, _ in FACTS} == set(KINDS)
