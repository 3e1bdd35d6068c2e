"""The tables ``gate_verdict`` and ``gate_check``: what the gate said of a challenger, whatever it said."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.database import Connection, all_rows, insert, one_or_none, value
from scoring.learning import checks
from scoring.learning.checks import Check


@dataclass(frozen=True)
class Verdict:
    """A row of table ``gate_verdict``."""

    gate_id: int
    score: str
    model_name: str
    challenger: int
    champion: int | None
    held_out: list[dt.date]
    known_at: dt.datetime
    customers: int
    metric: str
    passed: bool
    inputs_digest: str
    decided_at: dt.datetime


@dataclass(frozen=True)
class NewVerdict:
    """What is recorded of a verdict beside its checks."""

    score: str
    model_name: str
    challenger: int
    champion: int | None
    held_out: Sequence[dt.date]
    known_at: dt.datetime
    customers: int
    metric: str
    inputs_digest: str


_SELECT = """
    SELECT gate_id, score, model_name, challenger, champion, held_out, known_at, customers, metric, passed,
        inputs_digest, decided_at
    FROM scoring.gate_verdict """

_ADD = """
    INSERT INTO scoring.gate_verdict (score, model_name, challenger, champion, held_out, known_at, customers, metric,
        passed, inputs_digest)
    VALUES (%(score)s, %(model_name)s, %(challenger)s, %(champion)s, %(held_out)s, %(known_at)s, %(customers)s,
        %(metric)s, %(passed)s, %(inputs_digest)s)
    RETURNING gate_id"""

_CHECK = ("name", "segment", "champion", "challenger", "value", "low", "high", "bound", "passed", "said")

_ADD_CHECKS = f"INSERT INTO scoring.gate_check (gate_id, place, {', '.join(_CHECK)}) VALUES %s"  # noqa: S608

_CHECKS = f"SELECT {', '.join(_CHECK)} FROM scoring.gate_check WHERE gate_id = %s ORDER BY place"  # noqa: S608


def add(connection: Connection, new: NewVerdict, found: Sequence[Check]) -> Verdict:
    """Record a verdict with all its numbers; it passes if all checks do."""
    given = vars(new) | {"held_out": list(new.held_out), "passed": all(check.passed for check in found)}
    gate_id = int(value(connection, _ADD, given))
    insert(connection, _ADD_CHECKS, checks.rows(gate_id, found, _CHECK))
    return get(connection, gate_id)


def get(connection: Connection, gate_id: int) -> Verdict:
    """The verdict of an id that exists."""
    found = one_or_none(connection, Verdict, f"{_SELECT} WHERE gate_id = %s", (gate_id,))
    assert found is not None  # noqa: S101 - the caller has it from the table
    return found


def find(connection: Connection, name: str, challenger: int, inputs_digest: str) -> Verdict | None:
    """What was said of a challenger by the same inputs."""
    condition = "WHERE model_name = %s AND challenger = %s AND inputs_digest = %s"
    return one_or_none(connection, Verdict, _SELECT + condition, (name, challenger, inputs_digest))


def newest(connection: Connection, name: str, challenger: int) -> Verdict | None:
    """What was said last of a challenger."""
    condition = "WHERE model_name = %s AND challenger = %s ORDER BY gate_id DESC LIMIT 1"
    return one_or_none(connection, Verdict, _SELECT + condition, (name, challenger))


def newest_of(connection: Connection, name: str) -> Verdict | None:
    """What was said last of any challenger of a model."""
    return one_or_none(connection, Verdict, f"{_SELECT} WHERE model_name = %s ORDER BY gate_id DESC LIMIT 1", (name,))


def checks_of(connection: Connection, gate_id: int) -> list[Check]:
    """The checks of a verdict, in the order of the report."""
    return all_rows(connection, Check, _CHECKS, (gate_id,))


def report(verdict: Verdict, found: Sequence[Check]) -> str:
    """The verdict as a person reads it: one line, then one for each check, those that do not hold marked."""
    dates = ", ".join(str(day) for day in verdict.held_out)
    word = "passes" if verdict.passed else "does not pass"
    against = f"version {verdict.champion}" if verdict.champion else "nothing"
    customers = f"{verdict.customers:,} customers of {dates}"
    head = f"{verdict.model_name} version {verdict.challenger} {word} against {against}, on {customers}."
    return "\n".join([head, *checks.lines(found)])
