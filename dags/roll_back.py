"""Puts the version of a model that was in charge before in charge again.

**Why.** A new version can be wrong in a way that no check has seen. Going back must be quick, and on record.

**When.** When a person triggers it.

**What it does.** Adds a row to the ledger `scoring.promotion`: who, why, from which version to which. The next
partition is scored with that version; a publication in flight is finished with its own. MLflow's alias follows, and the
score's owner is told.

**Needs.** The connection `scoring_db`, and MLflow.

**By hand.** *Trigger*: the score, and why. *Version* names another one that was in charge; without it, it is the one
before. *By* is your name, if Airflow does not know it. `scoring model rollback` does the same, `scoring model list`
shows the versions.

**Recover.** A mistake is undone by `scoring model promote`, or by this DAG with the version.
"""

from airflow.sdk import DAG, Param, task
from scoring_airflow.defaults import START, default_args
from scoring_airflow.forms import by_param, score_param
from scoring_airflow.tasks import learning

from scoring.domain.dag_ids import ROLL_BACK


@task
def roll_back() -> dict[str, int]:
    """Put the version before in charge; returns its number and that of the one before."""
    return learning.roll_back_model()


with DAG(
    dag_id=ROLL_BACK,
    dag_display_name="Roll back a model",
    description="By hand: puts the version of a model that was in charge before in charge again.",
    doc_md=__doc__,
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=default_args("scoring"),
    tags=["models"],
    params={
        "score": score_param("whose model is rolled back"),
        "reason": Param(None, type="string", minLength=1, title="Reason", description="Why, for the record."),
        "version": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Version",
            description="One that was in charge. Empty: the one before.",
        ),
        "by": by_param(),
    },
):
    roll_back()
