"""What all tasks have in common: their owner, which errors are worth another try, and what happens on failure."""

import datetime as dt
from typing import Any

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from scoring_airflow.failures import report_failure

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
