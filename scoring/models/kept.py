"""What MLflow keeps of customers with a version, and taking some out: its input example, and its out-of-fold rows.

The model's file is not touched. It holds what was learned from all of them together.
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import mlflow
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from numpy.typing import NDArray

from scoring.models.mlflow_run import OUT_OF_FOLD_FILE
from scoring.models.mlflow_setup import configure_mlflow, translated_errors
from scoring.models.model_file import file_digest
from scoring.models.tags import OUT_OF_FOLD_TAG, ModelRef

# The same rows twice: as a frame, and as a request to MLflow's own server.
EXAMPLES = ("input_example.json", "serving_input_example.json")

LOGGED = "models:/"  # how the source of a version begins whose model is no folder of its run

Floats: TypeAlias = NDArray[np.float64]


class Kept:
    """The artifacts of versions in the registry at a tracking URI."""

    def __init__(self, tracking_uri: str) -> None:
        configure_mlflow()
        self._uri = tracking_uri
        self._client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)

    def shown(self, ref: ModelRef, theirs: Floats) -> int:
        """Rows of a version's input example that are among ``theirs`` (float64, shape (rows, features))."""
        return self._without(ref, theirs, write=False)

    def take_out(self, ref: ModelRef, theirs: Floats) -> int:
        """Take those rows out; of none left, a row of zeros is kept. Returns how many."""
        return self._without(ref, theirs, write=True)

    def tried(self, ref: ModelRef, gone: NDArray[np.int64]) -> int:
        """Out-of-fold rows of a version that stand for rows of its snapshot at some places."""
        table = self._out_of_fold(ref)
        return 0 if table is None else int(np.isin(table.column("row").to_numpy(), gone).sum())

    def take_out_tried(self, ref: ModelRef, gone: NDArray[np.int64]) -> int:
        """Take those rows out and note the file's new digest; returns how many."""
        table = self._out_of_fold(ref)
        if table is None:
            return 0
        left = np.isin(table.column("row").to_numpy(), gone)
        with tempfile.TemporaryDirectory() as folder, translated_errors():
            path = Path(folder) / OUT_OF_FOLD_FILE
            pq.write_table(table.filter(pa.array(~left)), path)
            version = self._client.get_model_version(ref.name, str(ref.version))
            if left.any():
                self._client.log_artifact(version.run_id, str(path))
            if version.tags[OUT_OF_FOLD_TAG] != file_digest(path):  # also where a killed run had replaced the file only
                self._client.set_model_version_tag(ref.name, str(ref.version), OUT_OF_FOLD_TAG, file_digest(path))
        return int(left.sum())

    def _out_of_fold(self, ref: ModelRef) -> pa.Table | None:
        with translated_errors():
            version = self._client.get_model_version(ref.name, str(ref.version))
            if OUT_OF_FOLD_TAG not in version.tags or not version.run_id:
                return None
            path = mlflow.artifacts.download_artifacts(
                tracking_uri=self._uri, run_id=version.run_id, artifact_path=OUT_OF_FOLD_FILE
            )
        return pq.read_table(path)

    def _without(self, ref: ModelRef, theirs: Floats, *, write: bool) -> int:
        found = 0
        with tempfile.TemporaryDirectory() as folder, translated_errors():
            version = self._client.get_model_version(ref.name, str(ref.version))
            uri = self._client.get_model_version_download_uri(ref.name, str(ref.version))
            for name in EXAMPLES:
                content = self._read(f"{uri.rstrip('/')}/{name}", folder)
                frame = content.get("dataframe_split", content)
                kept = [row for row in frame.get("data", []) if not _is_among(row, theirs)]
                found += len(frame.get("data", [])) - len(kept)
                if write and len(kept) < len(frame.get("data", [])):
                    frame["data"] = kept or [[0.0] * len(frame["columns"])]
                    self._write(version, Path(folder) / name, content)
        return found

    def _read(self, uri: str, folder: str) -> dict[str, Any]:
        try:
            path = mlflow.artifacts.download_artifacts(tracking_uri=self._uri, artifact_uri=uri, dst_path=folder)
        except (MlflowException, OSError):  # a version without an example
            return {}
        found = json.loads(Path(path).read_text())
        return found if isinstance(found, dict) else {}

    def _write(self, version: Any, path: Path, content: dict[str, Any]) -> None:
        path.unlink(missing_ok=True)  # a local store may have given its own file
        path.write_text(json.dumps(content))
        if version.source.startswith(LOGGED):
            log: Callable[..., None] = self._client.log_model_artifact
            log(version.source.removeprefix(LOGGED), str(path))
        else:  # of MLflow 2: the model is a folder of its run
            self._client.log_artifact(version.run_id, str(path), "model")


def _is_among(row: list[Any], theirs: Floats) -> bool:
    values = np.array([np.nan if value is None else value for value in row], np.float64)
    return len(theirs) > 0 and bool((np.isclose(theirs, values, rtol=0, atol=0, equal_nan=True)).all(axis=1).any())
