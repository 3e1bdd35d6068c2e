"""Checks a data set and its scores against real data, all findings at once: nothing is recorded."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import pyarrow as pa

from scoring.authoring.newest import newest_of
from scoring.authoring.wording import counted
from scoring.catalog import Catalog, load_catalog
from scoring.database import transaction, value
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import ScoringError
from scoring.intake.expectations import Suite, load_suite
from scoring.intake.rehearsal import Rehearsal, rehearse
from scoring.models import charge
from scoring.models.fitting import fitting_encoding, scored_with
from scoring.models.registry import Registry
from scoring.models.scorer import BLOCK, Scorer
from scoring.settings import KafkaSettings, Settings
from scoring.transforms.differences import differences
from scoring.transforms.run import with_produced

Level = Literal["error", "warning", "ok"]
TRIED = 1000  # rows that a model is shown
BROKER_SECONDS = 5


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, and what was found."""

    level: Level
    about: str
    said: str


@dataclass(frozen=True)
class Wanted:
    """What is to be looked at.

    Parameters
    ----------
    data_set
        Only this one with its scores.
    path, as_of
        The file that is read; without them the newest one that the source has.
    kafka
        The brokers, if streams are to be looked at.
    installed
        Whether there is a database to look at.
    """

    data_set: str | None = None
    path: str | None = None
    as_of: dt.date | None = None
    kafka: KafkaSettings | None = None
    installed: bool = True


def check(settings: Settings, wanted: Wanted) -> Iterator[Finding]:
    """Look at the definitions, the connections, and each data set with its suite, a file and its scores' models."""
    catalog = load_catalog(settings.definitions)
    yield from _definitions(catalog, wanted.data_set)
    if wanted.installed:
        yield from _tried("database", partial(_database, settings))
    for name, data_set in catalog.data_sets.items():
        if wanted.data_set in (None, name):
            yield from _OfDataSet(settings, wanted, data_set, catalog.scores_of(name)).findings()


def _definitions(catalog: Catalog, name: str | None) -> Iterator[Finding]:
    """All mistakes in the definitions; of a data set that is not there why, which names those that hide it."""
    if name is not None and name not in catalog.data_sets:
        yield from _tried("definitions", partial(_missing, catalog, name))
        return
    for problem in catalog.problems:
        yield Finding("error", "definitions", str(problem))
    if not catalog.problems:
        found = f"{counted(len(catalog.data_sets), 'data set')} and {counted(len(catalog.scores), 'score')}"
        yield Finding("ok", "definitions", f"{found}, without a mistake.")


def _missing(catalog: Catalog, name: str) -> Iterator[Finding]:
    catalog.data_set(name)
    yield from ()


def _database(settings: Settings) -> Iterator[Finding]:
    with transaction(settings.database()) as connection:
        version = value(connection, "SELECT version_num FROM scoring_schema_version")
    yield Finding("ok", "database", f"It answers; its schema is at {version}.")


