"""Builds a snapshot row group by row group, then records it in one transaction; ingest and replay share this."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from scoring.alerts import wording
from scoring.alerts.facts import note
from scoring.database import Connection, connect, transaction
from scoring.domain.dataset import DataSet
from scoring.errors import PartitionStopped, PermanentError, TransientError
from scoring.intake.expectations import RowFinding, Suite, Validation
from scoring.intake.expectations.findings import merged
from scoring.intake.limits import reason_to_stop
from scoring.intake.refusals import Refusals
from scoring.intake.settling import Settlement, settle
from scoring.settings import Settings
from scoring.snapshots import forgotten, lake, manifest
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.forgotten import Forgotten
from scoring.snapshots.manifest import NewSnapshot, QuarantinedRow, Snapshot
from scoring.snapshots.writing import ContentDigest, RowGroupWriter


@dataclass(frozen=True)
class Intake:
    """The result of an intake: the snapshot that it made or found; ``unchanged`` if the current one was kept.

    ``warnings`` counts the broken rules whose severity is below critical.
    """

    snapshot_id: int
    digest: str
    received: int
    accepted: int
    quarantined: int
    duplicates: int
    warnings: int
    unchanged: bool


@dataclass(frozen=True)
class Origin:
    """Where a snapshot's rows came from.

    ``source`` is its name for a person, ``received`` the number of rows read, ``duplicates`` how many of them were
    dropped for another row with the same key, and ``corrects`` the snapshot whose refused rows are replayed; ``erased``
    rows of that one are gone. ``files`` are those of a source that has many, as the manifest keeps them.
    """

    source: str
    received: int
    duplicates: int
    corrects: int | None = None
    erased: int = 0
    files: Sequence[dict[str, Any]] = ()


class SnapshotBuilder:
    """Collects accepted and refused rows on disk, checks them, and records the snapshot.

    Parameters
    ----------
    scratch
        A directory for the rows.
    most
        How many refused rows are all kept; of more, only a sample may be. None to keep all in any case.
    """

    def __init__(
        self, settings: Settings, data_set: DataSet, as_of: dt.date, scratch: Path, *, most: int | None = None
    ) -> None:
        self._settings, self._data_set, self._as_of = settings, data_set, as_of
        self._path = scratch / "accepted.parquet"
        self._writer = RowGroupWriter(self._path, arrow_schema(data_set), settings.row_group_rows)
        self._content = ContentDigest(arrow_schema(data_set))
        self._refusals = Refusals(data_set, scratch, most)
        with connect(settings.database()) as connection:
            self._forgotten = self._who_was_forgotten(connection)
        self._erased: list[int] = []  # places among the accepted rows of those that are not written
        self._accepted = 0

    def accept(self, batch: pa.RecordBatch) -> None:
        """Take rows into the snapshot. Those of persons who were forgotten count as received, and are not written."""
        gone = self._forgotten.marks(batch.column(self._data_set.key))
        self._content.update(batch)
        self._erased += (np.flatnonzero(gone) + self._accepted).tolist()
        self._accepted += batch.num_rows
        self._writer.write(batch.filter(pa.array(~gone)) if gone.any() else batch)

    def take(self, validation: Validation, batch: pa.RecordBatch, numbers: NDArray[np.int64]) -> None:
        """Check a batch: rows that break a critical rule are refused, the others accepted.

        ``numbers`` (shape (rows,)) are the rows' numbers as received, 1-based.
        """
        findings = [finding for finding in self._findings(validation, batch) if finding.critical]
        bad = np.zeros(batch.num_rows, dtype=bool)
        for finding in findings:
            bad |= finding.failing
        self._refusals.add(batch, numbers, findings, bad)
        self.accept(batch.filter(pa.array(~bad)))

    def _findings(self, validation: Validation, batch: pa.RecordBatch) -> list[RowFinding]:
        """The row rules that rows break; those of persons who were forgotten are judged where no page shows them."""
        gone = self._forgotten.marks(batch.column(self._data_set.key))
        if not gone.any():
            return validation.check_rows(batch)
        aside = validation.aside()
        parts = [(~gone, validation), (gone, aside)]
        found = [(here, one) for here, by in parts for one in by.check_rows(batch.filter(pa.array(here)))]
        return merged(found, batch.num_rows)

    def carry_over(self, rows: Iterable[QuarantinedRow]) -> None:
        """Keep rows in quarantine that an earlier intake refused; they must come in the order of their numbers."""
        self._refusals.carry_over(rows)

    def judge(self, suite: Suite, validation: Validation, origin: Origin) -> NewSnapshot:
        """Finish the file and check the table rules on the accepted rows; returns the snapshot to record."""
        digest = self._content.hexdigest(
            data_set=self._data_set.name,
            as_of=self._as_of.isoformat(),
            duplicates=origin.duplicates,
            **self._refusals.identity(),
        )
        self._writer.close(digest, self._erased)
        table = validation.check_table(self._columns, self._writer.written)
        warnings = validation.row_warnings() + [finding for finding in table if finding.severity != "critical"]
        return NewSnapshot(
            data_set=self._data_set.name,
            as_of=self._as_of,
            digest=digest,
            stopped_because=reason_to_stop(
                self._data_set.quarantine_limit, table, received=origin.received, quarantined=self._refusals.rows
            ),
            source=origin.source,
            corrects=origin.corrects,
            definition_digest=self._data_set.digest,
            suite_digest=suite.digest,
            location=lake.snapshot_location(self._settings.lake, self._data_set.name, self._as_of, digest),
            row_group_rows=self._settings.row_group_rows,
            received=origin.received,
            accepted=self._accepted + origin.erased,
            quarantined=self._refusals.rows,
            kept=self._refusals.kept,
            duplicates=origin.duplicates,
            warnings=[asdict(warning) for warning in warnings],
            broken_rules=self._refusals.broken_rules,
            erased=len(self._erased) + origin.erased,
            files=list(origin.files),
        )

    def record(self, new: NewSnapshot) -> Intake:
        """Store the file, then the snapshot's row with its quarantine, all in one transaction.

        The same content again changes nothing, see :func:`scoring.intake.settling.settle`.

        Raises
        ------
        PartitionStopped
            If a critical table rule does not hold or too many rows are refused; the snapshot is recorded anyway,
            so that its quarantine can be read.
        PermanentError
            If a row got lost, or if the partition was ingested again while it was replayed.
        TransientError
            If a person was forgotten meanwhile.
        """
        with transaction(self._settings.database()) as connection:
            forgotten.hold(connection)  # the file, too, must be there before an erasure looks for it
            self._refuse_news(connection)
            lake.store(self._path, new.location)
            manifest.lock(connection, new.data_set, new.as_of)
            settlement = _settled(connection, new)
            found = self._apply(connection, settlement, new)
            if manifest.keep_file(connection, found.snapshot_id):  # retention had removed it, perhaps a moment ago
                self._store_again(found, new)
            unchanged = settlement.action == "keep"
            if new.stopped_because and not unchanged:
                self._note_stopped(connection, found.snapshot_id, new, new.stopped_because)
        if new.stopped_because and not unchanged:
            raise _stopped(new, new.stopped_because)
        return Intake(
            snapshot_id=found.snapshot_id,
            digest=found.digest,
            received=found.received,
            accepted=found.accepted,
            quarantined=found.quarantined,
            duplicates=found.duplicates,
            warnings=len(found.warnings),
            unchanged=unchanged,
        )

    def _who_was_forgotten(self, connection: Connection) -> Forgotten:
        return forgotten.of_data_set(connection, self._settings.erasure_secret, self._data_set.name)

    def _refuse_news(self, connection: Connection) -> None:
        if self._who_was_forgotten(connection) != self._forgotten:
            raise TransientError(
                f"A person of {self._data_set.name} was forgotten while {self._as_of} was taken in.",
                remedy="Take it in again.",
            )

    def _store_again(self, found: Snapshot, new: NewSnapshot) -> None:
        """Under the partition's lock, which retention needs to remove a file."""
        if found.digest == new.digest:
            lake.store(self._path, found.location)
            return
        with lake.SnapshotFile(found.location):  # a replay corrects this content: its own file must be there
            pass

    def _note_stopped(self, connection: Connection, snapshot_id: int, new: NewSnapshot, because: str) -> None:
        names = (new.data_set, self._data_set.owner, new.as_of, snapshot_id)
        note(connection, wording.partition_stopped(*names, because=because, remedy=_stopped_remedy(new)))

    def _columns(self, names: tuple[str, ...]) -> pa.Table:
        """The named columns of the accepted rows."""
        with pq.ParquetFile(self._path) as file:
            return file.read(columns=list(names))

    def _refused(self) -> Iterator[QuarantinedRow]:
        """The refused rows that are kept; nothing but the rules that they broke of persons who were forgotten."""
        for row in self._refusals.read():
            yield manifest.blank(row) if row.customer_id in self._forgotten else row

    def _apply(self, connection: Connection, settlement: Settlement, new: NewSnapshot) -> Snapshot:
        if settlement.action != "keep":
            _refuse_overtaken(connection, new)
        if settlement.snapshot_id is None:
            return manifest.get(connection, manifest.record(connection, new, self._refused()))
        earlier = manifest.get(connection, settlement.snapshot_id)
        if settlement.action == "stop":
            manifest.stop(connection, earlier, new.stopped_because or "")
        elif settlement.action == "restore":
            manifest.make_current(connection, earlier)
        elif not new.stopped_because:
            manifest.forget_stopped(connection, new.data_set, new.as_of)
        return manifest.get(connection, settlement.snapshot_id)


