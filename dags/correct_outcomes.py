"""Lets a person correct what is known of customers: of one, by the form, or of many, by a file.

**Why.** A system may be wrong or late. What a person knows better wins over the system's value from then on.

**When.** By hand only.

**What it does.** Adds the correction with its author and reason; nothing that was recorded is changed or removed. Rows
of a file that cannot be used (unknown customer or cohort, impossible value, no reason, rows that contradict each other)
are refused and kept; the others count. The same correction again adds nothing. Then it wakes who looks at the score's
outcomes (asset `outcomes_<score>`), for each cohort that it is about.

**Needs.** The connection `scoring_db`; a file must be in the inbox or below one of `SCORING_SOURCE_ROOTS`.

**By hand.** *Trigger* → *Score*; then *As of*, *Customer*, *Value* and *Reason*, or *File*. *Author* is who triggers,
unless it is filled in.

**Recover.** The failed task's log says what is wrong. Trigger it again with the right values. A wrong correction is
corrected by another one; `scoring outcome history <score> <customer>` shows all of them.
"""

from airflow.sdk import DAG, Param, task
from scoring_airflow.assets import outcomes_asset
from scoring_airflow.connections import catalog
from scoring_airflow.defaults import START, default_args
from scoring_airflow.tasks import outcomes

from scoring.domain.dag_ids import correct_dag


def text(title: str, description: str, section: str = "One customer") -> Param:
    """A field of the form that may stay empty."""
    return Param(None, type=["null", "string"], title=title, description=description, section=section)


@task.branch
def choose(scores: list[str]) -> str:
    """The task of the score that the form names."""
    return outcomes.corrected_score(scores)


@task
def correct(score: str) -> dict[str, int]:
    """Record the corrections; returns counts."""
    return outcomes.correct_outcomes(score)


for data_set in catalog().data_sets.values():
    scores = catalog().scores_of(data_set.name)
    if not scores:
        continue
    names = [score.name for score in scores]
    with DAG(
        dag_id=correct_dag(data_set.name),
        dag_display_name=f"Correct outcomes · {data_set.title}",
        description=f"{data_set.title}: a person says what really happened to customers.",
        doc_md=__doc__,
        schedule=None,
        start_date=START,
        catchup=False,
        max_active_runs=4,
        default_args=default_args(data_set.owner),
        tags=["outcomes", data_set.name],
        params={
            "score": Param(
                names[0], type="string", enum=names, title="Score", description="The score whose outcome is corrected."
            ),
            "as_of": Param(
                None,
                type=["null", "string"],
                format="date",
                title="As of",
                description="The cohort: the day at which the customer was scored.",
                section="One customer",
            ),
            "customer": text("Customer", "The customer's id."),
            "value": text("Value", "What really happened, as a source would write it: an amount, true, a category."),
            "reason": text("Reason", "Why, for the record."),
            "path": text(
                "File",
                "A CSV file instead, with the columns customer_id, as_of, value and reason: in the inbox or below one "
                "of SCORING_SOURCE_ROOTS.",
                "Many customers",
            ),
            "author": text("Author", "Who says so, for the record. Empty: who triggers the run.", "For the record"),
        },
    ):
        chosen = choose(names)
        for score in scores:
            chosen >> correct.override(task_id=outcomes.correct_task(score.name), outlets=[outcomes_asset(score)])(
                score.name
            )
