"""Bins of profiles: an edge between bins is a value of somebody. Where it is the person's own, it moves a little."""

from collections.abc import Sequence
from typing import Any

from scoring.customers.place import Found, Subject
from scoring.customers.traces import distinctive
from scoring.database import Connection, all_rows, execute, transaction

_OF_DATA_SET = """
    SELECT b.profile_id, b.kind, b.column_name, b.edges, b.cuts
    FROM scoring.profile_bins b JOIN scoring.profile p USING (profile_id)
    WHERE p.score = ANY(%s) AND b.edges IS NOT NULL ORDER BY 1, 2, 3"""

_MOVE = """
    UPDATE scoring.profile_bins SET edges = %(edges)s, cuts = %(cuts)s
    WHERE profile_id = %(profile_id)s AND kind = %(kind)s AND column_name = %(column_name)s"""


class Edges:
    """Edges of bins that are distinctive values of the person; counts over the bins are of everybody and stay."""

    name = "edges of bins"

    def find(self, subject: Subject) -> list[Found]:
        """The columns whose bins have such an edge."""
        with transaction(subject.database) as connection:
            held = _held(connection, subject)
        return [
            Found(f"scoring.profile_bins, profile {one['profile_id']}", {"column": one["column_name"]}) for one in held
        ]

    def erase(self, subject: Subject) -> int:
        """Move each such edge half-way to its neighbour."""
        with transaction(subject.database) as connection:
            held = _held(connection, subject)
            for one in held:
                new = dict(zip(one["edges"], moved(one["edges"], subject.values), strict=True))
                changed = {"edges": list(new.values()), "cuts": [new.get(cut, cut) for cut in one["cuts"]]}
                execute(connection, _MOVE, one | changed)
        return len(held)


def moved(edges: Sequence[float], values: frozenset[str]) -> list[float]:
    """The edges, still growing, without those that are written like one of the values."""
    found = list(edges)
    for place, edge in enumerate(edges):
        if distinctive(edge) & values:
            below = found[place - 1] if place else edge - 2.0
            found[place] = below + (edge - below) / 2
    return found


def _held(connection: Connection, subject: Subject) -> list[dict[str, Any]]:
    if not subject.values:
        return []
    rows = all_rows(connection, dict, _OF_DATA_SET, (subject.score_names,))
    return [row for row in rows if any(distinctive(edge) & subject.values for edge in row["edges"])]
