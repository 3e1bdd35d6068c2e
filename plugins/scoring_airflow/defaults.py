"""What all tasks have in common: their owner, which errors are worth another try, and how a failure reads."""

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from scoring.errors import PermanentError, TransientError

START = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # before any run; a schedule's own bounds come on top

OPEN_GROUPS = ("Pre Execute", "Post Execute")

RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception="scoring.errors.PermanentError",
            action=RetryAction.FAIL,
            reason="Trying again cannot help until somebody changes something.",
        ),
        RetryRule(
            exception="scoring.errors.TransientError",
            action=RetryAction.RETRY,
            retry_delay=dt.timedelta(seconds=30),
            reason="The same call may succeed later.",
        ),
    ]
)


def default_args(owner: str) -> dict[str, Any]:
    """The arguments of every task; what no rule names (a timeout, a full disk) is tried again after longer pauses."""
    return {
        "owner": owner,
        "retries": 3,
        "retry_delay": dt.timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": dt.timedelta(minutes=15),
        "retry_policy": RETRY_POLICY,
        "execution_timeout": dt.timedelta(hours=2),
        "on_failure_callback": report_failure,
    }


def report_failure(context: Mapping[str, Any]) -> None:
    """End the task's log with what failed, about which partition, why, and what to do.

    Airflow calls this inside of the group "Post Execute", or of "Pre Execute" too when the task did not get so far, and
    its UI shows groups folded. They are ended here; ending one too many does no harm.
    """
    run, task, error = context["dag_run"], context["task_instance"], context.get("exception")
    as_of = run.partition_key or context["params"].get("as_of") or "none"
    log = logging.getLogger("scoring")
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
        _advice(error),
    )


def _advice(error: object) -> str:
    if isinstance(error, PermanentError):
        return "do what the error says, then clear this task or trigger the run again; what was done before is kept."
    if isinstance(error, TransientError):
        return "it was tried several times; when the cause is gone, clear this task."
    return "see the log above; clearing this task is always safe: it is done again or found done."
