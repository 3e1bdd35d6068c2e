"""The published scores of one customer, each with its passport."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from scoring.database import Connection, all_rows
from scoring.domain.streams import day_of
from scoring.publishing.streamed import InForce

# The newest publications come first, by id, so that only their partitions are read.
_NEWEST = """
    SELECT publication_id FROM scoring.publication WHERE state = 'published' AND score = %s
    ORDER BY as_of DESC LIMIT %s"""

_SCORES = """
    SELECT s.customer_id, p.score, p.as_of, s.value, s.points, s.band, s.arm, s.model_version, a.model_name,
        a.model_digest, a.trained_with, a.scored_with, a.experiment_id, a.share, n.snapshot_id,
        n.digest AS snapshot_digest,
        p.definition_digest, p.publication_id, p.checksum, p.run_id, p.code_version, p.published_at
    FROM scoring.score s
    JOIN scoring.publication p USING (publication_id)
    JOIN scoring.arm a ON a.publication_id = s.publication_id AND a.arm = s.arm
    JOIN scoring.snapshot n USING (snapshot_id)
    WHERE s.publication_id = ANY(%s) AND s.customer_id = %s AND p.state = 'published'
    ORDER BY p.as_of DESC"""

PASSPORT = (
    "model_name", "model_version", "model_digest", "trained_with", "scored_with", "experiment_id", "share",
    "snapshot_id", "snapshot_digest", "definition_digest", "publication_id", "checksum", "run_id", "code_version",
)  # fmt: skip


@dataclass(frozen=True)
class _Id:
    publication_id: int


@dataclass(frozen=True)
class Published:
    """A score that was published of a customer, with all that it was made from."""

    customer_id: str
    score: str
    as_of: dt.date
    value: float
    points: int | None
    band: str | None
    arm: str
    model_version: int
    model_name: str
    model_digest: str
    trained_with: str | None
    scored_with: str | None
    experiment_id: int | None
    share: float | None
    snapshot_id: int
    snapshot_digest: str
    definition_digest: str
    publication_id: int
    checksum: str
    run_id: str
    code_version: str
    published_at: dt.datetime

    @property
    def content(self) -> dict[str, Any]:
        """The score as JSON-like content."""
        told = ("score", "as_of", "value", "points", "band", "arm", "published_at")
        said = {name: getattr(self, name) for name in told}
        times = {"as_of": self.as_of.isoformat(), "published_at": self.published_at.isoformat()}
        return said | times | {"passport": {name: getattr(self, name) for name in PASSPORT}}


STREAM_PASSPORT = (
    "model_name", "model_version", "model_digest", "trained_with", "scored_with", "experiment_id", "share",
    "definition_digest", "code_version", "topic", "partition_id", "message_offset",
)  # fmt: skip


def streamed_content(one: InForce) -> dict[str, Any]:
    """A streamed score as JSON-like content; it is no publication's, so it says when it happened and was scored."""
    said = {name: getattr(one, name) for name in ("score", "value", "points", "band", "arm")}
    times = {"as_of": day_of(one.event_time).isoformat(), "event_time": one.event_time.astimezone(dt.UTC).isoformat(),
             "scored_at": one.scored_at.isoformat()}  # fmt: skip
    return said | times | {"passport": {name: getattr(one, name) for name in STREAM_PASSPORT}}


def published(connection: Connection, score: str, customer: str, history: int) -> list[Published]:
    """A customer's scores in the newest ``history`` publications of a score, the newest first."""
    newest = [row.publication_id for row in all_rows(connection, _Id, _NEWEST, (score, history))]
    return all_rows(connection, Published, _SCORES, (newest, customer))
