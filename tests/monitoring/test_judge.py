"""Estimates are compared with what happened; models that need an update are asked for, and their owner is told."""

import numpy as np
import pyarrow as pa
import pytest
from factories import JULY, JUNE, MAY, published_rows, query, register, snapshot_of, value
from factories_monitoring import MONTHS, content, figures, monitored, month, shoppers, truth, watched
from shop_definitions import LEAVING, SPENDING

from scoring.domain.monitoring import UpdatePolicy
from scoring.errors import PermanentError
from scoring.learning.out_of_fold import SCHEMA
from scoring.learning.promotion import promote, roll_back
from scoring.models.ledger import Decision
from scoring.models.registry import Registry
from scoring.monitoring.judge import dismiss
from scoring.monitoring.verdicts import requests
from scoring.outcomes.collect import collect
from scoring.outcomes.correct import correct
from scoring.publishing.publish import drop

AUGUST, SEPTEMBER = MONTHS[3], MONTHS[4]


def request(settings):
    (found,) = query(settings, "SELECT * FROM scoring.retrain_request")
    return found


def verdict(settings, as_of=JUNE):
    (found,) = query(settings, "SELECT * FROM scoring.verdict WHERE as_of = %s", as_of)
    return found


def estimates(settings, as_of=JUNE):
    (found,) = query(
        settings, "SELECT * FROM scoring.current_evaluation WHERE kind = 'estimated' AND as_of = %s", as_of
    )
    return found


def tried_model(settings, seed, count):
    """A new version that was tried, at training, on customers of May."""
    rows = shoppers(count, seed)
    snapshot = snapshot_of(settings, rows, MAY)
    said = 1 / (1 + np.exp(-np.array([row["mood"] for row in rows])))
    outcome = np.array([float(row["visits"] >= 5) for row in truth(rows, seed)])
    return register(
        settings,
        LEAVING,
        tags={"trained_as_of": MAY.isoformat(), "snapshot_digest": snapshot.digest},
        out_of_fold=pa.table([np.arange(count), said, outcome], schema=SCHEMA),
    )


def months(settings, *, honest, count=300, first=1):
    """So many months of outcomes of different customers, the last of them unknown."""
    for number, true in enumerate(honest, start=first):
        rows = shoppers(count, number)
        month(settings, MONTHS[number], rows=rows, later=None if true is None else truth(rows, number, honest=true))
        monitored(settings, as_of=MONTHS[number])


# --- estimates


def test_without_anything_to_learn_from_there_is_no_estimate_and_a_reason(shop):
    month(shop, rows=shoppers(50, 1), later=None)
    monitored(shop)
    assert figures(shop, "estimated") == {}
    assert "no outcome of a customer that leaving version 1 has scored is known" in estimates(shop).reason
    assert verdict(shop).estimator_trusted is None


def test_a_new_version_is_estimated_by_what_it_was_tried_on_at_training(own_registry):
    tried_model(own_registry, 7, 2000)
    month(own_registry, rows=shoppers(500, 1), later=None)
    monitored(own_registry)
    found = figures(own_registry, "estimated")
    assert found["roc_auc"].low < found["roc_auc"].value < found["roc_auc"].high
    assert estimates(own_registry).learned_from == (
        "customers at 2024-05-31 on whom leaving version 2 was tried at training, "
        "each scored by a model that had not seen it"
    )
    assert estimates(own_registry).used == 2000
    assert not estimates(own_registry).mature


def test_what_was_tried_on_customers_whose_snapshot_is_gone_teaches_nothing(own_registry):
    tried_model(own_registry, 7, 300)
    query(own_registry, "DELETE FROM scoring.snapshot")
    month(own_registry, rows=shoppers(50, 1), later=None)
    monitored(own_registry)
    assert "no outcome of a customer that leaving version 2 has scored is known" in estimates(own_registry).reason


