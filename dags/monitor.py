"""Says whether a score still holds: drift, performance, estimates, and whether its model needs an update.

**Why.** Customers change and models age. What is known of it stands in tables, on the page *Scoring* and in reports.

**When.** After each publication of the score, and again when outcomes of its customers were collected or corrected.

**What it does.** For the publication that readers see at the partition: *drift* compares its customers with those
that the model learned from and with the publication before. *performance* evaluates it by the outcomes that are
known, and estimates it as long as they are not. *verdict* says from all of it whether the model needs an update,
writes a request for one, and notes what the score's owner must be told; *ask* wakes the retraining, if the definition
wants that. *reports* writes Evidently's pages. The same inputs again change nothing; late outcomes and corrections
change what they touch.

**Needs.** The connection `scoring_db`, the lake, MLflow, and a place for the reports (`SCORING_REPORTS`).

**By hand.** *Trigger* → *As of*. `scoring monitor <score> --as-of <date>` does the same and shows the figures.

**Recover.** Clear the failed task: each is a transaction of its own, and done work is not done again.
"""

from airflow.sdk import DAG, PartitionedAssetTimetable, task
from scoring_airflow.assets import outcomes_asset, publication_asset, retrain_asset
from scoring_airflow.connections import catalog
from scoring_airflow.defaults import START, default_args
from scoring_airflow.partitions import as_of_param
from scoring_airflow.tasks import learning, monitoring

from scoring.domain.dag_ids import monitor_dag


@task
def drift(score: str) -> int | None:
    """Compare the customers with those before; returns how many features have drifted since training."""
    return monitoring.drift(score)


@task
def performance(score: str) -> dict[str, int]:
    """Evaluate the publication and estimate it; returns the ids of both evaluations and counts."""
    return monitoring.performance(score)


@task
def verdict(score: str) -> bool:
    """Judge the publication; returns whether its model needs an update."""
    return monitoring.verdict(score)


@task
def reports(score: str) -> list[str]:
    """Write the reports; returns where they are."""
    return monitoring.reports(score)


@task
def ask(score: str) -> str:
    """Wake the retraining if an update is needed; returns its partition."""
    return learning.ask_for_retraining(score)


for score in catalog().scores.values():
    with DAG(
        dag_id=monitor_dag(score.name),
        dag_display_name=f"Monitor · {score.title}",
        description=f"{score.title}: drift, performance, estimates, and whether the model needs an update.",
        doc_md=__doc__,
        schedule=PartitionedAssetTimetable(assets=publication_asset(score) | outcomes_asset(score)),
        start_date=START,
        catchup=False,
        max_active_runs=4,
        default_args=default_args(score.owner),
        tags=["monitor", score.name, score.data_set],
        params={"as_of": as_of_param("to look at")},
    ):
        judged = verdict(score.name)
        [drift(score.name), performance(score.name)] >> judged >> reports(score.name)
        if score.learning.on_request:
            judged >> ask.override(outlets=[retrain_asset(score)])(score.name)
