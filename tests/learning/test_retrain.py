"""Retraining: by time, as known at a moment, judged by the gate, on record; the same inputs again change nothing."""

import pytest
from factories import query, register, value
from factories_learning import ROWS, T, in_charge, learning, registry_of, three_months
from factories_monitoring import MONTHS, month, shoppers, truth
from shop_definitions import LEAVING, SPENDING

from scoring.database import transaction
from scoring.errors import NotFound, PermanentError
from scoring.learning import gates
from scoring.learning.judging import approve, judge
from scoring.learning.promotion import promote, roll_back
from scoring.learning.retrain import retrain
from scoring.models import charge
from scoring.models.ledger import Decision
from scoring.models.registry import Registry


def verdict_of(settings, found):
    with transaction(settings.database()) as connection:
        checks = gates.checks_of(connection, found.verdict.gate_id)
        return checks, gates.report(found.verdict, checks)


@pytest.fixture
def wrong(own_registry):
    """Three mature cohorts that were scored by a champion whose probabilities go the wrong way."""
    register(own_registry, LEAVING, scale=-1.0)
    three_months(own_registry)
    return own_registry


@pytest.fixture
def right(own_registry):
    """Three mature cohorts that were scored by a champion that knows the truth."""
    three_months(own_registry)
    return own_registry


def test_a_challenger_that_is_better_by_more_than_noise_is_put_in_charge_with_the_numbers_on_record(wrong):
    found = retrain(wrong, learning(), T, reason="the schedule")
    assert (found.ref.version, in_charge(wrong)) == (3, 3)
    assert found.promotion.how == "gate"
    assert found.promotion.promoted_by == "the gate"
    assert found.promotion.gate_id == found.verdict.gate_id
    assert (found.verdict.champion, found.verdict.challenger, found.verdict.held_out) == (2, 3, [MONTHS[2]])
    checks, report = verdict_of(wrong, found)
    primary = checks[0]
    assert (primary.name, primary.passed, primary.champion < 0.5 < primary.challenger) == ("primary", True, True)
    assert primary.low > 0
    assert [one.name for one in checks] == ["primary", "calibration", "distribution", "bands", "latency", "size"]
    assert report.startswith("leaving version 3 passes against version 2, on 600 customers of 2024-07-31.")
    assert found.promotion.reason == primary.said


def test_a_challenger_that_is_no_better_is_kept_and_judged_and_the_champion_stays(right):
    found = retrain(right, learning(), T, reason="the schedule")
    assert (found.promotion, in_charge(right), found.verdict.passed) == (None, 1, False)
    assert "better" in found.because
    assert value(right, "SELECT count(*) FROM scoring.gate_check WHERE gate_id = %s", found.verdict.gate_id) == 6


def test_the_same_inputs_again_make_no_version_no_verdict_and_no_promotion(wrong):
    first, again = (retrain(wrong, learning(), T, reason="the schedule") for _ in range(2))
    assert (again.ref, again.promotion, again.verdict) == (first.ref, None, None)
    assert again.because == "These inputs gave the version that is in charge."
    assert len(registry_of(wrong).versions("leaving")) == 3
    assert value(wrong, "SELECT count(*) FROM scoring.gate_verdict") == 1


def test_the_same_inputs_give_the_same_file(wrong, monkeypatch):
    first = retrain(wrong, learning(), T, reason="the schedule", only_register=True)
    with monkeypatch.context() as forgetful:
        forgetful.setattr(Registry, "find_made_of", lambda *_: None)
        second = retrain(wrong, learning(), T, reason="again", only_register=True)
    assert second.ref.version == first.ref.version + 1
    assert second.ref.digest == first.ref.digest


def test_it_learns_from_earlier_cohorts_and_is_compared_on_the_newest(right):
    found = retrain(right, learning(cohorts=1), T, reason="the schedule")
    tags = registry_of(right).tags(found.ref)
    assert tags["trained_cohorts"].startswith(f"{MONTHS[1]} (")
    assert tags["held_out_cohorts"] == str(MONTHS[2])
    both = retrain(right, learning(cohorts=2), T, reason="the schedule")
    assert registry_of(right).tags(both.ref)["rows"] == str(2 * ROWS)


def test_what_became_known_later_is_not_learned_from_and_is_when_it_may_be(right):
    """A planted leak: corrections recorded after the moment turn the outcomes of the training cohorts around."""
    before = value(right, "SELECT max(recorded_at) FROM scoring.outcome")
    honest = retrain(right, learning(), T, reason="now")
    query(
        right,
        "INSERT INTO scoring.outcome (score, as_of, customer_id, value, observed_at, origin, author, reason) "
        "SELECT score, as_of, customer_id, 9 - value, observed_at, 'human', 'ann', 'a leak' FROM scoring.outcome "
        "WHERE as_of < %s",
        MONTHS[2],
    )
    blind = retrain(right, learning(), T, known_at=before, reason="as known before")
    assert blind.ref == honest.ref
    seeing = retrain(right, learning(), T, reason="as known now")
    assert seeing.ref != honest.ref
    promised = [registry_of(right).promised(one.ref)["roc_auc"] for one in (honest, seeing)]
    assert promised[0] > 0.8
    assert promised[1] < 0.2


