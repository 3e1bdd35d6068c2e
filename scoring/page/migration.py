"""How many customers went from which band to which since the publication before."""

import datetime as dt
from dataclasses import dataclass

from scoring.database import Connection, all_rows


@dataclass(frozen=True)
class Move:
    """Customers who were in one band and are in another (or the same)."""

    previous_as_of: dt.date | None
    previous_band: str
    band: str
    customers: int


# A publication can be compared with several that were published before at one date; the newest of them counts.
_MOVES = """
    SELECT q.as_of AS previous_as_of, m.previous_band, m.band, m.customers
    FROM scoring.band_migration m LEFT JOIN scoring.publication q ON q.publication_id = m.previous_publication_id
    WHERE m.publication_id = %(id)s AND m.previous_publication_id = (
        SELECT max(n.previous_publication_id) FROM scoring.band_migration n WHERE n.publication_id = %(id)s)
    ORDER BY m.previous_band, m.band LIMIT 2500"""


def migration(connection: Connection, publication_id: int) -> list[Move]:
    """The moves into a publication; none if the score has no bands or nothing was published before."""
    return all_rows(connection, Move, _MOVES, {"id": publication_id})
