"""The bodies of the tasks: from Airflow's context to one call of the pipeline, and back to ids and counts.

The pipeline is imported when a task runs: reading a DAG file must not wait for pandas, MLflow and the like.
"""

import dataclasses
import datetime as dt
import logging
from typing import Any

from airflow.sdk import get_current_context

from scoring.domain.calendar import require_plausible
from scoring.errors import NothingDelivered, PermanentError
from scoring_airflow.assets import publication_asset, snapshot_asset
from scoring_airflow.connections import catalog, crm_settings, task_settings
from scoring_airflow.faults import task_body
from scoring_airflow.partitions import partition

log = logging.getLogger(__name__)

TO_WAKE = "to_wake"  # the XCom with the partition keys by name of data set or score


@task_body
def ingest(data_set: str) -> dict[str, int]:
    """Take one partition in and wake the scores of the data set."""
    from scoring.intake.ingest import ingest as take_in

    context, definition = get_current_context(), catalog().data_set(data_set)
    as_of = partition(context)
    require_plausible(
        as_of,
        today=dt.datetime.now(dt.UTC).date(),
        first=definition.first_as_of,
        last=definition.last_as_of,
        confirmed=bool(context["params"].get("confirm_date")),
    )
    intake = take_in(task_settings(), definition, as_of, path=context["params"].get("path") or None)
    context["outlet_events"][snapshot_asset(definition)].add_partitions(as_of.isoformat())
    return counts(intake)


@task_body
def plan(score: str) -> list[int]:
    """Open the publication of a score."""
    from scoring.publishing.plan import plan as open_publication

    context = get_current_context()
    opened = open_publication(
        task_settings(), catalog().score(score), partition(context), run_id=context["dag_run"].run_id
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


@task_body
def notify() -> dict[str, int]:
    """Deliver to the CRM until nothing is due; deliveries that were given up fail the task, or are warned of."""
    from scoring.delivery.adapters.webhook import Webhook
    from scoring.delivery.notified import complaint, given_up
    from scoring.delivery.notify import notify as deliver

    settings, crm = task_settings(), crm_settings()
    done = deliver(settings.database(), Webhook(crm.url, crm.secret))
    if done.held_because:
        log.warning("%s", done.held_because)
    if done.dead and settings.on_dead_deliveries == "warn":
        log.warning("%s", given_up(done))
    problem = complaint(done, settings.on_dead_deliveries)
    if isinstance(problem, NothingDelivered):  # the sweep tries again by the schedule, for days
        problem.read_in_airflow = True
        log.warning("%s", problem)
    elif problem is not None:
        raise problem
    return counts(done)


@task_body
def find_undone() -> list[str]:
    """Log what is left undone and leave the partitions to wake; returns the ids of the tasks that follow."""
    from scoring.reconcile.findings import to_wake

    found = _undone()
    for finding in found:
        log.warning("%s", finding)
    partitions = {**to_wake(found, "data_set"), **to_wake(found, "score")}
    keys = {name: [as_of.isoformat() for as_of in as_ofs] for name, as_ofs in partitions.items()}
    get_current_context()["ti"].xcom_push(key=TO_WAKE, value=keys)
    return [*map(wake_task, keys), "report"]


def wake_task(name: str) -> str:
    """The task of the DAG ``reconcile`` that wakes a data set or a score."""
    return f"wake_{name}"


@task_body
def wake(name: str) -> int:
    """Emit the events that were found missing for one data set or score."""
    context = get_current_context()
    keys = context["ti"].xcom_pull(task_ids="find", key=TO_WAKE)[name]
    known = catalog()
    asset = snapshot_asset(known.data_set(name)) if name in known.data_sets else publication_asset(known.score(name))
    context["outlet_events"][asset].add_partitions(keys)
    return len(keys)


@task_body
def report_undone() -> int:
    """Raise what needs a person; returns how many findings will resolve themselves."""
    found = _undone()
    asking = [str(finding) for finding in found if finding.needs_person]
    if asking:
        raise NeedsPerson(f"{len(asking)} findings need a person:\n" + "\n".join(asking))
    return len(found)


class NeedsPerson(PermanentError):
    """Something is left undone that only a person can resolve."""


def _undone() -> list[Any]:
    from scoring.reconcile.reconcile import reconcile

    return list(reconcile(task_settings(), dt.datetime.now(dt.UTC)))


def counts(result: Any) -> dict[str, int]:
    """The ids, counts and flags of a result: what may travel by XCom."""
    return {name: int(value) for name, value in dataclasses.asdict(result).items() if isinstance(value, int)}