def test_features_are_those_of_the_delivery_that_was_there_at_the_moment(right):
    moment = value(right, "SELECT clock_timestamp()")
    honest = retrain(right, learning(), T, reason="now")
    rows = shoppers(ROWS, 77)
    month(right, MONTHS[1], rows=rows, later=None)  # the same date, delivered and published anew
    assert retrain(right, learning(), T, known_at=moment, reason="as known before").ref == honest.ref
    assert retrain(right, learning(), T, reason="as known now").ref != honest.ref


def test_a_cohort_whose_horizon_has_not_ended_is_not_looked_at(right):
    found = retrain(right, learning(), MONTHS[2], reason="a month earlier")
    assert found.verdict.held_out == [MONTHS[1]]


def test_too_few_mature_cohorts_are_refused_with_what_is_needed(right):
    with pytest.raises(NotFound, match=r"1 of its cohorts are mature, 2 are needed.*scoring outcome collect"):
        retrain(right, learning(), MONTHS[1], reason="too early")
    assert len(registry_of(right).versions("leaving")) == 1


def test_a_challenger_that_is_worse_in_a_guarded_segment_is_refused_and_the_report_says_where(own_registry):
    """The champion knows nothing of those who pay and all of the others; the challenger learns of the many who pay."""
    register(own_registry, LEAVING, scale=1.0)
    for place, as_of in enumerate(MONTHS[:3]):
        rows = [row | {"mood": row["mood"] if row["plan"] == "free" else -row["mood"]} for row in shoppers(2400, place)]
        said = [row | {"mood": -row["mood"] if row["plan"] == "paid" else row["mood"]} for row in rows]
        later = [one | {"visits": other["visits"]} for one, other in zip(rows, truth(said, place), strict=True)]
        month(own_registry, as_of, rows=rows, later=later)
    guarded = learning(segments=("plan",), promotion={"segments": ("plan",)})
    found = retrain(own_registry, guarded, T, reason="the schedule")
    checks, report = verdict_of(own_registry, found)
    by_name = {one.segment: one for one in checks if one.name == "segment"}
    assert checks[0].passed, report
    assert (by_name["plan=paid"].passed, by_name["plan=free"].passed) == (True, False)
    assert (found.promotion, found.verdict.passed) == (None, False)
    assert "  NO  roc_auc of plan=free" in report
    assert "plan=free" in found.because


def test_a_person_is_asked_and_told_and_the_champion_stays_until_the_answer(wrong):
    asking = learning(promotion={"by": "person"})
    found = retrain(wrong, asking, T, reason="the schedule")
    assert (found.waits, found.promotion, in_charge(wrong)) == (True, None, 2)
    (told,) = query(wrong, "SELECT title, text FROM scoring.alert WHERE kind = 'approval_waiting'")
    assert told.title == "leaving: leaving version 3 waits for your approval"
    assert "passes against version 2" in told.text
    retrain(wrong, asking, T, reason="again")
    assert value(wrong, "SELECT count(*) FROM scoring.alert WHERE kind = 'approval_waiting'") == 1
    made = approve(wrong, asking, found.ref, by="ann", reason="looks right")
    assert (made.how, made.promoted_by, made.gate_id, in_charge(wrong)) == ("approval", "ann", found.verdict.gate_id, 3)


def test_what_the_gate_refused_cannot_be_approved(right):
    found = retrain(right, learning(), T, reason="the schedule")
    with pytest.raises(PermanentError, match=r"the gate has refused it.*scoring model promote leaving 2"):
        approve(right, LEAVING, found.ref, by="ann", reason="I like it")
    with pytest.raises(PermanentError, match="the gate has not judged it"):
        approve(right, LEAVING, registry_of(right).version("leaving", 1), by="ann", reason="I like it")


def test_a_version_that_is_only_registered_is_judged_and_not_put_in_charge(wrong):
    found = retrain(wrong, learning(), T, reason="by hand", only_register=True)
    assert (found.verdict.passed, found.promotion, in_charge(wrong)) == (True, None, 2)
    later = retrain(wrong, learning(), T, reason="the schedule")
    assert (later.ref, in_charge(wrong)) == (found.ref, 3)


def test_what_a_person_has_rolled_back_no_rule_puts_in_charge_again(wrong):
    first = retrain(wrong, learning(), T, reason="the schedule")
    roll_back(wrong, LEAVING, None, by="ann", reason="too many calls")
    again = retrain(wrong, learning(), T, reason="the schedule")
    assert (again.ref, again.promotion, again.waits, in_charge(wrong)) == (first.ref, None, False, 2)
    assert "rolled back by ann (too many calls); only a person puts it in charge again" in again.because
    assert retrain(wrong, learning(promotion={"by": "person"}), T, reason="the schedule").waits is False
    assert approve(wrong, LEAVING, first.ref, by="ann", reason="it was not the model").how == "approval"
    assert in_charge(wrong) == 3


