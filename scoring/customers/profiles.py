"""Bins of profiles: an edge between bins is a value of somebody. Where it is the person's own, it moves a little."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

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
        """Move each such edge between its neighbours."""
        with transaction(subject.database) as connection:
            held = _held(connection, subject)
            for one in held:
                new = dict(zip(one["edges"], moved(one["edges"], subject.values), strict=True))
                changed = {"edges": list(new.values()), "cuts": [new.get(cut, cut) for cut in one["cuts"]]}
                execute(connection, _MOVE, one | changed)
        return len(held)


def moved(edges: Sequence[float], values: frozenset[str]) -> list[float]:
    """The edges, still growing; those that are one of the values, or next to it, evenly between their neighbours."""
    found, place = list(edges), 0
    while place < len(found):
        end = place
        while end < len(found) and is_own(found[end], values):
            end += 1
        if end > place:
            below = found[place - 1] if place else found[end] - 1.0 if end < len(found) else 0.0
            above = found[end] if end < len(found) else below + 1.0
            found[place:end] = np.linspace(below, above, end - place + 2)[1:-1].tolist()
        place = end + 1
    return found


def is_own(edge: float, values: frozenset[str]) -> bool:
    """Whether an edge is one of the values, or the float beside it: bins of single values end there, too."""
    near = (math.nextafter(edge, -math.inf), edge, math.nextafter(edge, math.inf))
    return any(distinctive(one) & values for one in near)


def _held(connection: Connection, subject: Subject) -> list[dict[str, Any]]:
    if not subject.values:
        return []
    rows = all_rows(connection, dict, _OF_DATA_SET, (subject.score_names,))
    return [row for row in rows if any(is_own(edge, subject.values) for edge in row["edges"])]
