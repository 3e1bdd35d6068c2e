"""A snapshot with all columns that a score's features are made of, read like the snapshot's own file."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pyarrow as pa

from scoring.database import Connection
from scoring.domain.dataset import Column, DataSet
from scoring.domain.features import derived_columns, history_columns
from scoring.domain.score import Score
from scoring.features import past as pasts
from scoring.features.aggregates import feature, needs_now
from scoring.features.customers import Customers
from scoring.features.lookback import Lookback
from scoring.features.past import Past
from scoring.snapshots import manifest
from scoring.snapshots.arrow import arrow_type
from scoring.snapshots.lake import SnapshotFile
from scoring.snapshots.manifest import Snapshot
from scoring.snapshots.scratch import scratch_directory
from scoring.transforms.run import with_produced

SPAN_ROWS = 1_000_000  # whose keys are in memory, and who are looked up together
THREADS = 2  # earlier snapshots that are read at a time


def opened(
    score: Score, data_set: DataSet, location: str, past: Past = (), *, groups: range | None = None
) -> SnapshotFile:
    """The file of a snapshot with the features of a score; the file itself if all of them are delivered.

    Parameters
    ----------
    past
        What it looks back at.
    groups
        The row groups that will be read, if not all: nobody else is looked up.

    Errors are those of :class:`SnapshotFile`.
    """
    return FeatureFile(location, score, data_set, past, groups) if score.is_derived else SnapshotFile(location)


def opened_at(connection: Connection, score: Score, data_set: DataSet, snapshot: Snapshot) -> SnapshotFile:
    """A snapshot with the features of a score; it looks back at what is current now of the dates before."""
    return opened(score, data_set, snapshot.location, pasts.of_date(connection, score, data_set, snapshot.as_of))


def opened_of(
    connection: Connection,
    score: Score,
    data_set: DataSet,
    publication_id: int,
    snapshot_id: int,
    *,
    groups: range | None = None,
) -> SnapshotFile:
    """The snapshot of a publication with the features of its score, as the publication was planned."""
    past = pasts.of_publication(connection, publication_id) if score.history else ()
    return opened(score, data_set, manifest.get(connection, snapshot_id).location, past, groups=groups)


class FeatureFile(SnapshotFile):
    """An open snapshot with more columns: those of a score's history and of its transform, as they are asked for.

    Customers are looked up in earlier snapshots when the first of a span of row groups is read; read them in order.
    """

    def __init__(self, location: str, score: Score, data_set: DataSet, past: Past, groups: range | None = None) -> None:
        super().__init__(location)
        self._end = self.row_groups if groups is None else min(groups.stop, self.row_groups)
        self._score, self._data_set = score, data_set
        self._histories = history_columns(score, data_set)
        self._derived = derived_columns(score, data_set)
        self._produced = [column.name for column in score.transform.produces] if score.transform else []
        self._locations = {one.period: one.location for one in past}
        self._looked_up: dict[int, Lookback] = {}
        self._span, self._asked = range(0), frozenset[str]()
        self._open = ExitStack()

    def close(self) -> None:
        """Close the file, and remove what was looked up."""
        self._open.close()
        super().close()

    @property
    def schema(self) -> pa.Schema:
        """Its columns with their types, derived ones last, as far as the file has what they are made of."""
        own = super().schema
        there = [pa.field(name, arrow_type(column)) for name, (_, column) in self._histories.items()]
        known = {*own.names, *self._histories}
        if self._score.transform and known.issuperset(self._score.transform.uses):
            there += [pa.field(name, arrow_type(self._derived[name])) for name in self._produced]
        return pa.schema([*own, *there])

    def read_group(self, group: int, columns: list[str] | None = None) -> pa.Table:
        """The rows of one row group (0-based).

        Raises
        ------
        PermanentError
            If the score's transform cannot be used on them.
        """
        wanted = self.schema.names if columns is None else columns
        uses = self._score.transform.uses if self._score.transform and set(wanted) & set(self._produced) else ()
        needed = list(dict.fromkeys([self._data_set.key, *wanted, *uses]))
        remembered = [name for name in needed if name in self._histories]
        now = [self._histories[name][0].column for name in remembered if needs_now(self._histories[name][0])]
        delivered = list(dict.fromkeys(name for name in [*needed, *now] if name not in self._derived))
        rows = super().read_group(group, delivered)
        for name, values in (self._remembered(remembered, group, rows) if remembered else {}).items():
            rows = rows.append_column(name, values)
        if uses:
            rows = with_produced(self._score, self._data_set, rows)
        return rows.select([name for name in wanted if name in rows.schema.names])  # as Parquet does

    def _remembered(self, names: Sequence[str], group: int, rows: pa.Table) -> dict[str, pa.Array]:
        """Features of the history, by name."""
        self._look_up(group, frozenset(names))
        known = {period: found.group(group - self._span.start) for period, found in self._looked_up.items()}
        made = {}
        for name in names:
            history, column = self._histories[name]
            nobody = pa.nulls(rows.num_rows, arrow_type(self._data_set.column(history.column)))
            before = {
                period: known[period].column(history.column) if period in known else nobody
                for period in _periods(history.asked(name), history.within)
            }
            now = rows.column(history.column).combine_chunks() if needs_now(history) else None
            made[name] = feature(history, column, before, now)
        return made

    def _look_up(self, group: int, names: frozenset[str]) -> None:
        """Look the customers of a span up, from this row group on, unless they are."""
        if group in self._span and names <= self._asked:
            return
        self._open.close()
        keys = list[pa.Array]()
        for number in range(group, max(group + 1, self._end)):
            keys.append(super().read_group(number, [self._data_set.key]).column(0).combine_chunks())
            if sum(map(len, keys)) >= SPAN_ROWS:
                break
        self._span, self._asked = range(group, group + len(keys)), names
        columns = dict[int, dict[str, Column]]()
        for history, column in (self._histories[name] for name in names):
            for period in _periods(history.asked(column.name), history.within):
                own = self._data_set.column(history.column)
                columns.setdefault(period, {})[own.name] = own
        folder, customers = self._open.enter_context(scratch_directory()), Customers(keys)

        def look_up(period: int) -> Lookback:
            own, location = list(columns[period].values()), self._locations[period]
            return Lookback(folder / f"{period}.arrow", own, self._data_set.key, customers, location)

        periods = [period for period in self._locations if period in columns]
        with ThreadPoolExecutor(THREADS) as pool:
            self._looked_up = dict(zip(periods, pool.map(look_up, periods), strict=True))
        for found in self._looked_up.values():
            self._open.callback(found.close)


def _periods(asked: int | str, within: int | None) -> list[int]:
    """The periods that a feature is made of."""
    return [asked] if isinstance(asked, int) else list(range(1, (within or 0) + 1))
