"""Killed while it retrains: the next run ends in the state that one undisturbed run leaves."""

import pytest
from factories import query, register, value
from factories_learning import T, in_charge, learning, registry_of, three_months
from mlflow import MlflowClient
from shop_definitions import LEAVING

from scoring.learning.retrain import retrain

# The child retrains; where MLflow or the fit is to be cut off, it waits for a lock just before that call.
CHILD = """
import importlib, json, sys
from scoring.database import connect
from scoring.settings import Settings
settings = Settings(**json.load(sys.stdin))
from factories_learning import T, learning
from scoring.learning.retrain import retrain
def wait():
    with connect(settings.database()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(4711)")
module, _, place = sys.argv[1].partition(":")
if place:
    *path, name = place.split(".")
    owner = importlib.import_module(module)
    for part in path:
        owner = getattr(owner, part)
    real = getattr(owner, name)
    setattr(owner, name, lambda *given, **named: (wait(), real(*given, **named))[1])
retrain(settings, learning(), T, reason="the schedule")
wait()
"""
HERE = "SELECT pg_advisory_lock(4711)"

# Where it is killed; by what it waits there; then how many versions, runs, verdicts and promotions there are, and
# the version at which the alias points.
POINTS = {
    "in training": ("scoring.learning.training:fit", HERE, (2, 0, 0, 0, 2)),
    "after MLflow's run has begun": ("mlflow:log_metrics", HERE, (2, 1, 0, 0, 2)),
    "before the version is registered": ("mlflow:register_model", HERE, (2, 1, 0, 0, 2)),
    "between registering and the verdict": ("", "LOCK TABLE scoring.gate_verdict IN SHARE MODE", (3, 1, 0, 0, 2)),
    "between the verdict and the ledger": ("", "LOCK TABLE scoring.promotion IN SHARE MODE", (3, 1, 1, 0, 2)),
    "between the ledger and its message": ("", "LOCK TABLE scoring.alert IN SHARE MODE", (3, 1, 1, 0, 2)),
    "between the ledger and the alias": (
        "scoring.models.registry:Registry.move_alias", HERE, (3, 1, 1, 1, 2),
    ),
    "when all is done": ("", HERE, (3, 1, 1, 1, 3)),
}  # fmt: skip


@pytest.fixture
def wrong(own_registry):
    """Three mature cohorts that were scored by a champion whose probabilities go the wrong way; its alert is gone."""
    register(own_registry, LEAVING, scale=-1.0)
    three_months(own_registry)
    query(own_registry, "DELETE FROM scoring.alert")
    return own_registry


def runs(settings):
    """MLflow's runs of retraining, by state."""
    uri = settings.mlflow_tracking_uri.get_secret_value()
    client = MlflowClient(uri, uri)
    found = client.search_runs([client.get_experiment_by_name("leaving").experiment_id])
    return [(run.info.status, run.info.run_id) for run in found if run.data.tags.get("reason") == "the schedule"]


def left(settings):
    registry = registry_of(settings)
    promoted = value(settings, "SELECT count(*) FROM scoring.promotion WHERE model_version = 3")
    verdicts = value(settings, "SELECT count(*) FROM scoring.gate_verdict")
    return len(registry.versions("leaving")), len(runs(settings)), verdicts, promoted, registry.alias_of("leaving")


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_the_next_run_ends_as_if_nothing_had_happened(wrong, point, killed_while_waiting):
    where, lock, expected = POINTS[point]
    with killed_while_waiting(wrong, where, lock, child=CHILD):
        assert left(wrong) == expected
    found = retrain(wrong, learning(), T, reason="the schedule")
    half_made = int(expected[:2] == (2, 1))
    assert (found.ref.version, in_charge(wrong)) == (3, 3)
    assert left(wrong) == (3, 1 + half_made, 1, 1, 3)
    alerts = query(wrong, "SELECT kind FROM scoring.alert WHERE kind = 'model_promoted'")
    assert len(alerts) == 1
    again = retrain(wrong, learning(), T, reason="the schedule")
    assert (again.ref, again.promotion) == (found.ref, None)
    assert left(wrong) == (3, 1 + half_made, 1, 1, 3), "nothing more comes of it"


def test_what_mlflow_keeps_of_a_killed_run_is_never_a_version_and_can_be_told_by_its_state(wrong, killed_while_waiting):
    with killed_while_waiting(wrong, "mlflow:register_model", HERE, child=CHILD):
        ((state, half_made),) = runs(wrong)
    assert state == "RUNNING"
    retrain(wrong, learning(), T, reason="the schedule")
    assert sorted(state for state, _ in runs(wrong)) == ["FINISHED", "RUNNING"]
    uri = wrong.mlflow_tracking_uri.get_secret_value()
    versions = MlflowClient(uri, uri).search_model_versions("name = 'leaving'")
    assert half_made not in {one.run_id for one in versions}
