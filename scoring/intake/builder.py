"""What ingest and replay share: a snapshot is built row group by row group, then recorded in one transaction."""

import datetime as dt
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from scoring.database import Connection, connect
from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.errors import PartitionStopped, PermanentError
from scoring.intake.expectations import TableFinding, Violation
from scoring.intake.expectations.suite import Suite
from scoring.settings import Settings
from scoring.snapshots import lake, manifest
from scoring.snapshots.arrow import arrow_schema
from scoring.snapshots.manifest import Quarantined


@dataclass(frozen=True)
class Intake:
    """The snapshot that an intake led to; ``unchanged`` if it was there already.

    ``warnings`` counts the rules below critical that do not hold.
    """

    snapshot_id: int
    digest: str
    received: int
    accepted: int
    quarantined: int
    duplicates: int
    warnings: int
    unchanged: bool


class SnapshotBuilder:
    """Collects accepted rows on disk and refused ones in memory, and what identifies both."""

    def __init__(self, settings: Settings, data_set: DataSet, as_of: dt.date, scratch: Path) -> None:
        self._settings, self._data_set, self._as_of = settings, data_set, as_of
        self._path = scratch / "accepted.parquet"
        self._writer = lake.RowGroupWriter(self._path, arrow_schema(data_set), settings.row_group_rows)
        self._content = lake.ContentDigest(arrow_schema(data_set))
        self._refused: list[Quarantined] = []

    @property
    def accepted(self) -> int:
        """Rows accepted so far."""
        return self._writer.written

    @property
    def quarantined(self) -> int:
        """Rows (not broken rules) refused so far."""
        return len({row.row_number for row in self._refused})

    def accept(self, batch: pa.RecordBatch) -> None:
        """Take rows into the snapshot."""
        self._writer.write(batch)
        self._content.update(batch)

    def refuse(self, row_number: int, violation: Violation, content: dict[str, object]) -> None:
        """Keep a row (``row_number`` as received, 1-based) and a rule it breaks in quarantine."""
        key = content.get(self._data_set.key)
        self._refused.append(
            Quarantined(
                row_number=row_number,
                rule=violation.rule,
                column=violation.column,
                value=violation.value,
                customer_id=None if key is None else str(key),
                content=json.loads(json.dumps(content, default=str)),
            )
        )

    def keep_refused(self, rows: list[Quarantined]) -> None:
        """Carry rows over that an earlier intake refused."""
        self._refused.extend(rows)

    def record(
        self,
        suite: Suite,
        *,
        source: str,
        received: int,
        duplicates: int,
        stopped_because: str | None,
        warnings: list[TableFinding],
        corrects: int | None = None,
    ) -> Intake:
        """Store the file, then the snapshot's row with its quarantine, all in one transaction.

        ``received`` is what was counted when the rows were read: the database refuses a snapshot that lost one.
        The same content again changes nothing; content that was superseded becomes current again, unless
        the current snapshot was made from it by replaying corrected rows.

        Raises
        ------
        PartitionStopped
            If ``stopped_because`` is given; the snapshot is recorded all the same, so that its quarantine
            can be looked at and replayed.
        """
        refused = sorted(self._refused, key=lambda row: (row.row_number, row.rule, row.column))
        digest = self._digest(refused, duplicates)
        self._writer.close(digest)
        found = manifest.Received(
            data_set=self._data_set.name,
            as_of=self._as_of,
            digest=digest,
            stopped_because=stopped_because,
            source=source,
            corrects=corrects,
            definition_digest=self._data_set.digest,
            suite_digest=suite.digest,
            location=lake.snapshot_location(self._settings.lake, self._data_set.name, self._as_of, digest),
            row_group_rows=self._settings.row_group_rows,
            received=received,
            accepted=self.accepted,
            quarantined=self.quarantined,
            duplicates=duplicates,
            warnings=[asdict(warning) for warning in warnings],
        )
        lake.store(self._path, found.location)
        intake = self._settle(found, refused)
        if stopped_because and not intake.unchanged:
            raise _stopped(found, stopped_because)
        return intake

    def _digest(self, refused: list[Quarantined], duplicates: int) -> str:
        return self._content.hexdigest(
            data_set=self._data_set.name,
            as_of=self._as_of.isoformat(),
            duplicates=duplicates,
            refused=digest_of([[row.row_number, row.rule, row.column, row.content] for row in refused]),
        )

    def _settle(self, found: manifest.Received, refused: list[Quarantined]) -> Intake:
        name, as_of = found.data_set, found.as_of
        with connect(self._settings.database()) as connection, connection:
            manifest.lock(connection, name, as_of)
            now = manifest.current(connection, name, as_of)
            unchanged = now is not None and (
                found.digest in manifest.corrected_digests(connection, name, as_of)
                and not (found.stopped_because and now.digest == found.digest)
            )
            if unchanged and not found.stopped_because:
                manifest.forget_stopped(connection, name, as_of)
            if not unchanged:
                _refuse_overtaken(connection, found)
                known = manifest.find(connection, name, as_of, found.digest)
                if known is None:
                    snapshot_id = manifest.record(connection, found, refused)
                else:
                    snapshot_id = known.snapshot_id
                    if found.stopped_because:
                        manifest.stop(connection, known, found.stopped_because)
                    else:
                        manifest.make_current(connection, known)
                now = manifest.by_id(connection, snapshot_id)
        if now is None:
            raise AssertionError("a recorded snapshot has a row")
        return Intake(
            snapshot_id=now.snapshot_id,
            digest=now.digest,
            received=now.received,
            accepted=now.accepted,
            quarantined=now.quarantined,
            duplicates=now.duplicates,
            warnings=len(now.warnings),
            unchanged=unchanged,
        )


def _stopped(found: manifest.Received, because: str) -> PartitionStopped:
    return PartitionStopped(
        f"{found.data_set} {found.as_of}: {because} Nothing of it is visible. Look at "
        f"`scoring quarantine list {found.data_set} {found.as_of}`; then deliver a better file, or correct the rows "
        "and replay them."
    )


def _refuse_overtaken(connection: Connection, found: manifest.Received) -> None:
    """A replay must not put back a snapshot that was superseded while its rows were being replayed."""
    if found.corrects is None:
        return
    base = manifest.newest(connection, found.data_set, found.as_of)
    if base is None or base.snapshot_id != found.corrects:
        raise PermanentError(
            f"{found.data_set} {found.as_of} was ingested anew while the corrected rows were replayed; nothing was "
            "changed. Export its quarantine again and correct that."
        )