def test_a_verdict_puts_nothing_in_charge_if_another_version_is_by_now(wrong, monkeypatch):
    """Somebody promotes another version while the gate compares with the one before."""
    other = register(wrong, LEAVING, promote=False)

    def meanwhile(*given, **named):
        found = judge(*given, **named)
        promote(wrong, LEAVING, other, Decision("person", "ann", "I know better"))
        return found

    with monkeypatch.context() as slow:
        slow.setattr("scoring.learning.judging.judge", meanwhile)
        found = retrain(wrong, learning(), T, reason="the schedule")
    assert (found.verdict.passed, found.promotion, in_charge(wrong)) == (True, None, other.version)
    assert "Another version than 2, with which it was compared, is in charge by now" in found.because
    with pytest.raises(PermanentError, match=r"compared with version 2, and version 3 is in charge by now"):
        approve(wrong, LEAVING, found.ref, by="ann", reason="looks right")


STEPS = {
    "between registering and the verdict": ("scoring.learning.judging.judge", 0),
    "between the verdict and the ledger": ("scoring.learning.judging.promote", 1),
    "between the ledger and the alias": ("scoring.models.charge.follow", 1),
}


@pytest.mark.parametrize("step", STEPS)
def test_broken_off_at_any_step_the_next_run_ends_in_one_consistent_state(wrong, monkeypatch, step):
    place, verdicts = STEPS[step]

    class CrashError(Exception):
        pass

    def crash(*_: object, **__: object) -> None:
        raise CrashError

    with monkeypatch.context() as crashing:
        crashing.setattr(place, crash)
        with pytest.raises(CrashError):
            retrain(wrong, learning(), T, reason="the schedule")
    assert value(wrong, "SELECT count(*) FROM scoring.gate_verdict") == verdicts
    retrain(wrong, learning(), T, reason="the schedule")
    assert in_charge(wrong) == 3
    assert [one.version for one in registry_of(wrong).versions("leaving")] == [3, 2, 1]
    if step == "between the ledger and the alias":  # nothing is left to promote; reconcile moves the alias
        charge.follow(wrong.database(), registry_of(wrong), "leaving")
    assert registry_of(wrong).alias_of("leaving") == 3
    assert value(wrong, "SELECT count(*) FROM scoring.gate_verdict") == 1
    assert value(wrong, "SELECT count(*) FROM scoring.promotion WHERE model_version = 3") == 1


def test_a_champion_that_learned_from_the_held_out_cohort_is_not_compared_on_it(wrong):
    promoted = retrain(wrong, learning(), T, reason="the schedule")
    earlier = retrain(wrong, learning(cohorts=1), MONTHS[2], reason="of less")
    assert earlier.ref != promoted.ref
    assert (earlier.verdict, earlier.promotion) == (None, None)
    assert "has learned from what it would be compared on (2024-06-30)" in earlier.because


def test_a_search_space_is_tried_and_the_best_is_kept(right):
    found = retrain(right, learning(metric="brier", search={"C": (1e-6, 1.0)}), T, reason="the schedule")
    assert registry_of(right).tags(found.ref)["searched"] == "{'C': 1.0}"
    estimator = registry_of(right).load(found.ref, ())
    assert estimator.C == 1.0
    with pytest.raises(PermanentError, match=r"search space of leaving does not fit.*'depth'"):
        retrain(right, learning(search={"depth": (1,)}), T, reason="the schedule")


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_probabilities_are_calibrated_if_the_definition_says_so_and_the_model_can_be_scored_with(right, method):
    found = retrain(right, learning(calibrate=method), T, reason="the schedule")
    assert registry_of(right).tags(found.ref)["calibrated"] == method
    checks, _ = verdict_of(right, found)
    calibration = next(one for one in checks if one.name == "calibration")
    assert calibration.challenger < 0.08


def test_the_run_keeps_the_pictures_that_people_look_at(right):
    from mlflow import MlflowClient

    uri = right.mlflow_tracking_uri.get_secret_value()
    client = MlflowClient(uri, uri)
    found = retrain(right, learning(), T, reason="the schedule")
    run = client.get_model_version("leaving", str(found.ref.version)).run_id
    kept = {one.path for one in client.list_artifacts(run)}
    assert kept >= {"roc.png", "precision_recall.png", "calibration.png", "importance.png", "out_of_fold.parquet"}


def test_a_regression_learns_too(own_registry):
    register(own_registry, SPENDING, scale=3.0)
    three_months(own_registry, SPENDING)
    found = retrain(own_registry, learning(SPENDING), T, reason="the schedule")
    assert (found.verdict.metric, found.verdict.passed, in_charge(own_registry, SPENDING)) == ("mae", True, 3)
    checks, _ = verdict_of(own_registry, found)
    assert [one.name for one in checks] == ["primary", "distribution", "latency", "size"]
    assert checks[0].champion > 10 * checks[0].challenger


def test_of_many_customers_a_seeded_sample_is_learned_from(right):
    found = retrain(right, learning(most_rows=400), T, reason="the schedule")
    assert registry_of(right).tags(found.ref)["rows"] == "400"
