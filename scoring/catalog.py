"""Finds definitions by name: every module of the definitions package is loaded and checked once."""

import importlib
import pkgutil
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from pydantic import ValidationError

from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import DefinitionError, NotFound

T = TypeVar("T")


@dataclass(frozen=True)
class Catalog:
    """The data sets and scores of one installation, by name."""

    data_sets: dict[str, DataSet]
    scores: dict[str, Score]

    def data_set(self, name: str) -> DataSet:
        """The data set of that name; :class:`NotFound` names those there are."""
        if name not in self.data_sets:
            raise NotFound(f"There is no data set {name!r}; there are: {', '.join(self.data_sets) or 'none'}.")
        return self.data_sets[name]

    def score(self, name: str) -> Score:
        """The score of that name; :class:`NotFound` names those there are."""
        if name not in self.scores:
            raise NotFound(f"There is no score {name!r}; there are: {', '.join(self.scores) or 'none'}.")
        return self.scores[name]

    def scores_of(self, data_set: str) -> tuple[Score, ...]:
        """The scores that are computed from a data set."""
        return tuple(score for score in self.scores.values() if score.data_set == data_set)


@lru_cache(maxsize=8)
def load_catalog(package: str = "scoring.definitions") -> Catalog:
    """Import every module of ``package`` and collect the definitions found in them.

    Raises
    ------
    DefinitionError
        Names the module, the field and the reason.
    """
    data_sets: dict[str, DataSet] = {}
    scores: dict[str, Score] = {}
    modules: dict[str, str] = {}
    for module_name in _modules(package):
        for found in vars(_import(module_name)).values():
            if isinstance(found, DataSet):
                _add(data_sets, found.name, found, module_name)
            elif isinstance(found, Score):
                _add(scores, found.name, found, module_name)
                modules.setdefault(found.name, module_name)
    for score in scores.values():
        if score.name in data_sets:  # the two would be one Airflow asset
            raise DefinitionError(f"{modules[score.name]}: {score.name!r} is a data set too; give one another name.")
        _check(score, data_sets, modules[score.name])
    return Catalog(data_sets=data_sets, scores=scores)


def _modules(package: str) -> list[str]:
    root = _import(package)
    if not hasattr(root, "__path__"):
        return [package]
    return [f"{package}.{module.name}" for module in pkgutil.iter_modules(root.__path__)]


def _import(module: str) -> object:
    try:
        return importlib.import_module(module)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'definition'}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)
        )
        raise DefinitionError(f"{module}: wrong {error.title}: {problems}") from error
    except Exception as error:  # a user's module: whatever it raises, the person who wrote it must read where
        raise DefinitionError(f"{module}: cannot be loaded: {type(error).__name__}: {error}") from error


def _add(known: dict[str, T], name: str, found: T, module: str) -> None:
    if known.get(name, found) is not found:
        raise DefinitionError(f"{module}: {name!r} is defined twice; give one of the two another name.")
    known[name] = found


def _check(score: Score, data_sets: dict[str, DataSet], module: str) -> None:
    where = f"{module}: score {score.name!r}"
    data_set = data_sets.get(score.data_set)
    if data_set is None:
        raise DefinitionError(f"{where}: data_set: there is no data set {score.data_set!r}.")
    for field, names in (("features", score.features), ("target.column", (score.target.column,))):
        for name in names:
            if name not in data_set.column_names:
                raise DefinitionError(f"{where}: {field}: {data_set.name!r} has no column {name!r}.")
            if not data_set.column(name).numeric:
                raise DefinitionError(
                    f"{where}: {field}: column {name!r} is of type "
                    f"{data_set.column(name).type!r}; a model takes numbers, booleans and categories."
                )
