"""The experiments of a score: what was compared, by whom, how each look went, and how it ended."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from scoring.database import Connection, all_rows


@dataclass(frozen=True)
class Experiment:
    """An experiment; it runs while ``outcome`` is None. ``checks`` of the newest look: [{name, passed, said}]."""

    experiment_id: int
    mode: str
    champion: int
    challenger: int
    share: float | None
    started_by: str
    reason: str
    started_at: dt.datetime
    ended_at: dt.datetime | None
    outcome: str | None
    ended_by: str | None
    end_reason: str | None
    checks: list[dict[str, Any]]


@dataclass(frozen=True)
class Look:
    """A look at the newest experiment: the gain with its confidence sequence, in units of ``metric``."""

    experiment_id: int
    as_of: dt.date
    cohorts: int
    customers: int
    metric: str
    gain: float | None
    low: float | None
    high: float | None
    state: str
    said: str
    looked_at: dt.datetime


_EXPERIMENTS = """
    SELECT e.experiment_id, e.mode, e.champion, e.challenger,
        (SELECT s.share FROM scoring.experiment_share s WHERE s.experiment_id = e.experiment_id
         ORDER BY s.place DESC LIMIT 1) AS share,
        e.started_by, e.reason, e.started_at, e.ended_at, e.outcome, e.ended_by, e.end_reason,
        coalesce(
            (SELECT json_agg(json_build_object('name', c.name, 'passed', c.passed, 'said', c.said) ORDER BY c.place)
             FROM scoring.experiment_check c WHERE c.look_id = (
                 SELECT max(l.look_id) FROM scoring.experiment_look l WHERE l.experiment_id = e.experiment_id)),
            '[]') AS checks
    FROM scoring.experiment e WHERE e.score = %s ORDER BY e.experiment_id DESC LIMIT 10"""

_LOOKS = """
    SELECT experiment_id, as_of, cohorts, champions + challengers AS customers, metric, gain, low, high, state, said,
        looked_at
    FROM scoring.experiment_look
    WHERE experiment_id = (SELECT max(experiment_id) FROM scoring.experiment WHERE score = %s)
    ORDER BY look_id DESC LIMIT 100"""


def experiments(connection: Connection, score: str) -> list[Experiment]:
    """The newest ten experiments of a score."""
    return all_rows(connection, Experiment, _EXPERIMENTS, (score,))


def looks(connection: Connection, score: str) -> list[Look]:
    """The newest hundred looks at the newest experiment of a score, the oldest first."""
    return all_rows(connection, Look, _LOOKS, (score,))[::-1]
