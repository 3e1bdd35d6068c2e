"""Models: trained anew, judged, approved, and which version is in charge."""

import logging

from airflow.exceptions import AirflowSkipException
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Context, get_current_context

from scoring.errors import NotFound
from scoring_airflow.assets import retrain_asset
from scoring_airflow.connections import catalog, task_settings
from scoring_airflow.faults import task_body
from scoring_airflow.forms import person
from scoring_airflow.partitions import partition

log = logging.getLogger(__name__)

APPROVAL = "approval"  # the task that waits for a person


@task_body
def roll_back_model() -> dict[str, int]:
    """Put a former version in charge, as the form says; returns its number and that of the one before."""
    from scoring.learning.promotion import roll_back

    context = get_current_context()
    params = context["params"]
    score, reason = catalog().score(params["score"] or ""), params["reason"] or ""
    made = roll_back(task_settings(), score, params["version"], by=person(context), reason=reason)
    return {"version": made.model_version, "before": made.from_version or 0}


@task_body
def retrain_model(score: str) -> dict[str, int | None]:
    """Train and judge a version at the run's date; returns its number, the verdict's, and what became of it.

    By the clock or on a request too few mature cohorts are nothing to do; a person who asks for it gets the error.
    """
    from scoring.experiments.running import NOT_TRIED, start_by_rule
    from scoring.learning.judging import report_of
    from scoring.learning.retrain import retrain, window_of

    context = get_current_context()
    params, run, definition = context["params"], context["dag_run"], catalog().score(score)
    as_of, by_hand = partition(context), run.run_type == "manual"
    asked = f"by {run.triggering_user_name or 'hand'}" if by_hand else "by schedule or on a request"
    settings, only = task_settings(), params["then"] == "only register"
    try:
        found = retrain(
            settings,
            window_of(definition, params["cohorts"]),
            as_of,
            reason=params["reason"] or asked,
            only_register=only,
        )
    except NotFound as error:
        if by_hand:
            raise
        raise AirflowSkipException(str(error)) from error
    log.info("%s\n%s", found.because, report_of(settings, found))
    begun = start_by_rule(settings, definition, found)
    if begun is not None:
        log.info("%s has begun: version %d against %d", begun.name, begun.champion, begun.challenger)
    elif found.tried:
        log.warning(NOT_TRIED)
    return {
        "version": found.ref.version,
        "gate_id": found.verdict.gate_id if found.verdict else None,
        "promoted": found.promotion is not None,
        "waits": found.waits,
    }


class Approval(ApprovalOperator):
    """Waits until a person approves or rejects the new version; shows the gate's report."""

    def execute(self, context: Context) -> None:
        """Ask."""
        from scoring.database import transaction
        from scoring.learning import gates

        gate_id = context["ti"].xcom_pull(task_ids="retrain")["gate_id"]
        with transaction(task_settings().database()) as connection:
            verdict = gates.get(connection, gate_id)
            report = gates.report(verdict, gates.checks_of(connection, gate_id))
        self.body = f"```\n{report}\n```"
        super().execute(context)


@task_body
def put_approved_in_charge(score: str) -> int:
    """Put the version in charge that a person has approved in this run; returns its number."""
    from scoring.learning.judging import approve
    from scoring.models.registry import Registry

    ti = get_current_context()["ti"]
    settings, definition = task_settings(), catalog().score(score)
    version = ti.xcom_pull(task_ids="retrain")["version"]
    user = (ti.xcom_pull(task_ids=APPROVAL) or {}).get("responded_by_user") or {}
    ref = Registry(settings.mlflow_tracking_uri.get_secret_value()).version(definition.model_name, version)
    approve(settings, definition, ref, by=user.get("name") or user.get("id") or "a user of Airflow", reason="approved")
    return int(version)


@task_body
def ask_for_retraining(score: str) -> str:
    """Wake the retraining for the end of the horizon of the run's cohort; skipped if no update is needed."""
    context = get_current_context()
    definition, as_of = catalog().score(score), partition(context)
    if not context["ti"].xcom_pull(task_ids="verdict"):
        raise AirflowSkipException("No update is needed.")
    key = definition.target.horizon.after(as_of).isoformat()
    context["outlet_events"][retrain_asset(definition)].add_partitions([key])
    return key


@task_body
def wake_retraining(score: str) -> str:
    """Wake the retraining for the date of the run's tick."""
    context = get_current_context()
    key = partition(context).isoformat()
    context["outlet_events"][retrain_asset(catalog().score(score))].add_partitions([key])
    return key
