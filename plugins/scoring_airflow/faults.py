"""How an error leaves a task: with the remedy for a reader in Airflow; what nobody foresaw fails at once."""

import functools
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from airflow.sdk.exceptions import AirflowException, AirflowRuntimeError

from scoring.errors import PermanentError, ScoringError

P = ParamSpec("P")
T = TypeVar("T")

# These may be gone at the next try: the network and the disk, a full memory, Airflow's own server, a skipped task.
MAY_PASS = (OSError, MemoryError, AirflowException, AirflowRuntimeError)

# Of the operating system's errors, these come again until somebody changes something.
STAYS = (FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError)


class UnexpectedError(PermanentError):
    """An error that nobody foresaw: most come from a definition's own code or a package that it uses."""


def task_body(body: Callable[P, T]) -> Callable[P, T]:
    """Let the errors of a task's body say what to do in Airflow.

    Raises
    ------
    UnexpectedError
        In place of an error that is none of ours and would come again at the next try.
    """

    @functools.wraps(body)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return body(*args, **kwargs)
        except ScoringError as error:
            error.read_in_airflow = True
            raise
        except Exception as error:  # a user's code may raise anything
            if may_pass(error):
                raise
            raise unexpected(error) from error

    return run


def may_pass(error: Exception) -> bool:
    """Whether an error that is none of ours may be gone at the next try."""
    return isinstance(error, MAY_PASS) and not isinstance(error, STAYS)


def unexpected(error: Exception) -> UnexpectedError:
    """The error as a permanent one that says where it was raised and what to look at."""
    if isinstance(error, ModuleNotFoundError):
        return UnexpectedError(
            f"The package {error.name!r} is not installed where this task ran.",
            remedy="Install it into the Python environment of all Airflow workers, or take it out of the definition.",
        )
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return UnexpectedError(
        f"{type(error).__name__}{where}: {error}",
        remedy="The traceback above shows the call that failed. If it leads through a definition, its estimator or the "
        "data, correct that; otherwise report it as a fault of the pipeline.",
    )
