"""Tells the CRM what updates of single customers changed: by the rule of change, and few rows by their keys.

A publication compares everybody in one statement (``comparison``); here each customer is looked up, and the rule is
that of :mod:`scoring.publishing.change`. Call it in the transaction that holds the lock of the score.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg2 import sql

from scoring.database import Connection, all_rows, execute, value
from scoring.domain.score import ChangeRule, Score
from scoring.domain.streams import day_of, is_newer
from scoring.publishing.announcements import SENT, announced_until, open_lanes
from scoring.publishing.change import Standing, told_of_newer, treatment
from scoring.publishing.decisions import announcing

_STAND = """
    SELECT customer_id, version, as_of, value, points, band, publication_id, model_version, event_time
    FROM scoring.announcement WHERE score = %s AND customer_id = ANY(%s)"""

_PUT = """
    INSERT INTO scoring.announcement AS a (score, customer_id, version, as_of, value, points, band, publication_id,
        model_version, event_time)
    SELECT %(score)s, u.* FROM unnest(%(customer_id)s::text[], %(version)s::integer[], %(as_of)s::date[],
        %(value)s::float8[], %(points)s::smallint[], %(band)s::text[], %(publication_id)s::bigint[],
        %(model_version)s::integer[], %(event_time)s::timestamptz[]) AS u
    ON CONFLICT (score, customer_id) DO UPDATE SET version = excluded.version, as_of = excluded.as_of,
        value = excluded.value, points = excluded.points, band = excluded.band,
        publication_id = excluded.publication_id, model_version = excluded.model_version,
        event_time = excluded.event_time"""

# Events get their ids in the order of the updates.
_TELL = sql.SQL("""
    WITH told AS (
        INSERT INTO scoring.event (score, customer_id, version, as_of, event_time, model_version, value, points, band,
            previous_value, previous_points, previous_band)
        SELECT %(score)s, u.customer_id, u.version, u.as_of, u.event_time, u.model_version, u.value, u.points, u.band,
            u.previous_value, u.previous_points, u.previous_band
        FROM unnest(%(customer_id)s::text[], %(version)s::integer[], %(as_of)s::date[], %(event_time)s::timestamptz[],
            %(model_version)s::integer[], %(value)s::float8[], %(points)s::smallint[], %(band)s::text[],
            %(previous_value)s::float8[], %(previous_points)s::smallint[], %(previous_band)s::text[]) WITH ORDINALITY
            AS u (customer_id, version, as_of, event_time, model_version, value, points, band, previous_value,
                previous_points, previous_band, place)
        ORDER BY u.place
        RETURNING event_id
    ), {sent}
    SELECT count(*) FROM told""").format(sent=SENT)


@dataclass(frozen=True)
class ScoredUpdate:
    """A score of a customer by an update."""

    customer_id: str
    event_time: dt.datetime
    standing: Standing
    model_version: int


@dataclass(frozen=True)
class Announced:
    """A row of table ``announcement``."""

    customer_id: str
    version: int
    as_of: dt.date
    value: float
    points: int | None
    band: str | None
    publication_id: int | None
    model_version: int | None
    event_time: dt.datetime | None

    @property
    def standing(self) -> Standing:
        """What was told, or was taken as told."""
        return Standing(self.value, self.points, self.band)


@dataclass(frozen=True)
class Event:
    """What is to be told: the announcement before and after it; ``paced`` at the pace after a promotion."""

    before: Announced | None
    after: Announced
    paced: bool


def tell_updates(connection: Connection, score: Score, updates: Sequence[ScoredUpdate]) -> int:
    """Compare updates, one after the other, with what the CRM was last told; writes announcements and events.

    Nothing is told of an update that is older than what the CRM has heard of the customer or of the score.

    Returns
    -------
    int
        The number of events.
    """
    heard = announced_until(connection, score.name)
    asked = (score.name, sorted({one.customer_id for one in updates}))
    before = {one.customer_id: one for one in all_rows(connection, Announced, _STAND, asked)}
    after, events = told_of(score.change, before, [one for one in updates if is_newer(one.event_time, heard)], heard)
    changed = [after[name] for name in sorted(after) if after[name] is not before.get(name)]
    if changed:
        names = (*Announced.__dataclass_fields__,)
        execute(connection, _PUT, {"score": score.name} | {n: [getattr(one, n) for one in changed] for n in names})
    count = _write(connection, score.name, [one for one in events if not one.paced], paced=False)
    paced = [one for one in events if one.paced]
    if paced and score.change.per_minute_after_promotion is not None:
        open_lanes(connection, score.name, score.change.per_minute_after_promotion)
        count += _write(connection, score.name, paced, paced=True)
    return count


def told_of(
    rule: ChangeRule, known: dict[str, Announced], updates: Sequence[ScoredUpdate], heard: dt.date | None
) -> tuple[dict[str, Announced], list[Event]]:
    """What is announced after updates, by customer, and the events; ``heard`` is the last announced date of the score.

    Before a first load customers become known and nobody is told, unless the definition announces first loads.
    """
    stands, events = dict(known), []
    for one in updates:
        before, day = stands.get(one.customer_id), day_of(one.event_time)
        if before is not None and told_of_newer(
            before.as_of, before.event_time, new_as_of=day, new_event_time=one.event_time
        ):
            continue
        seen = before.model_version if before else None
        told = before.standing if before else None
        what = treatment(rule, told, one.standing, compared_with=seen, version=one.model_version)
        if what in ("tell", "move") and announcing(day, heard, rule) == "know":
            what = "move"
        if what == "see" and before is not None:
            stands[one.customer_id] = replace(before, model_version=one.model_version)
        elif what in ("tell", "move"):
            version = (before.version if before else 0) + (what == "tell")
            after = Announced(
                one.customer_id, version, day, one.standing.value, one.standing.points, one.standing.band, None,
                one.model_version, one.event_time,
            )  # fmt: skip
            stands[one.customer_id] = after
            if what == "tell":
                another = seen is not None and seen != one.model_version
                events.append(Event(before, after, another and rule.per_minute_after_promotion is not None))
    return stands, events


def _write(connection: Connection, score: str, events: Sequence[Event], *, paced: bool) -> int:
    if not events:
        return 0
    new = ("customer_id", "version", "as_of", "event_time", "model_version", "value", "points", "band")
    names: dict[str, Any] = {name: [getattr(one.after, name) for one in events] for name in new}
    for name in ("value", "points", "band"):
        names[f"previous_{name}"] = [None if one.before is None else getattr(one.before, name) for one in events]
    return int(value(connection, _TELL, {"score": score, "paced": paced} | names))
