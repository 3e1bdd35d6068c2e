"""Wakes the retraining of a score's model by the clock.

**Why.** A model learns anew before it is too old, also if nobody has noticed anything.

**When.** By the score's `learning.schedule`, between the first and the last date of its data set; there is no such DAG
for a score without one.

**What it does.** Wakes `retrain_<score>` for the day of the tick: the date by which outcomes count.

**Needs.** Nothing.

**By hand.** Trigger `retrain_<score>` itself.

**Recover.** Trigger `retrain_<score>` for the day that was missed.
"""

import datetime as dt

from airflow.sdk import DAG, task
from scoring_airflow.assets import retrain_asset
from scoring_airflow.connections import catalog
from scoring_airflow.defaults import default_args
from scoring_airflow.schedules import by_clock
from scoring_airflow.tasks import learning

from scoring.domain.dag_ids import retrain_schedule_dag


@task
def wake(score: str) -> str:
    """Wake the retraining; returns its partition."""
    return learning.wake_retraining(score)


for score in catalog().scores.values():
    if score.learning.schedule is not None:
        data_set = catalog().data_set(score.data_set)
        with DAG(
            dag_id=retrain_schedule_dag(score.name),
            dag_display_name=f"Retrain by schedule · {score.title}",
            description=f"{score.title}: wakes the retraining by the clock.",
            doc_md=__doc__,
            schedule=by_clock(score.learning.schedule),
            start_date=dt.datetime.combine(data_set.first_as_of, dt.time.min, dt.UTC),
            end_date=dt.datetime.combine(data_set.last_as_of, dt.time.max, dt.UTC) if data_set.last_as_of else None,
            catchup=False,
            default_args=default_args(score.owner),
            tags=["models", score.name, score.data_set],
        ):
            wake.override(outlets=[retrain_asset(score)])(score.name)
