"""A record gets the number that a publication would give its customer, or a problem that says why not."""

import json
import threading

import pytest
from factories import JUNE, customer, customers, published, query, register, snapshot_of
from factories_serving import record, running
from shop_definitions import LEAVING, SPENDING
from waiting import until

from scoring.database import transaction
from scoring.models import charge, experiments
from scoring.models.experiments import NewExperiment
from scoring.models.registry import Registry
from scoring.serving.model import Served
from scoring.serving.score_records import SMALL


@pytest.fixture
def api(shop):
    with running(shop) as found:
        yield found


def ask(api, score, *records):
    return api.client.post(f"/v1/scores/{score}", json={"records": list(records)})


@pytest.mark.parametrize("score", [LEAVING, SPENDING], ids=lambda score: score.name)
def test_every_customer_of_a_publication_gets_the_published_number_to_the_last_bit(shop, api, score):
    snapshot_of(shop, customers(60))
    published(shop, score, JUNE)
    rows = query(shop, "SELECT * FROM scoring.current_score ORDER BY customer_id")
    together = ask(api, score.name, *(record(number) for number in range(60))).json()["results"]
    for number, row in enumerate(rows):
        (alone,) = ask(api, score.name, record(number)).json()["results"]
        for found in (alone["result"], together[number]["result"]):
            said = (found["customer_id"], found["value"], found["points"], found["band"], found["arm"])
            assert said == (row.customer_id, row.value, row.points, row.band, row.arm)
            assert found["model"]["version"] == row.model_version


WRONG = {
    "an unknown field": (customer(1) | {"extra": 1}, "extra", "no such field"),
    "a missing field": ({"customer_id": "c1"}, "spend", "missing"),
    "text for a number": (record(1, spend="12"), "spend", "must be a number"),
    "a number for text": (record(1, customer_id=12), "customer_id", "must be a string"),
    "a boolean for a number": (record(1, visits=True), "visits", "must be a number"),
    "a list": (record(1, plan=["free"]), "plan", "must be a string"),
    "a fraction for an integer": (record(1, visits=1.5), "visits", "not a whole number"),
    "an integer beyond 2^53": (record(1, spend=2**53 + 1), "spend", "not exact"),
    "too many digits": (record(1, balance="1.234"), "balance", "decimal"),
    "no date": (record(1, joined="30.06.2024"), "joined", "is not a date"),
    "a null": (record(1, mood=None), "mood", "expect_column_values_to_not_be_null"),
    "an unknown category": (record(1, plan="gold"), "plan", "expect_column_values_to_be_in_set"),
    "a rule of the suite": (record(1, spend=-1), "spend", "expect_column_values_to_be_between(min_value=0)"),
    "a key of another form": (record(1, customer_id="x"), "customer_id", "expect_column_values_to_match_regex"),
    "a NUL": (record(1, customer_id="c\0"), "customer_id", "NUL"),
    "half a character": (record(1, customer_id="c\ud800"), "customer_id", "is not text"),
    "no object": (7, None, None),
}


def test_what_an_ingest_would_refuse_is_refused_with_field_and_rule_and_holds_up_no_other_record(api):
    wrong = [given | {"joined": str(given["joined"])} if given.keys() > {"joined"} else given
             for given, _, _ in WRONG.values() if isinstance(given, dict)]  # fmt: skip
    body = json.dumps({"records": [record(0), *wrong, 7, record(2)]})
    answer = api.client.post("/v1/scores/leaving", content=body, headers={"Content-Type": "application/json"})
    first, *problems, last = answer.json()["results"]
    assert answer.status_code == 200
    assert (first["result"]["customer_id"], last["result"]["customer_id"]) == ("c0000", "c0002")
    for found, (_, field, rule) in zip(problems, WRONG.values(), strict=True):
        problem = found["problem"]
        assert problem["status"] == 422
        if field:
            assert any(one["field"] == field and rule in one["rule"] for one in problem["errors"]), problem
    assert (answer.json()["accepted"], answer.json()["refused"]) == (2, len(WRONG))


def test_if_no_record_can_be_used_the_answer_is_a_problem(api):
    answer = ask(api, "leaving", record(1, plan="gold"))
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["errors"] == [
        {"field": "plan", "value": "gold", "rule": "expect_column_values_to_be_in_set(value_set=['free', 'paid'])"}
    ]
    assert len(ask(api, "leaving", *[record(1, plan="gold")] * 3).json()["results"]) == 3


