"""Removes what is old and not needed: rows of publications, files, quarantine, deliveries, model versions.

**Why.** A pipeline that runs for years fills every disk, and data about people is not kept for longer than needed.

**When.** Every night.

**What it does.** Removes what is older than the settings `SCORING_KEEP_...` say and what nobody needs: rows of
publications (their own row stays, with counts and checksum), snapshot files, quarantined rows, tries, deliveries,
events, alerts, outcomes, model versions, training runs, reports. What a passport, an outcome that may still come, a
training, an experiment, an undelivered event or a legal hold needs stays at any age. What was removed stands in
`scoring.retirement`. Readers are not held up: partitions are detached concurrently. docs/retention.md has all of it.

**Needs.** The connection `scoring_db`, MLflow, the lake. The settings are read from the worker's environment.

**By hand.** *Trigger*; *Dry run* only writes into the log what would leave and why the rest stays. `scoring maintain
--dry-run` does the same. `scoring hold place` keeps things.

**Recover.** A run that was killed or failed leaves work that the next one finishes. What waits for long readers is
tried again the next night.
"""

from airflow.sdk import DAG, CronTriggerTimetable, Param, task
from scoring_airflow.defaults import START, default_args
from scoring_airflow.tasks import undone

from scoring.domain.dag_ids import MAINTAIN


@task
def maintain() -> dict[str, int]:
    """Remove what is old; returns how many things left and how many wait."""
    return undone.maintain()


with DAG(
    dag_id=MAINTAIN,
    dag_display_name="Maintain",
    description="Every night: removes what is old and not needed.",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("41 2 * * *", timezone="UTC"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=default_args("scoring"),
    tags=["maintain"],
    params={
        "dry_run": Param(
            default=False,
            type="boolean",
            title="Dry run",
            description="Only say in the log what would leave, and why the rest stays.",
        ),
    },
):
    maintain()
