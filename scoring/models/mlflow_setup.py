"""How MLflow is used here: it fails after seconds, its logs hold no address, and its errors become ours."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import mlflow.store.db.utils
from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR, MLFLOW_HTTP_REQUEST_MAX_RETRIES
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from scoring.errors import PermanentError, TransientError

TRIES = 4
TRY_AGAIN = frozenset({408, 425, 429})  # the HTTP 4xx statuses after which the same request may succeed


@cache
def configure_mlflow() -> None:
    """Let MLflow fail after seconds instead of minutes, and keep its hints, bars and database's address out of logs.

    Airflow retries, not MLflow. Runs once, when a registry is first used.
    """
    logging.getLogger("mlflow").setLevel(logging.WARNING)  # it recommends model formats that this project refuses
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.ERROR)  # its warnings hold the database's address
    mlflow.store.db.utils.MAX_RETRY_COUNT = TRIES
    if not MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.is_set():  # type: ignore[no-untyped-call]
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)  # type: ignore[no-untyped-call]
    if not MLFLOW_HTTP_REQUEST_MAX_RETRIES.is_set():  # type: ignore[no-untyped-call]
        MLFLOW_HTTP_REQUEST_MAX_RETRIES.set(TRIES - 1)  # type: ignore[no-untyped-call]


@contextmanager
def translated_errors() -> Iterator[None]:
    """Translate the errors of MLflow and its database into ours."""
    try:
        yield
    except MlflowException as error:
        text = f"MLflow: {str(error).splitlines()[0]}"
        if is_permanent(error.get_http_status_code()):  # type: ignore[no-untyped-call]
            raise PermanentError(text) from error
        raise TransientError(text) from error
    except SQLAlchemyError as error:  # its text may contain the database's address
        raise TransientError(f"MLflow's database cannot be reached or breaks off ({type(error).__name__}).") from error
    except OSError as error:
        raise TransientError(f"MLflow's artifacts cannot be read: {error}") from error


def is_permanent(status: int) -> bool:
    """Whether the same request will fail again after an answer with this HTTP status."""
    return 400 <= status < 500 and status not in TRY_AGAIN  # noqa: PLR2004 - HTTP
