"""The MLflow registry: models by name, version and alias, stored as skops files and checked by digest before use."""

import datetime as dt
import hashlib
import json
import logging
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
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
from sklearn.exceptions import InconsistentVersionWarning
from skops.io.exceptions import UntrustedTypesFoundException
from sqlalchemy.exc import SQLAlchemyError

from scoring.errors import ConfigurationError, IntegrityError, NotFound, PermanentError, TransientError
from scoring.models.encoding import Encoding
from scoring.models.versions import BEFORE_RECORDING

CHAMPION = "champion"
MODEL_FILE = "model.skops"

# Tags of a model version. A tag holds at most 100,000 characters, so a long encoding takes several tags.
DIGEST_TAG, TRAINED_WITH_TAG, DATA_SET_TAG, ENCODING_TAG = (
    "model_digest", "scikit_learn", "data_set_digest", "encoding",
)  # fmt: skip
TAG_CHARACTERS = 90_000

TRIES = 4
TRY_AGAIN = frozenset({408, 425, 429})  # the HTTP 4xx statuses after which the same request may succeed


@cache
def configure_mlflow() -> None:
    """Let MLflow fail after seconds instead of minutes, and keep its hints and its database's address out of logs.

    Airflow retries, not MLflow. Runs once, when a registry is first used.
    """
    logging.getLogger("mlflow").setLevel(logging.WARNING)  # it recommends model formats that this project refuses
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.ERROR)  # its warnings hold the database's address
    mlflow.store.db.utils.MAX_RETRY_COUNT = TRIES
    if not MLFLOW_HTTP_REQUEST_MAX_RETRIES.is_set():  # type: ignore[no-untyped-call]
        MLFLOW_HTTP_REQUEST_MAX_RETRIES.set(TRIES - 1)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class ModelRef:
    """One version of a registered model.

    ``digest`` is the SHA-256 of its file, ``trained_with`` the version of scikit-learn. Versions of the first release
    have no ``encoding``; ``data_set_digest`` says which definition of the data set they were trained with.
    """

    name: str
    version: int
    digest: str
    trained_with: str = BEFORE_RECORDING
    encoding: Encoding | None = None
    data_set_digest: str | None = None

    def __str__(self) -> str:
        """Name and version, as messages show them."""
        return f"{self.name} version {self.version}"


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
        with _translated_errors():
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
            raise NotFound(
                f"Model {name!r} has no champion.", remedy=f"Train one: `scoring train {name} --as-of <date>`."
            )
        return ref

    def find_champion(self, name: str) -> ModelRef | None:
        """The model in charge, or None."""
        with _translated_errors():
            try:
                return _ref(self._client.get_model_version_by_alias(name, CHAMPION))
            except MlflowException as error:
                if error.error_code in (ErrorCode.Name(RESOURCE_DOES_NOT_EXIST), "INVALID_PARAMETER_VALUE"):
                    return None
                raise

    def version(self, name: str, number: int) -> ModelRef:
        """The version of that number."""
        with _translated_errors():
            return _ref(self._client.get_model_version(name, str(number)))

    def promote(self, ref: ModelRef) -> None:
        """Make a version the champion."""
        with _translated_errors():
            self._client.set_registered_model_alias(ref.name, CHAMPION, str(ref.version))

    def load(self, ref: ModelRef, trusted_types: Sequence[str]) -> Any:
        """The fitted estimator of a version; only skops' own types and ``trusted_types`` are loaded.

        Raises
        ------
        IntegrityError
            If the file is not the one that was registered.
        PermanentError
            If it holds a type that is not trusted, or needs a package that is not installed; names them.
        """
        with _translated_errors():
            uri = self._client.get_model_version_download_uri(ref.name, str(ref.version))
            path = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, tracking_uri=self._uri)) / MODEL_FILE
        if not path.is_file() or file_digest(path) != ref.digest:
            raise IntegrityError(
                f"Model {ref} is not the file that was registered "
                f"({'its digest differs' if path.is_file() else f'there is no {MODEL_FILE}'}).",
                remedy="Restore the artifact, or train and promote a new version.",
            )
        with _translated_load_errors(ref), warnings.catch_warnings():
            warnings.simplefilter("ignore", InconsistentVersionWarning)  # scored_with() has already judged the version
            return skops.io.load(path, trusted=list(trusted_types))

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
    ) -> ModelRef:
        """Register a fitted estimator as a new version of ``name``; logs its signature, example, tags and metrics.

        Raises
        ------
        PermanentError
            If it cannot be stored without pickle, or holds types that are not trusted; names them.
        """
        _refuse_untrusted(name, estimator, trusted_types)
        mlflow.set_tracking_uri(self._uri)
        mlflow.set_registry_uri(self._uri)
        described = tags | {TRAINED_WITH_TAG: version("scikit-learn")}
        with (
            _translated_errors(),
            mlflow.start_run(experiment_id=self._experiment(name), run_name=f"{name} {as_of}", tags=described),
        ):
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
            described |= {DIGEST_TAG: file_digest(local / MODEL_FILE)} | _encoding_tags(encoding)
            made = mlflow.register_model(info.model_uri, name, tags=described)
        return self.version(name, int(made.version))

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        location = f"{self._artifacts.rstrip('/')}/{name}" if self._artifacts else None
        return str(self._client.create_experiment(name, artifact_location=location))


