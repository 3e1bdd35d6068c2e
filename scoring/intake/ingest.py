"""Takes one partition of a data set in: read, drop duplicates, validate, quarantine, keep the rest as a snapshot."""

import datetime as dt
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from scoring.domain.dataset import DataSet
from scoring.intake import sources
from scoring.intake.builder import Intake, SnapshotBuilder
from scoring.intake.expectations import TableFinding, load_suite
from scoring.intake.expectations.suite import Suite
from scoring.intake.staging import Staged
from scoring.settings import Settings


def ingest(
    settings: Settings, data_set: DataSet, as_of: dt.date, *, path: str | None = None, anywhere: bool = False
) -> Intake:
    """Make the snapshot of ``data_set`` at ``as_of`` from its source, or from the file at ``path`` instead.

    ``path`` must be below the inbox or a root of ``settings.source_roots``, unless ``anywhere``: for a caller who
    could read the file without us. Repeating it with the same content changes nothing; other content supersedes
    the earlier snapshot.

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
    with tempfile.TemporaryDirectory(prefix="scoring-ingest-") as directory:
        scratch = Path(directory)
        staged = _stage(settings, data_set, as_of, scratch, path=path, anywhere=anywhere)
        try:
            builder = SnapshotBuilder(settings, data_set, as_of, scratch)
            dropped = staged.duplicates()
            validate(builder, suite, staged, dropped)
            broken = suite.check_table(lambda names: staged.columns(names, ~dropped), int((~dropped).sum()))
            suite.write_docs(as_of, run_name=f"{data_set.name}_{as_of}")
            return builder.record(
                suite,
                source=staged.name,
                received=staged.rows,
                duplicates=int(dropped.sum()),
                stopped_because=reason_to_stop(data_set, broken, received=staged.rows, quarantined=builder.quarantined),
                warnings=suite.row_warnings() + [finding for finding in broken if finding.severity != "critical"],
            )
        finally:
            staged.close()


def _stage(
    settings: Settings, data_set: DataSet, as_of: dt.date, scratch: Path, *, path: str | None, anywhere: bool
) -> Staged:
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


def validate(builder: SnapshotBuilder, suite: Suite, staged: Staged, dropped: NDArray[np.bool_]) -> None:
    """Check the rows that are no duplicates, batch by batch: the builder accepts or refuses each."""
    for first, batch in staged.batches():
        kept = ~dropped[first - 1 : first - 1 + batch.num_rows]
        numbers = np.arange(first, first + batch.num_rows)[kept]
        check(builder, suite, batch.filter(pa.array(kept)), numbers)


def check(builder: SnapshotBuilder, suite: Suite, batch: pa.RecordBatch, numbers: NDArray[np.int64]) -> None:
    """Let the suite judge one batch whose rows had ``numbers`` (shape (rows,), 1-based) when they were received."""
    good = np.ones(batch.num_rows, dtype=bool)
    for violation in suite.check_rows(batch, first_row=1):
        if not violation.critical:
            continue
        position = violation.row_number - 1
        good[position] = False
        builder.refuse(int(numbers[position]), violation, batch.slice(position, 1).to_pylist()[0])
    builder.accept(batch.filter(pa.array(good)))


def reason_to_stop(data_set: DataSet, broken: list[TableFinding], *, received: int, quarantined: int) -> str | None:
    """Why the partition must not become visible, in one sentence, or None."""
    critical = [finding for finding in broken if finding.severity == "critical"]
    if critical:
        return "; ".join(f"{finding.rule} does not hold: {finding.observed}" for finding in critical) + "."
    if quarantined > data_set.quarantine_limit * received:
        return (
            f"{quarantined} of {received} rows ({quarantined / received:.2%}) are quarantined; "
            f"the limit is {data_set.quarantine_limit:.2%}."
        )
    return None