def test_an_estimate_learns_from_cohorts_that_had_ended_and_foresees_nothing(own_registry):
    tried_model(own_registry, 7, 1000)
    months(own_registry, honest=[True, True, True, None])
    learned = {as_of: estimates(own_registry, as_of).learned_from for as_of in MONTHS[1:5]}
    assert learned[JUNE].startswith("customers at 2024-05-31 on whom leaving version 2 was tried at training")
    assert learned[JULY] == "outcomes of the cohorts 2024-06-30"
    assert learned[AUGUST] == "outcomes of the cohorts 2024-06-30, 2024-07-31"
    assert learned[SEPTEMBER] == "outcomes of the cohorts 2024-06-30, 2024-07-31, 2024-08-31"
    assert estimates(own_registry, SEPTEMBER).used == 900


def test_only_the_newest_three_cohorts_are_learned_from(own_registry):
    months(own_registry, honest=[True, True, True, True, None])
    assert estimates(own_registry, MONTHS[5]).learned_from == (
        "outcomes of the cohorts 2024-07-31, 2024-08-31, 2024-09-30"
    )


def test_outcomes_that_come_late_reach_the_estimates_that_learn_from_them_and_no_mature_one(shop):
    months(shop, honest=[True, True, None])
    before = content(shop)
    assert query(shop, "SELECT * FROM scoring.estimate_record WHERE as_of = %s", JULY)
    correct(shop, LEAVING, JUNE, "c0001", written="9" if value_of(shop, "c0001") < 5 else "0", author="ada", reason="x")
    monitored(shop)
    now = content(shop)
    added = [row for row in now["evaluation"] if row not in before["evaluation"]]
    assert len(added) == 2, "the cohort itself, and the publication that is still immature"
    assert sum("'realised'" in row and repr(JUNE) in row for row in added) == 1
    assert sum("'estimated'" in row and repr(AUGUST) in row for row in added) == 1


def value_of(settings, customer):
    return value(settings, "SELECT value FROM scoring.outcome WHERE as_of = %s AND customer_id = %s", JUNE, customer)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_model_that_knows_nothing_has_an_estimate_that_says_so(own_registry, seed):
    rows, random = shoppers(600, 7), np.random.default_rng(seed)
    snapshot = snapshot_of(own_registry, rows, MAY)
    said = np.repeat([0.492, 0.497, 0.503, 0.506, 0.511], 120) + random.normal(0, 0.002, 600)  # of five folds
    outcome = (random.random(600) < 0.5).astype(float)
    register(
        own_registry,
        LEAVING,
        scale=0.001,
        tags={"trained_as_of": MAY.isoformat(), "snapshot_digest": snapshot.digest},
        out_of_fold=pa.table([np.arange(600), said, outcome], schema=SCHEMA),
    )
    month(own_registry, rows=shoppers(300, 8), later=None)
    monitored(own_registry)
    found = figures(own_registry, "estimated")
    assert {metric: row.reason for metric, row in found.items() if row.reason} == {}
    assert found["roc_auc"].low < 0.5 < found["roc_auc"].high


def test_a_regression_is_estimated_by_a_model_of_its_error(shop):
    rows = shoppers(400, 1)
    month(shop, rows=rows, later=truth(rows, 1), score=SPENDING)
    monitored(shop, SPENDING)
    month(shop, JULY, rows=shoppers(400, 2), later=None, score=SPENDING)
    monitored(shop, SPENDING, JULY)
    found = figures(shop, "estimated", score=SPENDING, as_of=JULY)
    assert found["mae"].method == "DLE"
    assert found["mae"].low < 10 * np.sqrt(2 / np.pi) < found["mae"].high, "errors are normal, of 10"
    assert found["rmse"].low < 10 < found["rmse"].high


