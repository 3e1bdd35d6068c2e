"""What each route answers: one call of the page's room, as JSON; and the reports themselves."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import Response
from pydantic_core import to_json

from scoring.database import Connection
from scoring.errors import NotFound
from scoring.page import about as heads
from scoring.page import cohort as cohorts
from scoring.page import distribution as distributions
from scoring.page import drift as drifts
from scoring.page import overview as overviews
from scoring.page import trend as trends
from scoring.page.about import group_of
from scoring.page.metric_names import metric_of
from scoring.page.migration import Move, migration
from scoring.page.partitions import Arm, Lineage, Look, arms, lineage, look
from scoring.page.record import Estimate, record
from scoring.reports.place import KINDS, Kind, ReportsRoot
from scoring_airflow.page.database import database, page_settings
from scoring_airflow.page.definitions import current_catalog

Date = dt.date | None

# Evidently's pages run scripts of their own: in a sandbox they have no origin, so neither cookies nor Airflow's API.
SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; worker-src blob:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True)
class Trended:
    """A metric over time, and how its estimates stood the test."""

    trend: trends.Trend
    record: list[Estimate]


@dataclass(frozen=True)
class Partition:
    """One publication: where its scores come from, by which models, and who changed bands."""

    lineage: Lineage
    arms: list[Arm]
    moves: list[Move]


@dataclass(frozen=True)
class Kept:
    """A report that is kept."""

    as_of: dt.date
    kind: str


def overview() -> Response:
    """All scores."""
    with database() as connection:
        return _json(overviews.overview(connection, current_catalog(), _now()))


def about(score: str, first: Date = None, last: Date = None) -> Response:
    """The head of a score's page."""
    with _looking(score, first, last) as (connection, looked):
        ui = page_settings().mlflow_ui
        return _json(
            heads.about(connection, current_catalog(), current_catalog().score(score), looked, _now(), mlflow=ui)
        )


def trend(
    score: str, metric: str | None = None, segment: str | None = None, first: Date = None, last: Date = None
) -> Response:
    """A metric over time."""
    asked = metric_of(current_catalog().score(score), metric)
    with _looking(score, first, last) as (connection, looked):
        group = group_of(current_catalog(), current_catalog().score(score), segment)
        found = trends.trend(connection, looked, asked, group)
        return _json(Trended(found, record(found.points)))


def drift(
    score: str,
    against: Literal["training", "previous"] = "training",
    segment: str | None = None,
    first: Date = None,
    last: Date = None,
) -> Response:
    """How far each column has moved."""
    with _looking(score, first, last) as (connection, looked):
        group = group_of(current_catalog(), current_catalog().score(score), segment)
        return _json(drifts.drift(connection, looked, against, group))


def distribution(score: str, segment: str | None = None, first: Date = None, last: Date = None) -> Response:
    """How the score's values are spread."""
    with _looking(score, first, last) as (connection, looked):
        group = group_of(current_catalog(), current_catalog().score(score), segment)
        return _json(distributions.distribution(connection, looked, group))


def cohort(score: str, as_of: Date = None, first: Date = None, last: Date = None) -> Response:
    """What a mature cohort expected and what was observed."""
    with _looking(score, first, last) as (connection, looked):
        return _json(cohorts.cohort(connection, looked, as_of))


def partition(score: str, as_of: Date = None) -> Response:
    """One publication: the newest, or that of a date."""
    with _looking(score, as_of, as_of) as (connection, looked):
        publication_id = looked.at(as_of)
        found = lineage(connection, publication_id) if publication_id is not None else None
        if found is None:
            raise NotFound(f"Nothing of {score} is published{f' at {as_of}' if as_of else ''}.")
        moves = migration(connection, found.publication_id)
        return _json(Partition(found, arms(connection, found.publication_id), moves))


def reports(score: str) -> Response:
    """The reports that are kept of a score and of its data set, the newest date first."""
    root = ReportsRoot(page_settings().reports_root)
    kept = [one for name in set(_named(score).values()) for one in root.kept(name) if _named(score)[one.kind] == name]
    kept.sort(key=lambda one: (one.as_of, -KINDS.index(one.kind)), reverse=True)
    return _json([Kept(one.as_of, one.kind) for one in kept])


def report(score: str, as_of: dt.date, kind: Kind) -> Response:
    """A report's page, in a sandbox."""
    root = ReportsRoot(page_settings().reports_root)
    page = root.read(root.report(_named(score)[kind], as_of, kind))
    return Response(page, headers={"Content-Security-Policy": SANDBOX}, media_type="text/html; charset=utf-8")


def _named(score: str) -> dict[Kind, str]:
    """Under which name reports of a kind are kept: a validation is of the data set, whatever is scored from it."""
    definition = current_catalog().score(score)
    return {kind: definition.data_set if kind == "validation" else definition.name for kind in KINDS}


@contextmanager
def _looking(score: str, first: Date, last: Date) -> Iterator[tuple[Connection, Look]]:
    current_catalog().score(score)
    with database() as connection:
        yield connection, look(connection, score, first, last)


def _json(payload: Any) -> Response:
    """A dataclass as JSON: dates as ISO 8601, what is no number as null."""
    return Response(to_json(payload, inf_nan_mode="null"), media_type="application/json")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
