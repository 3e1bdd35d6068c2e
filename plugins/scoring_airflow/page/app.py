"""The FastAPI app of the page; every route asks Airflow who the user is, and none blocks Airflow's event loop."""

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends, FastAPI

from scoring_airflow.page import answers
from scoring_airflow.page.files import file, file_of_version, index
from scoring_airflow.page.headers import SafeHeaders
from scoring_airflow.page.problems import answer_problems


def scoring_app() -> FastAPI:
    """A new app, to be mounted by Airflow under one prefix; whoever may see Airflow's website may see the page.

    Routes are plain functions: FastAPI runs them in threads, where a query holds up nobody else.
    """
    app = FastAPI(
        title="Scoring",
        dependencies=[Depends(requires_access_view(access_view=AccessView.WEBSITE))],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.add_middleware(SafeHeaders)
    answer_problems(app)
    app.get("/")(index)
    app.get("/static/{name}")(file)
    app.get("/static/{version}/{name}")(file_of_version)
    app.get("/api/overview")(answers.overview)
    app.get("/api/scores/{score}")(answers.about)
    app.get("/api/scores/{score}/trend")(answers.trend)
    app.get("/api/scores/{score}/drift")(answers.drift)
    app.get("/api/scores/{score}/distribution")(answers.distribution)
    app.get("/api/scores/{score}/cohort")(answers.cohort)
    app.get("/api/scores/{score}/partition")(answers.partition)
    app.get("/api/scores/{score}/reports")(answers.reports)
    app.get("/reports/{score}/{as_of}/{kind}")(answers.report)
    return app