def test_a_regression_without_cohorts_is_estimated_by_what_it_was_tried_on(own_registry):
    rows = shoppers(400, 5)
    snapshot = snapshot_of(own_registry, rows, MAY)
    shown = np.array([row["spend"] for row in truth(rows, 5)])
    kept = np.arange(10, 400)
    spend = np.array([row["spend"] for row in rows])
    register(
        own_registry,
        SPENDING,
        tags={"trained_as_of": MAY.isoformat(), "snapshot_digest": snapshot.digest},
        out_of_fold=pa.table([kept, spend[kept], shown[kept]], schema=SCHEMA),
    )
    month(own_registry, rows=shoppers(300, 1), later=None, score=SPENDING)
    monitored(own_registry, SPENDING)
    found = figures(own_registry, "estimated", score=SPENDING)
    assert found["mae"].low < 10 * np.sqrt(2 / np.pi) < found["mae"].high
    assert estimates(own_registry).used == 390


def test_honest_estimates_hold_what_happened_and_are_trusted(own_registry):
    tried_model(own_registry, 7, 3000)
    months(own_registry, honest=[True, True, True, None])
    record = query(own_registry, "SELECT * FROM scoring.estimate_record WHERE metric = 'roc_auc'")
    assert len(record) == 3
    assert verdict(own_registry, SEPTEMBER).estimator_trusted is True
    assert "3 of 3 estimates held" in verdict(own_registry, SEPTEMBER).trust_reason


def test_once_outcomes_show_that_the_concept_has_drifted_estimates_are_not_trusted(own_registry):
    tried_model(own_registry, 7, 3000)
    months(own_registry, honest=[True, False, None])
    assert verdict(own_registry, AUGUST).estimator_trusted is False
    assert verdict(own_registry, JUNE).estimator_trusted is True, "by what was known of cohorts up to then"


def record(settings, metric):
    return query(settings, "SELECT * FROM scoring.estimate_record WHERE metric = %s ORDER BY as_of", metric)


def test_another_threshold_takes_no_trust_from_estimates_of_the_old_one(own_registry):
    tried_model(own_registry, 7, 3000)
    months(own_registry, honest=[True, True])
    before = record(own_registry, "roc_auc")
    assert len(record(own_registry, "recall")) == len(before) == 2
    for as_of in (JUNE, JULY):
        monitored(own_registry, watched(threshold=0.2), as_of)
    assert [record(own_registry, metric) for metric in ("precision", "recall", "f1")] == [[], [], []]
    assert record(own_registry, "roc_auc") == before, "it does not depend on the threshold"
    assert verdict(own_registry, JULY).estimator_trusted is True
    for as_of in (JUNE, JULY):
        monitored(own_registry, as_of=as_of)
    assert len(record(own_registry, "recall")) == 2, "with the old threshold the old figures count again"


def test_estimates_of_another_positive_outcome_are_not_compared(own_registry):
    tried_model(own_registry, 7, 3000)
    months(own_registry, honest=[True])
    assert record(own_registry, "roc_auc")
    monitored(own_registry, LEAVING.model_copy(update={"target": LEAVING.target.model_copy(update={"at_least": 1})}))
    assert record(own_registry, "roc_auc") == []
    assert verdict(own_registry).estimator_trusted is None


# --- updates


def test_what_was_promised_and_is_not_kept_asks_for_an_update_once_and_tells_the_owner_once(own_registry):
    register(own_registry, LEAVING, promised={"roc_auc": 0.86})
    months(own_registry, honest=[False, False])
    asked = request(own_registry)
    assert (asked.model_version, asked.as_of, asked.state) == (2, JUNE, "open")
    assert [one["as_of"] for one in asked.evidence] == [JUNE.isoformat(), JULY.isoformat()]
    assert "0.86 was promised, by known outcomes" in asked.evidence[0]["because"][0]
    (alert,) = query(own_registry, "SELECT * FROM scoring.alert WHERE kind = 'update_needed'")
    assert alert.owner == LEAVING.owner
    assert alert.text.startswith("Seen at 2024-06-30: roc_auc is 0.")
    assert verdict(own_registry).update_needed
    assert verdict(own_registry).promised == 0.86


