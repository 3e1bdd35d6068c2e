"""CatBoost in its own binary format; categories go in as texts, and a missing one is a text of its own."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from scoring.errors import PermanentError
from scoring.models.formats.contract import Amounts, Facts, Probabilities, needing, of_package, refuse_classes

MISSING = "nan"  # what CatBoost's own documentation puts in place of a missing category
PROBABILITY = ("Logloss", "CrossEntropy")
# Of each training anew; without them equal trainings give equal bytes.
FORGOTTEN = {"model_guid": "0", "train_finish_time": "1980-01-01T00:00:00Z"}


class CatBoost:
    """A model as CatBoost's ``save_model`` writes it with format ``cbm``."""

    kind, file, package = "catboost", "model.cbm", "catboost"

    def made(self, estimator: Any) -> bool:
        """See :class:`~scoring.models.formats.contract.Written`."""
        return of_package(estimator, self.package)

    def begins(self, path: Path) -> bool:
        """See :class:`~scoring.models.formats.contract.Format`."""
        with path.open("rb") as file:
            return file.read(4) == b"CBM1"

    def save(self, estimator: Any, path: Path, trusted_types: Sequence[str]) -> None:
        """See :class:`~scoring.models.formats.contract.Written`; ``trusted_types`` are not needed."""
        del trusted_types
        said = estimator.get_metadata()
        for name, value in FORGOTTEN.items():
            said[name] = value
        estimator.save_model(str(path), format="cbm")

    def load(self, path: Path, trusted_types: Sequence[str]) -> Any:
        """See :class:`~scoring.models.formats.contract.Format`; ``trusted_types`` are not needed."""
        del trusted_types
        with needing(self.package):
            import catboost
        model = catboost.CatBoost().load_model(str(path), format="cbm")
        categories = model.get_cat_feature_indices()
        loss = json.loads(model.get_metadata()["params"])["loss_function"]["type"]
        names = list(getattr(model, "classes_", []))
        refuse_classes(max(len(names), 3 if loss.startswith("MultiClass") else 0))
        if loss not in PROBABILITY:
            return Amounts(lambda features: model.predict(_taken(features, categories), thread_count=1), model)

        def ask(features: Any) -> Any:
            given = _taken(features, categories)
            return model.predict(given, prediction_type="Probability", thread_count=1)[:, 1]

        found = Probabilities(ask, model)
        found.classes_ = tuple(names) or found.classes_
        return found

    def facts(self, model: Any) -> Facts:
        """See :class:`~scoring.models.formats.contract.Format`."""
        names, native = tuple(model.native.feature_names_), model.native
        named = None if names[:1] == ("0",) else names
        return Facts(named, {}, len(names), "typed" if native.get_cat_feature_indices() else None)


def as_texts(features: Any) -> Any:
    """Features with pandas categories as texts, as CatBoost takes them; what is no frame stays as it is."""
    if not isinstance(features, pd.DataFrame):
        return features
    names = [name for name, kind in features.dtypes.items() if isinstance(kind, pd.CategoricalDtype)]
    return features.assign(**{str(name): _texts(features[name]) for name in names})


def _texts(column: "pd.Series[Any]") -> "pd.Series[Any]":
    return column.astype(object).where(column.notna(), MISSING).map(str)


def _taken(features: Any, categories: Sequence[int]) -> Any:
    """Features as a loaded model takes them: what it knows as a category is a text."""
    found = as_texts(features)
    if not isinstance(found, pd.DataFrame):  # behind the steps of a pipeline
        return found
    for place in categories:
        column = found.iloc[:, place]
        if pd.api.types.is_float_dtype(column):
            raise PermanentError(
                f"The model takes {found.columns[place]!r} as a category, and it is a number here.",
                remedy='Define the column as a category, and show it typed: `features_as="typed"`.',
            )
        found = found.assign(**{str(found.columns[place]): column.map(str)})
    return found
