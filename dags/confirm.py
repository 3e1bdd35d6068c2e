"""Confirms or rejects a publication that is held back from the CRM.

**Why.** A wrong model, or a wrong delivery, must not flood the CRM. A publication that changes more customers than its
definition allows (`monitoring.most_changed`) is visible to readers, but the CRM is told nothing until a person decides.

**When.** By hand. People are told of each publication that is held, with its figures (docs/people.md).

**What it does.** *confirm* writes the differences from what the CRM was last told as events, in one transaction;
`sweep_crm` delivers them within five minutes. *reject* leaves the CRM with what it was last told. Either is recorded
with the name of the person. Done twice, it is found done.

**Needs.** The connection `scoring_db`.

**By hand.** *Trigger* → *Score*, *As of* and *Decision*. `scoring publication confirm` and `reject` do the same.

**Recover.** What was rejected can be confirmed later, as long as the CRM has heard of no newer date. Readers see a
rejected publication until it is dropped (`scoring publication drop`).
"""

from airflow.sdk import DAG, Param, task
from scoring_airflow.defaults import START, default_args
from scoring_airflow.forms import by_param, score_param
from scoring_airflow.partitions import as_of_param
from scoring_airflow.tasks import telling

from scoring.domain.dag_ids import CONFIRM


@task
def decide() -> dict[str, int]:
    """Confirm or reject; returns the publication's id and the number of events."""
    return telling.decide_publication()


with DAG(
    dag_id=CONFIRM,
    dag_display_name="Confirm a publication",
    description="By hand: tells the CRM what a held publication changed, or rejects it.",
    doc_md=__doc__,
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=default_args("scoring"),
    tags=["score", "crm"],
    params={
        "score": score_param("whose publication is held"),
        "as_of": as_of_param("of the publication"),
        "decision": Param(
            "confirm",
            type="string",
            enum=["confirm", "reject"],
            title="Decision",
            description="confirm: the CRM is told what changed. reject: it is told nothing of this publication.",
        ),
        "by": by_param(),
        "reason": Param(None, type=["null", "string"], title="Reason", description="For the record; may be empty."),
    },
):
    decide()
