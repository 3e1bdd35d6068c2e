"""Scores all customers of a snapshot and publishes the result: snapshot → shards → publication.

**Why.** Scores are useful only when they are complete: readers see a whole publication or none.

**When.** As soon as there is a snapshot of the score's data set (its asset, same partition).

**What it does.** *plan* asks the ledger which version is in charge and opens the publication. Each *score_shard*
predicts a piece of the snapshot, several in parallel. *publish* checks that nothing is missing, finds whose score
changed enough to tell the CRM, and makes the publication visible together with the events, in one transaction. Then it
wakes `notify_crm`. Done work is not done again: with the same inputs, the partition is found published.

**Needs.** The connection `scoring_db`, the lake, and the version in charge in MLflow.

**By hand.** *Trigger* → *As of*. A date before the last announced date is published without telling the CRM.

**Recover.** Clear the failed task; finished shards are kept. If there is no champion: `scoring train`.
"""

import datetime as dt

from airflow.sdk import DAG, PartitionedAssetTimetable, TriggerRule, task
from scoring_airflow.assets import publication_asset, snapshot_asset
from scoring_airflow.connections import catalog
from scoring_airflow.defaults import START, default_args
from scoring_airflow.partitions import as_of_param
from scoring_airflow.tasks import pipeline

from scoring.domain.dag_ids import score_dag


@task
def plan(score: str) -> list[int]:
    """Open the publication; returns the shards still to do, and pushes its id as XCom ``publication_id``."""
    return pipeline.plan(score)


@task(map_index_template="shard {{ task.op_kwargs['shard'] }}", max_active_tis_per_dagrun=4)
def score_shard(publication_id: int, shard: int) -> int:
    """Score one shard; returns its number of rows."""
    return pipeline.score_shard(publication_id, shard)


@task(trigger_rule=TriggerRule.NONE_FAILED, execution_timeout=dt.timedelta(hours=1))
def publish(score: str, publication_id: int) -> dict[str, int]:
    """Make the publication visible; returns its id and counts."""
    return pipeline.publish(score, publication_id)


for score in catalog().scores.values():
    with DAG(
        dag_id=score_dag(score.name),
        dag_display_name=f"Score · {score.title}",
        description=f"{score.title}: snapshot → shards → publication. {score.description}",
        doc_md=__doc__,
        schedule=PartitionedAssetTimetable(assets=snapshot_asset(catalog().data_set(score.data_set))),
        start_date=START,
        catchup=False,
        max_active_runs=4,
        default_args=default_args(score.owner),
        tags=["score", score.name, score.data_set],
        params={"as_of": as_of_param("to score")},
    ):
        opened = plan(score.name)
        publication_id = opened["publication_id"]  # type: ignore[index] # Airflow's annotation names a base class
        scored = score_shard.partial(publication_id=publication_id).expand(shard=opened)
        scored >> publish.override(outlets=[publication_asset(score)])(score.name, publication_id)
