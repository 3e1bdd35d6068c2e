"""Reads outcomes as they were written, and judges each row: from a source of their own, or from a later snapshot."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.dataset import Column, CsvSource, DataSet, Source
from scoring.domain.horizon import BeyondCalendar
from scoring.domain.score import Score
from scoring.intake import sources
from scoring.intake.sources import Received
from scoring.outcomes import values
from scoring.settings import Settings
from scoring.snapshots import lake
from scoring.snapshots.keys import keys_written
from scoring.snapshots.manifest import Snapshot

NO_CUSTOMER = "no customer"
NO_REASON = "no reason"
NO_COHORT = "impossible as_of: it is not a date like 2005-06-30"

CORRECTIONS = ("customer_id", "as_of", "value", "reason")  # the columns of a file of corrections


def value_column(score: Score, data_set: DataSet) -> Column:
    """How the values of a target are written: the data set's column, or in a source of its own a number or a text."""
    known = (column for column in data_set.columns if column.name == score.target.column)
    return next(known, Column(name=score.target.column, type="text" if score.target.positive else "number"))


def observed_at(score: Score, as_of: dt.date) -> dt.datetime:
    """When outcomes count as observed that do not say it: the end of the horizon, midnight UTC."""
    return dt.datetime.combine(score.target.horizon.after(as_of), dt.time.min, dt.UTC)


@contextmanager
def open_source(
    settings: Settings,
    score: Score,
    data_set: DataSet,
    as_of: dt.date,
    *,
    path: str | None,
    anywhere: bool,
) -> Iterator[Received]:
    """The target's own source for a cohort, or the file at ``path``: text columns of key, value, perhaps observed_at.

    Columns of the data set are called there what they are called in its own source. The value, and the parts of the key
    that are no text, arrive in the plain spelling of their type; what the source's dialect does not spell so is no
    value of the type.
    """
    keys, value = [data_set.delivered(name) for name in data_set.key_columns], value_column(score, data_set)
    meant = {column.name: column for column in (*keys, value) if column is value or column.type in ("integer", "date")}
    times = [Column(name=name, type="text") for name in _times_of(score)]
    columns = [_text(column) for column in (*keys, value, *times)]
    source = score.target.source or CsvSource(path="{as_of}", null_values=_null_values(data_set))
    with _opened(settings, score.name, columns, source, as_of, path=path, anywhere=anywhere, meant=meant) as received:
        yield received


@contextmanager
def open_corrections(settings: Settings, score: Score, path: str, *, anywhere: bool) -> Iterator[Received]:
    """A file of corrections: the text columns :data:`CORRECTIONS`."""
    source = CsvSource(path="corrections.csv")
    columns = [_text(Column(name=name, type="text")) for name in CORRECTIONS]
    with _opened(settings, score.name, columns, source, dt.date.min, path=path, anywhere=anywhere) as received:
        yield received


@contextmanager
def _opened(
    settings: Settings,
    name: str,
    columns: Sequence[Column],
    source: Source,
    as_of: dt.date,
    *,
    path: str | None,
    anywhere: bool,
    meant: Mapping[str, Column] | None = None,
) -> Iterator[Received]:
    key, *others = columns
    nullable = tuple(other.model_copy(update={"nullable": True}) for other in others)
    plain = DataSet(name=name, title=name, key=key.name, columns=(key, *nullable), source=CsvSource(path=""))
    written = plain.model_copy(update={"source": source})  # its footer may have sums, though the columns are text
    reading = sources.read(
        written,
        as_of,
        inbox=settings.inbox,
        source_urls={connection: url.get_secret_value() for connection, url in settings.source_urls.items()},
        path=path,
        batch_rows=settings.row_group_rows,
        roots=None if anywhere else settings.source_roots,
        as_written=True,
        meant=meant,
    )
    with reading as received:
        yield received


