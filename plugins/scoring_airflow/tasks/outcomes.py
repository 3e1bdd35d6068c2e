"""What really happened: collected when it can be known, and corrected by people."""

import datetime as dt
import logging
from typing import Any

from airflow.sdk import get_current_context

from scoring.errors import PermanentError
from scoring_airflow.assets import outcomes_asset
from scoring_airflow.connections import catalog, task_settings
from scoring_airflow.faults import task_body
from scoring_airflow.partitions import given_date
from scoring_airflow.tasks.result import counts

log = logging.getLogger(__name__)

SINGLE_CORRECTION = ("as_of", "customer", "value", "reason")  # the fields of the form that correct one customer


@task_body
def due_cohorts(score: str) -> list[str]:
    """The cohorts of a score whose outcomes are to be collected: the one chosen in the form, or all that are due."""
    from scoring.outcomes.schedule import due

    context, today = get_current_context(), dt.datetime.now(dt.UTC).date()
    chosen = given_date(context, "cohort")
    if chosen is not None:
        return [chosen.isoformat()]
    wake = dt.date.fromisoformat(context["dag_run"].partition_key or today.isoformat())
    return [as_of.isoformat() for as_of in due(task_settings(), catalog().score(score), wake, today=today)]


@task_body
def collect_outcomes(score: str, as_of: str) -> dict[str, int]:
    """Collect the outcomes of one cohort and wake who looks at them."""
    from scoring.outcomes.collect import collect

    context, definition = get_current_context(), catalog().score(score)
    collected = collect(task_settings(), definition, dt.date.fromisoformat(as_of))
    _warn_of_refused(collected)
    context["outlet_events"][outcomes_asset(definition)].add_partitions(as_of)
    return counts(collected)


@task_body
def correct_outcomes(score: str) -> dict[str, int]:
    """Record the corrections of the form, if they are about this score, and wake who looks at its outcomes."""
    from scoring.outcomes.correct import correct, correct_file

    context, definition = get_current_context(), catalog().score(score)
    form, author = context["params"], _author(context)
    given = [name for name in SINGLE_CORRECTION if form.get(name)]
    if path := form.get("path"):
        if given:
            raise PermanentError(f"The form names a file and also {', '.join(given)}.", remedy="trigger it with one.")
        corrected = correct_file(task_settings(), definition, path, author=author)
        _warn_of_refused(corrected)
        as_ofs, told = list(corrected.as_ofs), counts(corrected)
    elif len(given) < len(SINGLE_CORRECTION):
        missing = ", ".join(name for name in SINGLE_CORRECTION if name not in given)
        raise PermanentError(f"The form lacks {missing}.", remedy="trigger it again with all of them, or with a file.")
    else:
        as_ofs = [dt.date.fromisoformat(form["as_of"])]
        said = {"written": form["value"], "author": author, "reason": form["reason"]}
        done = correct(task_settings(), definition, as_ofs[0], form["customer"], **said)
        told = {"recorded": int(not done.found)}
    context["outlet_events"][outcomes_asset(definition)].add_partitions([as_of.isoformat() for as_of in as_ofs])
    return told


@task_body
def corrected_score(scores: list[str]) -> str:
    """The task of the DAG that corrects: the one of the score that the form names."""
    chosen = get_current_context()["params"]["score"]
    if chosen not in scores:
        raise PermanentError(f"There is no score {chosen!r} here; there are: {', '.join(scores)}.")
    return correct_task(chosen)


def correct_task(score: str) -> str:
    """The task of the DAG ``correct_outcomes_<data set>`` that corrects a score."""
    return f"correct_{score}"


def _author(context: Any) -> str:
    """Who corrects: as the form says, else who triggered the run."""
    return str(context["params"].get("author") or context["dag_run"].triggering_user_name or "")


def _warn_of_refused(collected: Any) -> None:
    if collected.quarantined and not collected.found:
        log.warning(
            "%d of %d rows are in quarantine; `scoring outcome refused %d` shows why.",
            collected.quarantined,
            collected.received,
            collected.batch_id,
        )
