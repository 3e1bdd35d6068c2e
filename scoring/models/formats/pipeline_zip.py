"""A pipeline of scikit-learn whose last step is of another library: two files, each in its own format, in one zip."""

import json
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sklearn.pipeline import Pipeline

from scoring.models.canonical import LONG_AGO
from scoring.models.formats.catboost_cbm import CatBoost
from scoring.models.formats.contract import Facts, Written
from scoring.models.formats.lightgbm_text import LightGbm
from scoring.models.formats.scikit_learn import ScikitLearn
from scoring.models.formats.xgboost_ubj import XgBoost

STEPS, LAST, SAID = "steps.skops", "last", "pipeline.json"
LASTS: tuple[Written, ...] = (LightGbm(), XgBoost(), CatBoost())


class PipelineZip:
    """``steps.skops`` and the last step's file; ``pipeline.json`` says of which kind that is."""

    kind, file, package = "pipeline", "model.zip", "scikit-learn"

    def made(self, estimator: Any) -> bool:
        """See :class:`~scoring.models.formats.contract.Written`."""
        return isinstance(estimator, Pipeline) and any(one.made(estimator.steps[-1][1]) for one in LASTS)

    def begins(self, path: Path) -> bool:
        """See :class:`~scoring.models.formats.contract.Format`."""
        if not zipfile.is_zipfile(path):
            return False
        with zipfile.ZipFile(path) as file:
            return SAID in file.namelist()

    def save(self, estimator: Any, path: Path, trusted_types: Sequence[str]) -> None:
        """See :class:`~scoring.models.formats.contract.Written`."""
        model = estimator.steps[-1][1]
        last = next(one for one in LASTS if one.made(model))
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path, "w") as file:
            # A fitted pipeline of "passthrough" where the model was: its transform gives what the model takes.
            steps = Pipeline([*estimator.steps[:-1], ("model", "passthrough")])
            ScikitLearn().save(steps, Path(folder) / STEPS, trusted_types)
            last.save(model, Path(folder) / LAST, trusted_types)
            file.writestr(zipfile.ZipInfo(SAID, LONG_AGO), json.dumps({"last": last.kind}))
            for name in (STEPS, LAST):
                file.writestr(zipfile.ZipInfo(name, LONG_AGO), (Path(folder) / name).read_bytes())

    def load(self, path: Path, trusted_types: Sequence[str]) -> Any:
        """See :class:`~scoring.models.formats.contract.Format`."""
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as file:
            kind = json.loads(file.read(SAID))["last"]
            last = next(one for one in LASTS if one.kind == kind)
            for name in (STEPS, LAST):
                (Path(folder) / name).write_bytes(file.read(name))
            steps = ScikitLearn().load(Path(folder) / STEPS, trusted_types)
            return _Behind(steps, last.load(Path(folder) / LAST, trusted_types))

    def facts(self, model: Any) -> Facts:
        """See :class:`~scoring.models.formats.contract.Format`."""
        return ScikitLearn().facts(model.steps)


class _Behind:
    """A model of another library behind the steps of a pipeline."""

    def __init__(self, steps: Any, model: Any) -> None:
        self.steps = steps
        if hasattr(model, "predict_proba"):
            self.classes_ = model.classes_
            self.predict_proba = lambda features: model.predict_proba(steps.transform(features))
        else:
            self.predict = lambda features: model.predict(steps.transform(features))
