"""The way of the data: take a partition in, plan its publication, score its shards, publish."""

import dataclasses
import datetime as dt
import logging

from airflow.sdk import get_current_context

from scoring.domain.calendar import require_plausible
from scoring_airflow.assets import publication_asset, snapshot_asset
from scoring_airflow.connections import catalog, task_settings
from scoring_airflow.faults import task_body
from scoring_airflow.partitions import partition
from scoring_airflow.tasks.result import counts

log = logging.getLogger(__name__)


@task_body
def ingest(data_set: str) -> dict[str, int]:
    """Take one partition in and wake the scores of the data set."""
    from scoring.intake.ingest import ingest as take_in

    context, definition = get_current_context(), catalog().data_set(data_set)
    as_of = partition(context)
    require_plausible(
        as_of,
        today=definition.today(dt.datetime.now(dt.UTC)),
        first=definition.first_as_of,
        last=definition.last_as_of,
        confirmed=bool(context["params"].get("confirm_date")),
    )
    intake = take_in(task_settings(), definition, as_of, path=context["params"].get("path") or None)
    context["outlet_events"][snapshot_asset(definition)].add_partitions(as_of.isoformat())
    return counts(intake)


@task_body
def drain_stream(data_set: str) -> dict[str, int]:
    """Record and score all updates of a data set that have come."""
    from scoring.settings import load_kafka_settings
    from scoring.streaming.run import drain

    return dataclasses.asdict(drain(task_settings(), load_kafka_settings(), catalog().data_set(data_set)))


@task_body
def plan(score: str) -> list[int]:
    """Open the publication of a score."""
    from scoring.publishing.plan import plan as open_publication

    context = get_current_context()
    run = context["dag_run"]
    opened = open_publication(
        task_settings(), catalog().score(score), partition(context), run_id=run.run_id, anew=run.run_type == "manual"
    )
    context["ti"].xcom_push(key="publication_id", value=opened.publication_id)
    return list(opened.shards)


@task_body
def score_shard(publication_id: int, shard: int) -> int:
    """Score one shard."""
    from scoring.publishing.predict import score_shard as predict

    return predict(task_settings(), publication_id, shard)


@task_body
def publish(score: str, publication_id: int) -> dict[str, int]:
    """Make a publication visible and wake the notifier."""
    from scoring.publishing.publish import publish as make_visible

    context, definition = get_current_context(), catalog().score(score)
    published = make_visible(task_settings(), publication_id)
    if published.warning:
        log.warning("%s", published.warning)
    context["outlet_events"][publication_asset(definition)].add_partitions(partition(context).isoformat())
    return counts(published)
