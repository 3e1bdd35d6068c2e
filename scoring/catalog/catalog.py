"""Finds definitions by name; reads and checks every file of the definitions package once."""

import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import NoReturn

from scoring.catalog.files import DefinitionFile, read_file
from scoring.catalog.problems import Problem, label, told
from scoring.domain.dag_ids import ingest_dag, outcomes_asset_name, stream_dag
from scoring.domain.dataset import Column, DataSet
from scoring.domain.features import derived_columns, derived_mistakes, derived_names
from scoring.domain.score import Score
from scoring.errors import DefinitionError, NotFound

REMEDY = "Correct the files; a running Airflow reads them again by itself."


@dataclass(frozen=True)
class Catalog:
    """The valid data sets and scores of one installation, by name, and the mistakes in the others.

    ``broken`` maps the kind and name of each data set and score that is missing to the problems that cause it.
    """

    data_sets: dict[str, DataSet] = field(default_factory=dict)
    scores: dict[str, Score] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    broken: dict[tuple[str, str], tuple[Problem, ...]] = field(default_factory=dict)

    def data_set(self, name: str) -> DataSet:
        """The data set of that name.

        Raises
        ------
        DefinitionError
            If it is defined wrongly; names file, line, definition, field and reason.
        NotFound
            If there is none; names those that there are.
        """
        return self.data_sets.get(name) or self._no("data set", "DataSet", name, self.data_sets)

    def score(self, name: str) -> Score:
        """The score of that name; errors as for :meth:`data_set`."""
        return self.scores.get(name) or self._no("score", "Score", name, self.scores)

    def scores_of(self, data_set: str) -> tuple[Score, ...]:
        """The scores that are computed from a data set."""
        return tuple(score for score in self.scores.values() if score.data_set == data_set)

    @property
    def streams(self) -> tuple[str, ...]:
        """The data sets that have a stream."""
        return tuple(name for name, data_set in self.data_sets.items() if data_set.stream is not None)

    def raise_problems(self) -> None:
        """Raise a :class:`DefinitionError` with the first ten problems, if there are any."""
        if self.problems:
            raise DefinitionError(
                f"{len(self.problems)} mistake(s) in the definitions; what they define is missing, all else works:\n"
                f"{told(self.problems)}",
                remedy=REMEDY,
            )

    def _no(self, what: str, kind: str, name: str, known: Iterable[str]) -> NoReturn:
        if (kind, name) in self.broken:
            raise DefinitionError(
                f"The {what} {name!r} is defined wrongly:\n{told(self.broken[kind, name])}", remedy=REMEDY
            )
        missing = f"There is no {what} {name!r}; there are: {', '.join(known) or 'none'}."
        if self.problems:
            missing += f" Perhaps a mistake in the definitions hides it:\n{told(self.problems)}"
        raise NotFound(missing)


@cache
def load_catalog(package: str = "scoring.definitions") -> Catalog:
    """Read every file of ``package`` and collect its definitions; mistakes in the files are collected, not raised."""
    catalog = Catalog()
    places: dict[str, str] = {}
    problems: list[Problem] = []
    for file in _files(package):
        problems += file.problems
        for key in file.broken:
            if key[1] not in _known(catalog, key[0]):
                catalog.broken[key] = tuple(file.problems)
        for found in file.found:
            problems += _add(catalog, found, file.file, places)
    problems += _hidden_dags(catalog, places)
    for score in list(catalog.scores.values()):
        wrong = tuple(_mistakes(score, catalog, places[score.name]))
        if wrong:
            del catalog.scores[score.name]
            causes = catalog.broken.get(("DataSet", score.data_set), ())
            catalog.broken["Score", score.name] = (*wrong, *causes)
            problems += wrong
    return replace(catalog, problems=tuple(dict.fromkeys(problems)))


def _files(package: str) -> Iterator[DefinitionFile]:
    root = read_file(package)
    yield root
    for module in pkgutil.iter_modules(root.folders):
        yield read_file(f"{package}.{module.name}")


def _known(catalog: Catalog, kind: str) -> dict[str, DataSet] | dict[str, Score]:
    return catalog.data_sets if kind == "DataSet" else catalog.scores


def _add(catalog: Catalog, found: DataSet | Score, file: str, places: dict[str, str]) -> Iterator[Problem]:
    """Add a definition under its name; a second one with the same name is a problem, and the first stays."""
    kind = type(found).__name__
    known = _known(catalog, kind)
    if known.get(found.name) is found:
        return
    if found.name in known or (kind, found.name) in catalog.broken:
        where = places.get(found.name, "another place")
        yield Problem(file, None, label(kind, found.name), "name", f"{found.name!r} is defined twice, first in {where}")
        return
    known[found.name] = found  # type: ignore[assignment]
    places[found.name] = file


