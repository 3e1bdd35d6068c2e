"""Each DAG, run by ``dag.test()`` on a real PostgreSQL, does what the pipeline promises; XComs are ids and counts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from factories import (
    JULY,
    JUNE,
    MAY,
    customers,
    deliver,
    published_rows,
    query,
    register,
    snapshot_of,
    state_of,
    value,
    write_csv,
)
from factories_kafka import new_topic
from factories_monitoring import MONTHS, figures, month, shoppers, truth
from factories_outcomes import cohort, corrections, known_of, month_later, outcomes_of
from factories_topics import events_of, make_topic
from pydantic import SecretStr
from shop_definitions import LEAVING, SPENDING

from scoring.database import transaction
from scoring.delivery import topics
from scoring.local.receiver import Receiver
from scoring.settings import Settings

RunDags = Callable[..., list[dict[str, Any]]]
AS_OF = {"as_of": JUNE.isoformat()}
CUSTOMERS = 30
SHARDS = 3
SECRET = SecretStr("whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cyBvZiBkYWdz")


def alerts(shop: Settings, kind: str) -> list[Any]:
    return query(shop, "SELECT key, owner, text, remedy FROM scoring.alert WHERE kind = %s ORDER BY alert_id", kind)


def is_ids_and_counts(found: Any) -> bool:
    match found:
        case dict():
            return all(is_ids_and_counts(part) for part in found.values())
        case list():
            return all(is_ids_and_counts(part) for part in found)
        case _:
            return found is None or isinstance(found, int) or found == "crm_webhook"


def test_a_partition_goes_through_the_dags_and_again_without_any_change(
    shop: Settings, run_dags: RunDags, tmp_path: Path
) -> None:
    deliver(shop, customers(CUSTOMERS))
    with Receiver(SECRET, tmp_path / "crm.sqlite3") as crm:
        connection = f'{{"conn_type": "http", "host": "{crm.url}", "password": "{SECRET.get_secret_value()}"}}'
        with_crm = {"AIRFLOW_CONN_CRM_WEBHOOK": connection}
        first = run_dags(("ingest_shop", AS_OF), ("score_spending", AS_OF), ("notify_crm", {}), **with_crm)
        before = state_of(shop)
        again = run_dags(("ingest_shop", AS_OF), ("score_spending", AS_OF), ("sweep_crm", {}), **with_crm)

    assert [run["state"] for run in first + again] == ["success"] * 6
    taken, scored, told = first
    assert taken["xcoms"]["ingest.return_value"]["accepted"] == CUSTOMERS
    shards = [(index, shown) for task, index, _, shown in scored["tasks"] if task == "score_shard"]
    assert shards == [(number, f"shard {number}") for number in range(SHARDS)]
    assert scored["xcoms"]["publish.return_value"]["rows"] == CUSTOMERS
    assert told["xcoms"]["waiting.return_value"] == ["crm_webhook"]
    assert told["xcoms"]["notify.return_value"]["events"] == CUSTOMERS
    assert ["notify", 0, "success", "crm_webhook"] in told["tasks"]

    retaken, rescored, retold = again
    assert retaken["xcoms"]["ingest.return_value"]["unchanged"] == 1
    assert [state for task, _, state, _ in rescored["tasks"] if task == "score_shard"] == ["skipped"]
    assert rescored["xcoms"]["publish.return_value"] == scored["xcoms"]["publish.return_value"]
    assert [state for task, _, state, _ in retold["tasks"] if task == "notify"] == ["skipped"], "nothing waits"
    assert state_of(shop) == before
    assert all(is_ids_and_counts(run["xcoms"]) for run in first + again)


def test_one_endpoints_trouble_fails_its_own_task_and_the_other_endpoint_is_told(
    shop: Settings, run_dags: RunDags, broker: str
) -> None:
    pattern = f"{new_topic(broker)}.{{score}}"
    make_topic(AdminClient({"bootstrap.servers": broker}), pattern.replace("{score}", "spending"))
    with transaction(shop.database()) as connection:
        topics.add(connection, "stream", topic=pattern)
    published_rows(shop, SPENDING, customers(4))
    (told,) = run_dags(("sweep_crm", {}), SCORING_KAFKA_SERVERS=broker)
    assert [task for task in told["tasks"] if task[0] == "notify"] == [
        ["notify", 0, "failed", "crm_webhook"],
        ["notify", 1, "success", "stream"],
    ]
    assert len(events_of(broker, pattern.replace("{score}", "spending"))) == 4
    (failure,) = alerts(shop, "task_failed")
    assert "no CRM address is set" in failure.text


def test_the_form_can_name_another_file_than_the_definition_does(
    shop: Settings, run_dags: RunDags, tmp_path: Path
) -> None:
    other = write_csv(tmp_path / "inbox" / "corrected.csv", customers(5))
    (run,) = run_dags(("ingest_shop", AS_OF | {"path": str(other)}))
    assert run["state"] == "success"
    assert value(shop, "SELECT accepted FROM scoring.snapshot WHERE state = 'current'") == 5


def test_a_silent_publication_is_seen_in_the_log_and_in_what_the_task_returns(
    shop: Settings, run_dags: RunDags
) -> None:
    snapshot_of(shop, customers(5), JUNE)
    snapshot_of(shop, customers(5), JULY)
    newer, older = run_dags(("score_spending", {"as_of": JULY.isoformat()}), ("score_spending", AS_OF))
    assert (newer["xcoms"]["publish.return_value"]["silent"], newer["warnings"]) == (0, [])
    assert (older["state"], older["xcoms"]["publish.return_value"]["silent"]) == ("success", 1)
    (warning,) = older["warnings"]
    assert "spending 2024-06-30 is silent: the CRM has heard of 2024-07-31" in warning


def test_a_run_without_a_partition_or_a_snapshot_fails_at_the_first_try_and_leaves_nothing(
    shop: Settings, run_dags: RunDags
) -> None:
    for run in run_dags(("ingest_shop", {}), ("score_spending", {}), ("score_spending", AS_OF)):
        assert run["state"] == "failed"
        assert run["tries"][run["tasks"][0][0]] == 1
    assert query(shop, "SELECT 1 FROM scoring.snapshot UNION ALL SELECT 1 FROM scoring.publication") == []


def ages(shop: Settings, hours: int) -> None:
    """Let all that is there have been there for hours."""
    for table, column in (("snapshot", "current_since"), ("publication", "opened_at"), ("event", "created_at")):
        query(shop, f"UPDATE scoring.{table} SET {column} = now() - {hours} * interval '1 hour'")


def test_a_snapshot_that_no_score_was_woken_for_is_woken_by_reconcile_alone(shop: Settings, run_dags: RunDags) -> None:
    for score in (LEAVING, SPENDING):
        published_rows(shop, score, customers(CUSTOMERS))
    query(shop, "DELETE FROM scoring.outbox")  # all is told
    snapshot_of(shop, customers(5), JULY)
    ages(shop, 2)
    (run,) = run_dags(("reconcile", {}))
    assert run["state"] == "success"
    assert sorted(run["events"]) == [
        ["leaving", JUNE.isoformat()],  # nobody has monitored it
        ["shop", JULY.isoformat()],
        ["spending", JUNE.isoformat()],
    ]
    states = {task: state for task, _, state, _ in run["tasks"]}
    assert (states["wake_shop"], states["wake_spending"], states["report"]) == ("success", "success", "success")
    assert run["xcoms"]["report.return_value"] == 6, "for each score: not published, not collected, not monitored"

    (waiting,) = run_dags(("score_spending", {"as_of": JULY.isoformat()}))
    assert waiting["state"] == "success"


def test_reconcile_wakes_and_then_fails_when_it_has_waked_in_vain(shop: Settings, run_dags: RunDags) -> None:
    published_rows(shop, SPENDING, customers(CUSTOMERS))
    ages(shop, 7)
    (run,) = run_dags(("reconcile", {}))
    assert run["state"] == "failed"
    assert sorted(run["events"]) == [["shop", JUNE.isoformat()], ["spending", JUNE.isoformat()]]
    assert {task: state for task, _, state, _ in run["tasks"]}["report"] == "failed"
    assert run["tries"]["report"] == 1


def test_old_alerts_leave_and_a_dry_run_of_the_form_only_says_so(shop: Settings, run_dags: RunDags) -> None:
    published_rows(shop, SPENDING, customers(3))
    query(shop, "UPDATE scoring.alert SET noted_at = '2020-01-01', routed_at = '2020-01-01'")
    query(shop, "DELETE FROM scoring.alert_sending")
    (said,) = run_dags(("maintain", {"dry_run": True}))
    assert (said["state"], said["xcoms"]["maintain.return_value"]) == ("success", {"removed": 0, "waiting": 0})
    assert value(shop, "SELECT count(*) FROM scoring.alert") == 1
    (done,) = run_dags(("maintain", {}))
    assert (done["state"], done["xcoms"]["maintain.return_value"]) == ("success", {"removed": 1, "waiting": 0})
    assert value(shop, "SELECT count(*) FROM scoring.alert") == 0


def test_a_date_in_the_future_is_taken_in_only_when_the_form_confirms_it(shop: Settings, run_dags: RunDags) -> None:
    typed = {"as_of": "2062-06-30", "path": str(write_csv(Path(shop.inbox) / "june.csv", customers(5)))}
    refused, confirmed = run_dags(("ingest_shop", typed), ("ingest_shop", typed | {"confirm_date": True}))
    assert (refused["state"], refused["tries"]["ingest"]) == ("failed", 1)
    assert confirmed["state"] == "success"


def test_a_publication_is_monitored_and_again_without_any_change(shop: Settings, run_dags: RunDags) -> None:
    rows = shoppers(100, 1)
    month(shop, rows=rows, later=truth(rows, 1))
    places = {"SCORING_REPORTS": str(shop.home / "reports")}
    run = ("monitor_leaving", AS_OF)
    first, again = run_dags(run, run, **places)
    assert (first["state"], again["state"]) == ("success", "success")
    assert [task for task, _, _, _ in first["tasks"]] == ["drift", "performance", "reports", "verdict"]
    assert first["xcoms"]["performance.return_value"]["realised_used"] == 100
    assert first["xcoms"]["verdict.return_value"] is False
    assert first["xcoms"]["reports.return_value"] == [f"{shop.home}/reports/leaving/as_of=2024-06-30/performance.html"]
    assert first["warnings"][0].startswith("Nothing is estimated: no outcome of a customer that leaving version 1 has")
    assert again["xcoms"] == first["xcoms"]
    assert figures(shop)["roc_auc"].mature


def test_outcomes_of_every_due_cohort_are_collected_and_wake_those_cohorts(shop: Settings, run_dags: RunDags) -> None:
    cohort(shop, 5, as_of=MAY)
    cohort(shop, 5, as_of=JUNE)
    cohort(shop, 5, score=LEAVING, as_of=JULY)
    month_later(shop, {0: 1.0, 1: -2.0, 9: 3.0})
    first, again, one = run_dags(
        ("collect_outcomes_shop", {}),
        ("collect_outcomes_shop", {}),
        ("collect_outcomes_shop", {"cohort": "2024-06-30"}),
    )
    assert first["state"] == again["state"] == "success"
    assert sorted(first["events"]) == [["outcomes_spending", MAY.isoformat()], ["outcomes_spending", JUNE.isoformat()]]
    states = [(task, shown, state) for task, _, state, shown in first["tasks"] if task.startswith("collect_")]
    assert states == [
        ("collect_leaving", None, "skipped"),
        ("collect_spending", "2024-05-31", "success"),
        ("collect_spending", "2024-06-30", "success"),
    ]
    assert known_of(shop) == {"c0000": 1.0}
    assert again["events"] == []
    (warning,) = first["warnings"]
    refused = value(shop, "SELECT batch_id FROM scoring.outcome_batch WHERE quarantined = 1")
    assert warning == f"1 of 2 rows are in quarantine; `scoring outcome refused {refused}` shows why."
    assert one["state"] == "failed"  # the form's cohort is collected of every score, and leaving has none
    assert one["events"] == [["outcomes_spending", JUNE.isoformat()]]


def test_a_person_corrects_by_the_form_or_by_a_file_and_the_run_knows_who_it_was(
    shop: Settings, run_dags: RunDags
) -> None:
    cohort(shop, 5)
    cohort(shop, 5, as_of=JULY)
    corrections(shop, "c0001,2024-06-30,10,till", "c0002,2024-07-31,11,till", "c0009,2024-06-30,1,till")
    form = AS_OF | {"score": "spending", "customer": "c0000", "value": "9.5", "reason": "seen"}

    def run_form(*conf: dict[str, str]) -> list[dict[str, Any]]:
        return run_dags(
            *(("correct_outcomes_shop", one) for one in conf)
        )  # a process: dag.test() keeps a form's values

    one, again = run_form(form, form)
    (file,) = run_form({"score": "spending", "path": "corrections.csv", "author": "ada"})
    (lacking,) = run_form({"score": "spending", "customer": "c0000"})
    stranger, both = run_form(form | {"customer": "c0077"}, form | {"path": "corrections.csv"})
    assert one["events"] == again["events"] == [["outcomes_spending", JUNE.isoformat()]]
    assert sorted(file["events"]) == [["outcomes_spending", JUNE.isoformat()], ["outcomes_spending", JULY.isoformat()]]
    assert [run["xcoms"]["correct_spending.return_value"]["recorded"] for run in (one, again, file)] == [1, 0, 2]
    assert {task: state for task, _, state, _ in one["tasks"]}["correct_leaving"] == "skipped"
    for run in (lacking, stranger, both):
        assert (run["state"], run["tries"]["correct_spending"], run["events"]) == ("failed", 1, [])
    assert known_of(shop) == {"c0000": 9.5, "c0001": 10.0}
    assert known_of(shop, as_of=JULY) == {"c0002": 11.0}
    authors = [(row[2], row[6], row[7]) for row in outcomes_of(shop)["outcome"]]
    assert authors == [("c0000", "dag_test", "seen"), ("c0001", "ada", "till"), ("c0002", "ada", "till")]


def test_a_held_publication_is_confirmed_by_the_form_once_and_told_to_the_crm(
    shop: Settings, run_dags: RunDags, tmp_path: Path
) -> None:
    limited = shop.model_copy(update={"definitions": "limited_shop"})
    for as_of, amount in ((JUNE, 100.0), (JULY, 900.0)):
        published_rows(limited, SPENDING, customers(4, spend=amount), as_of)
    form = {"score": "spending", "as_of": JULY.isoformat()}
    with Receiver(SECRET, tmp_path / "crm.sqlite3") as crm:
        variables = {
            "SCORING_DEFINITIONS": "limited_shop",
            "AIRFLOW_CONN_CRM_WEBHOOK": (
                f'{{"conn_type": "http", "host": "{crm.url}", "password": "{SECRET.get_secret_value()}"}}'
            ),
        }
        before, confirmed, again, told, untold = run_dags(
            ("sweep_crm", {}),
            ("confirm_publication", form),
            ("confirm_publication", form),
            ("sweep_crm", {}),
            ("sweep_crm", {}),
            **variables,
        )
    assert before["xcoms"]["notify.return_value"]["events"] == 4, "June"
    assert (confirmed["state"], confirmed["xcoms"]["decide.return_value"]["events"]) == ("success", 4)
    assert (again["state"], again["xcoms"]["decide.return_value"]["events"]) == ("success", 0)
    assert again["warnings"] == ["It was confirmed before, by dag_test."]
    assert told["xcoms"]["notify.return_value"]["events"] == 4
    assert "notify.return_value" not in untold["xcoms"], "nothing waits"
    assert query(shop, "SELECT decided_by FROM scoring.hold") == [("dag_test",)], "the user who triggers the run"


def test_the_form_rejects_and_refuses_what_is_not_held(shop: Settings, run_dags: RunDags) -> None:
    limited = shop.model_copy(update={"definitions": "limited_shop"})
    for as_of, amount in ((JUNE, 100.0), (JULY, 900.0)):
        published_rows(limited, SPENDING, customers(4, spend=amount), as_of)
    form = {"score": "spending", "as_of": JULY.isoformat(), "by": "ada", "decision": "reject", "reason": "wrong"}
    nameless, told, rejected = run_dags(
        ("confirm_publication", {"as_of": JULY.isoformat(), "by": "ada"}),
        ("confirm_publication", form | {"as_of": JUNE.isoformat()}),
        ("confirm_publication", form),
        SCORING_DEFINITIONS="limited_shop",
    )
    assert (nameless["state"], told["state"], rejected["state"]) == ("failed", "failed", "success")
    assert query(shop, "SELECT state, decided_by, reason FROM scoring.hold") == [("rejected", "ada", "wrong")]


def test_a_task_that_failed_for_good_is_told_to_its_owner_with_what_to_do(shop: Settings, run_dags: RunDags) -> None:
    failed, told = run_dags(("score_spending", AS_OF), ("tell_people", {}), SCORING_DEFINITIONS="limited_shop")
    assert (failed["state"], told["state"]) == ("failed", "success")
    ((key, owner, text, remedy),) = alerts(shop, "task_failed")
    assert key.startswith("score_spending plan manual__")
    assert owner == "sales"
    assert "Partition: 2024-06-30" in text
    assert "NotFound: There is no snapshot of shop at 2024-06-30" in text
    assert "then clear this task" in remedy
    assert told["xcoms"]["tell.return_value"] == {"sent": 2, "failed": 0, "dead": 0}
    assert "score_spending: the task plan failed" in (shop.home / "alerts.jsonl").read_text()


def test_a_stopped_partition_is_told_once_and_not_as_a_failed_task_besides(shop: Settings, run_dags: RunDags) -> None:
    deliver(shop, customers(9, spend=0.5))
    (failed,) = run_dags(("ingest_shop", AS_OF), SCORING_DEFINITIONS="limited_shop")
    assert failed["state"] == "failed"
    ((_, owner, _, _),) = alerts(shop, "partition_stopped")
    assert owner == "warehouse"
    assert alerts(shop, "task_failed") == []


def test_channels_that_cannot_be_read_fail_the_task_and_a_dead_alert_too(shop: Settings, run_dags: RunDags) -> None:
    published_rows(shop, SPENDING, customers(4))
    (wrong,) = run_dags(("tell_people", {}), SCORING_CHANNELS="nonsense")
    (tried,) = run_dags(("tell_people", {}), SCORING_CHANNELS='{"default": ["nonsense://tokentoken1234"]}')
    assert (wrong["state"], tried["state"]) == ("failed", "success")
    assert any("messages were not sent" in warning for warning in tried["warnings"])
    query(shop, "UPDATE scoring.alert_sending SET attempts = 9, next_attempt_at = now()")
    (dead,) = run_dags(("tell_people", {}), SCORING_CHANNELS='{"default": ["nonsense://tokentoken1234"]}')
    assert (dead["state"], dead["tries"]["tell"]) == ("failed", 1)


def test_a_model_is_trained_judged_and_put_in_charge_or_not_and_a_person_who_asks_too_early_is_told(
    run_dags: RunDags, own_registry: Settings
) -> None:
    registered = register(own_registry, LEAVING, scale=-1.0)
    for place, as_of in enumerate(MONTHS[:2]):
        rows = shoppers(300, place)
        month(own_registry, as_of, rows=rows, later=truth(rows, place))
    mlflow = {"SCORING_MLFLOW_TRACKING_URI": own_registry.mlflow_tracking_uri.get_secret_value()}
    asked = {"as_of": MONTHS[2].isoformat(), "reason": "a test", "then": "only register"}
    early, done = run_dags(
        ("retrain_leaving", asked | {"as_of": MONTHS[1].isoformat()}), ("retrain_leaving", asked), **mlflow
    )
    assert early["state"] == "failed"
    assert "1 of its cohorts are mature, 2 are needed" in early["failures"][0]
    assert done["state"] == "success", done["failures"]
    found = done["xcoms"]["retrain.return_value"]
    assert is_ids_and_counts(found)
    assert (found["version"], found["promoted"]) == (registered.version + 1, False)
    assert value(own_registry, "SELECT challenger FROM scoring.gate_verdict") == found["version"]


ANSWERS = {  # what came of the tasks that wait and that promote, and who decided
    "Approve": ("success", "success", "approval", "ann", 3),
    "Reject": ("success", "skipped", "person", "a test", 2),
    "too late": ("success", "skipped", "person", "a test", 2),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_person_is_asked_and_only_an_approval_in_time_puts_the_new_version_in_charge(
    run_dags: RunDags, own_registry: Settings, answer: str
) -> None:
    waited, promoted, how, by, version = ANSWERS[answer]
    register(own_registry, LEAVING, scale=-1.0)
    for place, as_of in enumerate(MONTHS[:2]):
        rows = shoppers(300, place)
        month(own_registry, as_of, rows=rows, later=truth(rows, place))
    (run,) = run_dags(
        ("retrain_leaving", {"as_of": MONTHS[2].isoformat()}),
        SCORING_MLFLOW_TRACKING_URI=own_registry.mlflow_tracking_uri.get_secret_value(),
        SCORING_DEFINITIONS="learning_shop",
        ANSWER=answer,
    )
    assert run["state"] == "success", run["failures"]
    states = {task_id: state for task_id, _, state, _ in run["tasks"]}
    assert states == {"retrain": "success", "waits": "success", "approval": waited, "put_in_charge": promoted}
    newest = query(own_registry, "SELECT * FROM scoring.promotion ORDER BY promotion_id DESC LIMIT 1")[0]
    assert (newest.how, newest.promoted_by, newest.model_version) == (how, by, version)
    (told,) = alerts(own_registry, "approval_waiting")
    assert "leaving version 3 passes against version 2" in told.text


def test_a_needed_update_and_the_clock_wake_the_retraining(run_dags: RunDags, own_registry: Settings) -> None:
    register(own_registry, LEAVING, scale=-1.0, promised={"roc_auc": 0.9})
    rows = shoppers(300, 1)
    month(own_registry, MONTHS[0], rows=rows, later=truth(rows, 1))
    mlflow = {"SCORING_MLFLOW_TRACKING_URI": own_registry.mlflow_tracking_uri.get_secret_value()}
    judged, clock = run_dags(
        ("monitor_leaving", {"as_of": MONTHS[0].isoformat()}),
        ("retrain_leaving_by_schedule", {"as_of": MONTHS[2].isoformat()}),
        SCORING_DEFINITIONS="learning_shop",
        **mlflow,
    )
    assert judged["events"] == [["retrain_leaving", MONTHS[1].isoformat()]], "by then the outcomes were known"
    assert clock["events"] == [["retrain_leaving", MONTHS[2].isoformat()]]
    register(own_registry, LEAVING)
    rows = shoppers(300, 2)
    month(own_registry, MONTHS[1], rows=rows, later=truth(rows, 2))
    (sound,) = run_dags(
        ("monitor_leaving", {"as_of": MONTHS[1].isoformat()}), SCORING_DEFINITIONS="learning_shop", **mlflow
    )
    assert (sound["state"], sound["events"]) == ("success", [])


def test_the_form_rolls_a_model_back_and_names_the_person(run_dags: RunDags, own_registry: Settings) -> None:
    register(own_registry, LEAVING)
    mlflow = {"SCORING_MLFLOW_TRACKING_URI": own_registry.mlflow_tracking_uri.get_secret_value()}
    form = {"score": "leaving", "reason": "it is wrong", "by": "ann"}
    done, again = run_dags(("roll_back_model", form), ("roll_back_model", form), **mlflow)
    assert done["xcoms"]["roll_back.return_value"] == {"version": 1, "before": 2}
    assert again["state"] == "failed"
    assert "no other version was in charge before" in again["failures"][0]
    (row,) = query(own_registry, "SELECT promoted_by, reason FROM scoring.promotion WHERE how = 'rollback'")
    assert tuple(row) == ("ann", "it is wrong")


def test_an_experiment_is_started_by_the_form_looked_at_daily_and_its_winner_comes_into_charge(
    run_dags: RunDags, own_registry: Settings
) -> None:
    register(own_registry, LEAVING, scale=-1.0)
    register(own_registry, LEAVING, promote=False)
    mlflow = {"SCORING_MLFLOW_TRACKING_URI": own_registry.mlflow_tracking_uri.get_secret_value()}
    form = {"score": "leaving", "reason": "to see", "by": "ann", "version": 3}
    begun, early, nameless = run_dags(
        ("change_experiment", form | {"share": 0.4}),
        ("evaluate_experiment_leaving", {}),
        ("change_experiment", form | {"version": None}),
        **mlflow,
    )
    assert begun["xcoms"]["change.return_value"] == {"experiment_id": 1, "champion": 2, "challenger": 3}
    assert [state for task, _, state, _ in early["tasks"]] == ["skipped"]
    assert "Fill in *Version*" in nameless["failures"][0]
    rows = shoppers(600, 0)
    month(own_registry, MONTHS[0], rows=rows, later=truth(rows, 0))
    looked, stopped = run_dags(
        ("evaluate_experiment_leaving", {}), ("change_experiment", form | {"what": "stop"}), **mlflow
    )
    assert looked["xcoms"]["evaluate.return_value"] == {"look_id": 1, "cohorts": 1, "ended": True}
    assert "No experiment of leaving is running" in stopped["failures"][0]
    (row,) = query(own_registry, "SELECT model_version, promoted_by FROM scoring.promotion WHERE how = 'experiment'")
    assert tuple(row) == (3, "experiment 1")


def test_a_shadow_is_scored_when_it_is_looked_at_and_its_share_cannot_be_changed(
    run_dags: RunDags, own_registry: Settings
) -> None:
    deliver(own_registry, customers(CUSTOMERS))
    register(own_registry, SPENDING, promote=False, scale=2.0)
    mlflow = {"SCORING_MLFLOW_TRACKING_URI": own_registry.mlflow_tracking_uri.get_secret_value()}
    form = {"score": "spending", "reason": "to see", "by": "ann", "version": 2}
    begun, _, scored, _, changed, stopped = run_dags(
        ("change_experiment", form | {"what": "start shadow"}),
        ("ingest_shop", AS_OF),
        ("score_spending", AS_OF),
        ("evaluate_experiment_spending", {}),
        ("change_experiment", form | {"what": "change share", "share": 0.5}),
        ("change_experiment", form | {"what": "stop"}),
        **mlflow,
    )
    assert begun["state"] == scored["state"] == stopped["state"] == "success"
    assert "is a shadow" in changed["failures"][0]
    assert value(own_registry, "SELECT count(*) FROM scoring.shadow_score") == CUSTOMERS
