"""Models: which version is in charge."""

from airflow.sdk import get_current_context

from scoring_airflow.connections import catalog, task_settings
from scoring_airflow.faults import task_body


@task_body
def roll_back_model() -> dict[str, int]:
    """Put a former version in charge, as the form says; returns its number and that of the one before."""
    from scoring.learning.promotion import roll_back

    context = get_current_context()
    params, run = context["params"], context["dag_run"]
    by = params["by"] or run.triggering_user_name or "Airflow"
    score = catalog().score(params["score"] or "")
    made = roll_back(task_settings(), score, params["version"], by=by, reason=params["reason"] or "")
    return {"version": made.model_version, "before": made.from_version or 0}