class _OfDataSet:
    """The looks at one data set; a later one uses what an earlier one has found."""

    def __init__(self, settings: Settings, wanted: Wanted, data_set: DataSet, scores: tuple[Score, ...]) -> None:
        self._settings, self._wanted, self._data_set, self._scores = settings, wanted, data_set, scores
        self._suite: Suite | None = None
        self._rows: pa.Table | None = None

    def findings(self) -> Iterator[Finding]:
        """What all looks find."""
        name, kafka = self._data_set.name, self._wanted.kafka
        yield from _tried(f"suite of {name}", self._look_at_suite)
        yield from _tried(f"source of {name}", self._look_at_source)
        if self._data_set.stream is not None and kafka is not None and kafka.servers:
            yield from _topics(kafka, self._data_set)
        for score in self._scores:
            if score.transform is not None:
                yield from _tried(f"transform of {score.name}", partial(self._look_at_transform, score))
            yield from _tried(f"estimator of {score.name}", partial(_estimator, score))
            if self._wanted.installed:
                yield from _tried(f"model of {score.name}", partial(self._look_at_model, score))

    def _look_at_suite(self) -> Iterator[Finding]:
        self._suite = load_suite(self._settings.expectations_dir, self._data_set)
        said = f"{len(self._suite.rules)} rules, with those that the definition implies."
        yield Finding("ok", f"suite of {self._data_set.name}", said)

    def _look_at_source(self) -> Iterator[Finding]:
        about, wanted = f"source of {self._data_set.name}", self._wanted
        if self._suite is None:
            yield Finding("warning", about, "It was not read: that needs a suite.")
            return
        newest = newest_of(self._data_set, self._settings.inbox)
        as_of = wanted.as_of or newest or self._data_set.today(dt.datetime.now(dt.UTC))
        found = rehearse(self._settings, self._data_set, self._suite, as_of, path=wanted.path)
        self._rows = found.sample
        yield Finding("ok", about, _counts(found))
        if found.stopped_because:
            yield Finding("error", about, f"The partition would be stopped: {found.stopped_because}")
        for broken in found.broken_rules:
            yield Finding("warning", about, f"{_breaking(broken['rows'])} {broken['rule']} ({broken['column']}).")
        for one in found.warnings:
            column = f" ({one.column})" if one.column else ""
            yield Finding("warning", about, f"{one.rule}{column} does not hold: {one.observed}.")

    def _look_at_transform(self, score: Score) -> Iterator[Finding]:
        assert score.transform is not None  # noqa: S101 - the caller has looked
        about, remembered = f"transform of {score.name}", {name for one in score.history for name in one.names}
        if remembered & set(score.transform.uses):
            yield Finding("ok", about, "It uses earlier snapshots, so it is tried when a model is trained.")
            return
        if self._rows is None or not self._rows.num_rows:
            return
        rows = self._rows.slice(0, TRIED)
        found = differences(score, self._data_set, rows)
        for one in found:
            yield Finding("error", about, f"It looks at more than a customer's own row: {one}.")
        if not found:
            said = f"It gives a part of {rows.num_rows:,} rows what it gives the whole, in any order."
            yield Finding("ok", about, said)

    def _look_at_model(self, score: Score) -> Iterator[Finding]:
        about, settings = f"model of {score.name}", self._settings
        registry = Registry(settings.mlflow_tracking_uri.get_secret_value(), settings.mlflow_artifacts)
        ref = charge.find_in_charge(settings.database(), registry, score.model_name)
        if ref is None:
            train = f"`scoring train {score.name} --as-of <date>`"
            yield Finding("warning", about, f"There is no model yet. Train one: {train}.")
            return
        scored_with(ref, settings.other_scikit_learn)
        encoding = fitting_encoding(ref, score, self._data_set)
        estimator = registry.load(ref, score.trusted_types)
        if score.history or self._rows is None or not self._rows.num_rows:
            yield Finding("ok", about, f"Version {ref.version} fits the definition.")
            return
        scorer = Scorer(
            estimator, score, encoding, key=self._data_set.key, name=str(ref), block=BLOCK, background=ref.background
        )
        values = scorer.values(with_produced(score, self._data_set, self._rows.slice(0, TRIED)))
        said = f"Version {ref.version} scores {len(values):,} of these rows: {values.min():.4g} to {values.max():.4g}."
        yield Finding("ok", about, said)


def _breaking(rows: int) -> str:
    return f"{counted(rows, 'row')} {'breaks' if rows == 1 else 'break'}"


def _counts(found: Rehearsal) -> str:
    return (
        f"{found.source}: received {found.received:,} = accepted {found.accepted:,} + quarantined "
        f"{found.quarantined:,} + duplicates {found.duplicates:,}."
    )


def _topics(kafka: KafkaSettings, data_set: DataSet) -> Iterator[Finding]:
    """Whether the brokers have the topics of a stream."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    assert data_set.stream is not None  # noqa: S101 - the caller has looked
    about, client = f"stream of {data_set.name}", dict[str, Any](kafka.client(log_level=0))
    try:
        topics = AdminClient(client).list_topics(timeout=BROKER_SECONDS).topics
    except KafkaException as error:
        yield Finding("error", about, f"The brokers do not answer: {error.args[0].str()}.")
        return
    for name in (data_set.stream.topic, data_set.stream.dead_letters):
        there = name in topics
        yield Finding("ok" if there else "error", about, f"Topic {name} {'is there' if there else 'is missing'}.")


def _estimator(score: Score) -> Iterator[Finding]:
    made = score.new_estimator()
    yield Finding("ok", f"estimator of {score.name}", f"It makes a {type(made).__name__}.")


def _tried(about: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What a look found; an error that it raised is one more finding."""
    try:
        yield from look()
    except ScoringError as error:
        yield Finding("error", about, str(error))
