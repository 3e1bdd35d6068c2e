"""Training, publishing, passports, the API and monitoring see the same derived features; nobody sees the future."""

import numpy as np
import pandas as pd
import psycopg2
import pytest
import skops.io
from derived_elsewhere import LEAVING as CHANGED
from derived_shop import CALM, LEAVING, SHOP, SPENDING
from factories import JULY, JUNE, MAY, customer, customers, published, query, register, snapshot_of, table_of, value
from factories_learning import registry_of
from factories_serving import record, running

from scoring.domain.dataset import Column
from scoring.domain.history import History
from scoring.domain.monitoring import Monitoring
from scoring.domain.transform import Transform
from scoring.errors import IntegrityError, PermanentError
from scoring.features import past
from scoring.features.past import Earlier
from scoring.learning.bringing import bring
from scoring.learning.promotion import promote
from scoring.learning.train import train
from scoring.learning.training_set import training_set
from scoring.models.encoding import Encoding
from scoring.models.ledger import Decision
from scoring.models.registry import Registry
from scoring.monitoring.watch import measure_drift
from scoring.publishing import live
from scoring.publishing.passport import lines, passport, recompute
from scoring.publishing.plan import plan

BY = Decision("person", "a test", "for tests")


@pytest.fixture
def settings(own_registry):
    return own_registry.model_copy(update={"definitions": "derived_shop"})


def months(settings, *dates):
    """Each month everybody spends 1,000 more, so a value says of which date it is."""
    rows = {}
    for place, as_of in enumerate(dates, 1):
        rows[as_of] = [
            customer(number, spend=1000.0 * place + number**2 % 97, visits=(number * place) % 11)
            for number in range(60)
        ]
        snapshot_of(settings, rows[as_of][:: (-1) ** place], as_of)
    return rows


def known_of(settings, score, as_of, later):
    from scoring.database import connect
    from scoring.snapshots import manifest

    with connect(settings.database()) as connection:
        before, after = (manifest.current(connection, "shop", one) for one in (as_of, later))
        return training_set(score, SHOP, before, after, past.of_date(connection, score, SHOP, as_of))


