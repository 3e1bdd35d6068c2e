"""Model versions and runs that nothing refers to leave MLflow for good; what those that stay learned from stays."""

import datetime as dt
from pathlib import Path

from factories import JUNE, MAY, customers, published_rows, query, register, snapshot_of
from factories_maintain import LITTLE, NOW
from mlflow import MlflowClient
from mlflow.entities import ViewType
from shop_definitions import LEAVING, SPENDING

from scoring.maintain.maintain import maintain
from scoring.models.tags import SNAPSHOT_TAG, TRAINED_AS_OF_TAG
from scoring.publishing.passport import passport, recompute


def part(done, kind):
    (found,) = [one for one in done.parts if one.kind == kind]
    return found


def asked_for(settings, version, score="spending"):
    """A person was asked to renew a version."""
    statement = """INSERT INTO scoring.retrain_request (score, model_name, model_version, as_of, evidence)
        VALUES (%s, %s, %s, '2024-06-30', '[]')"""
    query(settings, statement, score, score, version)


def test_unused_versions_leave_with_their_files_and_the_others_keep_what_they_learned_from(own_registry):
    settings = own_registry
    asked_for(settings, 1)  # its files are those of all tests
    snapshot = snapshot_of(settings, customers(30), MAY)
    on = {TRAINED_AS_OF_TAG: MAY.isoformat(), SNAPSHOT_TAG: snapshot.digest}
    used = register(settings, SPENDING, tags=on)
    published_rows(settings, SPENDING, customers(20), JUNE)
    rejected = register(settings, SPENDING, scale=2.0, promote=False)
    newest = register(settings, SPENDING, scale=3.0, promote=False)
    client = MlflowClient(tracking_uri=settings.mlflow_tracking_uri.get_secret_value())
    experiment = client.get_experiment_by_name("spending")
    folder = Path(experiment.artifact_location)
    before = len(list(folder.rglob("*.skops")))
    snapshot_of(settings, customers(3), dt.date(2024, 7, 31))
    said = maintain(settings, LITTLE, NOW, dry_run=True)
    assert [one.what for one in part(said, "model versions").removed] == ["spending version 3"]
    done = maintain(settings, LITTLE, NOW)
    assert part(done, "model versions").things == 1
    left = sorted(int(one.version) for one in client.search_model_versions("name = 'spending'"))
    assert left == [1, used.version, newest.version]
    assert part(done, "snapshot files").stays[f"{used} learned from it"] == 1
    recompute(settings, passport(settings, "spending", "c0001"))
    runs = client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL)
    assert len(runs) == 3
    assert len(list(folder.rglob("*.skops"))) == before - 1
    assert maintain(settings, LITTLE, NOW).removed == 0
    assert rejected.version == 3


def test_a_version_that_a_request_or_an_experiment_is_about_stays(own_registry):
    register(own_registry, LEAVING, promote=False)
    register(own_registry, LEAVING, promote=False)
    asked_for(own_registry, 1, "leaving")
    query(own_registry, "INSERT INTO scoring.experiment (score, model_name, mode, champion, challenger, "
          "challenger_digest, salt, started_by, reason) VALUES "
          "('leaving', 'leaving', 'shadow', 1, 2, repeat('0', 64), repeat('0', 32), 'ann', 'why not')")  # fmt: skip
    asked_for(own_registry, 1)
    found = part(maintain(own_registry, LITTLE, NOW), "model versions")
    assert found.stays == {
        "publications, promotions or experiments refer to it": 3,
        "one of the 1 newest of its model": 1,
    }