def judged(
    score: Score, data_set: DataSet, as_of: dt.date, batch: pa.RecordBatch, first: int, *, now: dt.datetime
) -> pa.Table:
    """A batch of the target's own source as rows of :data:`scoring.outcomes.received.SCHEMA`.

    ``first`` is the number of its first row (1-based), ``now`` when they are recorded (aware).
    """
    parts = len(data_set.key_columns)
    customers, (cells, *times) = keys_written(data_set, batch.columns[:parts]), batch.columns[parts:]
    found = values.judge(cells, value_column(score, data_set), score.minimum, score.target)
    flaws, observed = found.flaws, pa.nulls(batch.num_rows, values.TIME)
    if times:
        seen = values.judge_times(times[0], as_of, now)
        observed, flaws = seen.values, pc.coalesce(flaws, seen.flaws)
    rows = {
        "row_number": _numbers(first, batch.num_rows),
        "as_of": _dates(as_of, batch.num_rows),
        "customer_id": customers,
        "value": found.values,
        "observed_at": _times(observed, observed_at(score, as_of)),
        "flaw": _with_customer(flaws, customers),
        "value_written": cells,
        "observed_at_written": times[0] if times else pa.nulls(batch.num_rows, pa.string()),
    }
    return pa.table(rows)


def judged_corrections(score: Score, data_set: DataSet, batch: pa.RecordBatch, first: int) -> pa.Table:
    """A batch of a file of corrections as rows of :data:`scoring.outcomes.received.SCHEMA`."""
    customers, dates, cells, reasons = batch.columns
    found = values.judge(cells, value_column(score, data_set), score.minimum, score.target)
    cohorts = values.judge_dates(dates, NO_COHORT)
    no_reason = pc.if_else(pc.fill_null(pc.match_substring_regex(reasons, r"\S"), False), None, NO_REASON)
    observed = [_perhaps_observed_at(score, one) for one in pc.unique(cohorts.values).to_pylist()]
    places = pc.index_in(cohorts.values, value_set=pc.unique(cohorts.values))
    rows = {
        "row_number": _numbers(first, batch.num_rows),
        "as_of": values.since_2000(cohorts.values),
        "customer_id": customers,
        "value": found.values,
        "observed_at": values.since_2000(pa.array(observed, values.TIME).take(places)),
        "reason": reasons,
        "flaw": _with_customer(pc.coalesce(cohorts.flaws, found.flaws, no_reason.cast(pa.string())), customers),
        "as_of_written": dates,
        "value_written": cells,
    }
    return pa.table(rows)


def derived(score: Score, data_set: DataSet, as_of: dt.date, later: Snapshot) -> Iterator[pa.Table]:
    """What a later snapshot shows of all its customers, as rows of :data:`scoring.outcomes.received.SCHEMA`."""
    column, first = data_set.column(score.target.column), 1
    with lake.SnapshotFile(later.location) as file:
        for group in file.groups([data_set.key, column.name]):
            (batch,) = group.combine_chunks().to_batches()
            shown = batch.column(column.name)
            found = values.judge_typed(shown, column, score.minimum, score.target)
            written = pc.if_else(pc.is_valid(found.flaws), shown, pa.scalar(None, shown.type))
            rows = {
                "row_number": _numbers(first, batch.num_rows),
                "as_of": _dates(as_of, batch.num_rows),
                "customer_id": batch.column(data_set.key),
                "value": found.values,
                "observed_at": _times(pa.nulls(batch.num_rows, values.TIME), observed_at(score, as_of)),
                "flaw": found.flaws,
                "value_written": written.cast(pa.string()),
            }
            yield pa.table(rows)
            first += batch.num_rows


def _perhaps_observed_at(score: Score, as_of: dt.date | None) -> dt.datetime | None:
    """None without a date, and of one whose outcomes could never be known: nothing is published there."""
    try:
        return observed_at(score, as_of) if as_of else None
    except BeyondCalendar:
        return None


def _text(column: Column) -> Column:
    """The column as text, under the name that it has in its source."""
    return Column(name=column.name, type="text", source=column.source)


def _times_of(score: Score) -> tuple[str, ...]:
    return (score.target.observed_at,) if score.target.observed_at else ()


def _null_values(data_set: DataSet) -> tuple[str, ...]:
    return data_set.source.null_values if isinstance(data_set.source, CsvSource) else ("",)


def _numbers(first: int, rows: int) -> pa.Array:
    return pa.array(np.arange(first, first + rows), pa.int32())


def _dates(as_of: dt.date, rows: int) -> pa.Array:
    return values.since_2000(pa.repeat(pa.scalar(as_of, pa.date32()), rows))


def _times(observed: pa.Array, otherwise: dt.datetime) -> pa.Array:
    return values.since_2000(pc.fill_null(observed, pa.scalar(otherwise, values.TIME)))


def _with_customer(flaws: pa.Array, customers: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_null(customers), NO_CUSTOMER, flaws)
