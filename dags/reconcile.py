"""Finds what was left undone, and wakes it or reports it.

**Why.** A wake-up can get lost, a DAG can be paused when a snapshot comes, a delivery can be given up. Somebody must
notice.

**When.** Every hour.

**What it does.** Finds current snapshots that a score has not published, publications that were begun but not finished
or never monitored, outcomes that a snapshot shows and nobody collected, score changes that have waited for the CRM for
more than an hour, deliveries that were given up, and an endpoint that is disabled or held. It puts MLflow's alias back
where somebody moved it by hand, and adopts the champion of a score that was published before there was a ledger. It
wakes what is missing. A finding that only a person can resolve, or that six hours of waking did not resolve, fails the
task; its log names each finding, since when, and the remedy. A score should publish every snapshot from the date of its
first publication on; older ones are for training or a backfill. A score that was never published begins with the newest
snapshot, as soon as it has a champion. A dropped publication stays dropped until its snapshot changes.

**Needs.** The connection `scoring_db`, and MLflow.

**By hand.** *Trigger*; there is nothing to choose. `scoring reconcile` shows the same without waking anything.

**Recover.** Do what the findings say. The next run is green when nothing is left.
"""

from airflow.sdk import DAG, CronTriggerTimetable, TriggerRule, task
from scoring_airflow.assets import publication_asset, snapshot_asset
from scoring_airflow.connections import catalog
from scoring_airflow.defaults import START, default_args
from scoring_airflow.tasks import undone

from scoring.domain.dag_ids import RECONCILE


@task.branch
def find() -> list[str]:
    """Log what is left undone; returns the ids of the tasks to run: ``wake_<name>`` tasks, and the report."""
    return undone.find_undone()


@task
def wake(name: str) -> int:
    """Wake the waiting partitions of one data set or score; returns how many."""
    return undone.wake(name)


@task(trigger_rule=TriggerRule.NONE_FAILED)
def report() -> int:
    """Fail if something needs a person; else return how many findings will resolve themselves."""
    return undone.report_undone()


with DAG(
    dag_id=RECONCILE,
    dag_display_name="Reconcile",
    description="Every hour: finds what was left undone, and wakes it or reports it.",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("17 * * * *", timezone="UTC"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=default_args("scoring"),
    tags=["reconcile"],
):
    assets = [*map(snapshot_asset, catalog().data_sets.values()), *map(publication_asset, catalog().scores.values())]
    found, reported = find(), report()
    found >> reported
    for asset in assets:  # one task each, because a task emits an event for every one of its outlets
        found >> wake.override(task_id=undone.wake_task(asset.name), outlets=[asset])(asset.name) >> reported
