"""The tables ``streamed_score`` and ``stream_origin``: scores by updates, and how they were made."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.database import Connection, all_rows, execute, one_or_none, value
from scoring.domain.definition import digest_of
from scoring.publishing.change import Standing
from scoring.publishing.publications import Arm

_FIND_ORIGIN = "SELECT origin_id FROM scoring.stream_origin WHERE origin_digest = %s"

_ADD_ORIGIN = """
    INSERT INTO scoring.stream_origin (origin_digest, score, arm, model_name, model_version, model_digest, trained_with,
        scored_with, experiment_id, share, definition_digest, code_version)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (origin_digest) DO NOTHING"""

_PUT = """
    INSERT INTO scoring.streamed_score (score, customer_id, value, points, band, origin_id, event_time, topic,
        partition_id, message_offset)
    SELECT %(score)s, u.customer_id, u.value, u.points, u.band, u.origin_id, u.event_time, %(topic)s, u.partition_id,
        u.message_offset
    FROM unnest(%(customer)s::text[], %(value)s::float8[], %(points)s::smallint[], %(band)s::text[],
        %(origin)s::integer[], %(event_time)s::timestamptz[], %(partition)s::integer[], %(offset)s::bigint[])
        AS u (customer_id, value, points, band, origin_id, event_time, partition_id, message_offset)
    ON CONFLICT (customer_id, score) DO UPDATE SET value = excluded.value, points = excluded.points,
        band = excluded.band, origin_id = excluded.origin_id, event_time = excluded.event_time,
        topic = excluded.topic, partition_id = excluded.partition_id, message_offset = excluded.message_offset,
        scored_at = excluded.scored_at"""

_IN_FORCE = """
    SELECT t.score, t.customer_id, t.value, t.points, t.band, t.event_time, t.topic, t.partition_id, t.message_offset,
        t.scored_at, o.arm, o.model_name, o.model_version, o.model_digest, o.trained_with, o.scored_with,
        o.experiment_id, o.share, o.definition_digest, o.code_version
    FROM scoring.streamed_score t JOIN scoring.stream_origin o USING (origin_id)
    WHERE t.score = %(score)s AND t.customer_id = %(customer)s AND t.event_time >= coalesce(
        (SELECT (max(p.as_of) + 1)::timestamp AT TIME ZONE 'UTC' FROM scoring.publication p
         WHERE p.score = %(score)s AND p.state = 'published'), '-infinity')"""


@dataclass(frozen=True)
class Streamed:
    """A score of a customer by an update, with how it was made (``origin_id``) and where the update stands."""

    customer_id: str
    standing: Standing
    origin_id: int
    event_time: dt.datetime
    partition: int
    offset: int


@dataclass(frozen=True)
class InForce:
    """A streamed score that holds now, with its passport."""

    score: str
    customer_id: str
    value: float
    points: int | None
    band: str | None
    event_time: dt.datetime
    topic: str
    partition_id: int
    message_offset: int
    scored_at: dt.datetime
    arm: str
    model_name: str
    model_version: int
    model_digest: str
    trained_with: str | None
    scored_with: str | None
    experiment_id: int | None
    share: float | None
    definition_digest: str
    code_version: str

    @property
    def made_by(self) -> Arm:
        """The model that made it."""
        return Arm(
            self.arm, self.model_name, self.model_version, self.model_digest, trained_with=self.trained_with,
            scored_with=self.scored_with,
        )  # fmt: skip


def origin(connection: Connection, score: str, arm: Arm, definition_digest: str, code_version: str) -> int:
    """The id of a way in which streamed scores are made; it is recorded if it is new."""
    made = (
        score, arm.arm, arm.model_name, arm.model_version, arm.model_digest, arm.trained_with, arm.scored_with,
        arm.experiment_id, arm.share, definition_digest, code_version,
    )  # fmt: skip
    digest = digest_of(made)
    found = value(connection, _FIND_ORIGIN, (digest,))
    if found is None:
        execute(connection, _ADD_ORIGIN, (digest, *made))
        found = value(connection, _FIND_ORIGIN, (digest,))
    return int(found)


def put(connection: Connection, score: str, topic: str, scores: Sequence[Streamed]) -> None:
    """Keep the last of these scores of each customer; they come in the order of information."""
    last = {one.customer_id: one for one in scores}
    rows = [last[name] for name in sorted(last)]
    if rows:
        given = {
            "score": score,
            "topic": topic,
            "customer": [one.customer_id for one in rows],
            "value": [one.standing.value for one in rows],
            "points": [one.standing.points for one in rows],
            "band": [one.standing.band for one in rows],
            "origin": [one.origin_id for one in rows],
            "event_time": [one.event_time for one in rows],
            "partition": [one.partition for one in rows],
            "offset": [one.offset for one in rows],
        }
        execute(connection, _PUT, given)


def in_force(connection: Connection, score: str, customer: str) -> InForce | None:
    """The streamed score of a customer; None if there is none, or a published date knows more."""
    return one_or_none(connection, InForce, _IN_FORCE, {"score": score, "customer": customer})


def newest_dates(connection: Connection, scores: Sequence[str]) -> dict[str, dt.date]:
    """The newest published date of each score; without those that have none."""
    query = """SELECT score, max(as_of) AS as_of FROM scoring.publication
        WHERE state = 'published' AND score = ANY(%s) GROUP BY score"""
    return {row["score"]: row["as_of"] for row in all_rows(connection, dict, query, (list(scores),))}
