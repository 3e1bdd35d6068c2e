"""Errors as the page shows them: a sentence with the remedy, never a traceback."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from scoring.errors import NotFound, ScoringError, TransientError
from scoring_airflow.page.headers import SAFE

log = logging.getLogger(__name__)

BUG = (
    "This page failed, not your data: its error stands in the log of Airflow's API server. "
    "Remedy: load the page again; if it fails again, send that log to whoever maintains the pipeline."
)


def answer_problems(app: FastAPI) -> None:
    """Let ``app`` answer errors with JSON: ``{"problem": ...}``."""
    app.exception_handler(ScoringError)(_known)
    app.exception_handler(RequestValidationError)(_misspelt)
    app.exception_handler(Exception)(_unknown)


def _known(_: Request, error: Exception) -> JSONResponse:
    if isinstance(error, ScoringError):
        error.read_in_airflow = True
    status = 404 if isinstance(error, NotFound) else 503 if isinstance(error, TransientError) else 500
    return JSONResponse({"problem": str(error)}, status)


def _misspelt(_: Request, error: Exception) -> JSONResponse:
    wrong = error.errors() if isinstance(error, RequestValidationError) else []
    said = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in wrong)
    return JSONResponse(
        {"problem": f"The address cannot be understood: {said}. Remedy: correct it, dates as 2026-11-26."}, 422
    )


def _unknown(_: Request, error: Exception) -> JSONResponse:
    log.error("The page Scoring failed", exc_info=error)
    return JSONResponse({"problem": BUG}, 500, SAFE)  # it is sent from outside of the middleware
