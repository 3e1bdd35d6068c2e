"""Puts the API together: routes, errors as problems, its OpenAPI description, and the gate around all of it."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import Response

from scoring import __version__
from scoring.catalog import Catalog
from scoring.errors import ScoringError
from scoring.intake.messages.reader import FieldError
from scoring.intake.messages.schema import example_record, record_schema
from scoring.serving import shapes
from scoring.serving.answers import refused
from scoring.serving.api import Api
from scoring.serving.gate import Gate
from scoring.serving.problems import Problem, invalid, of_error
from scoring.serving.routes import router, sent

log = logging.getLogger(__name__)

TITLE = "Scoring API"
ABOUT = "Scores customers by the models in charge: the same number as the published one. Errors are RFC 9457 problems."


def app_of(api: Api) -> FastAPI:
    """The routes without the gate; :func:`application` is what is served."""
    app = FastAPI(
        title=TITLE, version=__version__, docs_url=None, redoc_url=None, openapi_url=None, lifespan=_living,
        redirect_slashes=False,
    )  # fmt: skip
    app.state.api = api
    app.include_router(router)
    app.exception_handler(Problem)(_problem)
    app.exception_handler(ScoringError)(_known)
    app.exception_handler(RequestValidationError)(_misspelt)
    app.exception_handler(HTTPException)(_http)
    app.openapi = lambda: _description(app, api.board.catalog)  # type: ignore[method-assign]
    return app


def application(api: Api) -> Gate:
    """The whole API as an ASGI application; it starts and ends with the server's lifespan."""
    return Gate(app_of(api), api)


@asynccontextmanager
async def _living(app: FastAPI) -> AsyncIterator[None]:
    api: Api = app.state.api
    api.start()
    yield
    api.close()


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for it
    return sent(refused(error))


async def _known(_: Request, error: Exception) -> Response:
    assert isinstance(error, ScoringError)  # noqa: S101
    log.warning("a request cannot be answered: %s", error.args[0])
    return sent(refused(of_error(error)))


async def _misspelt(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    errors = [FieldError(str(one["loc"][-1]), one.get("input"), str(one["msg"])) for one in error.errors()]
    return sent(refused(invalid("A parameter cannot be used.", errors, type_="urn:scoring:invalid-request")))


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    status = error.status_code
    said = f"{HTTPStatus(status).phrase}; GET /openapi.json describes what there is."
    return sent(refused(Problem(status, said, headers=error.headers or {})))


def _description(app: FastAPI, catalog: Catalog) -> dict[str, Any]:
    """The OpenAPI description, with a record and an example of each score."""
    if app.openapi_schema is None:
        found = get_openapi(title=TITLE, version=__version__, description=ABOUT, routes=app.routes)
        parts = found.setdefault("components", {})
        scores = catalog.scores.values()
        records = {f"Record_{one.data_set}": record_schema(catalog.data_set(one.data_set)) for one in scores}
        parts["schemas"] = {"Problem": shapes.PROBLEM} | records
        parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "description": "sk_<id>_<secret>"}}
        operation = found["paths"]["/v1/scores/{score}"]["post"]
        item = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in records]} if records else {}
        examples = {one.name: example_record(catalog.data_set(one.data_set)) for one in scores}
        operation["requestBody"] = shapes.body("records", item, examples)
        operation["parameters"] = [*operation["parameters"], IDEMPOTENCY]
        for parameter in operation["parameters"]:
            if parameter["name"] == "score" and scores:
                parameter["schema"] = {"type": "string", "enum": list(catalog.scores)}
        for path in ("/v1/outcomes", "/v1/corrections"):
            found["paths"][path]["post"]["parameters"] = [IDEMPOTENCY]
        app.openapi_schema = found
    return app.openapi_schema


IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same request under the same key gets the same answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
