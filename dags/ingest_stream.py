"""Drains a data set's stream: updates of single customers → scores and changes to tell.

**Why.** A customer changes between two snapshots. Where no process may run for long, this DAG takes the place of
`scoring stream <data set>`.

**When.** On the schedule of the stream (UTC); without one, by hand only. Where `scoring stream` runs, leave it paused:
both would share the topic's partitions, which does no harm.

**What it does.** *drain* reads the topic from where table `stream_offset` says. Each update is checked as in an ingest;
what is refused goes to quarantine and to the topic of dead letters. The others are scored by the models that are in
charge, and what they change by the definition's change rule waits for the CRM, which the next sweep tells. All of it
commits together with the offsets, so an update takes effect once, however often the task is killed. It ends when all
that has come is read.

**Needs.** The connection `scoring_db`, MLflow, and the brokers (`SCORING_KAFKA_SERVERS`).

**By hand.** *Trigger*: all that has come. `scoring stream <data set> --until-end` does the same.

**Recover.** Clear the failed task: it goes on where it was. `scoring stream list` shows how far each partition was
read, `scoring stream refused <data set>` what was refused and why.
"""

from airflow.sdk import DAG, task
from scoring_airflow.connections import catalog
from scoring_airflow.defaults import START, default_args
from scoring_airflow.tasks import pipeline

from scoring.domain.dag_ids import stream_dag


@task
def drain(data_set: str) -> dict[str, int]:
    """Take in all updates that have come; returns the counts of messages, scores and events."""
    return pipeline.drain_stream(data_set)


for data_set in catalog().data_sets.values():
    if data_set.stream is None:
        continue
    with DAG(
        dag_id=stream_dag(data_set.name),
        dag_display_name=f"Stream · {data_set.title}",
        description=f"{data_set.title}: updates of single customers → scores.",
        doc_md=__doc__,
        schedule=data_set.stream.schedule,
        start_date=START,
        catchup=False,
        max_active_runs=1,
        default_args=default_args(data_set.owner),
        tags=["stream", data_set.name],
    ):
        drain(data_set.name)
