"""What the MLflow run of a training keeps: its metrics, its parameters, pictures, and the model's file."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import mlflow
import mlflow.sklearn
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.models import Model, ModelSignature, infer_signature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec

from scoring.models.canonical import make_canonical
from scoring.models.encoding import Encoding
from scoring.models.formats.contract import Format
from scoring.models.formats.trusted import TRUSTED
from scoring.models.model_file import MODEL_FILE, file_digest

if TYPE_CHECKING:  # importing Matplotlib takes a second
    from matplotlib.figure import Figure

OUT_OF_FOLD_FILE = "out_of_fold.parquet"
Pictures: TypeAlias = Mapping[str, "Figure"]  # by file name


class _Canonical:
    """MLflow's flavor of scikit-learn, with files that are equal for equal estimators."""

    __name__ = mlflow.sklearn.__name__

    @staticmethod
    def save_model(path: str, **given: Any) -> None:
        """Save an estimator as MLflow does."""
        mlflow.sklearn.save_model(path=path, **given)
        make_canonical(Path(path) / MODEL_FILE)


class _AsItIs:
    """A flavor of our own: the file of a model as it is, with its kind."""

    __name__ = "scoring"

    @staticmethod
    def save_model(path: str, mlflow_model: Model, *, source: Path, form: Format, signature: ModelSignature) -> None:
        """Put a file into the folder of a model."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / form.file)
        mlflow_model.signature = signature
        mlflow_model.add_flavor("scoring", kind=form.kind, data=form.file)
        mlflow_model.save(str(folder / "MLmodel"))


def log_training(estimator: Any, metrics: Mapping[str, float], pictures: Pictures) -> None:
    """Keep with the active run how an estimator was made and what it does."""
    mlflow.log_metrics(dict(metrics))
    mlflow.log_params({key: str(value) for key, value in estimator.get_params().items()})
    for file, picture in pictures.items():
        mlflow.log_figure(picture, file)


def log_out_of_fold(table: pa.Table) -> str:
    """Keep with the active run what a version said of customers it had not learned from; returns the file's digest."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / OUT_OF_FOLD_FILE
        pq.write_table(table, path)
        mlflow.log_artifact(str(path))
        return file_digest(path)


def log_coded(estimator: Any, example: pd.DataFrame, trusted_types: Sequence[str]) -> tuple[str, str]:
    """Keep an estimator of scikit-learn that is shown codes with the active run, with its signature and an example.

    Returns its URI and its file's digest.
    """
    info = Model.log(
        None,
        name="model",
        flavor=_Canonical,
        sk_model=estimator,
        serialization_format="skops",
        skops_trusted_types=[*trusted_types, *TRUSTED],
        signature=infer_signature(example, estimator.predict(example)),
        input_example=example,
        pip_requirements=[f"{package}=={version(package)}" for package in ("scikit-learn", "skops")],
    )
    kept = Path(mlflow.artifacts.download_artifacts(artifact_uri=info.model_uri))
    return info.model_uri, file_digest(kept / MODEL_FILE)


def log_file(source: Path, form: Format, encoding: Encoding) -> tuple[str, str]:
    """Keep a model's file with the active run, as it is, with its signature; returns its URI and the file's digest.

    There is no example: that would be rows of customers.
    """
    info = Model.log(None, name="model", flavor=_AsItIs, source=source, form=form, signature=_signature(encoding))
    return info.model_uri, file_digest(source)


def _signature(encoding: Encoding) -> ModelSignature:
    kinds = {"category": DataType.string, "boolean": DataType.boolean, "integer": DataType.long}
    typed = encoding.shown == "typed"
    columns: list[ColSpec | TensorSpec] = [
        ColSpec(kinds.get(one.type, DataType.double) if typed else DataType.double, one.name, required=not one.nullable)
        for one in encoding.features
    ]
    return ModelSignature(inputs=Schema(columns), outputs=Schema([ColSpec(DataType.double)]))
