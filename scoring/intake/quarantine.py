"""Reads quarantined rows, exports them for correction, and replays the corrected ones."""

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring.database import transaction
from scoring.domain.dataset import ROW_NUMBER, DataSet
from scoring.errors import NotFound, PermanentError, SourceError
from scoring.intake import corrections
from scoring.intake.builder import Intake, Origin, SnapshotBuilder
from scoring.intake.expectations import load_suite
from scoring.intake.scratch import scratch_directory
from scoring.settings import Settings
from scoring.snapshots import lake, manifest
from scoring.snapshots.manifest import QuarantinedRow, Snapshot


@contextmanager
def quarantined(
    settings: Settings, data_set: DataSet, as_of: dt.date
) -> Iterator[tuple[Snapshot, Iterator[QuarantinedRow]]]:
    """The partition's newest snapshot, stopped or current, and those of its quarantined rows that are kept.

    The rows come in the order of their numbers and can be read, once, until the context ends. If fewer are kept than
    were quarantined, they are a sample, see :func:`sample_only`.

    Raises
    ------
    NotFound
        If nothing was ingested for the date, or its quarantined rows were removed because they are old.
    """
    with transaction(settings.database()) as connection:
        snapshot = manifest.newest(connection, data_set.name, as_of)
        if snapshot is None:
            raise NotFound(f"Nothing of {data_set.name} was ingested for {as_of}.")
        if snapshot.quarantine_retired_at is not None:
            raise NotFound(
                f"The {snapshot.kept} quarantined rows of {data_set.name} {as_of} were removed at "
                f"{snapshot.quarantine_retired_at:%Y-%m-%d}, as the setting SCORING_KEEP_QUARANTINE wants it.",
                remedy="to correct them, deliver the file once more under its date with a change, or from a backup.",
            )
        yield snapshot, manifest.quarantined(connection, snapshot.snapshot_id)


def sample_only(snapshot: Snapshot) -> str | None:
    """The warning that only a sample of the quarantined rows is kept, in two sentences; None if all are kept."""
    if snapshot.kept == snapshot.quarantined:
        return None
    percent = -(-100 * snapshot.quarantined // snapshot.received)  # rounded up: a lower limit keeps only a sample again
    return (
        f"Only a sample is kept: {snapshot.kept} of {snapshot.quarantined} quarantined rows, which cannot be replayed. "
        f"Deliver a corrected file; or, to correct the rows here, set the data set's quarantine_limit to "
        f"{percent / 100:.2f} or more and ingest again: then all of them are kept."
    )


def export(settings: Settings, data_set: DataSet, as_of: dt.date, file: TextIO) -> Snapshot:
    """Write the kept quarantined rows as CSV that can be corrected and replayed; returns their snapshot."""
    with quarantined(settings, data_set, as_of) as (snapshot, rows):
        corrections.write(data_set, rows, file)
        return snapshot


def replay(settings: Settings, data_set: DataSet, as_of: dt.date, path: str) -> Intake:
    """Make a superseding snapshot that includes the corrected rows of the file at ``path``.

    The file is an export with the values corrected; rows left out stay in quarantine, and rows that still
    break a rule go back to it.

    Raises
    ------
    SourceError
        If a row is not in quarantine, is in the file twice, or has the key of another row.
    PermanentError
        If only a sample of the quarantined rows is kept.
    PartitionStopped
        As for an ingest: if a critical table expectation fails or too many rows are quarantined.
    """
    suite = load_suite(settings.expectations_dir, data_set)
    with scratch_directory() as scratch:
        builder, validation = SnapshotBuilder(settings, data_set, as_of, scratch), suite.validation()
        with quarantined(settings, data_set, as_of) as (base, rows):
            _refuse_sample(base)
            numbers, corrected = corrections.read(data_set, as_of, path)
            given, known = set(numbers.tolist()), set[int]()
            builder.carry_over(_left_out(rows, given, known))
        _refuse_wrong_numbers(path, numbers, known)
        _refuse_repeated_keys(path, data_set, corrected)
        with lake.SnapshotFile(base.location) as file:
            for group in file.groups():
                _refuse_known_keys(path, data_set, group, corrected)
                for batch in group.to_batches():
                    builder.accept(batch)
        order = np.argsort(numbers)
        builder.take(validation, corrected.take(pa.array(order)), numbers[order])
        source = f"{base.source} + {path}"
        origin = Origin(source, base.received, base.duplicates, base.snapshot_id, base.erased, base.files)
        return builder.record(builder.judge(suite, validation, origin))


def _refuse_sample(base: Snapshot) -> None:
    if only := sample_only(base):
        raise PermanentError(f"{base.data_set} {base.as_of}: {only}")


def _left_out(rows: Iterable[QuarantinedRow], given: set[int], known: set[int]) -> Iterator[QuarantinedRow]:
    """The rows whose number is not ``given``; adds the numbers of all rows to ``known``."""
    for row in rows:
        known.add(row.row_number)
        if row.row_number not in given:
            yield row


def _refuse_wrong_numbers(path: str, numbers: NDArray[np.int64], known: set[int]) -> None:
    seen: set[int] = set()
    for row, number in enumerate(numbers.tolist(), start=1):
        if number not in known or number in seen:
            problem = "appears twice" if number in seen else "is not in quarantine"
            raise SourceError(
                path,
                f"row number {number} {problem}.",
                "correct an export of this partition's quarantine, each row once; after a replay, export again.",
                row=row,
                column=ROW_NUMBER,
            )
        seen.add(number)


def _refuse_known_keys(path: str, data_set: DataSet, accepted: pa.Table, corrected: pa.RecordBatch) -> None:
    keys = corrected.column(data_set.key)
    clash = pc.and_(pc.is_in(keys, value_set=accepted.column(data_set.key)), pc.is_valid(keys))
    if pc.any(clash).as_py():
        position = pc.index(clash, True).as_py()
        raise _refused_key(path, data_set, keys[position].as_py(), "belongs to an accepted row", position + 1)


def _refuse_repeated_keys(path: str, data_set: DataSet, corrected: pa.RecordBatch) -> None:
    seen: set[str] = set()
    for row, key in enumerate(corrected.column(data_set.key).to_pylist(), start=1):
        if key in seen:
            raise _refused_key(path, data_set, key, "appears twice", row)
        if key is not None:  # rows without a key are not duplicates
            seen.add(key)


def _refused_key(path: str, data_set: DataSet, key: str, problem: str, row: int) -> SourceError:
    remedy = "correct the key, or leave the row in quarantine."
    return SourceError(path, f"the key {key!r} {problem}.", remedy, row=row, column=data_set.key)
