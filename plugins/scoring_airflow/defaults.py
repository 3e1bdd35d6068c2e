"""What all tasks have in common: their owner, which errors are worth another try, and how a failure reads."""

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from scoring.errors import PermanentError, TransientError

START = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)  # before any run; a schedule's own bounds come on top

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
    """The arguments of every task; unknown errors are tried again like transient ones, with longer pauses."""
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
    """Write one line that says what failed, about which partition, why, and what to do."""
    run, task, error = context["dag_run"], context["task_instance"], context.get("exception")
    as_of = run.partition_key or context["params"].get("as_of") or "none"
    logging.getLogger("scoring").error(
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
