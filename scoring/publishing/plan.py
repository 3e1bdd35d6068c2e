"""Opens the publication of a score at one as_of and cuts its work into shards; the champion is resolved here, once."""

import datetime as dt
from dataclasses import dataclass

from scoring.catalog import load_catalog
from scoring.database import connect
from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.errors import NotFound, PermanentError
from scoring.models.registry import Registry
from scoring.publishing import publications, shards
from scoring.publishing.publications import Arm, Publication
from scoring.publishing.shards import Shard
from scoring.settings import Settings
from scoring.snapshots import lake, manifest
from scoring.snapshots.manifest import Snapshot


@dataclass(frozen=True)
class Plan:
    """A publication and those of its shards that are still to do (none when it is published already)."""

    publication_id: int
    shards: list[int]


def plan(settings: Settings, score: Score, as_of: dt.date, *, run_id: str) -> Plan:
    """Open the publication for the current snapshot and the current champion, or find the one these inputs made.

    Raises
    ------
    NotFound
        If there is no snapshot or no champion.
    """
    data_set = load_catalog(settings.definitions).data_set(score.data_set)
    champion = Registry(settings.mlflow_tracking_uri.get_secret_value()).champion(score.model_name)
    arms = [Arm("champion", champion.name, champion.version, champion.digest)]
    definition_digest = _definition_digest(score, data_set)
    with connect(settings.database()) as connection, connection:
        publications.lock(connection, score.name)
        snapshot = manifest.current(connection, data_set.name, as_of)
        if snapshot is None:
            raise NotFound(
                f"There is no snapshot of {data_set.name} at {as_of}, so {score.name} cannot be scored. Run the DAG "
                f"ingest_{data_set.name} for that date, or `scoring ingest {data_set.name} --as-of {as_of}`."
            )
        inputs_digest = digest_of([snapshot.digest, [vars(arm) for arm in arms], definition_digest])
        found = publications.by_inputs(connection, score.name, as_of, inputs_digest)
        if found is not None:
            publications.reopen(connection, found.publication_id)
            known = shards.of_publication(connection, found.publication_id)
            return Plan(found.publication_id, [shard.shard for shard in known if shard.rows is None])
        planned = cut(snapshot, settings.shard_rows)
        publication_id = publications.open_publication(
            connection,
            score=score.name,
            as_of=as_of,
            snapshot_id=snapshot.snapshot_id,
            definition_digest=definition_digest,
            inputs_digest=inputs_digest,
            run_id=run_id,
            code_version=settings.code_version,
            arms=arms,
        )
        shards.add(connection, publication_id, planned)
        return Plan(publication_id, [shard.shard for shard in planned])


def planned_definition(settings: Settings, publication: Publication) -> tuple[Score, DataSet]:
    """The score and the data set that a publication was planned with.

    Raises
    ------
    PermanentError
        If their definitions have changed since: what was planned with one must not be finished with another.
    """
    catalog = load_catalog(settings.definitions)
    score = catalog.score(publication.score)
    data_set = catalog.data_set(score.data_set)
    if _definition_digest(score, data_set) != publication.definition_digest:
        raise PermanentError(
            f"The definition of {score.name} has changed since publication {publication.publication_id} was planned "
            f"by code version {publication.code_version}. Use that version, or run the partition again from "
            "its first task."
        )
    return score, data_set


def _definition_digest(score: Score, data_set: DataSet) -> str:
    return digest_of([score.digest, data_set.digest])


def cut(snapshot: Snapshot, shard_rows: int) -> list[Shard]:
    """Shards of whole row groups, of about ``shard_rows`` rows each."""
    with lake.SnapshotFile(snapshot.location) as file:
        groups = file.row_groups
    step = max(1, shard_rows // snapshot.row_group_rows)
    return [Shard(number, first, min(step, groups - first)) for number, first in enumerate(range(0, groups, step))]
