"""The model versions of a score: which was in charge when, what the gate said, and which needed an update."""

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


@dataclass(frozen=True)
class InCharge:
    """A row of the ledger: a version was in charge from ``since`` to ``until``, None if it still is."""

    model_version: int
    since: dt.datetime
    until: dt.datetime | None
    from_version: int | None
    how: str
    promoted_by: str
    reason: str


@dataclass(frozen=True)
class Verdict:
    """What the gate said of a challenger; ``checks`` is a list of {name, passed, said}."""

    gate_id: int
    challenger: int
    champion: int | None
    held_out: list[dt.date]
    customers: int
    passed: bool
    decided_at: dt.datetime
    checks: list[dict[str, Any]]


_VERSIONS = """
    SELECT model_name, model_version, first_as_of, last_as_of, since FROM scoring.model_in_use
    WHERE score = %s ORDER BY last_as_of DESC, model_version DESC LIMIT 20"""

_REQUESTS = """
    SELECT request_id, model_version, as_of, state, evidence, requested_at, done_version, closed_at, closed_by, reason,
        useful
    FROM scoring.retrain_request WHERE score = %s ORDER BY request_id DESC LIMIT 20"""


_LEDGER = """
    SELECT model_version, since, until, from_version, how, promoted_by, reason FROM scoring.model_in_charge
    WHERE model_name = %s ORDER BY promotion_id DESC LIMIT 20"""

_VERDICTS = """
    SELECT g.gate_id, g.challenger, g.champion, g.held_out, g.customers, g.passed, g.decided_at,
        (SELECT json_agg(json_build_object('name', c.name, 'passed', c.passed, 'said', c.said) ORDER BY c.place)
         FROM scoring.gate_check c WHERE c.gate_id = g.gate_id) AS checks
    FROM scoring.gate_verdict g WHERE g.score = %s ORDER BY g.gate_id DESC LIMIT 10"""


def ledger(connection: Connection, model: str) -> list[InCharge]:
    """Which version of a model was in charge when: the newest twenty rows of the ledger."""
    return all_rows(connection, InCharge, _LEDGER, (model,))


def verdicts(connection: Connection, score: str) -> list[Verdict]:
    """The newest ten verdicts of the gate on a score's models."""
    return all_rows(connection, Verdict, _VERDICTS, (score,))


def versions(connection: Connection, score: str) -> list[Version]:
    """The newest twenty model versions of a score."""
    return all_rows(connection, Version, _VERSIONS, (score,))


def requests(connection: Connection, score: str) -> list[Request]:
    """The newest twenty requests to retrain a score's model."""
    return all_rows(connection, Request, _REQUESTS, (score,))
