"""Models are loaded only if they are the registered file and hold nothing but trusted types."""

import datetime as dt
import http.server
import os
import pickle
import subprocess
import sys
import threading
import time

import mlflow
import numpy as np
import pandas as pd
import pytest
from factories import JUNE, customers, query, register, snapshot_of
from mlflow.tracking import MlflowClient
from shop_definitions import SHOP, SPENDING
from sklearn.linear_model import LinearRegression
from waiting import PATIENCE

from scoring.errors import ConfigurationError, IntegrityError, NotFound, PermanentError, TransientError
from scoring.models.charge import in_charge
from scoring.models.encoding import Encoding
from scoring.models.mlflow_setup import is_permanent
from scoring.models.model_file import MODEL_FILE, file_digest
from scoring.models.registry import Registry
from scoring.models.tags import ModelRef
from scoring.publishing.plan import plan
from scoring.publishing.predict import score_shard


def registry_of(settings):
    return Registry(settings.mlflow_tracking_uri.get_secret_value(), settings.mlflow_artifacts)


@pytest.fixture
def model(own_registry, tmp_path):
    """A registry, the champion of ``spending`` in it, and the champion's file."""
    register(own_registry, SPENDING)
    registry = registry_of(own_registry)
    ref = in_charge(own_registry.database(), registry, "spending")
    uri = registry._client.get_model_version_download_uri(ref.name, str(ref.version))
    directory = mlflow.artifacts.download_artifacts(artifact_uri=uri, tracking_uri=registry._uri)
    return registry, ref, type(tmp_path)(directory) / MODEL_FILE


def test_a_registered_model_loads_and_predicts(model):
    registry, ref, _ = model
    frame = pd.DataFrame({"spend": [12.5], "visits": [1.0]})
    assert registry.load(ref, ()).predict(frame).tolist() == [12.5]


def test_a_model_file_that_was_tampered_with_is_refused_and_nothing_is_scored(own_registry, model):
    registry, ref, path = model
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(IntegrityError, match="spending version 2 is not the file that was registered"):
        registry.load(ref, ())
    snapshot_of(own_registry, customers(9))
    planned = plan(own_registry, SPENDING, JUNE, run_id="test")
    with pytest.raises(IntegrityError):
        score_shard(own_registry, planned.publication_id, 0)
    assert query(own_registry, f"SELECT * FROM scoring.score_{planned.publication_id}") == []


def test_a_model_file_that_is_gone_is_named(model):
    registry, ref, path = model
    path.unlink()
    with pytest.raises(IntegrityError, match=r"there is no model\.skops"):
        registry.load(ref, ())


class Trap:
    """Unpickling it would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickle_is_never_loaded_even_if_it_is_the_registered_file(model, tmp_path):
    registry, ref, path = model
    path.write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    with pytest.raises(IntegrityError, match="no other kind is loaded"):
        registry.load(ModelRef(ref.name, ref.version, file_digest(path)), ())
    assert not (tmp_path / "sprung").exists()


class Doubling(LinearRegression):
    """An estimator of somebody's own."""

    def predict(self, features):
        return 2 * super().predict(features)


def test_a_type_that_is_not_trusted_is_refused_and_named(own_registry):
    kind = f"{Doubling.__module__}.Doubling"
    frame = pd.DataFrame({"spend": np.arange(50.0), "visits": np.arange(50.0) % 7})
    fitted = Doubling().fit(frame, frame["spend"])
    registry = registry_of(own_registry)
    with pytest.raises(PermanentError, match=rf"holds types that are not trusted: '{kind}'"):
        registered(registry, fitted, frame, ())
    ref = registered(registry, fitted, frame, (kind,))
    with pytest.raises(PermanentError, match=r"(?s)spending version 2 is not loaded.*'trusted_types'") as refused:
        registry.load(ref, ())
    assert kind in str(refused.value)
    assert registry.load(ref, (kind,)).predict(frame) == pytest.approx(2 * np.arange(50.0))


