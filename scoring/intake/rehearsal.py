"""Reads and checks a partition as :mod:`scoring.intake.ingest` does, and records nothing."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from scoring.domain.dataset import DataSet
from scoring.intake.expectations import Suite, TableFinding, Validation
from scoring.intake.ingest import stage
from scoring.intake.limits import reason_to_stop
from scoring.intake.refusals import Refusals
from scoring.intake.scratch import scratch_directory
from scoring.intake.staging import Staged
from scoring.settings import Settings
from scoring.snapshots.arrow import arrow_schema

SAMPLE = 10_000  # accepted rows that are handed out


@dataclass(frozen=True)
class Rehearsal:
    """What would become of a partition.

    ``broken_rules`` are ``{"rule", "column", "rows"}`` of critical rules about rows; ``warnings`` the rules below
    critical that do not hold; ``stopped_because`` says why nothing of it would be visible. ``sample`` are the first
    accepted rows.
    """

    source: str
    received: int
    duplicates: int
    quarantined: int
    broken_rules: list[dict[str, Any]]
    warnings: list[TableFinding]
    stopped_because: str | None
    sample: pa.Table

    @property
    def accepted(self) -> int:
        """Rows that a snapshot would have."""
        return self.received - self.duplicates - self.quarantined


def rehearse(settings: Settings, data_set: DataSet, suite: Suite, as_of: dt.date, *, path: str | None) -> Rehearsal:
    """Read the source of ``data_set`` at ``as_of``, or the file at ``path``, and check it by its suite.

    Raises
    ------
    SourceError
        If the source is not as defined; names file, row, column and remedy.
    SourceNotReady
        If it is not there yet or changed while it was read.
    """
    with scratch_directory() as scratch:
        staged = stage(settings, data_set, as_of, scratch, path=path, anywhere=True)
        try:
            return _judged(data_set, suite, staged, scratch)
        finally:
            staged.close()


def _judged(data_set: DataSet, suite: Suite, staged: Staged, scratch: Path) -> Rehearsal:
    validation, refusals = suite.validation(), Refusals(data_set, scratch, None)
    dropped = staged.duplicates()
    place, schema = scratch / "accepted.parquet", arrow_schema(data_set)
    with pq.ParquetWriter(place, schema, compression="lz4") as writer:
        for first, batch in staged.batches():
            kept = ~dropped[first - 1 : first - 1 + batch.num_rows]
            numbers = np.arange(first, first + batch.num_rows)[kept]
            writer.write_batch(_accepted(validation, refusals, batch.filter(pa.array(kept)), numbers))
    with pq.ParquetFile(place, pre_buffer=False) as file:
        table = validation.check_table(lambda names: file.read(columns=list(names)), file.metadata.num_rows)
        sample = next(file.iter_batches(batch_size=SAMPLE, use_threads=False), None)
    return Rehearsal(
        source=staged.name,
        received=staged.rows,
        duplicates=int(dropped.sum()),
        quarantined=refusals.rows,
        broken_rules=refusals.broken_rules,
        warnings=validation.row_warnings() + [one for one in table if one.severity != "critical"],
        stopped_because=reason_to_stop(
            data_set.quarantine_limit, table, received=staged.rows, quarantined=refusals.rows
        ),
        sample=pa.Table.from_batches([] if sample is None else [sample], schema),
    )


def _accepted(
    validation: Validation, refusals: Refusals, batch: pa.RecordBatch, numbers: NDArray[np.int64]
) -> pa.RecordBatch:
    """The rows of a batch that break no critical rule."""
    findings = [one for one in validation.check_rows(batch) if one.critical]
    bad = np.zeros(batch.num_rows, dtype=bool)
    for finding in findings:
        bad |= finding.failing
    refusals.add(batch, numbers, findings, bad)
    return batch.filter(pa.array(~bad))