def test_a_model_that_keeps_its_promise_needs_no_update(own_registry):
    register(own_registry, LEAVING, promised={"roc_auc": 0.86})
    months(own_registry, honest=[True])
    assert not verdict(own_registry).update_needed
    assert query(own_registry, "SELECT * FROM scoring.retrain_request") == []


def test_the_definition_says_by_which_metric_and_how_much_loss_is_tolerated(own_registry):
    register(own_registry, LEAVING, promised={"brier": 0.25, "roc_auc": 0.86})
    rows = shoppers(300, 1)
    month(own_registry, rows=rows, later=truth(rows, 1, honest=False))
    monitored(own_registry, watched(update=UpdatePolicy(metric="brier", tolerated_loss=0.9)))
    assert (verdict(own_registry).headline, verdict(own_registry).update_needed) == ("brier", False)
    monitored(own_registry, watched(update=UpdatePolicy(metric="brier", tolerated_loss=0.1)))
    assert verdict(own_registry).because[0].startswith("brier is 0.")


def test_a_promise_is_about_the_threshold_of_now(own_registry):
    said, outcome = np.repeat([0.3, 0.6, 0.9], 100), np.repeat([1.0, 0.0, 1.0], 100)
    register(
        own_registry,
        LEAVING,
        promised={"precision": 0.5},
        out_of_fold=pa.table([np.arange(300), said, outcome], schema=SCHEMA),
    )
    month(own_registry, rows=shoppers(60, 1), later=None)
    promised = {}
    for threshold in (0.5, 0.8):
        policy = UpdatePolicy(metric="precision")
        monitored(own_registry, watched(threshold=threshold, update=policy))
        promised[threshold] = verdict(own_registry).promised
    assert promised == {0.5: 0.5, 0.8: 1.0}


def test_a_correction_that_clears_a_model_takes_the_request_back_and_it_opens_again_with_new_evidence(own_registry):
    register(own_registry, LEAVING, promised={"roc_auc": 0.86})
    rows = shoppers(60, 1)
    month(own_registry, rows=rows, later=truth(rows, 1, honest=False))
    strict = watched(update=UpdatePolicy(tolerated_loss=0.0))
    monitored(own_registry, strict)
    assert request(own_registry).state == "open"
    for row in rows:
        right = "9" if row["mood"] > 0 else "0"
        correct(own_registry, LEAVING, JUNE, row["customer_id"], written=right, author="ada", reason="checked")
    monitored(own_registry, strict)
    assert (request(own_registry).state, request(own_registry).closed_by) == ("dismissed", "the monitor")
    later = shoppers(300, 2)
    month(own_registry, JULY, rows=later, later=truth(later, 2, honest=False))
    monitored(own_registry, strict, JULY)
    assert (request(own_registry).state, request(own_registry).closed_by) == ("open", None)
    assert [one["as_of"] for one in request(own_registry).evidence] == [JULY.isoformat()]


def test_what_a_person_has_dismissed_stays_so(own_registry):
    register(own_registry, LEAVING, promised={"roc_auc": 0.86})
    months(own_registry, honest=[False])
    assert dismiss(own_registry, LEAVING, by="ada", reason="a strike; it is over").state == "open"
    assert dismiss(own_registry, LEAVING, by="ada", reason="again") is None
    months(own_registry, honest=[False], first=2)
    found = request(own_registry)
    assert (found.state, found.closed_by, found.reason) == ("dismissed", "ada", "a strike; it is over")
    assert len(found.evidence) == 2


