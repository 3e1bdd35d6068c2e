"""Old versions of models and old training runs: what there is in MLflow, and how they leave it for good."""

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from mlflow.entities import LifecycleStage, Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.utils import get_results_from_paginated_fn

from scoring.errors import TransientError
from scoring.models.mlflow_setup import configure_mlflow, translated_errors
from scoring.models.tags import DIGEST_TAG, TrainedOn, trained_on, tried_on

GC_SECONDS = 600
PAGE = 200


@dataclass(frozen=True)
class Shelved:
    """A version that this project registered: when, by which run, and the snapshots that it learned from or saw."""

    model: str
    version: int
    made_at: dt.datetime
    run_id: str | None
    saw: tuple[TrainedOn, ...]


@dataclass(frozen=True)
class TrainingRun:
    """A run of a training, by its id and name."""

    run_id: str
    name: str
    made_at: dt.datetime


class Shelf:
    """The versions and runs at a tracking URI, under the registry's names of models.

    Raises
    ------
    TransientError
        By all methods, if MLflow cannot be reached.
    """

    def __init__(self, tracking_uri: str) -> None:
        configure_mlflow()
        self._uri = tracking_uri
        with translated_errors():
            self._client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)

    def versions(self, model: str) -> list[Shelved]:
        """All versions of a model that this project registered, the newest first."""
        with translated_errors():
            found = [one for one in self._search(model) if DIGEST_TAG in one.tags]
        return sorted(map(_shelved, found), key=lambda one: -one.version)

    def runs(self, model: str) -> list[TrainingRun]:
        """The runs of a model's trainings that were not removed, with or without a version."""
        with translated_errors():
            experiment = self._client.get_experiment_by_name(model)
            if experiment is None:
                return []
            ids = [experiment.experiment_id]
            found: list[Run] = get_results_from_paginated_fn(  # type: ignore[no-untyped-call]
                lambda most, token: self._client.search_runs(ids, max_results=most, page_token=token), PAGE
            )
        return [TrainingRun(one.info.run_id, one.info.run_name or "", _time(one.info.start_time)) for one in found]

    def remove_version(self, one: Shelved) -> None:
        """Remove a version from the registry; one that is gone is no mistake. Its run stays."""
        with translated_errors():
            try:
                self._client.delete_model_version(one.model, str(one.version))
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise

    def remove_run(self, run_id: str) -> None:
        """Mark a run as deleted, with the models that it logged; :meth:`collect_garbage` removes them for good."""
        with translated_errors():
            run = self._client.get_run(run_id)
            logged = self._client.search_logged_models(
                [run.info.experiment_id], filter_string=f"source_run_id = '{run_id}'"
            )
            for one in logged:
                self._client.delete_logged_model(one.model_id)
            if run.info.lifecycle_stage != LifecycleStage.DELETED:
                self._client.delete_run(run_id)

    def collect_garbage(self, run_ids: Sequence[str]) -> bool:
        """Remove runs and models that are marked as deleted, with their files; whether that can be done from here.

        Behind a server it cannot: ``mlflow gc`` needs the server's own database.
        """
        if self._uri.startswith(("http:", "https:")):
            return False
        given = {**os.environ, "MLFLOW_BACKEND_STORE_URI": self._uri, "MLFLOW_TRACKING_URI": self._uri}
        command = [sys.executable, "-m", "mlflow", "gc", "--run-ids", ",".join(run_ids)]
        try:
            done = subprocess.run(  # noqa: S603 - our own command
                command, env=given, capture_output=True, text=True, timeout=GC_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise TransientError(f"`mlflow gc` took more than {GC_SECONDS} seconds.") from error
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise TransientError(f"`mlflow gc` failed: {last.replace(self._uri, 'the tracking URI')}")
        return True

    def _search(self, model: str) -> list[ModelVersion]:
        found: list[ModelVersion] = get_results_from_paginated_fn(  # type: ignore[no-untyped-call]
            lambda most, token: self._client.search_model_versions(
                f"name = '{model}'", max_results=most, page_token=token
            ),
            PAGE,
        )
        return found


def _shelved(one: ModelVersion) -> Shelved:
    saw = tuple(dict.fromkeys(on for on in (trained_on(one.tags), tried_on(one.tags)) if on is not None))
    return Shelved(one.name, int(one.version), _time(one.creation_timestamp), one.run_id, saw)


def _time(milliseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
