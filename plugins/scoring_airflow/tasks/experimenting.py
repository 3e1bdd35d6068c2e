"""Experiments: started, changed and stopped by people or by a rule, and looked at."""

import datetime as dt
import logging

from airflow.exceptions import AirflowSkipException
from airflow.sdk import get_current_context

from scoring.errors import PermanentError
from scoring.models.experiments import Mode
from scoring_airflow.connections import catalog, task_settings
from scoring_airflow.faults import task_body
from scoring_airflow.forms import person

log = logging.getLogger(__name__)


@task_body
def evaluate(score: str) -> dict[str, int]:
    """Look at the running experiment; skipped if none is running or no cohort of it is mature."""
    from scoring.experiments.evaluate import evaluate as look_at

    look = look_at(task_settings(), catalog().score(score), today=dt.datetime.now(dt.UTC).date())
    if look is None:
        raise AirflowSkipException("No experiment is running, or no outcome of its customers is known yet.")
    log.info("%s: %s", look.state, look.said)
    return {"look_id": look.look_id, "cohorts": look.cohorts, "ended": look.state not in ("going", "blocked")}


@task_body
def change() -> dict[str, int]:
    """Start, change or stop an experiment, as the form says."""
    from scoring.experiments import running

    context = get_current_context()
    params = context["params"]
    score, settings = catalog().score(params["score"] or ""), task_settings()
    signed = {"by": person(context), "reason": params["reason"] or ""}
    match params["what"]:
        case "stop":
            made = running.stop(settings, score, **signed)
        case "change share":
            if params["share"] is None:
                raise PermanentError("No share is given.", in_airflow="Fill in *Share*.")
            made = running.set_share(settings, score, params["share"], **signed)
        case _:
            if params["version"] is None:
                raise PermanentError("No version is given.", in_airflow="Fill in *Version*.")
            mode: Mode = "shadow" if params["what"] == "start shadow" else "split"
            made = running.start(settings, score, params["version"], mode=mode, share=params["share"], **signed)
    return {"experiment_id": made.experiment_id, "champion": made.champion, "challenger": made.challenger}
