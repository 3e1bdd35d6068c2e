"""How the score's values are spread, by date: five quantiles from the counts that drift is measured by."""

import datetime as dt
from dataclasses import dataclass

from scoring.database import Connection, all_rows
from scoring.page.partitions import Look
from scoring.page.quantiles import quantiles
from scoring.page.trend import EVERYBODY, Group

SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True)
class Spread:
    """Quantiles of the score among the customers of one date, as exact as its bins (about a hundred)."""

    as_of: dt.date
    p10: float | None
    p25: float | None
    p50: float | None
    p75: float | None
    p90: float | None
    customers: int


@dataclass(frozen=True)
class _Counted:
    as_of: dt.date
    owner: int
    counts: list[int]


@dataclass(frozen=True)
class _Bins:
    owner: int
    edges: list[float]


# The newest profile of each publication, as in view score_distribution; that can only be asked for all of them.
_COUNTS = """
    SELECT p.as_of, f.owner, c.counts
    FROM unnest(%(ids)s::bigint[]) AS asked (publication_id)
    JOIN scoring.publication p USING (publication_id)
    CROSS JOIN LATERAL (SELECT f.profile_id, coalesce(f.bins_of, f.profile_id) AS owner FROM scoring.profile f
                        WHERE f.publication_id = asked.publication_id AND f.subject = 'publication'
                        ORDER BY f.profile_id DESC LIMIT 1) f
    JOIN scoring.profile_counts c ON c.profile_id = f.profile_id AND c.segment = %(segment)s
        AND c.segment_value = %(value)s AND c.kind = 'score'
    ORDER BY p.as_of"""

_EDGES = """
    SELECT profile_id AS owner, edges FROM scoring.profile_bins
    WHERE profile_id = ANY(%s) AND kind = 'score' AND edges IS NOT NULL"""


def distribution(connection: Connection, look: Look, group: Group = EVERYBODY) -> list[Spread]:
    """The spread of the score at each date that is looked at and was profiled."""
    asked = {"ids": look.publication_ids, "segment": group[0], "value": group[1]}
    counted = all_rows(connection, _Counted, _COUNTS, asked)
    owners = sorted({one.owner for one in counted})
    edges = {one.owner: one.edges for one in all_rows(connection, _Bins, _EDGES, (owners,))}
    return [_spread(one, edges[one.owner]) for one in counted if one.owner in edges]


def _spread(one: _Counted, edges: list[float]) -> Spread:
    known = one.counts[:-1]  # the last bin counts nulls; a score has none
    p10, p25, p50, p75, p90 = quantiles(edges, known, SHARES)
    return Spread(one.as_of, p10, p25, p50, p75, p90, customers=sum(known))
