"""How the score's values are spread, by date: five quantiles from the counts that drift is measured by."""

import datetime as dt
from dataclasses import dataclass

from scoring.database import Connection, all_rows
from scoring.page.partitions import Look
from scoring.page.trend import EVERYBODY, Group

SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True)
class Spread:
    """Quantiles of the score among the customers of one date, within a bin of about a hundred."""

    as_of: dt.date
    p10: float | None
    p25: float | None
    p50: float | None
    p75: float | None
    p90: float | None
    customers: int


# Linear within the bin where the share is reached; an open bin counts as its one edge. The profile is the newest of
# each publication, as in view score_distribution, which cannot be asked for some publications by index.
_SPREADS = """
    WITH bins AS (
        SELECT p.publication_id, p.as_of, coalesce(s.edges[b.bin - 1], s.edges[b.bin]) AS low,
            coalesce(s.edges[b.bin], s.edges[b.bin - 1]) AS high, b.rows,
            sum(b.rows) OVER (PARTITION BY p.publication_id ORDER BY b.bin) AS up_to,
            sum(b.rows) OVER (PARTITION BY p.publication_id) AS customers
        FROM unnest(%(ids)s) AS asked (publication_id)
        JOIN scoring.publication p USING (publication_id)
        CROSS JOIN LATERAL (SELECT f.profile_id, coalesce(f.bins_of, f.profile_id) AS owner FROM scoring.profile f
                            WHERE f.publication_id = asked.publication_id AND f.subject = 'publication'
                            ORDER BY f.profile_id DESC LIMIT 1) f
        JOIN scoring.profile_counts c ON c.profile_id = f.profile_id AND c.segment = %(segment)s
            AND c.segment_value = %(value)s AND c.kind = 'score' AND c.column_name = p.score
        JOIN scoring.profile_bins s ON s.profile_id = f.owner AND s.kind = 'score' AND s.column_name = p.score
        CROSS JOIN LATERAL unnest(c.counts) WITH ORDINALITY AS b (rows, bin)
        WHERE b.bin < cardinality(c.counts)),
    reached AS (
        SELECT b.as_of, b.customers, q.share,
            b.low + (b.high - b.low) * (q.share * b.customers - (b.up_to - b.rows)) / b.rows AS value
        FROM bins b JOIN unnest(%(shares)s) AS q (share)
            ON b.rows > 0 AND q.share * b.customers > b.up_to - b.rows AND q.share * b.customers <= b.up_to)
    SELECT as_of, customers,
        max(value) FILTER (WHERE share = 0.1) AS p10, max(value) FILTER (WHERE share = 0.25) AS p25,
        max(value) FILTER (WHERE share = 0.5) AS p50, max(value) FILTER (WHERE share = 0.75) AS p75,
        max(value) FILTER (WHERE share = 0.9) AS p90
    FROM reached GROUP BY as_of, customers ORDER BY as_of"""


def distribution(connection: Connection, look: Look, group: Group = EVERYBODY) -> list[Spread]:
    """The spread of the score at each date that is looked at and was profiled."""
    asked = {"ids": look.publication_ids, "segment": group[0], "value": group[1], "shares": list(SHARES)}
    return all_rows(connection, Spread, _SPREADS, asked)
