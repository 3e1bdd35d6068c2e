"""Opens the publication of a score at one as_of and cuts it into shards; only here are its models looked up."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.catalog import load_catalog
from scoring.database import transaction
from scoring.domain.dag_ids import ingest_dag
from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.errors import NotFound, PermanentError
from scoring.features import past as pasts
from scoring.features.past import Past
from scoring.publishing import publications, shards
from scoring.publishing.arms import arms_of
from scoring.publishing.publications import Arm, Publication
from scoring.publishing.shards import Shard
from scoring.settings import Settings
from scoring.snapshots import lake, manifest
from scoring.snapshots.manifest import Snapshot


@dataclass(frozen=True)
class Plan:
    """A publication and the shards that it still lacks (none if it is already published)."""

    publication_id: int
    shards: list[int]


def plan(settings: Settings, score: Score, as_of: dt.date, *, run_id: str, anew: bool = True) -> Plan:
    """Open the publication for the current snapshot and the current champion, or find one with the same inputs.

    Parameters
    ----------
    anew
        Whether a partition that is published from the same snapshot, by the same definition, is scored again if another
        champion is in charge now. What a schedule or a delivery wakes does not: a promotion is about what comes.

    Raises
    ------
    NotFound
        If there is no snapshot or no champion.
    PermanentError
        If the champion does not fit the definition, or was trained with another minor version of scikit-learn; or if
        the outcomes could never be known, because the horizon ends after the last date that there is.
    """
    score.target.horizon.after(as_of)  # all that looks at what is published may ask for it
    data_set = load_catalog(settings.definitions).data_set(score.data_set)
    arms = arms_of(settings, score, data_set)
    definition_digest = digest_of_definition(score, data_set)
    with transaction(settings.database()) as connection:
        publications.lock(connection, score.name)
        snapshot = manifest.current(connection, data_set.name, as_of)
        if snapshot is None:
            raise NotFound(
                f"There is no snapshot of {data_set.name} at {as_of}, so {score.name} cannot be scored.",
                remedy=f"Run `scoring ingest {data_set.name} --as-of {as_of}`.",
                in_airflow=f"Trigger the DAG {ingest_dag(data_set.name)} for that date.",
            )
        seen = None if anew else publications.published(connection, score.name, as_of)
        if seen and (seen.snapshot_id, seen.definition_digest) == (snapshot.snapshot_id, definition_digest):
            return Plan(seen.publication_id, [])
        reasons = _stored_reasons(score)
        past = pasts.of_date(connection, score, data_set, as_of)
        digest = inputs_digest(snapshot.digest, arms, definition_digest, reasons, past)
        found = publications.by_inputs(connection, score.name, as_of, digest)
        if found is not None:
            known = shards.of_publication(connection, found.publication_id)
            waiting = [shard.shard for shard in known if shard.rows is None]
            if not waiting or _covers(known, snapshot):
                publications.reopen(connection, found.publication_id)
                return Plan(found.publication_id, waiting)
            publications.drop(connection, found)  # readers never saw it, and its shards no longer match the file
        planned = cut(snapshot, settings.shard_rows)
        publication_id = publications.open_publication(
            connection,
            score=score.name,
            as_of=as_of,
            snapshot_id=snapshot.snapshot_id,
            definition_digest=definition_digest,
            inputs_digest=digest,
            run_id=run_id,
            code_version=settings.code_version,
            arms=arms,
            reasons=reasons,
        )
        pasts.record(connection, publication_id, as_of, past)
        shards.add(connection, publication_id, planned)
        return Plan(publication_id, [shard.shard for shard in planned])


def _stored_reasons(score: Score) -> tuple[int, list[str]] | None:
    """How many reasons to store for each customer, and of which features."""
    if score.reasons is None or not score.reasons.stored:
        return None
    return min(score.reasons.count, len(score.features)), list(score.features)


def inputs_digest(
    snapshot_digest: str,
    arms: Sequence[Arm],
    definition_digest: str,
    reasons: tuple[int, list[str]] | None = None,
    past: Past = (),
) -> str:
    """Digest (64 hex digits) of a publication's inputs: equal inputs give equal rows.

    The version of scikit-learn that scores is an input only if the model was trained with another one; the salt and the
    shares of an experiment decide who gets which model. Reasons are an input if they are stored; they are no part of
    the definition's digest, so what was published without them still has its passport. The earlier snapshots that the
    score looks back at are inputs, too: one that comes late or is corrected makes another publication.
    """
    models = []
    for arm in arms:
        model: dict[str, object] = {
            "arm": arm.arm,
            "model_name": arm.model_name,
            "model_version": arm.model_version,
            "model_digest": arm.model_digest,
        }
        if arm.experiment_id is not None:
            model |= {"share": arm.share, "salt": arm.salt}
        models.append(model if arm.scored_with == arm.trained_with else model | {"scored_with": arm.scored_with})
    more = ({"reasons": reasons} if reasons else {}) | ({"past": pasts.content(past)} if past else {})
    return digest_of([snapshot_digest, models, definition_digest, *([more] if more else [])])


def planned_definition(settings: Settings, publication: Publication) -> tuple[Score, DataSet]:
    """The score and the data set that a publication was planned with.

    Raises
    ------
    PermanentError
        If a definition has changed since: what was planned with one must not be finished with another.
    """
    catalog = load_catalog(settings.definitions)
    score = catalog.score(publication.score)
    data_set = catalog.data_set(score.data_set)
    if digest_of_definition(score, data_set) != publication.definition_digest:
        raise PermanentError(
            f"The definition of {score.name} has changed since publication {publication.publication_id} was planned "
            f"by code version {publication.code_version}. Use that version, or run the partition again from "
            "its first task."
        )
    return score, data_set


def digest_of_definition(score: Score, data_set: DataSet) -> str:
    """Digest (64 hex digits) of all in the definitions that decides what is published."""
    return digest_of([score.digest, data_set.digest])


def cut(snapshot: Snapshot, shard_rows: int) -> list[Shard]:
    """Cut a snapshot into shards of whole row groups, of about ``shard_rows`` rows each."""
    with lake.SnapshotFile(snapshot.location) as file:
        groups = file.row_groups
    in_a_group = -(-snapshot.accepted // groups) if groups else 1  # rounded up
    step = max(1, shard_rows // max(1, in_a_group))
    return [Shard(number, first, min(step, groups - first)) for number, first in enumerate(range(0, groups, step))]


def _covers(planned: Sequence[Shard], snapshot: Snapshot) -> bool:
    """Whether the shards match the snapshot's file, which may have been written again with other row groups."""
    with lake.SnapshotFile(snapshot.location) as file:
        return sum(shard.groups for shard in planned) == file.row_groups
