"""Takes one partition of a data set in: read, drop duplicates, validate, quarantine, store the rest as a snapshot."""

import datetime as dt
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from scoring.domain.dataset import DataSet
from scoring.intake import sources
from scoring.intake.builder import Intake, Origin, SnapshotBuilder
from scoring.intake.expectations import Validation, load_suite
from scoring.intake.limits import most_refused
from scoring.intake.scratch import scratch_directory
from scoring.intake.staging import Staged
from scoring.intake.validation_page import keep_page
from scoring.settings import Settings


def ingest(
    settings: Settings, data_set: DataSet, as_of: dt.date, *, path: str | None = None, anywhere: bool = False
) -> Intake:
    """Make the snapshot of ``data_set`` at ``as_of`` from its source, or from the file at ``path`` instead.

    ``path`` must be below the inbox or a root of ``settings.source_roots``. ``anywhere`` lifts that, for callers who
    can read the file themselves. The same content again changes nothing; other content supersedes the snapshot.

    Raises
    ------
    SourceError
        If the source is not as defined; names file, row, column and remedy.
    SourceNotReady
        If it is not there yet or changed while it was read.
    PartitionStopped
        If a critical table expectation fails or too many rows are quarantined.
    """
    suite = load_suite(settings.expectations_dir, data_set)
    with scratch_directory() as scratch:
        staged = stage(settings, data_set, as_of, scratch, path=path, anywhere=anywhere)
        try:
            dropped = staged.duplicates()
            most = most_refused(data_set.quarantine_limit, staged.rows)
            builder, validation = SnapshotBuilder(settings, data_set, as_of, scratch, most=most), suite.validation()
            _take(builder, validation, staged, dropped)
            files = [asdict(part) for part in staged.parts]
            origin = Origin(staged.name, staged.rows, int(dropped.sum()), files=files)
        finally:
            staged.close()
        new = builder.judge(suite, validation, origin)
        page = suite.write_docs(validation.results, as_of, data_set.name, kept=settings.reports_kept)
        keep_page(settings, new, data_set.title, page)
        return builder.record(new)


def stage(
    settings: Settings, data_set: DataSet, as_of: dt.date, scratch: Path, *, path: str | None, anywhere: bool
) -> Staged:
    """The rows of a source, as received, in a folder; see :func:`ingest` for the parameters and errors."""
    urls = {name: url.get_secret_value() for name, url in settings.source_urls.items()}
    reading = sources.read(
        data_set,
        as_of,
        inbox=settings.inbox,
        source_urls=urls,
        path=path,
        batch_rows=settings.row_group_rows,
        roots=None if anywhere else settings.source_roots,
    )
    with reading as received:
        return Staged(data_set, received, scratch / "received.parquet")


def _take(builder: SnapshotBuilder, validation: Validation, staged: Staged, dropped: NDArray[np.bool_]) -> None:
    """Give the builder the rows that are not dropped as duplicates, batch by batch."""
    for first, batch in staged.batches():
        kept = ~dropped[first - 1 : first - 1 + batch.num_rows]
        numbers = np.arange(first, first + batch.num_rows)[kept]
        builder.take(validation, batch.filter(pa.array(kept)), numbers)
