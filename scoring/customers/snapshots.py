"""Snapshots: the file is written again without the person, while nobody scores from it; publications follow with it."""

from typing import Any

import pyarrow.compute as pc

from scoring.customers.place import Found, Subject
from scoring.database import transaction
from scoring.errors import IntegrityError
from scoring.publishing import erasing, publications
from scoring.snapshots import lake, listing, manifest, rewriting
from scoring.snapshots.scratch import scratch_directory


class Snapshots:
    """The files of a data set in the lake, also those that no row of table ``snapshot`` names.

    A file keeps its name, which is the digest of what was received; it says itself which rows have left.
    """

    name = "snapshots"

    def find(self, subject: Subject) -> list[Found]:
        """The person's row in each file."""
        locations = _locations(subject)
        return [Found(location, row) for location in locations for row in _rows(location, subject)]

    def erase(self, subject: Subject) -> int:
        """Write each file again that has the person; see what a killed erasure left, too."""
        return sum(_erase(subject, one) for one in _locations(subject))


def _locations(subject: Subject) -> list[str]:
    root = f"{subject.settings.lake.rstrip('/')}/{subject.data_set.name}"
    return [file.location for file in listing.files(root)]


def _rows(location: str, subject: Subject) -> list[dict[str, Any]]:
    key, found = subject.data_set.key, list[dict[str, Any]]()
    with lake.SnapshotFile(location) as file:
        for number in range(file.row_groups):
            theirs = pc.equal(file.read_group(number, [key]).column(key), subject.customer)
            if pc.any(theirs).as_py():
                found += file.read_group(number).filter(theirs).to_pylist()
    return found


def _erase(subject: Subject, location: str) -> int:
    key, customer = subject.data_set.key, subject.customer
    try:
        gone = rewriting.holds(location, key, customer)
    except IntegrityError:  # a damaged file is nobody's input; intake will write it anew, without the person
        return 0
    with scratch_directory() as scratch, transaction(subject.database) as connection:
        local = scratch / "without.parquet"
        rows = rewriting.without(location, key, customer, local) if gone else _rows_of(location)
        for score in subject.score_names:
            publications.lock(connection, score)
        mine = erasing.of_snapshot_file(connection, location)
        readers = sorted({*mine, *erasing.that_look_back_at(connection, location)})
        erasing.wait_for_readers(connection, readers)  # shards and shadows that have read the file as it was
        if gone:
            lake.replace(local, location)
        manifest.note_stored(connection, location, rows)
        return gone + sum(erasing.erase_customer(connection, one, customer) for one in mine)


def _rows_of(location: str) -> int:
    with lake.SnapshotFile(location) as file:
        return file.rows