def _settled(connection: Connection, new: NewSnapshot) -> Settlement:
    current = manifest.current(connection, new.data_set, new.as_of)
    known = manifest.find(connection, new.data_set, new.as_of, new.digest)
    return settle(
        current.snapshot_id if current else None,
        known.snapshot_id if known else None,
        manifest.lineage(connection, known.snapshot_id) if known else (),
        stopped=new.stopped_because is not None,
    )


def _stopped(new: NewSnapshot, because: str) -> PartitionStopped:
    return PartitionStopped(
        f"{new.data_set} {new.as_of}: {because} Nothing of it is visible.", remedy=_stopped_remedy(new)
    )


def _stopped_remedy(new: NewSnapshot) -> str:
    if new.kept < new.quarantined:
        then = f"deliver a better file. Of the refused rows, a sample of {new.kept} is kept."
    else:
        then = "deliver a better file, or correct the rows and replay them."
    return f"look at `scoring quarantine list {new.data_set} {new.as_of}`; then {then}"


def _refuse_overtaken(connection: Connection, new: NewSnapshot) -> None:
    """A replay must not put back a snapshot that was superseded while its rows were being replayed."""
    if new.corrects is None:
        return
    base = manifest.newest(connection, new.data_set, new.as_of)
    if base is None or base.snapshot_id != new.corrects:
        raise PermanentError(
            f"{new.data_set} {new.as_of} was ingested again while its rows were replayed; nothing was changed.",
            remedy="export its quarantine again and correct that.",
        )
