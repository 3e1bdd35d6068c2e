"""ONNX: whatever can be exported to a graph, computed by onnxruntime on one core."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scoring.errors import PermanentError
from scoring.models.formats.contract import Amounts, Facts, Probabilities, needing, refuse_classes

NUMBERS = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64, "tensor(bool)": bool}
TEXT = "tensor(string)"


class Onnx:
    """A graph with one matrix (rows, features) as its input, or one column (rows, 1) for each feature by name.

    Graphs are brought, and never made here.
    """

    kind, file, package = "onnx", "model.onnx", "onnxruntime"

    def begins(self, path: Path) -> bool:
        """See :class:`~scoring.models.formats.contract.Format`.

        A file of protobuf has no mark. It begins with field 1, a small number, the version of the format.
        """
        with path.open("rb") as file:
            head = file.read(2)
        return path.suffix == ".onnx" or (head[:1] == b"\x08" and len(head) > 1 and 0 < head[1] < 64)  # noqa: PLR2004

    def load(self, path: Path, trusted_types: Sequence[str]) -> Any:
        """See :class:`~scoring.models.formats.contract.Format`; ``trusted_types`` are not needed."""
        del trusted_types
        with needing(self.package):
            import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
        feed, outputs = _feeder(session.get_inputs()), session.get_outputs()
        chosen = outputs[-1]  # of a classification the probabilities come after the labels
        maps = chosen.type.startswith("seq(map")

        def run(features: pd.DataFrame) -> Any:
            (said,) = session.run([chosen.name], feed(features))
            return said

        if maps:
            return Probabilities(lambda features: _from_maps(run(features)), session)
        if len(outputs) > 1 or (len(chosen.shape) == 2 and chosen.shape[1] == 2):  # noqa: PLR2004
            refuse_classes(chosen.shape[1] if len(chosen.shape) > 1 and isinstance(chosen.shape[1], int) else 0)
            return Probabilities(lambda features: _last_column(run(features)), session)
        if "prob" in chosen.name.lower():
            return Probabilities(lambda features: np.reshape(run(features), -1), session)
        return Amounts(lambda features: np.reshape(run(features), -1), session)

    def facts(self, model: Any) -> Facts:
        """See :class:`~scoring.models.formats.contract.Format`."""
        inputs = model.native.get_inputs()
        typed = "typed" if any(one.type == TEXT for one in inputs) else None
        if len(inputs) == 1 and _width(inputs[0]) != 1:
            return Facts(None, {}, _width(inputs[0]))
        return Facts(tuple(one.name for one in inputs), {}, len(inputs), typed)  # type: ignore[arg-type]


def _feeder(inputs: Sequence[Any]) -> Callable[[pd.DataFrame], dict[str, Any]]:
    """What turns features into the inputs of a graph."""
    unknown = [f"{one.name} ({one.type})" for one in inputs if one.type != TEXT and one.type not in NUMBERS]
    if unknown:
        raise PermanentError(
            f"The ONNX model has inputs of types that are not known here: {', '.join(unknown)}.",
            remedy="Export it with inputs of float, double, int64, bool or string.",
        )
    if len(inputs) == 1 and _width(inputs[0]) != 1:
        (only,) = inputs
        return lambda features: {only.name: _matrix(features, only.type)}
    return lambda features: {one.name: _column(features[one.name], one.type) for one in inputs}


def _width(given: Any) -> int | None:
    """How many features a matrix has; None if it does not say."""
    last = given.shape[-1] if len(given.shape) > 1 else None
    return last if isinstance(last, int) else None


def _matrix(features: pd.DataFrame, kind: str) -> Any:
    texts = [str(name) for name, one in features.dtypes.items() if isinstance(one, pd.CategoricalDtype)]
    if texts:
        raise PermanentError(
            f"The ONNX model takes one matrix of numbers, and {', '.join(texts)} are shown as categories.",
            remedy='Show it codes (`features_as="codes"`), or export it with an input for each feature.',
        )
    return features.to_numpy(NUMBERS[kind])


def _column(column: "pd.Series[Any]", kind: str) -> Any:
    if kind == TEXT:
        return column.astype(object).where(column.notna(), "").map(str).to_numpy(object)[:, None]
    if kind == "tensor(int64)" and column.isna().any():
        raise PermanentError(
            f"The ONNX model takes {column.name!r} as an integer, which cannot be missing, and it is missing here.",
            remedy="Export it with a float input for this feature.",
        )
    return column.to_numpy(NUMBERS[kind])[:, None]


def _last_column(said: Any) -> Any:
    found = np.asarray(said)
    return found[:, -1] if found.ndim > 1 else found


def _from_maps(said: Sequence[dict[Any, float]]) -> Any:
    """Probabilities of class 1 from what ZipMap gives: a map from class to probability for each row."""
    refuse_classes(max((len(one) for one in said), default=0))
    return np.array([one.get(1, one.get("1", np.nan)) for one in said])