def test_training_sees_the_snapshots_before_the_cohorts_date_and_not_the_cohort_or_its_outcomes(settings):
    months(settings, MAY, JUNE, JULY)
    known = known_of(settings, SPENDING, JUNE, JULY)
    assert set(known.features["spend_before_1"] // 1000) == {1}
    assert set(known.outcome // 1000) == {3}


@pytest.mark.parametrize("planted", [JUNE, JULY])
def test_a_planted_look_into_the_future_is_caught(settings, monkeypatch, planted):
    """A rule of dates that looks the wrong way, at the cohort itself or at its outcomes."""
    months(settings, MAY, JUNE, JULY)
    register(settings, SPENDING, data_set=SHOP)
    monkeypatch.setattr(past, "previous_dates", lambda *_, **__: [planted, MAY])
    for look in (
        lambda: known_of(settings, SPENDING, JUNE, JULY),
        lambda: train(settings, SPENDING, JUNE),
        lambda: plan(settings, SPENDING, JUNE, run_id="test"),
    ):
        with pytest.raises(
            IntegrityError, match=f"spending at 2024-06-30 would look at {planted}, which is not before"
        ):
            look()


def test_the_database_refuses_a_look_into_the_future_too(settings):
    months(settings, MAY, JUNE, JULY)
    register(settings, SPENDING, data_set=SHOP)
    publication_id = published(settings, SPENDING, JUNE).publication_id
    statement = "UPDATE scoring.publication_history SET as_of = %s WHERE publication_id = %s AND period = 1 RETURNING 1"
    with pytest.raises(psycopg2.errors.CheckViolation):
        query(settings, statement, JUNE, publication_id)


def test_a_publication_and_its_training_see_the_same_of_a_customer(settings):
    months(settings, MAY, JUNE, JULY)
    register(settings, SPENDING, data_set=SHOP)
    published(settings, SPENDING, JUNE)
    rows = dict(query(settings, "SELECT customer_id, value FROM scoring.published_score"))
    known = known_of(settings, SPENDING, JUNE, JULY)
    seen = dict(zip(known.customers.to_pylist(), known.features["spend_before_1"].tolist(), strict=True))
    assert seen == rows


def test_a_trained_score_is_published_and_its_passport_gives_the_value_again(settings):
    months(settings, MAY, JUNE, JULY)
    for score in (SPENDING, LEAVING):
        promote(settings, score, train(settings, score, JUNE), BY)
        published(settings, score, JULY)
        for number in (0, 31, 59):
            found = passport(settings, score.name, f"c{number:04d}")
            assert recompute(settings, found) == pytest.approx(found.row.value, abs=1e-9)


def test_a_version_says_what_it_looked_back_at_and_keeps_nobodys_example(settings):
    months(settings, MAY, JUNE, JULY)
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value(), settings.mlflow_artifacts)
    tags = registry.tags(train(settings, SPENDING, JUNE))
    (may,) = query(settings, "SELECT digest FROM scoring.snapshot WHERE as_of = %s", MAY)
    assert tags["looked_back_at"] == f"2024-05-31 ({may.digest[:12]}), 2024-04-30 (none)"
    from scoring.learning.derived import example_of

    known = known_of(settings, SPENDING, JUNE, JULY)
    assert example_of(SPENDING, known).to_numpy().tolist() == [[0.0, 0.0, 0.0]]
    plain = SPENDING.model_copy(update={"history": ()})
    assert example_of(plain, known).equals(known.features.head(5))


def test_a_function_that_depends_on_other_rows_is_refused_at_training(settings):
    months(settings, MAY, JUNE, JULY)
    made = Transform(function=centred, uses=("mood",), produces=(Column(name="calm", type="number"),))
    impure = LEAVING.model_copy(update={"transform": made, "features": ("calm", "visits")})
    with pytest.raises(PermanentError, match="depends on more than a customer's own row: column 'calm' of customer"):
        train(settings, impure, JUNE)


def centred(frame):
    return frame[["mood"]].rename(columns={"mood": "calm"}) - frame["mood"].mean()


def test_a_model_takes_the_nulls_that_the_history_may_have_or_is_refused(settings):
    months(settings, MAY, JUNE, JULY)
    nullable = SPENDING.model_copy(update={"history": (History(column="spend", periods=(1,)),)})
    score = nullable.model_copy(update={"features": ("spend_before_1", "visits")})
    with pytest.raises(PermanentError, match="cannot take customers without spend_before_1, which the definition"):
        train(settings, score, JUNE)


def test_a_model_is_not_shown_what_another_function_makes(settings):
    register(settings, LEAVING, data_set=SHOP)
    snapshot_of(settings, customers(20))
    first = published(settings, LEAVING)
    found = passport(settings, "leaving", "c0003")
    assert dict(lines(found))["transform"] == f"calmness {CALM.digest}"
    changed = settings.model_copy(update={"definitions": "derived_elsewhere"})
    assert "transform" not in dict(lines(passport(changed, "leaving", "c0003")))
    with pytest.raises(PermanentError, match="'calm' is made in another way than for the model"):
        plan(changed, CHANGED, JUNE, run_id="test")
    with pytest.raises(PermanentError, match="The definition of leaving has changed since"):
        recompute(changed, found)
    register(changed, CHANGED, data_set=SHOP)
    second = published(changed, CHANGED)
    assert second.publication_id != first.publication_id
    assert second.checksum != first.checksum
    assert value(settings, "SELECT count(*) FROM scoring.publication WHERE state = 'superseded'") == 1


def test_the_api_gives_a_record_the_number_of_a_publication_and_says_who_looks_back(settings):
    for score in (LEAVING, SPENDING):
        register(settings, score, data_set=SHOP)
    snapshot_of(settings, customers(20))
    published(settings, LEAVING)
    rows = dict(query(settings, "SELECT customer_id, value FROM scoring.published_score"))
    assert len(set(rows.values())) > 10
    with running(settings) as api:
        together = api.client.post("/v1/scores/leaving", json={"records": [record(number) for number in range(20)]})
        assert [one["result"]["value"] for one in together.json()["results"]] == list(rows.values())
        for number in (0, 7):
            alone = api.client.post("/v1/scores/leaving", json={"records": [record(number)]}).json()["results"]
            assert alone[0]["result"]["value"] == rows[f"c{number:04d}"]
        refused = api.client.post("/v1/scores/spending", json={"records": [record(1)]})
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:scoring:looks-back")
        assert "spending looks back at earlier snapshots" in refused.json()["detail"]
        ready = api.client.get("/readyz")
        assert (ready.status_code, ready.json()["troubles"]) == (200, [])


def test_an_update_by_the_stream_gets_the_number_of_a_publication(settings):
    register(settings, LEAVING, data_set=SHOP)
    rows = table_of(customers(20))
    snapshot_of(settings, customers(20))
    published(settings, LEAVING)
    expected = [row.value for row in query(settings, "SELECT value FROM scoring.published_score ORDER BY customer_id")]
    loaded = live.load(settings, "leaving", lambda *_: None)
    assert loaded.scored(rows.to_batches()[0]).value.tolist() == expected
    with pytest.raises(PermanentError, match="spending looks back at earlier snapshots: only whole snapshots"):
        live.load(settings, "spending", lambda *_: None)


def test_drift_is_measured_of_derived_features(settings):
    months(settings, MAY, JUNE, JULY)
    ref = train(settings, SPENDING, JUNE)
    promote(settings, SPENDING, ref, BY)
    published(settings, SPENDING, JULY)
    measure_drift(settings, SPENDING.model_copy(update={"monitoring": Monitoring()}), JULY)
    drifted = dict(query(settings, "SELECT column_name, distance FROM scoring.drift"))
    assert set(SPENDING.features) <= set(drifted)
    assert drifted["spend_before_1"] > 0.5
    assert not np.isnan(drifted["spend_count_2"])


def test_what_the_past_says_for_people():
    assert str(Earlier(1, MAY, 7, "ab", "x")) == "2024-05-31 7 ab"
    assert str(Earlier(1, MAY, None, None, None)) == "2024-05-31 no snapshot"
    assert CALM.name == "calmness"


@pytest.mark.parametrize("defined", [SPENDING, LEAVING], ids=["history", "transform"])
def test_a_model_from_elsewhere_is_tried_on_derived_features_too(settings, tmp_path, defined):
    months(settings, MAY, JUNE)
    features = pd.DataFrame(np.arange(12.0).reshape(4, 3), columns=list(defined.features))
    outcomes = np.array([0, 0, 1, 1]) if defined.kind == "classification" else np.arange(4.0)
    skops.io.dump(defined.estimator().fit(features, outcomes), tmp_path / "model.skops")
    found = bring(settings, defined, str(tmp_path / "model.skops"), by="me", reason="made elsewhere")
    assert (found.tried.as_of, found.tried.customers) == (JUNE, 60)
    assert registry_of(settings).version(defined.model_name, found.ref.version).encoding == Encoding.of(defined, SHOP)
