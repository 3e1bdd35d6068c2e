"""Makes profiles: of the customers that a model learned from, and of those of a publication; each is made once."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from scoring.database import Connection
from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.domain.features import feature_columns
from scoring.domain.score import Score
from scoring.features.file import opened_at, opened_of
from scoring.models.scorer import Scorer
from scoring.monitoring import profiles
from scoring.monitoring.bins import Bins, cut_numbers
from scoring.monitoring.counting import (
    SAMPLE_ROWS,
    SEED,
    VALUE,
    Segment,
    Tally,
    added,
    batches,
    count,
    cut,
    in_order,
    segments_of,
    tally,
)
from scoring.monitoring.profiles import Described, Profile, Stored
from scoring.monitoring.values import read_values, sample_values
from scoring.publishing.predict import load_scorer, threads_of_one_core
from scoring.publishing.publications import Arm, Publication
from scoring.settings import Settings
from scoring.snapshots.lake import SnapshotFile
from scoring.snapshots.manifest import Snapshot

COUNTED = 1  # part of each digest: another way to cut or to count is another input


@dataclass(frozen=True)
class Watched:
    """What is watched of a score, and how many threads may count."""

    score: Score
    data_set: DataSet
    segments: tuple[Segment, ...]
    threads: int

    @classmethod
    def of(cls, settings: Settings, score: Score, data_set: DataSet) -> "Watched":
        """What the definition asks for."""
        return cls(score, data_set, segments_of(score, data_set), settings.threads)

    @property
    def content(self) -> list[object]:
        """All that decides what is counted of a snapshot."""
        columns = feature_columns(self.score, self.data_set)
        kinds = [(column.name, column.type, column.values) for column in columns]
        return [COUNTED, SAMPLE_ROWS, kinds, [(segment.column, segment.values) for segment in self.segments]]


def training_digest(watched: Watched, snapshot: Snapshot, arm: Arm) -> str:
    """Digest of all that decides a training profile."""
    return digest_of(["training", watched.score.name, snapshot.digest, arm.model_digest, *watched.content])


def publication_digest(watched: Watched, publication: Publication, bins: str | None) -> str:
    """Digest of all that decides a publication's profile; ``bins`` is that of the profile whose bins it uses."""
    return digest_of(["publication", publication.publication_id, publication.inputs_digest, bins, *watched.content])


def of_training(settings: Settings, connection: Connection, watched: Watched, snapshot: Snapshot, arm: Arm) -> Stored:
    """The profile of the snapshot that a model was trained on, with the values that the model gives there.

    Errors are those of loading and using the model, and of reading the snapshot.
    """
    digest = training_digest(watched, snapshot, arm)
    found = profiles.find(connection, digest)
    if found is not None:
        return found
    described = Described(
        watched.score.name, "training", snapshot.snapshot_id, arm.model_name, arm.model_version, digest
    )
    scorer = load_scorer(settings, watched.score, watched.data_set, replace(arm, scored_with=None))
    features = opened_at(connection, watched.score, watched.data_set, snapshot)
    with features as file, _predicted(file, scorer, settings.threads) as values:
        bins = _cut(watched, file) | {VALUE: cut_numbers(_sample(values))}
        tables = _with(_features(watched, file, bins), values)
        made = Profile(file.rows, bins, count(tables, bins, watched.segments, watched.threads))
    return profiles.add(connection, described, made, None)


def of_publication(
    connection: Connection, watched: Watched, publication: Publication, arm: Arm, bins: tuple[str, Stored] | None
) -> Stored:
    """The profile of a publication: the features in its snapshot and the values that readers see.

    ``bins`` is the profile whose bins are used, with its digest; the publication's own are cut without it.
    """
    digest = publication_digest(watched, publication, bins[0] if bins else None)
    found = profiles.find(connection, digest)
    if found is not None:
        return found
    described = Described(
        watched.score.name, "publication", publication.snapshot_id, arm.model_name, arm.model_version, digest,
        publication.publication_id,
    )  # fmt: skip
    its = (publication.publication_id, publication.snapshot_id)
    with opened_of(connection, watched.score, watched.data_set, *its) as file:
        if bins is None:
            sample = sample_values(connection, publication.publication_id, SAMPLE_ROWS)
            cuts = _cut(watched, file) | {VALUE: cut_numbers(sample)}
        else:
            cuts = bins[1].profile.bins
        features = count(_features(watched, file, cuts), cuts, watched.segments, watched.threads)
        values = _published(connection, watched, publication, file, cuts)
        made = Profile(file.rows, cuts, _joined(features, values))
    return profiles.add(connection, described, made, bins[1].bins_id if bins else None)


def _cut(watched: Watched, file: SnapshotFile) -> dict[str, Bins]:
    return cut(file, feature_columns(watched.score, watched.data_set), watched.threads)


def _features(watched: Watched, file: SnapshotFile, bins: Mapping[str, Bins]) -> Iterator[pa.Table]:
    """The columns that are counted and those of the segments, as far as the file has them with values of that kind."""
    wanted = [name for name in watched.score.features if name in bins and comparable(file.schema, name, bins[name])]
    segments = [segment.column for segment in watched.segments if segment.column in file.schema.names]
    yield from file.groups(list(dict.fromkeys([*wanted, *segments])))


def comparable(schema: pa.Schema, name: str, bins: Bins) -> bool:
    """Whether a snapshot has the column, as a number or as a text like the bins."""
    return name in schema.names and pa.types.is_string(schema.field(name).type) == (bins.edges is None)


def _published(
    connection: Connection,
    watched: Watched,
    publication: Publication,
    file: SnapshotFile,
    bins: Mapping[str, Bins],
) -> Tally:
    only, found = {VALUE: bins[VALUE]}, list[Tally]()

    def take(table: pa.Table) -> None:
        one = tally(table, only, watched.segments)
        found[:] = [added(found[0], one)] if found else [one]

    read_values(
        connection,
        publication.publication_id,
        take,
        segments=watched.segments,
        customers=file,
        key=watched.data_set.key,
    )
    return found[0] if found else {}


def _joined(features: Tally, values: Tally) -> Tally:
    return {group: {**features.get(group, {}), **values.get(group, {})} for group in {**features, **values}}


@contextmanager
def _predicted(file: SnapshotFile, scorer: Scorer, threads: int) -> Iterator[np.ndarray]:
    """What the model gives for the customers of a snapshot, float64 in their order, in a file: memory does not grow."""
    with tempfile.TemporaryFile() as scratch, threads_of_one_core(threads) as pool:
        for values in in_order(pool, scorer.values, batches(file.groups(scorer.columns)), threads):
            scratch.write(values.tobytes())
        scratch.flush()
        yield np.memmap(scratch, np.float64, "r") if file.rows else np.zeros(0)


def _sample(values: np.ndarray) -> np.ndarray:
    if len(values) <= SAMPLE_ROWS:
        return np.array(values)
    chosen = np.random.default_rng(SEED).choice(len(values), SAMPLE_ROWS, replace=False)
    return np.array(values[np.sort(chosen)])


def _with(tables: Iterator[pa.Table], values: np.ndarray) -> Iterator[pa.Table]:
    first = 0
    for table in tables:
        yield table.append_column(VALUE, pa.array(np.array(values[first : first + table.num_rows])))
        first += table.num_rows
