"""Trains a new version of a score's model, judges it, and puts it in charge if it may be.

**Why.** Customers change and models age. A new version is in charge only by evidence, and on record.

**When.** By the score's own schedule (`learning.schedule`), when the monitor finds that the model needs an update
(`learning.on_request`), or when a person triggers it. The partition is the date by which outcomes count.

**What it does.** *retrain* learns from the newest mature cohorts (published scores whose outcomes are known), without
the newest of them, and compares the new version with the one in charge on those, customer by customer. The gate's
verdict is kept with all its numbers (`scoring.gate_verdict`, `scoring.gate_check`). If it passes, the version is put
in charge by a row of the ledger `scoring.promotion`; or a person is asked first (`learning.promotion.by="person"`):
*approval* waits, the score's owner is told, and without an answer in time the champion stays; or an experiment tries it
on a part of the customers (`"experiment"`). The same inputs again change nothing.

**Needs.** The connection `scoring_db`, the lake, MLflow.

**By hand.** *Trigger* → *As of*. *Reason* is for the record, *Cohorts* another number of cohorts to learn from,
*Then* whether the version may be put in charge. `scoring model retrain` does the same. An approval is given in
*Required actions*, or by `scoring model approve`.

**Recover.** Clear the failed task: done work is not done again. To go back: the DAG `roll_back_model`.
"""

from airflow.sdk import DAG, Param, PartitionedAssetTimetable, task
from scoring_airflow.assets import retrain_asset
from scoring_airflow.connections import catalog
from scoring_airflow.defaults import START, default_args
from scoring_airflow.partitions import as_of_param
from scoring_airflow.tasks import learning

from scoring.domain.dag_ids import retrain_dag


@task
def retrain(score: str) -> dict[str, int | None]:
    """Train and judge a version; returns its number, the verdict's, and what became of it."""
    return learning.retrain_model(score)


@task.short_circuit
def waits(outcome: dict[str, int | None]) -> bool:
    """Whether a person is asked."""
    return bool(outcome["waits"])


@task
def put_in_charge(score: str) -> int:
    """Put the approved version in charge; returns its number."""
    return learning.put_approved_in_charge(score)


for score in catalog().scores.values():
    with DAG(
        dag_id=retrain_dag(score.name),
        dag_display_name=f"Retrain \u00b7 {score.title}",
        description=f"{score.title}: a new version of its model, judged beside the one in charge.",
        doc_md=__doc__,
        schedule=PartitionedAssetTimetable(assets=retrain_asset(score)),
        start_date=START,
        catchup=False,
        max_active_runs=1,
        default_args=default_args(score.owner),
        tags=["models", score.name, score.data_set],
        params={
            "as_of": as_of_param("by which outcomes count"),
            "reason": Param(None, type=["null", "string"], title="Reason", description="Why, for the record."),
            "cohorts": Param(
                None,
                type=["null", "integer"],
                minimum=1,
                title="Cohorts",
                description=f"How many cohorts to learn from. Empty: {score.learning.cohorts}, as defined.",
            ),
            "then": Param(
                "put in charge",
                type="string",
                enum=["put in charge", "only register"],
                title="Then",
                description="Whether a version that passes the gate may be put in charge.",
            ),
        },
    ):
        made = retrain(score.name)
        if score.learning.promotion.by == "person":
            approval = learning.Approval(
                task_id=learning.APPROVAL,
                subject=f"{score.title}: put version {{{{ ti.xcom_pull(task_ids='retrain')['version'] }}}} in charge?",
                defaults=learning.Approval.REJECT,  # without an answer in time the champion stays
                response_timeout=score.learning.promotion.answer_within,
                execution_timeout=None,
            )
            waits(made) >> approval >> put_in_charge(score.name)  # type: ignore[arg-type] # what it returns
