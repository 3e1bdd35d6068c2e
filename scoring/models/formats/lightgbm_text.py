"""LightGBM in its own text format."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scoring.models.formats.contract import Amounts, Facts, Probabilities, needing, of_package, refuse_classes

PROBABILITY = ("binary", "cross_entropy", "xentropy")  # objectives whose answer is a probability
UNNAMED = "Column_0"  # what LightGBM calls the first feature of a matrix without names


class LightGbm:
    """A booster as LightGBM's ``save_model`` writes it, with the pandas categories that it was trained with."""

    kind, file, package = "lightgbm", "model.lightgbm.txt", "lightgbm"

    def made(self, estimator: Any) -> bool:
        """See :class:`~scoring.models.formats.contract.Written`."""
        return of_package(estimator, self.package)

    def begins(self, path: Path) -> bool:
        """See :class:`~scoring.models.formats.contract.Format`."""
        with path.open("rb") as file:
            return file.read(5).strip() == b"tree"

    def save(self, estimator: Any, path: Path, trusted_types: Sequence[str]) -> None:
        """See :class:`~scoring.models.formats.contract.Written`; ``trusted_types`` are not needed."""
        del trusted_types
        booster = getattr(estimator, "booster_", estimator)
        best = getattr(booster, "best_iteration", -1)
        path.write_text(booster.model_to_string(num_iteration=best if best > 0 else -1), encoding="utf-8")

    def load(self, path: Path, trusted_types: Sequence[str]) -> Any:
        """See :class:`~scoring.models.formats.contract.Format`; ``trusted_types`` are not needed."""
        del trusted_types
        with needing(self.package):
            import lightgbm
        text = path.read_text(encoding="utf-8")
        booster = lightgbm.Booster(model_str=text)
        refuse_classes(int(booster.num_model_per_iteration()))
        words = _header(text).get("objective", "").split()
        answer = Probabilities if words and words[0] in PROBABILITY else Amounts
        model = answer(lambda features: booster.predict(features, num_threads=1), booster)
        model.facts = _facts(text, booster.feature_name(), booster.pandas_categorical or [])  # type: ignore[union-attr]
        return model

    def facts(self, model: Any) -> Facts:
        """See :class:`~scoring.models.formats.contract.Format`."""
        found: Facts = model.facts
        return found


def _facts(text: str, names: list[str], values: list[list[Any]]) -> Facts:
    named = None if names[:1] == [UNNAMED] else tuple(names)
    ranges = _header(text).get("feature_infos", "").split()
    # A category's range is its codes, a number's an interval; of a constant feature "none" says neither.
    coded = [name for name, found in zip(names, ranges, strict=False) if not found.startswith(("[", "none"))]
    known = dict(zip(coded, values, strict=True)) if len(coded) == len(values) else {}
    categories = {name: tuple(map(str, found)) for name, found in known.items()}
    return Facts(named, categories, len(names), "typed" if values else None)


def _header(text: str) -> Mapping[str, str]:
    lines = text.partition("\n\n")[0].splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)
