"""The formats of model files that are known: which one a fitted estimator is stored in, and which one a file has."""

from pathlib import Path
from typing import Any

from sklearn.pipeline import Pipeline

from scoring.errors import PermanentError
from scoring.models.formats.catboost_cbm import CatBoost
from scoring.models.formats.contract import Format, Written, installed
from scoring.models.formats.lightgbm_text import LightGbm
from scoring.models.formats.onnx_graph import Onnx
from scoring.models.formats.pipeline_zip import PipelineZip
from scoring.models.formats.scikit_learn import ScikitLearn
from scoring.models.formats.xgboost_ubj import XgBoost

SCIKIT_LEARN = ScikitLearn()
# As they are asked: scikit-learn's takes what no other is for, ONNX has the weakest mark.
WRITTEN: tuple[Written, ...] = (LightGbm(), XgBoost(), CatBoost(), PipelineZip(), SCIKIT_LEARN)
FORMATS: tuple[Format, ...] = (*WRITTEN, Onnx())

PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def of_estimator(estimator: Any) -> Written:
    """The format in which a fitted estimator is stored."""
    return next(one for one in WRITTEN if one.made(estimator))


def other_libraries(estimator: Any) -> list[str]:
    """The libraries beside scikit-learn that fit an estimator, with their versions."""
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    form = of_estimator(last)
    return [] if form.package == SCIKIT_LEARN.package else [installed(form)]


def of_kind(kind: str) -> Format:
    """The format of that name.

    Raises
    ------
    PermanentError
        If there is none: the version was made by a later release.
    """
    found = next((one for one in FORMATS if one.kind == kind), None)
    if found is None:
        raise PermanentError(
            f"Models of kind {kind!r} are not known here.", remedy="Install the release that knows it."
        )
    return found


def of_file(path: Path) -> Format:
    """The format of a file, by its content.

    Raises
    ------
    PermanentError
        If it is of none; says which there are, and how to come from a pickle to one of them.
    """
    found = next((one for one in FORMATS if one.begins(path)), None)
    if found is not None:
        return found
    with path.open("rb") as file:
        pickled = file.read(2) in PICKLES or path.suffix in (".pkl", ".joblib", ".pickle")
    problem = "is a pickle, which is never loaded" if pickled else "is no model file that is known here"
    raise PermanentError(
        f"{path.name} {problem}.",
        remedy="Write it as skops (scikit-learn), LightGBM text, XGBoost UBJSON or JSON, CatBoost cbm, or ONNX: "
        "docs/bring-a-model.md says how.",
    )