def registered(registry, estimator, frame, trusted_types):
    return registry.register(
        "spending", estimator, frame.head(2), encoding=Encoding.of(SPENDING, SHOP), trusted_types=trusted_types,
        tags={}, metrics={}, as_of=dt.date(2024, 5, 31),
    )  # fmt: skip


def test_without_a_champion_the_remedy_is_said(shop):
    snapshot_of(shop, customers(3))
    unknown = SPENDING.model_copy(update={"name": "wealth"})
    with pytest.raises(NotFound, match=r"'wealth' has no champion.*scoring train wealth"):
        plan(shop, unknown, JUNE, run_id="test")


def test_a_model_that_was_registered_by_others_is_refused(own_registry):
    uri = own_registry.mlflow_tracking_uri.get_secret_value()
    MlflowClient(tracking_uri=uri, registry_uri=uri).delete_model_version_tag("spending", "1", "model_digest")
    with pytest.raises(PermanentError, match=r"version 1 has no tag 'model_digest'.*scoring train"):
        registry_of(own_registry).find_champion("spending")


@pytest.mark.parametrize(
    "uri",
    ["http://127.0.0.1:9", "postgresql+psycopg2://mlflow:hunter2@127.0.0.1:9/mlflow"],
    ids=["server", "database"],
)
def test_a_registry_that_cannot_be_reached_is_worth_another_try_and_says_so_soon(shop, uri):
    snapshot_of(shop, customers(3))
    away = shop.model_copy(update={"mlflow_tracking_uri": type(shop.mlflow_tracking_uri)(uri)})
    start = time.monotonic()
    with pytest.raises(TransientError, match="MLflow") as refused:
        plan(away, SPENDING, JUNE, run_id="test")
    assert time.monotonic() - start < PATIENCE / 2  # MLflow's own tries take longer
    assert "hunter2" not in str(refused.value)


def test_a_place_whose_path_is_too_long_for_mlflow_is_refused_for_good(own_registry):
    score = SPENDING.model_copy(update={"name": "others"})
    longest = f"{own_registry.home}/".ljust(200 - len(f"/{score.model_name}/{'0' * 32}/artifacts"), "x")
    with pytest.raises(ConfigurationError, match="whose path is too long") as raised:
        register(own_registry.model_copy(update={"mlflow_artifacts": f"{longest}x"}), score)
    assert "SCORING_HOME" in str(raised.value)
    assert register(own_registry.model_copy(update={"mlflow_artifacts": longest}), score).version == 1


def test_without_a_registry_the_setting_is_named():
    with pytest.raises(ConfigurationError, match="SCORING_MLFLOW_TRACKING_URI"):
        Registry("")


STATUSES = [(400, True), (403, True), (404, True), (408, False), (425, False), (429, False), (500, False), (503, False)]


@pytest.mark.parametrize(("status", "permanent"), STATUSES)
def test_an_answer_of_mlflow_is_final_or_worth_another_try_by_its_status(status, permanent):
    assert is_permanent(status) is permanent


class Answering(http.server.BaseHTTPRequestHandler):
    """An MLflow server that answers everything with one status."""

    status = 200

    def do_GET(self):
        body = b'{"error_code": "PERMISSION_DENIED", "message": "Permission denied"}'
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_an_mlflow_that_forbids_is_not_asked_again(shop):
    snapshot_of(shop, customers(3))
    handler = type("Forbidding", (Answering,), {"status": 403})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = type(shop.mlflow_tracking_uri)(f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(PermanentError, match="MLflow: PERMISSION_DENIED"):
            plan(shop.model_copy(update={"mlflow_tracking_uri": url}), SPENDING, JUNE, run_id="test")
        server.shutdown()


def test_importing_the_registry_changes_nothing_of_mlflow():
    code = (
        "import logging, os, mlflow.store.db.utils as utils; before = utils.MAX_RETRY_COUNT, dict(os.environ);"
        "import scoring.models.registry; assert (utils.MAX_RETRY_COUNT, dict(os.environ)) == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
