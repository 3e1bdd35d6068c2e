"""Starts, changes or stops an experiment: two versions of a model compared on live customers.

**Why.** What is better on old customers need not be better on those of today.

**When.** Never by itself.

**What it does.** *start* compares a version with the one in charge from the next partition on: in a *split* each
customer gets the score of one of them, always of the same one; in a *shadow* the challenger scores everybody, and
nobody sees it. *change share* gives the challenger of a split another part of the customers: only those between the
old and the new part move. *stop* ends it: the champion scores everybody from the next partition on. One experiment of
a score runs at a time.

**Needs.** The connection `scoring_db`, MLflow.

**By hand.** *Trigger* → *Score*, *What*, *Reason*. `scoring experiment start`, `share` and `stop` do the same.

**Recover.** A failed run has changed nothing; its message says why.
"""

from airflow.sdk import DAG, Param, task
from scoring_airflow.defaults import START, default_args
from scoring_airflow.forms import by_param, score_param
from scoring_airflow.tasks import experimenting

from scoring.domain.dag_ids import CHANGE_EXPERIMENT


@task
def change() -> dict[str, int]:
    """Do what the form says; returns the experiment's id and its versions."""
    return experimenting.change()


with DAG(
    dag_id=CHANGE_EXPERIMENT,
    dag_display_name="Start, change or stop an experiment",
    description="By hand: compares a version of a model with the one in charge on live customers.",
    doc_md=__doc__,
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=default_args("scoring"),
    tags=["models"],
    params={
        "score": score_param("whose model is tried"),
        "what": Param(
            "start split",
            type="string",
            enum=["start split", "start shadow", "change share", "stop"],
            title="What",
            description="Start an experiment, change the challenger's part of the customers, or stop it.",
        ),
        "version": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Version",
            description="To start: the challenger's number, as `scoring model list` shows it.",
        ),
        "share": Param(
            None,
            type=["null", "number"],
            exclusiveMinimum=0,
            exclusiveMaximum=1,
            title="Share",
            description="The challenger's part of the customers in a split, 0 to 1. Empty at a start: as defined.",
        ),
        "reason": Param(None, type="string", minLength=1, title="Reason", description="Why, for the record."),
        "by": by_param(),
    },
):
    change()
