"""The model versions of a score, and what became of those that needed an update."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from scoring.database import Connection, all_rows


@dataclass(frozen=True)
class Version:
    """A model version and the publications by it that readers see."""

    model_name: str
    model_version: int
    first_as_of: dt.date
    last_as_of: dt.date
    since: dt.datetime
    in_charge: bool


@dataclass(frozen=True)
class Request:
    """A model version that needed an update; ``evidence`` is a list of {as_of, publication_id, because}."""

    request_id: int
    model_version: int
    as_of: dt.date
    state: str
    evidence: list[dict[str, Any]]
    requested_at: dt.datetime
    done_version: int | None
    closed_at: dt.datetime | None
    closed_by: str | None
    reason: str | None
    useful: bool | None


_VERSIONS = """
    SELECT model_name, model_version, first_as_of, last_as_of, since, in_charge FROM scoring.model_in_use
    WHERE score = %s ORDER BY last_as_of DESC, model_version DESC LIMIT 20"""

_REQUESTS = """
    SELECT request_id, model_version, as_of, state, evidence, requested_at, done_version, closed_at, closed_by, reason,
        useful
    FROM scoring.retrain_request WHERE score = %s ORDER BY request_id DESC LIMIT 20"""


def versions(connection: Connection, score: str) -> list[Version]:
    """The newest twenty model versions of a score."""
    return all_rows(connection, Version, _VERSIONS, (score,))


def requests(connection: Connection, score: str) -> list[Request]:
    """The newest twenty requests to retrain a score's model."""
    return all_rows(connection, Request, _REQUESTS, (score,))
