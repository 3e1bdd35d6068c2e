"""The MLflow registry: models by name, version and alias, kept as skops files whose digest is checked before use."""

import datetime as dt
import hashlib
import logging
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import mlflow.sklearn
import mlflow.store.db.utils
import pandas as pd
import skops.io
from mlflow.entities.model_registry import ModelVersion
from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_MAX_RETRIES
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.tracking import MlflowClient
from skops.io.exceptions import UntrustedTypesFoundException
from sqlalchemy.exc import SQLAlchemyError

from scoring.errors import ConfigurationError, IntegrityError, NotFound, PermanentError, TransientError

CHAMPION = "champion"
DIGEST_TAG = "model_digest"
MODEL_FILE = "model.skops"

logging.getLogger("mlflow").setLevel(logging.WARNING)  # its hints at other formats are not for our users
logging.getLogger("mlflow.store.db.utils").setLevel(logging.ERROR)  # nor the database's text, with its address

# MLflow goes on trying for minutes; a TransientError after seconds lets the scheduler decide.
TRIES = 4
mlflow.store.db.utils.MAX_RETRY_COUNT = TRIES
if not MLFLOW_HTTP_REQUEST_MAX_RETRIES.is_set():  # type: ignore[no-untyped-call]
    MLFLOW_HTTP_REQUEST_MAX_RETRIES.set(TRIES - 1)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class ModelRef:
    """One version of a registered model and the SHA-256 of its file."""

    name: str
    version: int
    digest: str


class Registry:
    """The registry at a tracking URI (an MLflow server, or its database)."""

    def __init__(self, tracking_uri: str, artifacts: str = "") -> None:
        if not tracking_uri:
            raise ConfigurationError("No MLflow is set. Set SCORING_MLFLOW_TRACKING_URI to a server or a database.")
        self._uri = tracking_uri
        self._artifacts = artifacts
        with _reached():
            self._client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)

    def champion(self, name: str) -> ModelRef:
        """The model in charge.

        Raises
        ------
        NotFound
            If there is none.
        """
        ref = self.find_champion(name)
        if ref is None:
            raise NotFound(f"Model {name!r} has no champion. Train one: `scoring train {name} --as-of <date>`.")
        return ref

    def find_champion(self, name: str) -> ModelRef | None:
        """The model in charge, or None."""
        with _reached():
            try:
                return _ref(self._client.get_model_version_by_alias(name, CHAMPION))
            except MlflowException as error:
                if error.error_code in (ErrorCode.Name(RESOURCE_DOES_NOT_EXIST), "INVALID_PARAMETER_VALUE"):
                    return None
                raise

    def promote(self, ref: ModelRef) -> None:
        """Put a version in charge."""
        with _reached():
            self._client.set_registered_model_alias(ref.name, CHAMPION, str(ref.version))

    def load(self, ref: ModelRef, trusted_types: Sequence[str]) -> Any:
        """The fitted estimator of a version; nothing but skops' own types and ``trusted_types`` is loaded.

        Raises
        ------
        IntegrityError
            If the file is not the one that was registered.
        PermanentError
            If it holds a type that is not trusted; names the types.
        """
        with _reached():
            uri = self._client.get_model_version_download_uri(ref.name, str(ref.version))
            path = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, tracking_uri=self._uri)) / MODEL_FILE
        if not path.is_file() or file_digest(path) != ref.digest:
            raise IntegrityError(
                f"Model {ref.name} version {ref.version} is not the file that was registered "
                f"({'its digest differs' if path.is_file() else f'there is no {MODEL_FILE}'}). "
                "Restore the artifact, or train and promote a new version."
            )
        try:
            return skops.io.load(path, trusted=list(trusted_types))
        except zipfile.BadZipFile as error:
            raise IntegrityError(
                f"Model {ref.name} version {ref.version} is not a skops file; no other kind is loaded. "
                "Register it with `scoring train`."
            ) from error
        except UntrustedTypesFoundException as error:
            raise PermanentError(
                f"Model {ref.name} version {ref.version} is not loaded: {error} If you trust these types, name them "
                "in the score's 'trusted_types'."
            ) from error

    def register(
        self,
        name: str,
        estimator: Any,
        example: pd.DataFrame,
        *,
        trusted_types: Sequence[str],
        tags: dict[str, str],
        metrics: dict[str, float],
        as_of: dt.date,
    ) -> ModelRef:
        """Log a fitted estimator with signature, input example, tags and metrics, as a new version of ``name``."""
        mlflow.set_tracking_uri(self._uri)
        mlflow.set_registry_uri(self._uri)
        with _reached(), mlflow.start_run(experiment_id=self._experiment(name), run_name=f"{name} {as_of}", tags=tags):
            mlflow.log_metrics(metrics)
            mlflow.log_params({key: str(value) for key, value in estimator.get_params().items()})
            info = mlflow.sklearn.log_model(
                estimator,
                name="model",
                serialization_format="skops",
                skops_trusted_types=list(trusted_types),
                signature=infer_signature(example, estimator.predict(example)),
                input_example=example,
                pip_requirements=[f"{package}=={version(package)}" for package in ("scikit-learn", "skops")],
            )
            local = Path(mlflow.artifacts.download_artifacts(artifact_uri=info.model_uri))
            digest = file_digest(local / MODEL_FILE)
            made = mlflow.register_model(info.model_uri, name, tags={**tags, DIGEST_TAG: digest})
        return ModelRef(name=name, version=int(made.version), digest=digest)

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        location = f"{self._artifacts.rstrip('/')}/{name}" if self._artifacts else None
        return str(self._client.create_experiment(name, artifact_location=location))


def file_digest(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ref(found: ModelVersion) -> ModelRef:
    digest = found.tags.get(DIGEST_TAG)
    if digest is None:
        raise PermanentError(
            f"Model {found.name} version {found.version} has no tag {DIGEST_TAG!r}: it was not registered by "
            "this project. Register it with `scoring train`."
        )
    return ModelRef(name=found.name, version=int(found.version), digest=digest)


@contextmanager
def _reached() -> Iterator[None]:
    """Turn what MLflow and its database raise into our errors."""
    try:
        yield
    except MlflowException as error:
        text = f"MLflow: {str(error).splitlines()[0]}"
        permanent = 400 <= error.get_http_status_code() < 500  # type: ignore[no-untyped-call]  # noqa: PLR2004 - HTTP
        raise (PermanentError(text) if permanent else TransientError(text)) from error
    except SQLAlchemyError as error:  # its text can hold the database's address
        raise TransientError(f"MLflow's database cannot be reached or breaks off ({type(error).__name__}).") from error
    except OSError as error:
        raise TransientError(f"MLflow's artifacts cannot be read: {error}") from error