@pytest.mark.parametrize(("by", "reason"), [(" ", "a strike"), ("ada", " ")])
def test_a_dismissal_needs_a_name_and_a_reason(own_registry, by, reason):
    register(own_registry, LEAVING, promised={"roc_auc": 0.86})
    months(own_registry, honest=[False])
    with pytest.raises(PermanentError, match="A dismissal is recorded for good: it needs a name and a reason"):
        dismiss(own_registry, LEAVING, by=by, reason=reason)
    assert request(own_registry).state == "open"


def test_whether_an_update_was_useful_is_judged_at_one_threshold(own_registry):
    half, fifth = (
        watched(threshold=threshold, update=UpdatePolicy(metric="recall", tolerated_loss=0.0))
        for threshold in (0.5, 0.2)
    )
    for as_of, seed, score, metrics in ((JUNE, 1, half, {"recall": 1.0}), (JULY, 2, fifth, {})):
        register(own_registry, LEAVING, promised=metrics)
        rows = shoppers(300, seed)
        month(own_registry, as_of, rows=rows, later=truth(rows, seed))
        monitored(own_registry, score, as_of)
    assert (request(own_registry).state, request(own_registry).useful) == ("done", None)
    monitored(own_registry, fifth)
    assert request(own_registry).useful is not None


@pytest.mark.parametrize("better", [True, False])
def test_a_new_version_does_the_request_and_its_outcomes_say_whether_it_was_useful(own_registry, better):
    register(own_registry, LEAVING, scale=-1.0, promised={"roc_auc": 0.86})
    months(own_registry, honest=[True])  # a model that has it the wrong way round
    assert request(own_registry).state == "open"
    register(own_registry, LEAVING, scale=1.0 if better else -2.0, promised={"roc_auc": 0.86})
    rows = shoppers(300, 2)
    month(own_registry, JULY, rows=rows, later=None)
    monitored(own_registry, as_of=JULY)
    assert (request(own_registry).state, request(own_registry).done_version) == ("done", 3)
    assert request(own_registry).useful is None
    month(own_registry, JULY, rows=rows, later=truth(rows, 2 if better else 99))
    monitored(own_registry, as_of=JULY)
    (found, *_) = [one for one in requests_of(own_registry) if one.model_version == 2]
    assert found.useful is better
    (rate,) = query(own_registry, "SELECT * FROM scoring.update_rate WHERE days = 90")
    assert (rate.done, rate.useful, rate.wasted) == (1, int(better), int(not better))
    (used,) = query(own_registry, "SELECT * FROM scoring.model_in_use WHERE in_charge")
    assert (used.model_version, used.first_as_of) == (3, JULY)


@pytest.mark.parametrize("again", ["rolled back", "promoted"])
def test_a_request_opens_again_when_the_version_that_did_it_is_taken_back(own_registry, again):
    register(own_registry, LEAVING, scale=-1.0, promised={"roc_auc": 0.86})
    months(own_registry, honest=[True])
    evidence = request(own_registry).evidence
    register(own_registry, LEAVING, promised={"roc_auc": 0.86})
    months(own_registry, honest=[True], first=2)
    assert (request(own_registry).state, request(own_registry).useful) == ("done", True)
    if again == "rolled back":
        roll_back(own_registry, LEAVING, None, by="ada", reason="worse")
    else:
        second = Registry(own_registry.mlflow_tracking_uri.get_secret_value()).version("leaving", 2)
        promote(own_registry, LEAVING, second, Decision("person", "ada", "better after all"))
    for _ in range(2):
        found = request(own_registry)
        assert (found.state, found.done_version, found.useful, found.evidence) == ("open", None, None, evidence)
        monitored(own_registry, as_of=JULY)  # what the other version published says nothing against it
    assert value(own_registry, "SELECT count(*) FROM scoring.alert WHERE kind = 'update_needed'") == 1


def test_late_outcomes_of_a_version_that_is_in_charge_again_ask_for_an_update(own_registry):
    shown = replaced(own_registry)
    roll_back(own_registry, LEAVING, 2, by="ada", reason="worse")
    snapshot_of(own_registry, shown, JULY)
    collect(own_registry, LEAVING, JUNE)
    monitored(own_registry)
    assert request(own_registry).state == "open"


