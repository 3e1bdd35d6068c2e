"""XGBoost in its own formats: UBJSON is written, JSON is read, too."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scoring.models.formats.contract import Amounts, Facts, Probabilities, needing, of_package, refuse_classes

PROBABILITY = ("binary:logistic", "reg:logistic")  # objectives whose answer is a probability


class XgBoost:
    """A booster as XGBoost's ``save_model`` writes it; it computes with 32-bit floats."""

    kind, file, package = "xgboost", "model.ubj", "xgboost"

    def made(self, estimator: Any) -> bool:
        """See :class:`~scoring.models.formats.contract.Written`."""
        return of_package(estimator, self.package)

    def begins(self, path: Path) -> bool:
        """See :class:`~scoring.models.formats.contract.Format`."""
        with path.open("rb") as file:
            head = file.read(200)
        return head.startswith(b"{") and b"learner" in head

    def save(self, estimator: Any, path: Path, trusted_types: Sequence[str]) -> None:
        """See :class:`~scoring.models.formats.contract.Written`; ``trusted_types`` are not needed."""
        del trusted_types
        booster = estimator.get_booster() if hasattr(estimator, "get_booster") else estimator
        best = getattr(estimator, "best_iteration", None) if _stopped_early(estimator) else None
        booster = booster if best is None else booster[: best + 1]
        path.write_bytes(bytes(booster.save_raw("ubj")))

    def load(self, path: Path, trusted_types: Sequence[str]) -> Any:
        """See :class:`~scoring.models.formats.contract.Format`; ``trusted_types`` are not needed."""
        del trusted_types
        with needing(self.package):
            import xgboost
        booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(path.read_bytes()))
        learner = json.loads(booster.save_config())["learner"]
        refuse_classes(int(learner["learner_model_param"]["num_class"]))
        named, flat = booster.feature_names is not None, "multi" not in learner["objective"]["name"]

        def ask(features: Any) -> Any:
            shown = features.to_numpy() if not named and hasattr(features, "to_numpy") else features
            return booster.predict(xgboost.DMatrix(shown, enable_categorical=named, nthread=1))

        return (Probabilities if flat and learner["objective"]["name"] in PROBABILITY else Amounts)(ask, booster)

    def facts(self, model: Any) -> Facts:
        """See :class:`~scoring.models.formats.contract.Format`."""
        booster = model.native
        names, kinds = booster.feature_names, booster.feature_types or []
        if "c" not in kinds:
            return Facts(None if names is None else tuple(names), {}, int(booster.num_features()))
        values = booster.get_categories(export_to_arrow=True).to_arrow()
        known = {name: tuple(map(str, found.to_pylist())) for name, found in values if found is not None}
        return Facts(tuple(names), known, len(names), "typed")


def _stopped_early(estimator: Any) -> bool:
    return getattr(estimator, "early_stopping_rounds", None) is not None
