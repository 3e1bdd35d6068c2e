"""The MLflow registry: models by name, version and alias, stored as skops files and checked by digest before use."""

import datetime as dt
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.tracking import MlflowClient

from scoring.errors import ConfigurationError, IntegrityError
from scoring.models import tags as said
from scoring.models.encoding import Encoding
from scoring.models.formats.contract import Format, installed
from scoring.models.formats.known import SCIKIT_LEARN, of_estimator, of_kind
from scoring.models.formats.scikit_learn import refuse_untrusted
from scoring.models.ledger import Promotion
from scoring.models.mlflow_run import OUT_OF_FOLD_FILE, Pictures, log_coded, log_file, log_out_of_fold, log_training
from scoring.models.mlflow_setup import configure_mlflow, translated_errors
from scoring.models.model_file import file_digest, load_file
from scoring.models.tags import (
    DIGEST_TAG,
    INPUTS_TAG,
    KIND_TAG,
    OUT_OF_FOLD_TAG,
    TRAINED_WITH_TAG,
    ModelRef,
    TrainedOn,
)

CHAMPION = "champion"
LOCATION_CHARACTERS = 200  # of the place of a run's files in MLflow's database
RUN_CHARACTERS = len("/artifacts") + 33  # "/", a run's id, and this


class Registry:
    """The registry at a tracking URI (an MLflow server, or its database)."""

    def __init__(self, tracking_uri: str, artifacts: str = "") -> None:
        if not tracking_uri:
            raise ConfigurationError(
                "No MLflow is set.",
                remedy="Set SCORING_MLFLOW_TRACKING_URI to a server or a database.",
                in_airflow="Set SCORING_MLFLOW_TRACKING_URI in the environment of all Airflow workers.",
            )
        configure_mlflow()
        self._uri = tracking_uri
        self._artifacts = artifacts
        with translated_errors():
            self._client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)

    def find_champion(self, name: str) -> ModelRef | None:
        """The version at which MLflow's alias points, or None. The ledger says who is in charge."""
        number = self.alias_of(name)
        return None if number is None else self.version(name, number)

    def version(self, name: str, number: int) -> ModelRef:
        """The version of that number."""
        with translated_errors():
            found = self._client.get_model_version(name, str(number))
        return _ref(found)

    def trained_on(self, ref: ModelRef) -> TrainedOn | None:
        """What a version was trained on; None if it does not say."""
        return said.trained_on(self.tags(ref))

    def tried_on(self, ref: ModelRef) -> TrainedOn | None:
        """The snapshot of the customers of :meth:`out_of_fold`; None if the version does not say."""
        return said.tried_on(self.tags(ref))

    def promised(self, ref: ModelRef) -> dict[str, float]:
        """Metrics of a version on customers that it had not learned from, taken at training; empty if unknown."""
        with translated_errors():
            run_id = self._client.get_model_version(ref.name, str(ref.version)).run_id
            found = self._client.get_run(run_id).data.metrics if run_id else {}
        return said.promised(found)

    def out_of_fold(self, ref: ModelRef) -> pa.Table | None:
        """What a version said of customers that it had not learned from, at training; None if it was not tried.

        Raises
        ------
        IntegrityError
            If the file is not the one that was registered.
        """
        with translated_errors():
            found = self._client.get_model_version(ref.name, str(ref.version))
            digest = found.tags.get(OUT_OF_FOLD_TAG)
            if digest is None or not found.run_id:
                return None
            path = self._downloaded(run_id=found.run_id, artifact_path=OUT_OF_FOLD_FILE)
        if file_digest(path) != digest:
            raise IntegrityError(f"{OUT_OF_FOLD_FILE} of model {ref} is not the file that was registered.")
        return pq.read_table(path)

    def alias_of(self, name: str) -> int | None:
        """The version at which MLflow's alias points, whether or not it is one of ours."""
        with translated_errors():
            try:
                return int(self._client.get_model_version_by_alias(name, CHAMPION).version)
            except MlflowException as error:
                if error.error_code in (ErrorCode.Name(RESOURCE_DOES_NOT_EXIST), "INVALID_PARAMETER_VALUE"):
                    return None
                raise

    def move_alias(self, row: Promotion) -> None:
        """Point MLflow's alias at the version that a row of the ledger has put in charge."""
        with translated_errors():
            self._client.set_registered_model_alias(row.model_name, CHAMPION, str(row.model_version))

    def find_made_of(self, name: str, inputs_digest: str) -> ModelRef | None:
        """The oldest version of a model that was made of inputs with this digest; None if there is none."""
        with translated_errors():
            found = self._client.search_model_versions(f"name = '{name}' and tag.{INPUTS_TAG} = '{inputs_digest}'")
        return min(_ours(found), key=lambda ref: ref.version, default=None)

    def size(self, ref: ModelRef) -> int:
        """Bytes of a version's file."""
        return self._file(ref).stat().st_size

    def tags(self, ref: ModelRef) -> dict[str, str]:
        """All tags of a version."""
        with translated_errors():
            return dict(self._client.get_model_version(ref.name, str(ref.version)).tags)

    def versions(self, name: str) -> list[ModelRef]:
        """All versions of a model that this project registered, the newest first."""
        with translated_errors():
            found = self._client.search_model_versions(f"name = '{name}'")
        return sorted(_ours(found), key=lambda ref: -ref.version)

    def load(self, ref: ModelRef, trusted_types: Sequence[str]) -> Any:
        """The fitted estimator of a version; only skops' own types and ``trusted_types`` are loaded.

        Raises
        ------
        IntegrityError
            If the file is not the one that was registered.
        PermanentError
            If it holds a type that is not trusted, or needs a package that is not installed; names them.
        """
        return load_file(self._file(ref), str(ref), ref.digest, trusted_types, of_kind(ref.kind))

    def register(
        self,
        name: str,
        estimator: Any,
        example: pd.DataFrame,
        *,
        encoding: Encoding,
        trusted_types: Sequence[str],
        tags: dict[str, str],
        metrics: dict[str, float],
        as_of: dt.date,
        out_of_fold: pa.Table | None = None,
        pictures: Pictures | None = None,
    ) -> ModelRef:
        """Register a fitted estimator as a new version of ``name``; logs its signature, example, tags and metrics.

        ``out_of_fold`` is what :meth:`out_of_fold` gives later; ``pictures`` are kept by file name.

        Raises
        ------
        PermanentError
            If it cannot be stored without pickle, or holds types that are not trusted; names them.
        """
        form = of_estimator(estimator)
        if form is SCIKIT_LEARN:
            refuse_untrusted(name, estimator, trusted_types)
        with self._run(name, as_of, tags | library_tags(form)) as described, tempfile.TemporaryDirectory() as folder:
            log_training(estimator, metrics, pictures or {})
            if out_of_fold is not None:
                described |= {OUT_OF_FOLD_TAG: log_out_of_fold(out_of_fold)}
            if form is SCIKIT_LEARN and encoding.shown == "codes":
                uri, digest = log_coded(estimator, example, trusted_types)
            else:
                file = Path(folder) / form.file
                form.save(estimator, file, trusted_types)
                uri, digest = log_file(file, form, encoding)
            return self._made(name, uri, described | {DIGEST_TAG: digest} | said.encoding_tags(encoding))

    def register_file(
        self, name: str, file: Path, form: Format, *, encoding: Encoding, tags: dict[str, str], as_of: dt.date
    ) -> ModelRef:
        """Register a model's file as it is as a new version of ``name``."""
        with self._run(name, as_of, library_tags(form) | tags) as described:
            uri, digest = log_file(file, form, encoding)
            return self._made(name, uri, described | {DIGEST_TAG: digest} | said.encoding_tags(encoding))

    @contextmanager
    def _run(self, name: str, as_of: dt.date, tags: dict[str, str]) -> Iterator[dict[str, str]]:
        """Inside a run of MLflow; gives its tags."""
        mlflow.set_tracking_uri(self._uri)
        mlflow.set_registry_uri(self._uri)
        with (
            translated_errors(),
            mlflow.start_run(experiment_id=self._experiment(name), run_name=f"{name} {as_of}", tags=tags),
        ):
            yield dict(tags)

    def _made(self, name: str, uri: str, tags: dict[str, str]) -> ModelRef:
        return self.version(name, int(mlflow.register_model(uri, name, tags=tags).version))

    def _file(self, ref: ModelRef) -> Path:
        """A local copy of a version's file; there is none if it has gone from the registry."""
        with translated_errors():
            uri = self._client.get_model_version_download_uri(ref.name, str(ref.version))
            return self._downloaded(artifact_uri=uri) / of_kind(ref.kind).file

    def _downloaded(self, **which: str) -> Path:
        return Path(mlflow.artifacts.download_artifacts(tracking_uri=self._uri, **which))

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        location = f"{self._artifacts.rstrip('/')}/{name}" if self._artifacts else None
        if location and len(location) + RUN_CHARACTERS > LOCATION_CHARACTERS:
            raise ConfigurationError(
                f"The files of {name!r} would be in {location}, whose path is too long: MLflow stores at most "
                f"{LOCATION_CHARACTERS} characters of a run's, and {RUN_CHARACTERS} come behind this one.",
                remedy="Set SCORING_HOME or SCORING_MLFLOW_ARTIFACTS to a shorter path.",
            )
        return str(self._client.create_experiment(name, artifact_location=location))


def library_tags(form: Format) -> dict[str, str]:
    """The tags that say which kind of file a version has, and by which library it was made."""
    made_with = {TRAINED_WITH_TAG: installed(form)}
    return made_with if form is SCIKIT_LEARN else made_with | {KIND_TAG: form.kind}


def _ref(found: ModelVersion) -> ModelRef:
    return said.ref_of(found.name, int(found.version), found.tags)


def _ours(found: Sequence[ModelVersion]) -> list[ModelRef]:
    """Those that this project registered."""
    return [_ref(one) for one in found if DIGEST_TAG in one.tags]
