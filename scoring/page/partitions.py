"""Which partitions of a score a person looks at, and where the scores of one of them come from."""

import datetime as dt
from dataclasses import dataclass

from scoring.database import Connection, all_rows, one_or_none

MOST = 400  # dates in one look: a year of days and a month


@dataclass(frozen=True)
class Look:
    """Publications of a score that readers see, or saw until they were retired, the oldest first.

    ``more`` says that older ones were cut off.
    """

    score: str
    publication_ids: list[int]
    dates: list[dt.date]
    more: bool

    def at(self, as_of: dt.date | None) -> int | None:
        """The publication of that date; of the newest date if none is asked for; None if there is none."""
        if not self.dates:
            return None
        if as_of is None:
            return self.publication_ids[-1]
        return dict(zip(self.dates, self.publication_ids, strict=True)).get(as_of)


@dataclass(frozen=True)
class Lineage:
    """Where the scores of a publication come from, and what became of them."""

    publication_id: int
    as_of: dt.date
    published_at: dt.datetime
    customers: int
    changed: int
    announces: bool
    checksum: str
    run_id: str
    code_version: str
    definition_digest: str
    inputs_digest: str
    snapshot_id: int
    snapshot_digest: str
    source: str
    location: str
    received: int
    accepted: int
    quarantined: int
    duplicates: int


@dataclass(frozen=True)
class Arm:
    """A model of a publication."""

    arm: str
    model_name: str
    model_version: int
    model_digest: str


@dataclass(frozen=True)
class _Seen:
    publication_id: int
    as_of: dt.date


_LOOK = """
    SELECT publication_id, as_of FROM scoring.publication
    WHERE score = %(score)s AND seen AND as_of >= coalesce(%(first)s, '-infinity'::date)
        AND as_of <= coalesce(%(last)s, 'infinity'::date)
    ORDER BY as_of DESC LIMIT %(most)s + 1"""

_LINEAGE = """
    SELECT p.publication_id, p.as_of, p.published_at, p.rows AS customers, p.changed, p.announces, p.checksum, p.run_id,
        p.code_version, p.definition_digest, p.inputs_digest, n.snapshot_id, n.digest AS snapshot_digest, n.source,
        n.location, n.received, n.accepted, n.quarantined, n.duplicates
    FROM scoring.publication p JOIN scoring.snapshot n USING (snapshot_id) WHERE p.publication_id = %s"""

_ARMS = """
    SELECT arm, model_name, model_version, model_digest FROM scoring.arm WHERE publication_id = %s
    ORDER BY arm LIMIT 20"""


def look(connection: Connection, score: str, first: dt.date | None = None, last: dt.date | None = None) -> Look:
    """The newest ``MOST`` publications from ``first`` to ``last``, both included; None is no bound."""
    found = all_rows(connection, _Seen, _LOOK, {"score": score, "first": first, "last": last, "most": MOST})
    kept = found[:MOST][::-1]
    return Look(score, [one.publication_id for one in kept], [one.as_of for one in kept], more=len(found) > MOST)


def lineage(connection: Connection, publication_id: int) -> Lineage | None:
    """Where the scores of a publication come from; None if it was dropped meanwhile."""
    return one_or_none(connection, Lineage, _LINEAGE, (publication_id,))


def arms(connection: Connection, publication_id: int) -> list[Arm]:
    """The models of a publication (the first twenty)."""
    return all_rows(connection, Arm, _ARMS, (publication_id,))
