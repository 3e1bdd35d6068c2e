"""The tables ``experiment`` and ``experiment_share``: which two versions are compared, and how."""

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Literal

from psycopg2.extras import Json

from scoring.database import Connection, all_rows, execute, one_or_none, value

Mode = Literal["split", "shadow"]
Outcome = Literal["challenger_wins", "champion_stays", "stopped"]


@dataclass(frozen=True)
class Experiment:
    """A row of table ``experiment``.

    ``share`` is the challenger's of now (0 to 1), None in a shadow; ``tuning`` holds where each confidence sequence is
    narrowest, in units of information, by what it is about.
    """

    experiment_id: int
    score: str
    model_name: str
    mode: Mode
    champion: int
    challenger: int
    challenger_digest: str
    salt: str
    tuning: dict[str, float]
    started_by: str
    reason: str
    started_at: dt.datetime
    ended_at: dt.datetime | None
    outcome: Outcome | None
    ended_by: str | None
    end_reason: str | None
    share: float | None

    @property
    def name(self) -> str:
        """How messages name it."""
        return f"experiment {self.experiment_id}"


@dataclass(frozen=True)
class NewExperiment:
    """What is recorded when an experiment starts."""

    score: str
    model_name: str
    mode: Mode
    champion: int
    challenger: int
    challenger_digest: str
    started_by: str
    reason: str


@dataclass(frozen=True)
class Share:
    """The challenger's share of the customers from ``set_at`` on."""

    share: float
    set_by: str
    reason: str
    set_at: dt.datetime


_SELECT = """
    SELECT experiment_id, score, model_name, mode, champion, challenger, challenger_digest, salt, tuning, started_by,
        reason, started_at, ended_at, outcome, ended_by, end_reason,
        (SELECT share FROM scoring.experiment_share s WHERE s.experiment_id = e.experiment_id
         ORDER BY place DESC LIMIT 1) AS share
    FROM scoring.experiment e """

_ADD = """
    INSERT INTO scoring.experiment (score, model_name, mode, champion, challenger, challenger_digest, salt, started_by,
        reason)
    VALUES (%(score)s, %(model_name)s, %(mode)s, %(champion)s, %(challenger)s, %(challenger_digest)s, %(salt)s,
        %(started_by)s, %(reason)s)
    RETURNING experiment_id"""

_SET_SHARE = """
    INSERT INTO scoring.experiment_share (experiment_id, place, share, set_by, reason)
    SELECT %(experiment_id)s, count(*), %(share)s, %(by)s, %(reason)s FROM scoring.experiment_share
    WHERE experiment_id = %(experiment_id)s"""

_END = """
    UPDATE scoring.experiment SET ended_at = clock_timestamp(), outcome = %s, ended_by = %s, end_reason = %s
    WHERE experiment_id = %s AND ended_at IS NULL"""


def lock(connection: Connection, score: str) -> None:
    """Wait for the only right to start, change or end an experiment of a score; it ends with the transaction."""
    execute(connection, "SELECT pg_advisory_xact_lock(hashtextextended('scoring.experiment ' || %s, 0))", (score,))


def add(connection: Connection, new: NewExperiment, share: float | None, salt: str | None = None) -> Experiment:
    """Start an experiment; the caller holds the lock and has seen that none is running. Without a salt one is drawn."""
    experiment_id = int(value(connection, _ADD, vars(new) | {"salt": salt or secrets.token_hex(16)}))
    if share is not None:
        set_share(connection, experiment_id, share, new.started_by, new.reason)
    return get(connection, experiment_id)


def set_share(connection: Connection, experiment_id: int, share: float, by: str, reason: str) -> None:
    """Give the challenger another share of the customers from the next plan on."""
    execute(connection, _SET_SHARE, {"experiment_id": experiment_id, "share": share, "by": by, "reason": reason})


def end(connection: Connection, experiment_id: int, outcome: Outcome, by: str, reason: str) -> None:
    """End an experiment; one that has ended stays as it is."""
    execute(connection, _END, (outcome, by, reason, experiment_id))


def keep_tuning(connection: Connection, experiment_id: int, tuning: dict[str, float]) -> None:
    """Keep what first looks have chosen; what was chosen before stays, another choice would use up the confidence."""
    statement = "UPDATE scoring.experiment SET tuning = %s || tuning WHERE experiment_id = %s"
    execute(connection, statement, (Json(tuning), experiment_id))


def get(connection: Connection, experiment_id: int) -> Experiment:
    """The experiment of an id that exists."""
    found = find(connection, experiment_id)
    assert found is not None  # noqa: S101 - the caller has it from the table
    return found


def find(connection: Connection, experiment_id: int) -> Experiment | None:
    """The experiment of an id."""
    return one_or_none(connection, Experiment, f"{_SELECT} WHERE experiment_id = %s", (experiment_id,))


def running(connection: Connection, score: str) -> Experiment | None:
    """The experiment of a score that has not ended."""
    return one_or_none(connection, Experiment, f"{_SELECT} WHERE score = %s AND ended_at IS NULL", (score,))


def all_running(connection: Connection) -> list[Experiment]:
    """The experiments that have not ended, of all scores."""
    return all_rows(connection, Experiment, f"{_SELECT} WHERE ended_at IS NULL")


def all_of(connection: Connection, score: str) -> list[Experiment]:
    """All experiments of a score, the newest first."""
    return all_rows(connection, Experiment, f"{_SELECT} WHERE score = %s ORDER BY experiment_id DESC", (score,))


def shares(connection: Connection, experiment_id: int) -> list[Share]:
    """How the challenger's share was set, the first first."""
    query = "SELECT share, set_by, reason, set_at FROM scoring.experiment_share WHERE experiment_id = %s ORDER BY place"
    return all_rows(connection, Share, query, (experiment_id,))
