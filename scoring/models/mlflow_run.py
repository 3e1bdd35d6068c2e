"""What the MLflow run of a training keeps: its metrics, its parameters, pictures, and the model's file."""

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
from mlflow.models import Model, infer_signature

from scoring.models.canonical import make_canonical
from scoring.models.model_file import CALIBRATION, MODEL_FILE, file_digest

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


def log_model(estimator: Any, example: pd.DataFrame, trusted_types: Sequence[str]) -> tuple[str, str]:
    """Keep an estimator with the active run, with its signature and an example; returns its URI and file's digest."""
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
    kept = Path(mlflow.artifacts.download_artifacts(artifact_uri=info.model_uri))
    return info.model_uri, file_digest(kept / MODEL_FILE)