def _ref(found: ModelVersion) -> ModelRef:
    digest = found.tags.get(DIGEST_TAG)
    if digest is None:
        raise PermanentError(
            f"Model {found.name} version {found.version} has no tag {DIGEST_TAG!r}: it was not registered by "
            "this project. Register it with `scoring train`."
        )
    return ModelRef(
        name=found.name,
        version=int(found.version),
        digest=digest,
        trained_with=found.tags.get(TRAINED_WITH_TAG, BEFORE_RECORDING),
        encoding=_encoding(found),
        data_set_digest=found.tags.get(DATA_SET_TAG),
    )


def _encoding_tags(encoding: Encoding) -> dict[str, str]:
    text = json.dumps(encoding.content, ensure_ascii=False, separators=(",", ":"))
    parts = [text[first : first + TAG_CHARACTERS] for first in range(0, len(text), TAG_CHARACTERS)]
    return {f"{ENCODING_TAG}.{number}": part for number, part in enumerate(parts)}


def _encoding(found: ModelVersion) -> Encoding | None:
    parts: list[str] = []
    while (part := found.tags.get(f"{ENCODING_TAG}.{len(parts)}")) is not None:
        parts.append(part)
    if not parts:
        return None
    try:
        return Encoding.from_content(json.loads("".join(parts)))
    except (ValueError, TypeError) as error:
        raise IntegrityError(
            f"Model {found.name} version {found.version} has a tag {ENCODING_TAG!r} that cannot be read.",
            remedy="Restore the tag, or train and promote a new version.",
        ) from error


def _refuse_untrusted(name: str, estimator: Any, trusted_types: Sequence[str]) -> None:
    try:
        unknown = set(skops.io.get_untrusted_types(data=skops.io.dumps(estimator))) - set(trusted_types)
    except Exception as error:  # a user's class may raise anything while it is serialised
        raise PermanentError(
            f"The estimator of {name} cannot be stored as a skops file, the only format allowed: "
            f"{type(error).__name__}: {' '.join(str(error).split())[:300]}",
            remedy="Use estimators of scikit-learn, or classes whose attributes are numbers, texts and arrays.",
        ) from error
    if unknown:
        listed = ", ".join(repr(kind) for kind in sorted(unknown))
        raise PermanentError(
            f"The estimator of {name} holds types that are not trusted: {listed}.",
            remedy=f"If you trust them, name them in the score's definition: trusted_types=({listed},).",
        )


@contextmanager
def _translated_load_errors(ref: ModelRef) -> Iterator[None]:
    """Translate the errors of loading a model file into ours."""
    try:
        yield
    except zipfile.BadZipFile as error:
        raise IntegrityError(
            f"Model {ref} is not a skops file; no other kind is loaded.", remedy="Register it with `scoring train`."
        ) from error
    except UntrustedTypesFoundException as error:
        raise PermanentError(
            f"Model {ref} is not loaded: {error}",
            remedy="If you trust these types, name them in the score's 'trusted_types'.",
        ) from error
    except ImportError as error:
        raise PermanentError(
            f"Model {ref} needs the package {error.name or 'that it was made with'!r}, which is not installed here.",
            remedy="Install it where tasks run, or promote a version that does not need it.",
        ) from error
    except (MemoryError, OSError):
        raise
    except Exception as error:  # the file is the registered one, so another try fails too
        raise PermanentError(
            f"Model {ref} cannot be loaded: {type(error).__name__}: {' '.join(str(error).split())[:300]}",
            remedy="Train a version with the installed packages and promote it.",
        ) from error


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Translate the errors of MLflow and its database into ours."""
    try:
        yield
    except MlflowException as error:
        text = f"MLflow: {str(error).splitlines()[0]}"
        if is_permanent(error.get_http_status_code()):  # type: ignore[no-untyped-call]
            raise PermanentError(text) from error
        raise TransientError(text) from error
    except SQLAlchemyError as error:  # its text may contain the database's address
        raise TransientError(f"MLflow's database cannot be reached or breaks off ({type(error).__name__}).") from error
    except OSError as error:
        raise TransientError(f"MLflow's artifacts cannot be read: {error}") from error


def is_permanent(status: int) -> bool:
    """Whether the same request will fail again after an answer with this HTTP status."""
    return 400 <= status < 500 and status not in TRY_AGAIN  # noqa: PLR2004 - HTTP


def file_digest(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