def test_what_a_superseded_publication_said_is_no_evidence_and_the_request_is_dismissed(own_registry):
    register(own_registry, LEAVING, promised={"roc_auc": 0.86})
    months(own_registry, honest=[False])
    rows = shoppers(300, 1)
    right = [
        row | {"mood": 4.0 if later["visits"] else -4.0}
        for row, later in zip(rows, truth(rows, 1, honest=False), strict=True)
    ]
    published_rows(own_registry, LEAVING, right, JUNE)
    monitored(own_registry)
    found = request(own_registry)
    assert (found.state, found.closed_by, found.evidence) == ("dismissed", "the monitor", [])


def test_what_a_dropped_publication_said_is_no_evidence_as_soon_as_any_date_is_judged(own_registry):
    register(own_registry, LEAVING, promised={"roc_auc": 0.86})
    months(own_registry, honest=[False, False])
    drop(own_registry, LEAVING, JULY)
    months(own_registry, honest=[True], first=3)
    assert request(own_registry).state == "open"
    assert [one["as_of"] for one in request(own_registry).evidence] == [JUNE.isoformat()]
    drop(own_registry, LEAVING, JUNE)
    monitored(own_registry, as_of=AUGUST)
    found = request(own_registry)
    assert (found.state, found.reason) == ("dismissed", "what spoke for it is not published any more")


def test_a_version_that_replaces_the_old_one_at_the_same_date_does_the_request(own_registry):
    register(own_registry, LEAVING, scale=-1.0, promised={"roc_auc": 0.86})
    months(own_registry, honest=[True])
    register(own_registry, LEAVING, promised={"roc_auc": 0.86})
    published_rows(own_registry, LEAVING, shoppers(300, 1), JUNE)
    monitored(own_registry)
    assert (request(own_registry).state, request(own_registry).done_version) == ("done", 3)


def replaced(settings):
    """June by version 2, July by version 3; the outcomes of June come after that."""
    register(settings, LEAVING, promised={"roc_auc": 0.86})
    rows = shoppers(300, 1)
    month(settings, rows=rows, later=None)
    monitored(settings)
    register(settings, LEAVING, promised={"roc_auc": 0.5})
    month(settings, JULY, rows=shoppers(300, 2), later=None)
    monitored(settings, as_of=JULY)
    return truth(rows, 1, honest=False)


def test_late_outcomes_of_a_version_that_was_replaced_ask_for_nothing_and_count_as_an_update_that_was_done(
    own_registry,
):
    shown = replaced(own_registry)
    snapshot_of(own_registry, shown, JULY)
    collect(own_registry, LEAVING, JUNE)
    monitored(own_registry)
    assert verdict(own_registry).update_needed
    assert (request(own_registry).state, request(own_registry).done_version) == ("done", 3)
    assert query(own_registry, "SELECT * FROM scoring.alert WHERE kind = 'update_needed'") == []
    (rate,) = query(own_registry, "SELECT * FROM scoring.update_rate WHERE days = 30")
    assert (rate.needed, rate.open, rate.done) == (1, 0, 1)


def test_a_version_that_was_put_back_in_charge_is_not_replaced(own_registry):
    shown = replaced(own_registry)
    roll_back(own_registry, LEAVING, 2, by="ada", reason="worse")
    month(own_registry, AUGUST, rows=shoppers(300, 3), later=None)
    snapshot_of(own_registry, shown, JULY)
    collect(own_registry, LEAVING, JUNE)
    monitored(own_registry)
    assert request(own_registry).state == "open"
    assert query(own_registry, "SELECT * FROM scoring.alert WHERE kind = 'update_needed'")


def requests_of(settings):
    from scoring.database import connect

    with connect(settings.database()) as connection:
        return requests(connection, "leaving")
