"""The tables ``experiment_look`` and ``experiment_check``: what outcomes said of an experiment, look by look."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.database import Connection, all_rows, insert, one_or_none, value
from scoring.experiments.decide import State
from scoring.learning import checks as conditions
from scoring.learning.checks import Check
from scoring.models.experiments import Experiment


@dataclass(frozen=True)
class NewLook:
    """What is recorded of a look beside its checks; ``gain``, ``low`` and ``high`` are in units of the metric."""

    experiment_id: int
    as_of: dt.date
    cohorts: int
    champions: int
    challengers: int
    metric: str
    champion: float | None
    challenger: float | None
    gain: float | None
    low: float | None
    high: float | None
    explained: float | None
    state: State
    said: str
    inputs_digest: str


@dataclass(frozen=True)
class Look(NewLook):
    """A row of table ``experiment_look``."""

    look_id: int
    looked_at: dt.datetime


_COLUMNS = """experiment_id, as_of, cohorts, champions, challengers, metric, champion, challenger, gain, low, high,
    explained, state, said, inputs_digest"""

_SELECT = f"SELECT look_id, {_COLUMNS}, looked_at FROM scoring.experiment_look "  # noqa: S608 - our own text

_ADD = f"""
    INSERT INTO scoring.experiment_look ({_COLUMNS})
    VALUES (%(experiment_id)s, %(as_of)s, %(cohorts)s, %(champions)s, %(challengers)s, %(metric)s, %(champion)s,
        %(challenger)s, %(gain)s, %(low)s, %(high)s, %(explained)s, %(state)s, %(said)s, %(inputs_digest)s)
    RETURNING look_id"""  # noqa: S608

_CHECK = ("name", "metric", "segment", "champion", "challenger", "value", "low", "high", "bound", "passed", "said")

_ADD_CHECKS = f"INSERT INTO scoring.experiment_check (look_id, place, {', '.join(_CHECK)}) VALUES %s"  # noqa: S608

_CHECKS = f"SELECT {', '.join(_CHECK)} FROM scoring.experiment_check WHERE look_id = %s ORDER BY place"  # noqa: S608


def add(connection: Connection, new: NewLook, checks: Sequence[Check]) -> Look:
    """Record a look with all its numbers."""
    look_id = int(value(connection, _ADD, vars(new)))
    insert(connection, _ADD_CHECKS, conditions.rows(look_id, checks, _CHECK))
    found = find(connection, new.experiment_id, new.inputs_digest)
    assert found is not None  # noqa: S101 - it was just written
    return found


def find(connection: Connection, experiment_id: int, inputs_digest: str) -> Look | None:
    """What the same inputs said."""
    condition = "WHERE experiment_id = %s AND inputs_digest = %s"
    return one_or_none(connection, Look, _SELECT + condition, (experiment_id, inputs_digest))


def all_of(connection: Connection, experiment_id: int) -> list[Look]:
    """All looks at an experiment, the first first."""
    return all_rows(connection, Look, _SELECT + "WHERE experiment_id = %s ORDER BY look_id", (experiment_id,))


def checks_of(connection: Connection, look_id: int) -> list[Check]:
    """The checks of a look, in the order of the report."""
    return all_rows(connection, Check, _CHECKS, (look_id,))


def report(running: Experiment, look: Look | None, checks: Sequence[Check]) -> str:
    """An experiment as a person reads it: what is compared, what was found last, and each check."""
    share = "" if running.share is None else f", the challenger has {running.share:.3g} of the customers"
    head = (
        f"Experiment {running.experiment_id} of {running.score} ({running.mode}): version {running.champion} against "
        f"{running.challenger}{share}. Started by {running.started_by} on {running.started_at:%Y-%m-%d}: "
        f"{running.reason}"
    )
    lines = [head]
    if running.outcome is not None:
        lines.append(
            f"Ended on {running.ended_at:%Y-%m-%d} by {running.ended_by}: {running.outcome}. {running.end_reason}"
        )
    if look is None:
        return "\n".join([*lines, "No outcome of its customers is known yet."])
    lines.append(f"{look.cohorts} cohorts until {look.as_of}: {look.state}. {look.said}")
    return "\n".join([*lines, *conditions.lines(checks)])
