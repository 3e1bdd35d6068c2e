"""The head of a score's page: what it is, how it stands, what can be chosen, its models and the requests to retrain."""

import datetime as dt
from dataclasses import dataclass
from urllib.parse import quote

from scoring.catalog import Catalog
from scoring.database import Connection
from scoring.domain.dag_ids import (
    CHANGE_EXPERIMENT,
    ROLL_BACK,
    collect_dag,
    evaluate_dag,
    ingest_dag,
    monitor_dag,
    retrain_dag,
    score_dag,
)
from scoring.domain.dataset import Column
from scoring.domain.metrics import BEST_IS_ONE
from scoring.domain.score import Score
from scoring.errors import NotFound
from scoring.page import experiments as tried
from scoring.page import models, overview
from scoring.page.metric_names import metrics_of
from scoring.page.partitions import Look
from scoring.page.trend import EVERYBODY, Group


@dataclass(frozen=True)
class Dag:
    """A DAG that works on the score."""

    dag_id: str
    does: str


@dataclass(frozen=True)
class About:
    """A score.

    ``mlflow`` is where MLflow shows its model, if it has a UI of its own here. ``metrics`` and ``segments`` (written
    column=value) can be chosen; ``dates`` are those looked at.
    """

    now: dt.datetime
    mlflow: str | None
    description: str
    line: overview.ScoreLine
    headline: str
    metrics: list[str]
    greater_is_better: list[str]
    segments: list[str]
    bands: list[str]
    dates: list[dt.date]
    more: bool
    versions: list[models.Version]
    requests: list[models.Request]
    ledger: list[models.InCharge]
    verdicts: list[models.Verdict]
    experiments: list[tried.Experiment]
    looks: list[tried.Look]
    dags: list[Dag]


def about(
    connection: Connection, catalog: Catalog, score: Score, look: Look, now: dt.datetime, *, mlflow: str = ""
) -> About:
    """What is known of a score at the moment ``now`` (aware); ``mlflow`` is the address of MLflow's own UI, if any."""
    return About(
        now=now,
        mlflow=f"{mlflow.rstrip('/')}/#/models/{quote(score.model_name)}" if mlflow else None,
        description=score.description,
        line=overview.lines(connection, catalog, [score.name], now)[0],
        headline=score.headline,
        metrics=list(metrics_of(score)),
        greater_is_better=sorted(BEST_IS_ONE),
        segments=segments_of(catalog, score),
        bands=[band.name for band in score.bands],
        dates=look.dates,
        more=look.more,
        versions=models.versions(connection, score.name),
        requests=models.requests(connection, score.name),
        ledger=models.ledger(connection, score.model_name),
        verdicts=models.verdicts(connection, score.name),
        experiments=tried.experiments(connection, score.name),
        looks=tried.looks(connection, score.name),
        dags=[
            Dag(ingest_dag(score.data_set), "takes the customers in"),
            Dag(score_dag(score.name), "publishes the score"),
            Dag(collect_dag(score.data_set), "collects what happened"),
            Dag(monitor_dag(score.name), "compares, estimates and judges"),
            Dag(retrain_dag(score.name), "trains a new version"),
            Dag(evaluate_dag(score.name), "looks at the experiment"),
            Dag(ROLL_BACK, "puts a former version in charge again"),
            Dag(CHANGE_EXPERIMENT, "starts, changes or stops an experiment"),
        ],
    )


def segments_of(catalog: Catalog, score: Score) -> list[str]:
    """The named segments of a score, each as ``column=value``."""
    data_set = catalog.data_set(score.data_set)
    return [f"{name}={value}" for name in score.monitoring.segments for value in _values(data_set.column(name))]


def group_of(catalog: Catalog, score: Score, segment: str | None) -> Group:
    """The customers that ``segment`` (column=value) names; all of them if it is empty.

    Raises
    ------
    NotFound
        If the definition has no such segment.
    """
    if not segment:
        return EVERYBODY
    if segment not in (known := segments_of(catalog, score)):
        raise NotFound(f"{score.name} has no segment {segment!r}; it has: {', '.join(known) or 'none'}.")
    column, _, value = segment.partition("=")
    return column, value


def _values(column: Column) -> tuple[str, ...]:
    return column.values if column.type == "category" else ("true", "false")
