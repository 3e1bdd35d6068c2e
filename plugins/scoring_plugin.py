"""What Airflow must know of the project beside its DAGs: a timetable, and the page "Scoring"."""

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin
from scoring_airflow.schedules import ByHand


class ScoringPlugin(AirflowPlugin):
    """Every process of Airflow registers it when it starts."""

    name = "scoring"
    timetables = [ByHand]  # noqa: RUF012 - Airflow's interface
    external_views: list[Any] = [  # noqa: RUF012 - Airflow's interface
        {
            "name": "Scoring",
            "href": "scoring/",  # no leading slash: Airflow may stand below a path
            "icon": "scoring/static/icon.svg",
            "icon_dark_mode": "scoring/static/icon-dark.svg",
            "destination": "nav",
            "url_route": "scoring",
        }
    ]

    @cached_property
    def fastapi_apps(self) -> list[Any]:  # type: ignore[override]
        """The page's app, which only the API server asks for: a task must not wait until FastAPI is imported."""
        from scoring_airflow.page.app import scoring_app

        return [{"app": scoring_app(), "url_prefix": "/scoring", "name": "Scoring"}]