def _hidden_dags(catalog: Catalog, places: dict[str, str]) -> Iterator[Problem]:
    """Remove data sets whose stream would have the DAG of another data set; gives what is wrong."""
    ingests = {ingest_dag(name): name for name in catalog.data_sets}
    for data_set in list(catalog.data_sets.values()):
        other = ingests.get(stream_dag(data_set.name))
        if data_set.stream is not None and other is not None:
            reason = f"its DAG would have the id of that of the data set {other!r}; give one of them another name"
            wrong = Problem(places[data_set.name], None, label("DataSet", data_set.name), "stream", reason)
            del catalog.data_sets[data_set.name]
            catalog.broken["DataSet", data_set.name] = (wrong,)
            yield wrong


def _mistakes(score: Score, catalog: Catalog, file: str) -> Iterator[Problem]:
    def problem(field: str, reason: str) -> Problem:
        return Problem(file, None, label("Score", score.name), field, reason)

    if score.name in catalog.data_sets:  # the two would be one Airflow asset
        yield problem("name", f"{score.name!r} is a data set, too; give one of them another name")
    outcomes = outcomes_asset_name(score.name)
    if outcomes in catalog.data_sets or outcomes in catalog.scores:
        yield problem("name", f"{outcomes!r} would be the outcomes of {score.name!r}; give one of them another name")
    data_set = catalog.data_sets.get(score.data_set)
    if data_set is None:
        broken = ("DataSet", score.data_set) in catalog.broken
        yield problem(
            "data_set",
            f"the data set {score.data_set!r} is defined wrongly"
            if broken
            else f"there is no data set {score.data_set!r}",
        )
        return
    for field_name, reason in (*_target_mistakes(score, data_set), *_data_set_mistakes(score, data_set)):
        yield problem(field_name, reason)


def _data_set_mistakes(score: Score, data_set: DataSet) -> Iterator[tuple[str, str]]:
    """What a score asks of its data set in vain, by field."""
    if score.deadline is not None and data_set.schedule is None:
        yield "deadline", f"it counts from the schedule of {data_set.name!r}, which has none"
    if score.streamed and data_set.stream is None:
        yield "streamed", f"{data_set.name!r} has no stream"
    for name in score.monitoring.segments:
        if not any(one.name == name and one.type in ("category", "boolean") for one in data_set.columns):
            yield "monitoring.segments", f"{data_set.name!r} has no category or boolean {name!r}"
    yield from _column_mistakes(score, data_set)


def _column_mistakes(score: Score, data_set: DataSet) -> Iterator[tuple[str, str]]:
    """What is wrong with the features and with the target's column in the data set, by field."""
    wrong = list(derived_mistakes(score, data_set))
    yield from wrong
    derived = {} if wrong else derived_columns(score, data_set)
    delivered = [name for name in score.features if name not in derived_names(score)]
    for name in (name for name in score.features if name in derived and not derived[name].numeric):
        yield "features", f"{name!r} is of type {derived[name].type!r}; a model takes numbers, booleans and categories"
    own = () if score.target.source else (score.target.column,)
    for field_name, names in (("features", delivered), ("target.column", own)):
        for name in names:
            if name not in data_set.column_names:
                yield field_name, f"{data_set.name!r} has no column {name!r}"
            elif name == data_set.key and not data_set.plain_key:
                yield field_name, f"column {name!r} is the key of {data_set.name!r}, no number about a customer"
            elif field_name == "target.column" and score.target.positive:
                yield from _named_outcomes(score, data_set.column(name))
            elif not data_set.column(name).numeric:
                kind = data_set.column(name).type
                yield field_name, f"column {name!r} is of type {kind!r}; a model takes numbers, booleans and categories"


def _named_outcomes(score: Score, column: Column) -> Iterator[tuple[str, str]]:
    """What is wrong with the values that a target names, by field."""
    target = score.target
    if column.type not in ("text", "category", "boolean", "integer"):
        yield (
            "target.positive",
            f"column {column.name!r} is of type {column.type!r}; its outcomes are told by 'at_least'",
        )
    known = column.values if column.type == "category" else ("true", "false") if column.type == "boolean" else None
    for field_name, named in (("target.positive", target.positive), ("target.negative", target.negative)):
        unknown = [repr(value) for value in named if known is not None and value not in known]
        if unknown:
            yield field_name, f"column {column.name!r} has no value {', '.join(unknown)}"
    if known is not None and set(known) == set(target.positive):
        yield "target.positive", f"all values of {column.name!r} are positive, so there is nothing to tell apart"


def _target_mistakes(score: Score, data_set: DataSet) -> Iterator[tuple[str, str]]:
    """What is wrong with the columns of a target's own source, by field."""
    target = score.target
    if target.source is None:
        return
    key = "the key" if len(data_set.key_columns) == 1 else "a part of the key"
    if target.column in data_set.key_columns:
        yield "target.column", f"{target.column!r} is {key} of {data_set.name!r}; the value needs a column of its own"
    if target.observed_at in data_set.key_columns:
        yield "target.observed_at", f"{target.observed_at!r} is {key} of {data_set.name!r}"
    column = next((one for one in data_set.columns if one.name == target.column), None)
    if column is not None and target.positive:
        yield from _named_outcomes(score, column)
    elif column is not None and column.name not in data_set.key_columns and not column.numeric:
        reason = (
            f"{column.name!r} is of type {column.type!r} in {data_set.name!r}; an outcome is a number or a category"
        )
        yield "target.column", reason