def test_numbers_keep_every_digit_that_was_written(api):
    body = json.dumps({"records": [record(1, spend=0.1, balance=9999999999.99)]}).replace(
        "9999999999.99", "1234567890.12"
    )
    answer = api.client.post("/v1/scores/spending", content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["results"][0]["result"]["value"] == 0.1
    vanishing = body.replace('"spend": 0.1', '"spend": 1e-400')
    answer = api.client.post("/v1/scores/spending", content=vanishing, headers={"Content-Type": "application/json"})
    assert "too small" in answer.json()["errors"][0]["rule"]


def test_a_record_that_the_model_cannot_score_does_not_hold_up_the_others(own_registry):
    register(own_registry, SPENDING, scale=1e200)
    with running(own_registry) as api:
        results = ask(api, "spending", record(1), record(2, spend=1e200), record(3)).json()["results"]
    assert [list(one) for one in results] == [["result"], ["problem"], ["result"]]
    assert "no finite amount" in results[1]["problem"]["detail"]


def test_a_customer_of_a_split_gets_the_arm_and_the_number_of_the_publication(own_registry):
    charge.in_charge(own_registry.database(), Registry(own_registry.mlflow_tracking_uri.get_secret_value()), "spending")
    second = register(own_registry, SPENDING, promote=False, scale=3.0)
    new = NewExperiment("spending", "spending", "split", 1, second.version, second.digest, "ann", "to see")
    with transaction(own_registry.database()) as connection:
        begun = experiments.add(connection, new, 0.4, salt="0" * 32)
    snapshot_of(own_registry, customers(40))
    published(own_registry, SPENDING, JUNE)
    rows = query(own_registry, "SELECT * FROM scoring.current_score ORDER BY customer_id")
    with running(own_registry) as api:
        results = ask(api, "spending", *(record(number) for number in range(40))).json()["results"]
        assert {row.arm for row in rows} == {"champion", "challenger"}
        for row, found in zip(rows, results, strict=True):
            said = found["result"]
            assert (said["value"], said["arm"], said["experiment"]) == (row.value, row.arm, begun.experiment_id)
        with transaction(own_registry.database()) as connection:
            experiments.end(connection, begun.experiment_id, "stopped", "ann", "seen enough")
        until(lambda: len(api.api.board.served["spending"].arms) == 1)


def test_a_promotion_is_followed_under_load_without_a_failed_request(own_registry):
    with running(own_registry, threads=2) as api:
        answers, ended = [], threading.Event()

        def load():
            while not ended.is_set():
                answers.append(ask(api, "spending", record(1)))

        threads = [threading.Thread(target=load) for _ in range(2)]
        for thread in threads:
            thread.start()
        until(lambda: len(answers) > 60)
        register(own_registry, SPENDING, scale=2.0)
        until(lambda: answers[-1].json()["results"][0]["result"]["model"]["version"] == 2)
        seen = len(answers)
        until(lambda: len(answers) > seen + 60)
        ended.set()
        for thread in threads:
            thread.join()
    found = [(answer.status_code, answer.json()["results"][0]["result"]) for answer in answers]
    assert {status for status, _ in found} == {200}
    assert {(one["model"]["version"], one["value"]) for _, one in found} == {(1, 101.0), (2, 202.0)}


def test_a_version_that_cannot_be_loaded_leaves_the_old_one_serving_and_is_said(own_registry, tmp_path):
    with running(own_registry) as api:
        (tmp_path / "artifacts").mkdir(exist_ok=True)
        narrower = SPENDING.model_copy(update={"features": SPENDING.features[:-1]})
        unfit = register(own_registry, narrower, promote=False)
        query(
            own_registry,
            "INSERT INTO scoring.promotion (model_name, model_version, model_digest, how, promoted_by, reason, "
            "promoted_at) VALUES ('spending', %s, %s, 'person', 'ann', 'oops', clock_timestamp())",
            unfit.version,
            unfit.digest,
        )
        until(lambda: "spending" in api.api.board.troubles)
        ready = api.client.get("/readyz")
        assert (ready.status_code, ready.json()["troubles"]) == (200, ["score spending: not as the ledger says"])
        assert ask(api, "spending", record(1)).json()["results"][0]["result"]["model"]["version"] == 1
        metrics = api.client.get("/metrics").text
        assert 'scoring_api_model_reloads_total{result="failed",score="spending"}' in metrics
        assert 'scoring_api_model_version{arm="champion",score="spending"} 1.0' in metrics
        assert 'scoring_api_records_scored_total{score="spending"} 1.0' in metrics


def test_only_a_plain_request_with_one_record_is_answered_in_short(api, monkeypatch):
    monkeypatch.setattr(Served, "quick_result", lambda _, record, __: {"in short": record["customer_id"]})
    assert ask(api, "leaving", record(1)).json()["results"] == [{"result": {"in short": "c0001"}}]
    one, kind = json.dumps({"records": [record(1)]}), {"Content-Type": "application/json"}
    for body, headers in (
        (json.dumps({"records": [record(1), record(2)]}), kind),
        (one, kind | {"Idempotency-Key": "one"}),
        (one + " " * SMALL, kind),
    ):
        answer = api.client.post("/v1/scores/leaving", content=body, headers=headers)
        assert answer.status_code == 200
        assert "in short" not in answer.text
