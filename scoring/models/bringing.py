"""Model files that were made elsewhere: fetched, and compared with the definition by the names of their features."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mlflow
from mlflow.models import Model

from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import NotFound, PermanentError
from scoring.models.encoding import Encoding, Feature, misfits
from scoring.models.formats.contract import Facts, Format
from scoring.models.formats.known import of_file
from scoring.models.mlflow_setup import configure_mlflow, translated_errors
from scoring.models.model_file import file_digest, translated_load_errors

URI = re.compile(r"^(models|runs|mlflow-artifacts):/")
# Where MLflow's own flavors name the file of a model, in the order in which they are tried.
FLAVORS = {"scoring": "data", "lightgbm": "data", "xgboost": "data", "catboost": "data", "onnx": "data",
           "sklearn": "pickled_model"}  # fmt: skip


@dataclass(frozen=True)
class Brought:
    """A model from elsewhere: its file with its digest, what is loaded of it, and what it says of its features."""

    name: str
    path: Path
    digest: str
    form: Format
    model: Any
    facts: Facts


def fetched(source: str, tracking_uri: str, folder: Path) -> Path:
    """The file at a local path, or that of a model in MLflow, which is copied into ``folder``.

    Raises
    ------
    NotFound
        If there is no such file.
    PermanentError
        If the model of MLflow is of a flavor that can only be read as a pickle; names it.
    """
    if URI.match(source):
        configure_mlflow()
        mlflow.set_tracking_uri(tracking_uri)
        mlflow.set_registry_uri(tracking_uri)
        with translated_errors():
            where = mlflow.artifacts.download_artifacts(artifact_uri=source, dst_path=str(folder))
        found = Path(where)
        return _of_flavor(source, found) if (found / "MLmodel").is_file() else _file(source, found)
    return _file(source, Path(source))


def brought(path: Path, trusted_types: tuple[str, ...]) -> Brought:
    """The model in a file, of whatever kind that is by its content.

    Raises
    ------
    PermanentError
        If it is of no kind that is known, cannot be read, or holds types that are not trusted.
    ConfigurationError
        If the package that reads it is not installed.
    """
    form = of_file(path)
    with translated_load_errors(f"The model in {path.name}", form):
        model = form.load(path, trusted_types)
        return Brought(path.name, path, file_digest(path), form, model, form.facts(model))


def learned_encoding(found: Brought, score: Score, data_set: DataSet) -> Encoding:
    """The encoding of a model from elsewhere: names, order and categories as its file says them, else the definition's.

    Raises
    ------
    PermanentError
        If the definition does not fit it; lists each difference.
    """
    facts, names = found.facts, found.facts.features or score.features
    defined = Encoding.of(score, data_set, facts.shown)
    differences = []
    if facts.features is None and facts.count not in (None, len(score.features)):
        differences.append(f"the model takes {facts.count} features: the definition has {len(score.features)}")
    known = {one.name: one for one in defined.features}
    learned = Encoding(tuple(_learned(name, known, facts) for name in names), defined.shown)
    differences += misfits(learned, defined)
    if differences:
        listed = "\n".join(f"  {number}. {one}" for number, one in enumerate(differences, start=1))
        raise PermanentError(
            f"The model in {found.name} does not fit the definition of {score.name!r}:\n{listed}",
            remedy="Correct 'features', or the columns of the data set, or train the model with these features.",
        )
    return learned


def _learned(name: str, known: dict[str, Feature], facts: Facts) -> Feature:
    defined = known.get(name, Feature(name, "unknown"))
    if name not in facts.categories:
        return defined
    kind = "category" if defined.type in ("category", "unknown") else f"category of {defined.type}"
    return replace(defined, type=kind, values=facts.categories[name])


def _of_flavor(source: str, folder: Path) -> Path:
    flavors = Model.load(str(folder)).flavors or {}
    for flavor, field in FLAVORS.items():
        file = flavors.get(flavor, {}).get(field)
        if file is not None:
            return _file(source, folder / file)
    raise PermanentError(
        f"The model at {source} has the flavors {', '.join(flavors) or 'none'}, of which none can be read here.",
        remedy=f"Log it with one of {', '.join(list(FLAVORS)[1:])}: docs/bring-a-model.md.",
    )


def _file(source: str, path: Path) -> Path:
    if not path.is_file():
        raise NotFound(f"There is no model file {source}.", remedy="Name a file, or models:/<name>/<version>.")
    return path
