"""Fields that several forms have, and who has sent one."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param

from scoring_airflow.connections import catalog


def score_param(what: str) -> Param:
    """The field that chooses a score; ``what`` completes "The score ...": ``whose publication is held``."""
    return Param(
        None,
        type=["null", "string"],
        enum=[None, *catalog().scores],
        title="Score",
        description=f"The score {what}.",
    )


def by_param() -> Param:
    """The field for the name of the person."""
    return Param(
        None,
        type=["null", "string"],
        title="Your name",
        description="For the record. Empty: the user who triggers the run.",
    )


def person(context: Mapping[str, Any]) -> str:
    """Who has sent the form: the name in it, else the user of Airflow; empty if neither is known."""
    return context["params"]["by"] or context["dag_run"].triggering_user_name or ""
