"""The FastAPI app of the page; every route asks Airflow who the user is, and none blocks Airflow's event loop."""

import datetime as dt
from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends, FastAPI, Request, Response
from pydantic_core import to_json

from scoring.page.overview import overview
from scoring_airflow.connections import catalog
from scoring_airflow.page.database import database
from scoring_airflow.page.files import file
from scoring_airflow.page.headers import SafeHeaders
from scoring_airflow.page.problems import answer_problems


def scoring_app() -> FastAPI:
    """A new app, to be mounted by Airflow under one prefix; whoever may see Airflow's website may see the page."""
    app = FastAPI(
        title="Scoring",
        dependencies=[Depends(requires_access_view(access_view=AccessView.WEBSITE))],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.add_middleware(SafeHeaders)
    answer_problems(app)
    # Routes are plain functions: FastAPI runs them in threads, where a query blocks nobody else.
    app.get("/")(_index)
    app.get("/static/{name}")(file)
    app.get("/api/overview")(_overview)
    return app


def _index(request: Request) -> Response:
    return file("index.html", request)


def _overview() -> Response:
    with database() as connection:
        return json_of(overview(connection, catalog(), dt.datetime.now(dt.UTC)))


def json_of(payload: Any) -> Response:
    """A dataclass as JSON: dates as ISO 8601, what is no number as null."""
    return Response(to_json(payload, inf_nan_mode="null"), media_type="application/json")
