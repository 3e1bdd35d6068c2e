"""The MLflow registry: models by name, version and alias, stored as skops files and checked by digest before use."""

import datetime as dt
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
import mlflow.sklearn
import mlflow.store.db.utils
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import Model, infer_signature
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.tracking import MlflowClient

from scoring.errors import ConfigurationError, IntegrityError, PermanentError
from scoring.models.canonical import make_canonical
from scoring.models.encoding import Encoding
from scoring.models.ledger import Promotion
from scoring.models.mlflow_setup import configure_mlflow, translated_errors
from scoring.models.model_file import CALIBRATION, MODEL_FILE, file_digest, load_file, refuse_untrusted
from scoring.models.versions import BEFORE_RECORDING

if TYPE_CHECKING:  # importing Matplotlib takes a second
    from matplotlib.figure import Figure

CHAMPION = "champion"

# Tags of a model version. A tag holds at most 100,000 characters, so a long encoding takes several tags.
DIGEST_TAG, TRAINED_WITH_TAG, DATA_SET_TAG, ENCODING_TAG = (
    "model_digest", "scikit_learn", "data_set_digest", "encoding",
)  # fmt: skip
OUT_OF_FOLD_TAG, OUT_OF_FOLD_FILE = "out_of_fold_digest", "out_of_fold.parquet"
PROMISED = "out_of_fold_"  # metrics of this prefix are what a version promises, unless it has
HELD_OUT = "held_out_"  # some of this: of later cohorts, on which it was compared with the champion
TRAINED_AS_OF_TAG, SNAPSHOT_TAG = "trained_as_of", "snapshot_digest"
# The snapshot of the customers on whom a version was tried at training, if not on those that it learned from.
TRIED_AS_OF_TAG, TRIED_SNAPSHOT_TAG = "tried_as_of", "tried_snapshot_digest"
INPUTS_TAG = "inputs_digest"  # of a version that retraining has made
TAG_CHARACTERS = 90_000


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


@dataclass(frozen=True)
class TrainedOn:
    """The snapshot whose customers a version learned from, or was tried on."""

    as_of: dt.date
    snapshot_digest: str


class _Canonical:
    """MLflow's flavor of scikit-learn, with files that are equal for equal estimators."""

    __name__ = mlflow.sklearn.__name__

    @staticmethod
    def save_model(path: str, **given: Any) -> None:
        """Save an estimator as MLflow does."""
        mlflow.sklearn.save_model(path=path, **given)
        make_canonical(Path(path) / MODEL_FILE)


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
            return _ref(self._client.get_model_version(name, str(number)))

    def trained_on(self, ref: ModelRef) -> TrainedOn | None:
        """What a version was trained on; None if it does not say."""
        return _snapshot_in(self.tags(ref), TRAINED_AS_OF_TAG, SNAPSHOT_TAG)

    def tried_on(self, ref: ModelRef) -> TrainedOn | None:
        """The snapshot of the customers of :meth:`out_of_fold`; None if the version does not say."""
        tags = self.tags(ref)
        return _snapshot_in(tags, TRIED_AS_OF_TAG, TRIED_SNAPSHOT_TAG) or _snapshot_in(
            tags, TRAINED_AS_OF_TAG, SNAPSHOT_TAG
        )

    def promised(self, ref: ModelRef) -> dict[str, float]:
        """Metrics of a version on customers that it had not learned from, taken at training; empty if unknown."""
        with translated_errors():
            run_id = self._client.get_model_version(ref.name, str(ref.version)).run_id
            found = self._client.get_run(run_id).data.metrics if run_id else {}
        prefix = HELD_OUT if any(name.startswith(HELD_OUT) for name in found) else PROMISED
        return {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}

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
            path = Path(
                mlflow.artifacts.download_artifacts(
                    run_id=found.run_id, artifact_path=OUT_OF_FOLD_FILE, tracking_uri=self._uri
                )
            )
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
        ours = [_ref(one) for one in found if DIGEST_TAG in one.tags]
        return min(ours, key=lambda ref: ref.version) if ours else None

    def size(self, ref: ModelRef) -> int:
        """Bytes of a version's file."""
        with translated_errors():
            uri = self._client.get_model_version_download_uri(ref.name, str(ref.version))
            path = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, tracking_uri=self._uri)) / MODEL_FILE
        return path.stat().st_size

    def tags(self, ref: ModelRef) -> dict[str, str]:
        """All tags of a version."""
        with translated_errors():
            return dict(self._client.get_model_version(ref.name, str(ref.version)).tags)

    def versions(self, name: str) -> list[ModelRef]:
        """All versions of a model that this project registered, the newest first."""
        with translated_errors():
            found = self._client.search_model_versions(f"name = '{name}'")
        ours = [_ref(one) for one in found if DIGEST_TAG in one.tags]
        return sorted(ours, key=lambda ref: -ref.version)

    def load(self, ref: ModelRef, trusted_types: Sequence[str]) -> Any:
        """The fitted estimator of a version; only skops' own types and ``trusted_types`` are loaded.

        Raises
        ------
        IntegrityError
            If the file is not the one that was registered.
        PermanentError
            If it holds a type that is not trusted, or needs a package that is not installed; names them.
        """
        with translated_errors():
            uri = self._client.get_model_version_download_uri(ref.name, str(ref.version))
            path = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, tracking_uri=self._uri)) / MODEL_FILE
        return load_file(path, str(ref), ref.digest, trusted_types)

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
        pictures: Mapping[str, "Figure"] | None = None,
    ) -> ModelRef:
        """Register a fitted estimator as a new version of ``name``; logs its signature, example, tags and metrics.

        ``out_of_fold`` is what :meth:`out_of_fold` gives later; ``pictures`` are kept by file name.

        Raises
        ------
        PermanentError
            If it cannot be stored without pickle, or holds types that are not trusted; names them.
        """
        refuse_untrusted(name, estimator, trusted_types)
        mlflow.set_tracking_uri(self._uri)
        mlflow.set_registry_uri(self._uri)
        described = tags | {TRAINED_WITH_TAG: version("scikit-learn")}
        with (
            translated_errors(),
            mlflow.start_run(experiment_id=self._experiment(name), run_name=f"{name} {as_of}", tags=described),
        ):
            mlflow.log_metrics(metrics)
            if out_of_fold is not None:
                described |= {OUT_OF_FOLD_TAG: _log_table(out_of_fold)}
            for file, picture in (pictures or {}).items():
                mlflow.log_figure(picture, file)
            mlflow.log_params({key: str(value) for key, value in estimator.get_params().items()})
            info = Model.log(
                None,
                name="model",
                flavor=_Canonical,
                sk_model=estimator,
                serialization_format="skops",
                skops_trusted_types=[*trusted_types, *CALIBRATION],
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


def _snapshot_in(tags: Mapping[str, str], as_of: str, digest: str) -> TrainedOn | None:
    try:
        return TrainedOn(dt.date.fromisoformat(tags[as_of]), tags[digest])
    except (KeyError, ValueError):  # registered by other means
        return None


def _log_table(table: pa.Table) -> str:
    """Keep a table with the active run; returns the digest of its file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / OUT_OF_FOLD_FILE
        pq.write_table(table, path)
        mlflow.log_artifact(str(path))
        return file_digest(path)


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
