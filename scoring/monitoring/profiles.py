"""The tables ``profile``, ``profile_bins`` and ``profile_counts``: distributions of some customers, counted once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from scoring.database import Connection, all_rows, insert, value
from scoring.monitoring.bins import Bins, Counted
from scoring.monitoring.counting import EVERYBODY, VALUE, Group, Tally

Subject = Literal["training", "publication"]


@dataclass(frozen=True)
class Profile:
    """Bins by column and what was counted over them; ``VALUE`` is the column with the score itself."""

    rows: int
    bins: dict[str, Bins]
    tally: Tally

    def counted(self, group: Group, column: str) -> Counted:
        """Customers of a group by a column's bins; nobody where there are none."""
        return self.tally.get(group, {}).get(column) or self.bins_of(column).nobody

    def bins_of(self, column: str) -> Bins:
        """The bins of a column; of one that its owner does not have, those that hold nothing."""
        return self.bins.get(column, Bins(edges=()))

    def has(self, column: str) -> bool:
        """Whether the customers have that column, with values that can be counted so."""
        return not self.rows or column in self.tally.get(EVERYBODY, {})


@dataclass(frozen=True)
class Described:
    """Whose profile it is. ``inputs_digest`` is of all that decides what is counted: the same one, the same counts."""

    score: str
    subject: Subject
    snapshot_id: int
    model_name: str
    model_version: int
    inputs_digest: str
    publication_id: int | None = None


@dataclass(frozen=True)
class Stored:
    """A profile in the database; ``bins_id`` is the profile whose bins it uses."""

    profile_id: int
    bins_id: int
    profile: Profile = field(repr=False)


@dataclass(frozen=True)
class _Header:
    profile_id: int
    bins_of: int | None
    rows: int


@dataclass(frozen=True)
class _BinsRow:
    column_name: str
    kind: str
    edges: list[float] | None
    cuts: list[float]
    category: list[str]
    centre: float
    scale: float


@dataclass(frozen=True)
class _CountsRow:
    segment: str
    segment_value: str
    column_name: str
    kind: str
    counts: list[int]
    sums: list[float]
    squares: float


_ADD = """
    INSERT INTO scoring.profile
        (score, subject, publication_id, snapshot_id, model_name, model_version, bins_of, inputs_digest, rows)
    VALUES (%(score)s, %(subject)s, %(publication_id)s, %(snapshot_id)s, %(model_name)s, %(model_version)s, %(bins_of)s,
        %(inputs_digest)s, %(rows)s)
    RETURNING profile_id"""

_ADD_BINS = """
    INSERT INTO scoring.profile_bins (profile_id, column_name, kind, edges, cuts, category, centre, scale) VALUES %s"""

_ADD_COUNTS = """
    INSERT INTO scoring.profile_counts
        (profile_id, segment, segment_value, column_name, kind, counts, sums, squares) VALUES %s"""

_BINS = """
    SELECT column_name, kind, edges, cuts, category, centre, scale FROM scoring.profile_bins WHERE profile_id = %s"""

_COUNTS = """
    SELECT segment, segment_value, column_name, kind, counts, sums, squares FROM scoring.profile_counts
    WHERE profile_id = %s"""

_TYPED = "(%s, %s, %s, %s::float8[], %s::float8[], %s::text[], %s, %s)"
_COUNTS_TYPED = "(%s, %s, %s, %s, %s, %s::bigint[], %s::float8[], %s)"


def find(connection: Connection, inputs_digest: str) -> Stored | None:
    """The profile that was made from exactly these inputs."""
    query = "SELECT profile_id, bins_of, rows FROM scoring.profile WHERE inputs_digest = %s"
    for header in all_rows(connection, _Header, query, (inputs_digest,)):
        owner = header.bins_of or header.profile_id
        bins = {_named(row): _bins(row) for row in all_rows(connection, _BinsRow, _BINS, (owner,))}
        tally: Tally = {}
        for row in all_rows(connection, _CountsRow, _COUNTS, (header.profile_id,)):
            counted = Counted(np.array(row.counts, np.int64), np.array(row.sums, np.float64), row.squares)
            tally.setdefault((row.segment, row.segment_value), {})[_named(row)] = counted
        return Stored(header.profile_id, owner, Profile(header.rows, bins, tally))
    return None


def add(connection: Connection, described: Described, profile: Profile, bins_of: int | None) -> Stored:
    """Keep a profile; ``bins_of`` is the profile whose bins it uses, None if they are its own."""
    header = {**vars(described), "bins_of": bins_of, "rows": profile.rows}
    profile_id = int(value(connection, _ADD, header))
    if bins_of is None:
        insert(connection, _ADD_BINS, _bins_rows(profile_id, described.score, profile), template=_TYPED)
    insert(connection, _ADD_COUNTS, _counts_rows(profile_id, described.score, profile), template=_COUNTS_TYPED)
    return Stored(profile_id, bins_of or profile_id, profile)


def _bins_rows(profile_id: int, score: str, profile: Profile) -> Iterable[tuple[object, ...]]:
    for name, one in profile.bins.items():
        edges = None if one.edges is None else list(one.edges)
        yield profile_id, *_label(name, score), edges, list(one.cuts), list(one.values), one.centre, one.scale


def _counts_rows(profile_id: int, score: str, profile: Profile) -> Iterable[tuple[object, ...]]:
    for (segment, segment_value), columns in profile.tally.items():
        for name, one in columns.items():
            counts, sums = one.counts.tolist(), one.sums.tolist()
            yield profile_id, segment, segment_value, *_label(name, score), counts, sums, one.squares


def _label(name: str, score: str) -> tuple[str, str]:
    return (score, "score") if name == VALUE else (name, "feature")


def _named(row: _BinsRow | _CountsRow) -> str:
    return VALUE if row.kind == "score" else row.column_name


def _bins(row: _BinsRow) -> Bins:
    edges = None if row.edges is None else tuple(row.edges)
    return Bins(edges, tuple(row.cuts), tuple(row.category), row.centre, row.scale)
