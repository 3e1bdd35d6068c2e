"""The table ``promotion``: the ledger that decides which version of a model is in charge. Rows are only ever added."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from scoring.database import Connection, all_rows, execute, one, one_or_none, value

How = Literal["first", "adopted", "gate", "approval", "person", "rollback", "experiment"]


@dataclass(frozen=True)
class Promotion:
    """A row of table ``promotion``: ``model_version`` is in charge from ``promoted_at`` on, until the next row."""

    promotion_id: int
    model_name: str
    model_version: int
    model_digest: str
    from_version: int | None
    how: How
    promoted_by: str
    reason: str
    gate_id: int | None
    promoted_at: dt.datetime


@dataclass(frozen=True)
class Decision:
    """Why a version is put in charge: which way, by whom (a person or a rule), and the gate's verdict if it has one."""

    how: How
    by: str
    reason: str
    gate_id: int | None = None


_COLUMNS = """promotion_id, model_name, model_version, model_digest, from_version, how, promoted_by, reason, gate_id,
    promoted_at"""

_HISTORY = f"SELECT {_COLUMNS} FROM scoring.promotion WHERE model_name = %s"  # noqa: S608 - our own text

_ADD = f"""
    INSERT INTO scoring.promotion (model_name, model_version, model_digest, from_version, how, promoted_by, reason,
        gate_id, promoted_at)
    VALUES (%(name)s, %(version)s, %(digest)s, %(from)s, %(how)s, %(by)s, %(reason)s, %(gate)s,
        greatest(clock_timestamp(), (SELECT max(promoted_at) + interval '1 microsecond' FROM scoring.promotion
                                     WHERE model_name = %(name)s)))
    RETURNING {_COLUMNS}"""  # noqa: S608


def lock(connection: Connection, name: str) -> None:
    """Wait for the only right to change who is in charge of a model; it ends with the transaction."""
    execute(connection, "SELECT pg_advisory_xact_lock(hashtextextended('scoring.promotion ' || %s, 0))", (name,))


def in_charge(connection: Connection, name: str) -> Promotion | None:
    """The newest row of a model; None if none of its versions was ever in charge."""
    return one_or_none(connection, Promotion, f"{_HISTORY} ORDER BY promotion_id DESC LIMIT 1", (name,))


def newest_of_each(connection: Connection) -> dict[str, int]:
    """The id of the newest row of each model: it grows with every promotion."""
    query = "SELECT model_name AS name, max(promotion_id) AS newest FROM scoring.promotion GROUP BY model_name"
    return {row["name"]: row["newest"] for row in all_rows(connection, dict, query)}


def in_charge_at(connection: Connection, name: str, moment: dt.datetime) -> int | None:
    """The version of a model that was in charge at a time (aware); None before the first."""
    found = value(connection, "SELECT scoring.model_in_charge_at(%s, %s)", (name, moment))
    return None if found is None else int(found)


def history(connection: Connection, name: str) -> list[Promotion]:
    """All rows of a model, the newest first."""
    return all_rows(connection, Promotion, f"{_HISTORY} ORDER BY promotion_id DESC", (name,))


def rolled_back(connection: Connection, name: str, version: int) -> Promotion | None:
    """The newest row by which a person took a version out of charge; None if nobody did."""
    condition = " AND from_version = %s AND how = 'rollback' ORDER BY promotion_id DESC LIMIT 1"
    return one_or_none(connection, Promotion, _HISTORY + condition, (name, version))


def add(connection: Connection, name: str, version: int, digest: str, decision: Decision) -> Promotion:
    """Put a version in charge; the caller holds the lock and has seen that another one is."""
    before = in_charge(connection, name)
    given = {
        "name": name, "version": version, "digest": digest, "from": before.model_version if before else None,
        "how": decision.how, "by": decision.by, "reason": decision.reason, "gate": decision.gate_id,
    }  # fmt: skip
    return one(connection, Promotion, _ADD, given)
