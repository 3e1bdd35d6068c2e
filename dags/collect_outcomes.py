"""Takes in what really happened to the customers that were scored: source or later snapshot → outcomes.

**Why.** Whether a score holds is known only when its horizon has passed; metrics and training need the outcomes.

**When.** As soon as a snapshot of the data set is there (its asset).

**What it does.** For each score *due* finds the cohorts (dates at which it was published) whose outcomes can be known
now: those of which the snapshot at the end of the horizon is there and was not yet used. If the target has a source of
its own: those at the end of their horizon, and for one horizon more those with outcomes missing. *collect* takes each
in by one transaction: a row is recorded if it says something new; rows about unknown customers, impossible values and
rows that contradict each other are refused and kept. The same content again adds nothing. Then it wakes who looks at
the score's outcomes (asset `outcomes_<score>`); the partition of that event is the cohort.

**Needs.** The connection `scoring_db`, and the lake or the target's own source (for PostgreSQL: its own connection).

**By hand.** *Trigger*: all that is due; with *Cohort* only that one, also when it is not due. A file instead of the
source: `scoring outcome collect <score> --as-of <date> --file <file>`.

**Recover.** The failed task's log names the cohort, what is wrong and the remedy. Mend it and clear the task; the next
snapshot finds what is not cleared. Refused rows: `scoring outcome refused <batch>`.
"""

from airflow.sdk import DAG, Param, PartitionedAssetTimetable, task
from scoring_airflow.assets import outcomes_asset, snapshot_asset
from scoring_airflow.connections import catalog
from scoring_airflow.defaults import START, default_args
from scoring_airflow.tasks import outcomes

from scoring.domain.dag_ids import collect_dag


@task
def due(score: str) -> list[str]:
    """Find the cohorts to collect; returns their dates."""
    return outcomes.due_cohorts(score)


@task(map_index_template="{{ task.op_kwargs['as_of'] }}", max_active_tis_per_dagrun=2)
def collect(score: str, as_of: str) -> dict[str, int]:
    """Collect one cohort; returns the batch's id and its counts of rows."""
    return outcomes.collect_outcomes(score, as_of)


for data_set in catalog().data_sets.values():
    scores = catalog().scores_of(data_set.name)
    if not scores:
        continue
    with DAG(
        dag_id=collect_dag(data_set.name),
        dag_display_name=f"Outcomes · {data_set.title}",
        description=f"{data_set.title}: what really happened to the customers that were scored.",
        doc_md=__doc__,
        schedule=PartitionedAssetTimetable(assets=snapshot_asset(data_set)),
        start_date=START,
        catchup=False,
        max_active_runs=2,
        default_args=default_args(data_set.owner),
        tags=["outcomes", data_set.name],
        params={
            "cohort": Param(
                None,
                type=["null", "string"],
                format="date",
                title="Cohort",
                description="The day at which the customers were scored. Empty: all cohorts that are due.",
            )
        },
    ):
        for score in scores:
            found = due.override(task_id=f"due_{score.name}")(score.name)
            outlets = [outcomes_asset(score)]
            collect.override(task_id=f"collect_{score.name}", outlets=outlets).partial(score=score.name).expand(
                as_of=found
            )
