"""What happens when a task fails for good: a line in the log, and an alert for its owner."""

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from scoring.errors import PermanentError, ScoringError, TransientError

log = logging.getLogger("scoring")

NO_PARTITION = "none"
OPEN_GROUPS = ("Pre Execute", "Post Execute")


def report_failure(context: Mapping[str, Any]) -> None:
    """Note the failure for the task's owner; end the task's log with what failed, where, and what to do.

    Airflow calls this inside of the group "Post Execute", or of "Pre Execute" too when the task did not get so far, and
    its UI shows groups folded. They are ended here; ending one too many does no harm.
    """
    run, task, error = context["dag_run"], context["task_instance"], context.get("exception")
    as_of = run.partition_key or context["params"].get("as_of") or NO_PARTITION
    if not (isinstance(error, ScoringError) and error.noted):  # else people are told by whoever raised it
        try:
            _note(context, as_of)
        except Exception as problem:  # noqa: BLE001 - without the database the failure still stands in Airflow and the log
            log.warning("Nobody is told of this failure: it could not be noted (%s).", type(problem).__name__)
    for _ in OPEN_GROUPS:
        log.info("::endgroup::")
    log.error(
        "FAILED dag=%s task=%s as_of=%s run=%s error=%s: %s What to do: %s",
        task.dag_id,
        task.task_id,
        as_of,
        run.run_id,
        type(error).__name__,
        error,
        advice(error),
    )


def _note(context: Mapping[str, Any], as_of: str) -> None:
    from scoring.alerts import wording
    from scoring.alerts.facts import ADMINISTRATORS, note
    from scoring.database import transaction
    from scoring_airflow.connections import task_settings

    run, task, error = context["dag_run"], context["task_instance"], context.get("exception")
    owner = getattr(context.get("task"), "owner", None) or ADMINISTRATORS
    kind = type(error).__name__
    mapped = getattr(context.get("task"), "op_kwargs", {}).get("endpoint", "")
    occurrence = occurrence_of(run.run_id, as_of, kind, dt.datetime.now(dt.UTC).date(), mapped)
    fact = wording.task_failed(
        task.dag_id,
        task.task_id,
        owner,
        occurrence=occurrence,
        as_of=as_of,
        run=run.run_id,
        error=f"{kind}: {error}",
        remedy=advice(error),
    )
    with transaction(task_settings().database()) as connection:
        note(connection, fact)


def occurrence_of(run_id: str, as_of: str, kind: str, today: dt.date, endpoint: str = "") -> str:
    """What tells one failure of a task from the next: the run, whatever number of its shards fail.

    But a task that comes by its schedule every few minutes and is about no partition fails again and again for one
    reason: that is one fact a day for each kind of error, and for each endpoint: one must not hide another's.
    """
    if as_of == NO_PARTITION and run_id.startswith("scheduled__"):
        return f"{today} {kind} {endpoint}".rstrip()
    return f"{run_id} {endpoint}".rstrip()


def advice(error: object) -> str:
    """What a person does about an error."""
    if isinstance(error, PermanentError):
        return "do what the error says, then clear this task or trigger the run again; what was done before is kept."
    if isinstance(error, TransientError):
        return "it was tried several times; when the cause is gone, clear this task."
    return "see the log above; clearing this task is always safe: it is done again or found done."
