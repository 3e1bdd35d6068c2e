"""Every fact says what it is, whose, and what to do about it."""

import datetime as dt

import pytest

from scoring.alerts import wording
from scoring.alerts.facts import KINDS, LINE, Fact

JUNE = dt.date(2024, 6, 30)
NOON = dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC)
TOKYO = dt.timezone(dt.timedelta(hours=9))

MOVED_BACK = (
    "; version 2 is in charge by the ledger, and the alias was put back. What is scored follows the ledger, so nothing "
    "was scored with another version."
)
IN_CHARGE = "To put a version in charge: `scoring model promote x <version> --reason <why>`."
DRIFTED = (
    "Look at the drift report. If the source changed, have it corrected and ingest the partition again; if the "
    "customers changed, see whether an update of the model is needed."
)

FACTS = [  # said in the test itself, so that it is known which test runs which words
    (
        lambda: wording.model_promoted(
            "x", "risk", 4, model="m version 3", before=2, by="ann", how="person", reason="It is better."
        ),
        Fact(
            "model_promoted", "promotion 4", "risk", "x: m version 3 is in charge",
            "m version 3 is in charge of x, in place of version 2. Decided by ann (person): It is better.",
            "Nothing, unless it surprises you. To go back: `scoring model rollback x --reason <why>`, or the DAG "
            "roll_back_model.",
        ),
    ),
    (
        lambda: wording.approval_waiting("x", "risk", 8, model="m", version=3, report="m version 3 passes."),
        Fact(
            "approval_waiting", "gate 8", "risk", "x: m version 3 waits for your approval", "m version 3 passes.",
            "Approve or reject it in the run of the DAG retrain_x that waits (*Required actions*), or put it in charge "
            "by `scoring model approve x 3 --reason <why>`. Until then, and if nobody answers, the champion stays.",
        ),
    ),
    *(
        (
            lambda outcome=outcome: wording.experiment_ended(
                "x", "risk", 4, versions=(1, 2), outcome=outcome, by="the experiment", reason="it is better."
            ),
            Fact(
                "experiment_ended", "experiment 4", "risk", f"x: experiment 4 has ended: {found}",
                f"Experiment 4 of x (version 1 against 2) has ended: {found}. Decided by the experiment: it is better.",
                "`scoring experiment show x` shows all its figures, `scoring model list x` who is in charge.",
            ),
        )
        for outcome, found in (
            ("challenger_wins", "the challenger, version 2, wins"),
            ("champion_stays", "the champion, version 1, stays"),
            ("stopped", "it was stopped"),
        )
    ),
    (
        lambda: wording.experiment_blocked("x", "risk", 4, because="45 % in place of 50 %."),
        Fact(
            "experiment_blocked", "experiment 4 blocked", "risk", "x: experiment 4 gives no verdict",
            "45 % in place of 50 %.",
            "Find out why outcomes of one version are missing: a lost delivery, a filter behind the score, or a wrong "
            "join. Mend it, and the next look decides again; or stop it: `scoring experiment stop x --reason <why>`.",
        ),
    ),
    (
        lambda: wording.alias_moved("x", "risk", model="m", pointed=1, version=2, day=JUNE),
        Fact(
            "alias_moved", "m at version 1 2024-06-30", "risk", "x: somebody moved MLflow's alias",
            f"The alias champion of the model m pointed at version 1{MOVED_BACK}", IN_CHARGE,
        ),
    ),
    (
        lambda: wording.alias_moved("x", "risk", model="m", pointed=None, version=2, day=JUNE),
        Fact(
            "alias_moved", "m nowhere 2024-06-30", "risk", "x: somebody moved MLflow's alias",
            f"The alias champion of the model m pointed nowhere{MOVED_BACK}", IN_CHARGE,
        ),
    ),
    (
        lambda: wording.partition_stopped("shop", "data", JUNE, 7, because="3 of 20 rows.", remedy="look at it."),
        Fact(
            "partition_stopped", "shop 2024-06-30 snapshot 7", "data", "shop 2024-06-30 was stopped",
            "3 of 20 rows. Nothing of it is visible, and no score is computed from it.", "look at it.",
        ),
    ),
    (
        lambda: wording.task_failed(
            "score_x", "plan", "risk", occurrence="try 3", as_of="2024-06-30", run="run 1",
            error="NotFound: no champion", remedy="clear it",
        ),
        Fact(
            "task_failed", "score_x plan try 3", "risk", "score_x: the task plan failed",
            "The task plan of the DAG score_x failed for good. Partition: 2024-06-30. Run: run 1.\n"
            "NotFound: no champion",
            "clear it",
        ),
    ),
    (
        lambda: wording.score_overdue("x", "risk", JUNE, what="It is late.", remedy="look"),
        Fact("score_overdue", "x 2024-06-30", "risk", "x 2024-06-30 is overdue", "It is late.", "look"),
    ),
    (
        lambda: wording.drift("x", "risk", JUNE, 9, columns=["age", "bill"], against="the training snapshot"),
        Fact(
            "drift", "x 2024-06-30 publication 9 the training snapshot", "risk",
            "x 2024-06-30: 2 columns have drifted",
            "The customers of x at 2024-06-30 differ from the training snapshot, in this order: age, bill.", DRIFTED,
        ),
    ),
    (
        lambda: wording.drift("x", "risk", JUNE, 9, columns=list("abcdefghijklmnopqrst"), against="April"),
        Fact(
            "drift", "x 2024-06-30 publication 9 April", "risk", "x 2024-06-30: 20 columns have drifted",
            "The customers of x at 2024-06-30 differ from April, in this order: "
            "a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t.",
            DRIFTED,
        ),
    ),
    (
        lambda: wording.drift("x", "risk", JUNE, 9, columns=list("abcdefghijklmnopqrstu"), against="May"),
        Fact(
            "drift", "x 2024-06-30 publication 9 May", "risk", "x 2024-06-30: 21 columns have drifted",
            "The customers of x at 2024-06-30 differ from May, in this order: "
            "a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t and others.",
            DRIFTED,
        ),
    ),
    (
        lambda: wording.update_needed("x", "risk", JUNE, "m version 3", because="The AUC fell."),
        Fact(
            "update_needed", "x m version 3", "risk", "x: m version 3 needs an update",
            "Seen at 2024-06-30: The AUC fell.",
            "Train a new version (`scoring train x --as-of <date>`), or say why not: "
            "`scoring update dismiss x --reason <why>`.",
        ),
    ),
    (
        lambda: wording.endpoint_disabled("crm", "it answered 410 Gone"),
        Fact(
            "endpoint_down", "crm it answered 410 Gone", "scoring", "crm is disabled",
            "Nothing is sent to crm: it answered 410 Gone. What waits for it is kept.",
            "Ask its engineer. When it takes requests again: `scoring endpoint enable crm`.",
        ),
    ),
    (
        lambda: wording.endpoint_down("crm", NOON, what="It waits.", remedy="look"),
        Fact("endpoint_down", "crm waits since 2024-07-01", "scoring", "crm is not reached", "It waits.", "look"),
    ),
    (
        lambda: wording.endpoint_down("crm", NOON.astimezone(TOKYO).replace(hour=1), what="It waits.", remedy="look"),
        Fact("endpoint_down", "crm waits since 2024-06-30", "scoring", "crm is not reached", "It waits.", "look"),
    ),
    (
        lambda: wording.endpoint_down("crm", None, what="It waits.", remedy="look"),
        Fact("endpoint_down", "crm waits since unknown", "scoring", "crm is not reached", "It waits.", "look"),
    ),
    (
        lambda: wording.dead_deliveries("crm", JUNE, what="msg_1 failed."),
        Fact(
            "dead_deliveries", "crm 2024-06-30", "scoring", "Deliveries to crm were given up",
            "msg_1 failed. They are kept.",
            "`scoring delivery list --endpoint crm --state dead` shows the last answers. When the cause is mended: "
            "`scoring delivery replay --endpoint crm`.",
        ),
    ),
    *(
        (
            lambda earliest=earliest: wording.stream_gap("shop", "risk", "t", 3, wanted=1000, earliest=earliest),
            Fact(
                "stream_gap", f"t partition 3 offset 1000 to {earliest}", "risk", "shop: updates are missing from t",
                f"The broker does not have offset 1000 of partition 3 of t: {lost}. Reading goes on at {earliest}.",
                "Customers whose updates are missing keep their scores until the next update or batch. Have the topic "
                "keep its messages longer than a worker may be away, and send again what is missing.",
            ),
        )
        for earliest, lost in ((2500, "1,500 offsets are lost"), (0, "the topic was made anew"))
    ),
    *(
        (
            lambda say=say: say("shop", "risk", "t", NOON, what="It waits.", remedy="look"),
            Fact(kind, "t since 2024-07-01", "risk", title, "It waits.", "look"),
        )
        for say, kind, title in (
            (wording.stream_unread, "stream_unread", "shop: updates are not scored"),
            (wording.dead_letters_waiting, "dead_letters_waiting", "shop: dead letters wait for t"),
        )
    ),
    (
        lambda: wording.publication_held("x", "risk", JUNE, 4, limit="6 of 10.", digest="New customers: 1."),
        Fact(
            "publication_held", "x 2024-06-30 hold 4", "risk", "x 2024-06-30 is held back: confirm or reject it",
            "6 of 10. Readers see the scores; the CRM is told nothing.\nNew customers: 1.",
            "If the changes are right: `scoring publication confirm x 2024-06-30 --by <name>`; if not: "
            "`scoring publication reject x 2024-06-30 --by <name>`. The DAG confirm_publication has a form for both.",
        ),
    ),
    (
        lambda: wording.digest(
            "x", "risk", JUNE, "publication 9 now", summary="6 of 10 changed", text="New customers: 1."
        ),
        Fact(
            "digest", "x 2024-06-30 publication 9 now", "risk", "x 2024-06-30: 6 of 10 changed", "New customers: 1.",
            "Nothing, unless it surprises you. `scoring score passport x <customer>` says where a score comes from.",
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("say", "expected"), FACTS, ids=[f"{expected.kind} {expected.key}" for _, expected in FACTS])
def test_a_fact_says_what_whose_and_what_to_do(say, expected):
    fact = say()
    assert fact == expected
    assert len(fact.title) < LINE


@pytest.mark.usefixtures("in_tokyo")
def test_the_day_from_which_an_endpoint_is_not_reached_is_that_of_utc_wherever_the_machine_stands():
    late = dt.datetime(2024, 6, 30, 23, tzinfo=dt.UTC)
    assert wording.endpoint_down("crm", late, what="It waits.", remedy="look").key == "crm waits since 2024-06-30"


def test_there_are_words_for_every_kind():
    assert {expected.kind for _, expected in FACTS} == set(KINDS)
