"""Looks at the running experiment of a score, and does what follows.

**Why.** Two versions of a model are compared on live customers; the better one shall be in charge, and a worse one
shall not do harm for longer than it takes to be sure.

**When.** Daily. Looking often is allowed: the interval is a confidence sequence, which holds at all looks together.

**What it does.** *evaluate* scores what was published since a shadow began with its challenger, unseen. It compares
both versions on the customers whose outcome is known and keeps the look with all its numbers
(`scoring.experiment_look`, `scoring.experiment_check`). It goes on; or the challenger wins and comes into charge by a
row of the ledger (a person decides if `learning.promotion.by="person"`); or the champion stays; or a guard stops it.
If the customers of one version lack outcomes, there is no verdict, and the owner is told. Without a running
experiment, or before a cohort is mature, it is skipped. The same outcomes again change nothing.

**Needs.** The connection `scoring_db`, the lake, MLflow.

**By hand.** *Trigger*. `scoring experiment evaluate <score>` does the same and shows the report.

**Recover.** Clear the failed task: a look is kept once, and what follows from it is completed.
"""

from airflow.sdk import DAG, task
from scoring_airflow.connections import catalog
from scoring_airflow.defaults import START, default_args
from scoring_airflow.tasks import experimenting

from scoring.domain.dag_ids import evaluate_dag


@task
def evaluate(score: str) -> dict[str, int]:
    """Look at the experiment; returns the look's id, how many cohorts count, and whether it has ended."""
    return experimenting.evaluate(score)


for score in catalog().scores.values():
    with DAG(
        dag_id=evaluate_dag(score.name),
        dag_display_name=f"Evaluate experiment · {score.title}",
        description=f"{score.title}: what outcomes say of the two versions that are compared.",
        doc_md=__doc__,
        schedule="30 6 * * *",
        start_date=START,
        catchup=False,
        max_active_runs=1,
        default_args=default_args(score.owner),
        tags=["models", score.name, score.data_set],
    ):
        evaluate(score.name)
