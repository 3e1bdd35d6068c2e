"""The routes: each asks for a scope, and leaves the work to a thread."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from scoring.publishing import live
from scoring.serving import feedback, looking
from scoring.serving.answers import Answer, told
from scoring.serving.api import Api, ids_of
from scoring.serving.describe import described, docs_page
from scoring.serving.keys import Scope
from scoring.serving.metrics import MEDIA_TYPE
from scoring.serving.model import Served
from scoring.serving.problems import AFTER, Problem
from scoring.serving.score_records import quick_answer, whole_answer
from scoring.serving.shapes import (
    CORRECTIONS,
    CUSTOMER_ANSWER,
    FEEDBACK_ANSWER,
    MODELS_ANSWER,
    OUTCOMES,
    READY_ANSWER,
    SCORE_ANSWER,
    SCORES_ANSWER,
    problems,
)  # fmt: skip

MOST_HISTORY = 100

router = APIRouter()


def api_of(request: Request) -> Api:
    """The parts of the process."""
    api: Api = request.app.state.api
    return api


def needs(scope: Scope) -> Any:
    """What a route says of the scope that it needs."""

    async def check(request: Request) -> None:
        if scope not in request.scope["state"]["key"].scopes:
            raise Problem(403, f"This key lacks the scope {scope!r}.", "urn:scoring:forbidden")

    return Depends(check)


def secured(scope: Scope) -> dict[str, Any]:
    """The same for OpenAPI."""
    return {"security": [{"key": [scope]}]}


ScoreName = Annotated[str, Path(description="Name of a score.", max_length=48)]


@router.get("/healthz", summary="Whether the process answers", responses={200: READY_ANSWER}, tags=["operation"])
async def healthz() -> Response:
    """Anonymous."""
    return sent(told({"status": "ok"}))


@router.get(
    "/readyz", summary="Whether requests can be answered", responses={200: READY_ANSWER, 503: READY_ANSWER},
    tags=["operation"],
)  # fmt: skip
async def readyz(request: Request) -> Response:
    """Anonymous. `troubles` also names what is served by an older model than the ledger says."""
    api = api_of(request)
    troubles = sorted(f"score {name}: not as the ledger says" for name in api.board.troubles)
    troubles += ["definitions: some are wrong"] if api.board.catalog.problems else []
    fatal = ["the process is ending"] if api.draining else []
    fatal += [] if api.board.served or not api.board.servable else ["no model is loaded"]
    fatal += [] if await api.database_answers() else ["the database does not answer"]
    content = {"status": "not ready" if fatal else "ready", "troubles": fatal + troubles}
    return sent(told(content, 503 if fatal else 200))


@router.get("/metrics", summary="Prometheus metrics", dependencies=[needs("metrics")], tags=["operation"],
            openapi_extra=secured("metrics"),
            responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems()})  # fmt: skip
async def metrics(request: Request) -> Response:
    """Text format 0.0.4."""
    return Response(api_of(request).metrics.exposed(), media_type=MEDIA_TYPE)


@router.get("/openapi.json", dependencies=[needs("read")], include_in_schema=False)
async def openapi(request: Request) -> Response:
    """The description of this API."""
    return sent(told(request.app.openapi()))


@router.get("/docs", dependencies=[needs("read")], include_in_schema=False)
async def docs(request: Request) -> Response:
    """The same for people."""
    return HTMLResponse(docs_page(request.app.openapi()))


@router.post(
    "/v1/scores/{score}", summary="Score customers given as records", dependencies=[needs("score")], tags=["scores"],
    openapi_extra=secured("score"), responses={200: SCORE_ANSWER, **problems(400, 404, 409, 413, 415, 422)},
)  # fmt: skip
async def score(
    request: Request,
    score: ScoreName,
    reasons: Annotated[bool, Query(description="Also say why: the features that pushed each score most.")] = False,
) -> Response:
    """Per record a result or a problem. 422 if no record can be used."""
    api = api_of(request)
    served = _served(api, score)
    if reasons and served.explained is None:
        raise Problem(422, f"The definition of {score} has no reasons.", "urn:scoring:no-reasons")
    if not reasons and (answer := quick_answer(api, request, served)) is not None:
        return sent(answer)
    return sent(await api.computed(lambda: whole_answer(api, request, served, reasons=reasons)))


@router.get(
    "/v1/scores", summary="The scores: features, types, bands, model", dependencies=[needs("read")], tags=["scores"],
    openapi_extra=secured("read"), responses={200: SCORES_ANSWER, **problems()},
)  # fmt: skip
async def scores(request: Request) -> Response:
    """The definitions that this process serves."""
    api = api_of(request)
    found = [
        described(one, api.board.catalog, api.board.served.get(one.name)) for one in api.board.catalog.scores.values()
    ]
    return sent(told({"scores": found}))


@router.get(
    "/v1/models", summary="Versions in charge, and all promotions", dependencies=[needs("read")], tags=["models"],
    openapi_extra=secured("read"), responses={200: MODELS_ANSWER, **problems()},
)  # fmt: skip
async def models(request: Request) -> Response:
    """The ledger decides; `served` is what this process answers with."""
    api = api_of(request)
    return sent(await api.blocking(lambda: looking.models(api)))


@router.get(
    "/v1/customers/{customer_id}/scores", summary="Published scores of a customer", dependencies=[needs("read")],
    tags=["customers"], openapi_extra=secured("read"), responses={200: CUSTOMER_ANSWER, **problems(404, 422)},
)  # fmt: skip
async def customer_scores(
    request: Request,
    customer_id: Annotated[str, Path(description="Id of a customer.", max_length=2000)],
    score: Annotated[str | None, Query(description="Only this score.", max_length=48)] = None,
    history: Annotated[int, Query(ge=1, le=MOST_HISTORY, description="So many of the newest publications.")] = 1,
) -> Response:
    """Current, or from the newest publications; each with its passport."""
    api = api_of(request)
    return sent(await api.blocking(lambda: looking.customer(api, customer_id, score, history)))


@router.post(
    "/v1/outcomes", summary="What systems observed", dependencies=[needs("feedback")], tags=["feedback"],
    openapi_extra=secured("feedback") | {"requestBody": OUTCOMES},
    responses={200: FEEDBACK_ANSWER, **problems(400, 409, 413, 415, 422)},
)  # fmt: skip
async def outcomes(request: Request) -> Response:
    """Recorded as of a source: what says nothing new adds nothing."""
    return await _fed(request, "outcomes", feedback.outcomes)


@router.post(
    "/v1/corrections", summary="What persons say really happened", dependencies=[needs("feedback")], tags=["feedback"],
    openapi_extra=secured("feedback") | {"requestBody": CORRECTIONS},
    responses={200: FEEDBACK_ANSWER, **problems(400, 409, 413, 415, 422)},
)  # fmt: skip
async def corrections(request: Request) -> Response:
    """A correction wins over systems; it names its author and the reason."""
    return await _fed(request, "corrections", feedback.corrections)


def sent(answer: Answer) -> Response:
    """An answer as Starlette sends it."""
    return Response(answer.content, answer.status, dict(answer.headers), answer.media_type)


def _served(api: Api, name: str) -> Served:
    served = api.board.served.get(name)
    if name in api.board.catalog.scores and name not in api.board.servable:
        raise Problem(422, f"{name} {live.LOOKS_BACK}. Its published scores can be read.", "urn:scoring:looks-back")
    if served is None and name in api.board.catalog.scores:
        raise Problem(503, f"No model of {name} is loaded.", "urn:scoring:no-model", headers=AFTER)
    if served is None:
        raise Problem(404, "There is no score of this name.", "urn:scoring:not-found")
    return served


async def _fed(request: Request, name: str, take: Callable[..., Answer]) -> Response:
    api = api_of(request)

    def work() -> Answer:
        records = api.records_of(request, name)
        key = request.scope["state"]["key"]
        return api.kept(
            request, ids_of(records, "customer_id"), lambda: take(api.pool, api.board.catalog, key, records)
        )

    return sent(await api.blocking(work))
