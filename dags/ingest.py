"""Takes a data set in: source → checks → snapshot.

**Why.** Everything else works on snapshots: checked, immutable copies of what the source delivered for one day.

**When.** On the data set's schedule, by the clocks of its time zone; the day of the tick there is the partition,
`as_of`. A data set without a schedule is started by hand or by another system (REST, with the partition key).

**What it does.** Reads the source, checks every row with the data set's Great Expectations suite, puts refused rows
in quarantine, and writes the accepted ones as a snapshot. Too many refused rows, or a broken critical rule about the
table, stop the partition: nothing is scored from it. The same input again changes nothing; changed input supersedes the
snapshot. Then it wakes the scores of the data set.

**Needs.** The connection `scoring_db`, the source (for PostgreSQL: its own connection) and the lake.

**By hand.** *Trigger* → *As of*. To read another file, give *Another file*: in the inbox, or below a folder that
`SCORING_SOURCE_ROOTS` lists. A date after today or outside of the data set's bounds needs *Confirm the date*.

**Recover.** The failed task's log names file, row, column and remedy. Correct the source and clear the task. Rows in
quarantine: `scoring quarantine list` shows them, `quarantine replay` takes corrected ones in.
"""

from airflow.sdk import DAG, Param, task
from scoring_airflow.assets import snapshot_asset
from scoring_airflow.connections import catalog
from scoring_airflow.defaults import default_args
from scoring_airflow.partitions import as_of_param
from scoring_airflow.schedules import beginning_of, end_of, schedule_of
from scoring_airflow.tasks import pipeline

from scoring.domain.dag_ids import ingest_dag


@task
def ingest(data_set: str) -> dict[str, int]:
    """Take one partition in; returns the snapshot's id and its counts of rows."""
    return pipeline.ingest(data_set)


for data_set in catalog().data_sets.values():
    with DAG(
        dag_id=ingest_dag(data_set.name),
        dag_display_name=f"Ingest · {data_set.title}",
        description=f"{data_set.title}: source → checks → snapshot. {data_set.description}",
        doc_md=__doc__,
        schedule=schedule_of(data_set),
        start_date=beginning_of(data_set),
        end_date=end_of(data_set),
        catchup=False,
        max_active_runs=4,
        default_args=default_args(data_set.owner),
        tags=["ingest", data_set.name],
        params={
            "as_of": as_of_param("to take in"),
            "path": Param(
                None,
                type=["null", "string"],
                title="Another file",
                description="A path or URL to read instead of the source in the definition, "
                "e.g. a corrected delivery; in the inbox or below one of SCORING_SOURCE_ROOTS. "
                "Empty: the defined source.",
                section="Another source",
            ),
            "confirm_date": Param(
                default=False,
                type="boolean",
                title="Confirm the date",
                description="Accept a date that is after today or outside of the data set's first and last date. "
                "Otherwise such a date is refused as a typing error: the CRM would be told nothing of older dates.",
                section="Another source",
            ),
        },
    ):
        ingest.override(outlets=[snapshot_asset(data_set)])(data_set.name)
