"""Quarantined rows: look at them, take them out to correct them, and replay the corrected ones."""

import csv
import datetime as dt
import tempfile
from pathlib import Path
from typing import TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scoring.database import connect
from scoring.domain.dataset import BROKEN_RULES, ROW_NUMBER, Column, CsvSource, DataSet
from scoring.errors import NotFound, SourceError
from scoring.intake import sources
from scoring.intake.builder import Intake, SnapshotBuilder
from scoring.intake.expectations import load_suite
from scoring.intake.ingest import check, reason_to_stop
from scoring.settings import Settings
from scoring.snapshots import lake, manifest
from scoring.snapshots.manifest import Quarantined, Snapshot


def quarantined(settings: Settings, data_set: DataSet, as_of: dt.date) -> tuple[Snapshot, list[Quarantined]]:
    """The snapshot in use (or stopped) and its quarantined rows, one item per rule broken.

    Raises
    ------
    NotFound
        If nothing was ingested for the date.
    """
    with connect(settings.database()) as connection:
        snapshot = manifest.newest(connection, data_set.name, as_of)
        if snapshot is None:
            raise NotFound(f"Nothing of {data_set.name} was ingested for {as_of}.")
        return snapshot, manifest.quarantined(connection, snapshot.snapshot_id)


def export(settings: Settings, data_set: DataSet, as_of: dt.date, file: TextIO) -> int:
    """Write the quarantined rows as CSV that can be corrected and replayed; returns the rows."""
    _, rows = quarantined(settings, data_set, as_of)
    nulls = data_set.source.null_values if isinstance(data_set.source, CsvSource) else ()
    null = nulls[0] if nulls else ""
    by_row: dict[int, list[Quarantined]] = {}
    for row in rows:
        by_row.setdefault(row.row_number, []).append(row)
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([ROW_NUMBER, *data_set.column_names, BROKEN_RULES])
    for number, broken in by_row.items():
        content = [broken[0].content.get(name) for name in data_set.column_names]
        rules = "; ".join(f"{row.column}: {row.rule}" for row in broken)
        writer.writerow([number, *(null if value is None else _text(value) for value in content), rules])
    return len(by_row)


def replay(settings: Settings, data_set: DataSet, as_of: dt.date, path: str) -> Intake:
    """Make a superseding snapshot in which the corrected rows of the file at ``path`` take part.

    The file is an export with the values corrected; rows left out stay in quarantine, and rows that still
    break a rule go back to it.

    Raises
    ------
    SourceError
        If a row is not in quarantine, stands twice, or has the key of an accepted row.
    """
    base, rows = quarantined(settings, data_set, as_of)
    suite = load_suite(settings.expectations_dir, data_set)
    with tempfile.TemporaryDirectory(prefix="scoring-replay-") as directory:
        builder = SnapshotBuilder(settings, data_set, as_of, Path(directory))
        numbers, corrected = _read_corrections(data_set, as_of, path)
        _refuse_strangers(path, numbers, {row.row_number for row in rows})
        _refuse_twice(path, data_set, corrected)
        with lake.SnapshotFile(base.location) as file:
            broken = suite.check_table(
                lambda names: pa.concat_tables(
                    [file.read(list(names)), pa.Table.from_batches([corrected]).select(list(names))]
                ),
                base.accepted + corrected.num_rows,
            )
            for group in file.groups():
                _refuse_known_keys(path, data_set, group, corrected)
                for batch in group.to_batches():
                    builder.accept(batch)
        order = np.argsort(numbers)
        check(builder, suite, corrected.take(pa.array(order)), numbers[order])
        given = set(numbers.tolist())
        builder.keep_refused([row for row in rows if row.row_number not in given])
        because = reason_to_stop(data_set, broken, received=base.received, quarantined=builder.quarantined)
        return builder.record(
            suite,
            source=f"{base.source} + {path}",
            received=base.received,
            duplicates=base.duplicates,
            stopped_because=because,
            warnings=suite.row_warnings() + [finding for finding in broken if finding.severity != "critical"],
            corrects=base.snapshot_id,
        )


def _read_corrections(data_set: DataSet, as_of: dt.date, path: str) -> tuple[np.ndarray, pa.RecordBatch]:
    source = CsvSource(path=path, extra_columns="ignore")
    if isinstance(data_set.source, CsvSource):
        source = data_set.source.model_copy(update={"path": path, "extra_columns": "ignore"})
    numbered = data_set.model_copy(
        update={"columns": (Column(name=ROW_NUMBER, type="integer"), *data_set.columns), "source": source}
    )
    reading = sources.read(numbered, as_of, inbox=str(Path.cwd()), source_urls={}, path=path, batch_rows=1_000_000)
    with reading as received:
        table = pa.Table.from_batches(received.batches).combine_chunks()
    numbers = table.column(ROW_NUMBER)
    if numbers.null_count:
        raise SourceError(
            path, "a row has no row number.", "keep the number that the export gave it.", column=ROW_NUMBER
        )
    (batch,) = table.drop_columns([ROW_NUMBER]).to_batches()
    return numbers.to_numpy(), batch


def _refuse_strangers(path: str, numbers: np.ndarray, known: set[int]) -> None:
    seen: set[int] = set()
    for row, number in enumerate(numbers.tolist(), start=1):
        if number not in known or number in seen:
            problem = "stands twice" if number in seen else "is not in quarantine"
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
        raise SourceError(
            path,
            f"the key {keys[position].as_py()!r} belongs to an accepted row.",
            "correct the key, or leave the row in quarantine.",
            row=position + 1,
            column=data_set.key,
        )


def _refuse_twice(path: str, data_set: DataSet, corrected: pa.RecordBatch) -> None:
    seen: set[str] = set()
    for row, key in enumerate(corrected.column(data_set.key).to_pylist(), start=1):
        if key in seen:
            raise SourceError(
                path,
                f"the key {key!r} stands twice.",
                "correct the key, or leave the row in quarantine.",
                row=row,
                column=data_set.key,
            )
        if key is not None:
            seen.add(key)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
