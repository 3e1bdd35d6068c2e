"""Compares what readers see of a score with what its model learned from and with the publication before it.

All of it is one transaction: a killed comparison leaves nothing, a repeated one finds itself done.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from scoring.catalog import load_catalog
from scoring.database import Connection, transaction
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.errors import NotFound
from scoring.models.registry import Registry
from scoring.monitoring import drift_runs, profiling
from scoring.monitoring.counting import EVERYBODY, VALUE, Group
from scoring.monitoring.drift import Compared, Drift, Kind, drifts
from scoring.monitoring.drift_runs import AGAINST, Against, NewRun, Run
from scoring.monitoring.profiles import Profile, Stored
from scoring.monitoring.profiling import Watched
from scoring.publishing import publications
from scoring.publishing.publications import Arm, Publication
from scoring.settings import Settings
from scoring.snapshots import manifest
from scoring.snapshots.manifest import Snapshot

JUDGED = 1  # part of each digest: another way to judge is another input

IN_SAMPLE = "the model has learned from the reference's customers, so its values for them are no fair comparison"
ABSENT = "{} has no such column of this type"


@dataclass(frozen=True)
class DriftSummary:
    """What is known of the drift of a score at one date, for rules and tables.

    ``columns`` is the number of different features that have drifted (in their values or in who has one) against the
    training snapshot, among all customers; None if that was not compared. ``drifted`` are all drifted ones of all
    groups, by reference. ``reasons`` says of each reference why nothing was compared with it.
    """

    score: str
    as_of: dt.date
    publication_id: int | None
    columns: int | None
    drifted: dict[Against, list[Drift]]
    reasons: dict[Against, str]
    runs: dict[Against, Run]


@dataclass(frozen=True)
class Look:
    """One publication that is looked at, and what it is compared with: ``trained``, or why that is not known."""

    settings: Settings
    connection: Connection
    watched: Watched
    publication: Publication
    arm: Arm
    previous: Publication | None
    trained: Snapshot | None
    untrained: str


@dataclass(frozen=True)
class _Reference:
    """A reference: its profile, snapshot, publication and date; or the reason why there is none."""

    profile: Stored | None = None
    snapshot_id: int | None = None
    publication_id: int | None = None
    as_of: dt.date | None = None
    reason: str | None = None


def measure_drift(settings: Settings, score: Score, as_of: dt.date) -> None:
    """Compare what readers see of a score at ``as_of`` with both references. No-op if exactly this was compared before.

    Raises
    ------
    NotFound
        If nothing is published.
    """
    with transaction(settings.database()) as connection:
        drift_runs.lock(connection, score.name)
        look = look_at(settings, connection, score, as_of)
        bins = _bins(look)
        _against_training(look, bins)
        _against_previous(look, bins)


def drift_of(settings: Settings, score: Score, as_of: dt.date) -> DriftSummary:
    """What was found of the drift of a score at ``as_of``; measures nothing."""
    with transaction(settings.database()) as connection:
        runs = {run.against: run for run in drift_runs.current(connection, score.name, as_of)}
        drifted = {
            against: [one for one in drift_runs.of_run(connection, run.run_id) if one.drifted]
            for against, run in runs.items()
            if run.reason is None
        }
    reasons = {against: "it was not looked at yet" for against in AGAINST if against not in runs}
    reasons |= {against: run.reason for against, run in runs.items() if run.reason is not None}
    columns = None
    if "training" in drifted:
        columns = len({one.column for one in drifted["training"] if not one.segment and one.kind != "score"})
    publication_id = next((run.publication_id for run in runs.values()), None)
    return DriftSummary(score.name, as_of, publication_id, columns, drifted, reasons, runs)


def look_at(settings: Settings, connection: Connection, score: Score, as_of: dt.date) -> Look:
    """What readers see of a score at ``as_of``, with what it is compared with; errors as of :func:`measure_drift`."""
    publication = publications.published(connection, score.name, as_of)
    if publication is None:
        raise NotFound(
            f"Nothing of {score.name} is published at {as_of}.",
            remedy=f"Publish it first: `scoring score partition {score.name} --as-of {as_of}`.",
        )
    data_set = load_catalog(settings.definitions).data_set(score.data_set)
    (arm, *_) = publications.arms(connection, publication.publication_id)
    trained, untrained = _training(settings, connection, data_set.name, arm)
    return Look(
        settings,
        connection,
        Watched.of(settings, score, data_set),
        publication,
        arm,
        publications.published_before(connection, score.name, as_of),
        trained,
        untrained,
    )


def _training(settings: Settings, connection: Connection, data_set: str, arm: Arm) -> tuple[Snapshot | None, str]:
    """The newest snapshot that the publication's model has learned from, or why it is not known."""
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
    on = registry.trained_on(registry.version(arm.model_name, arm.model_version))
    model = f"{arm.model_name} version {arm.model_version}"
    if on is None:
        return None, f"model {model} does not say what it was trained on"
    found = manifest.find(connection, data_set, on.as_of, on.snapshot_digest)
    if found is None:
        return None, f"the snapshot {on.snapshot_digest[:12]} of {on.as_of}, on which {model} was trained, is not here"
    return found, ""


def _bins(look: Look) -> tuple[str, Stored] | None:
    """The profile whose bins are used, with its digest: that of the training snapshot, else of what was before."""
    if look.trained is not None:
        made = profiling.of_training(look.settings, look.connection, look.watched, look.trained, look.arm)
        return profiling.training_digest(look.watched, look.trained, look.arm), made
    if look.previous is not None:
        made = _profile(look, look.previous, None)
        return profiling.publication_digest(look.watched, look.previous, None), made
    return None


def _profile(look: Look, publication: Publication, bins: tuple[str, Stored] | None) -> Stored:
    (arm, *_) = publications.arms(look.connection, publication.publication_id)
    return profiling.of_publication(look.connection, look.watched, publication, arm, bins)


def _against_training(look: Look, bins: tuple[str, Stored] | None) -> None:
    if look.trained is None or bins is None:
        _record(look, "training", [look.untrained], _Reference(reason=look.untrained), bins)
        return
    parts = _Reference(bins[1], look.trained.snapshot_id, None, look.trained.as_of)
    _record(look, "training", [bins[0]], parts, bins)


def _against_previous(look: Look, bins: tuple[str, Stored] | None) -> None:
    before = look.previous
    if before is None or bins is None:
        if _is_first(look):
            _record(look, "previous", [], _Reference(reason="nothing was published before"), bins)
        return
    reference = bins[1] if look.trained is None else _profile(look, before, bins)
    parts = _Reference(reference, before.snapshot_id, before.publication_id, before.as_of)
    _record(look, "previous", [bins[0], before.publication_id, before.inputs_digest], parts, bins)


def _is_first(look: Look) -> bool:
    """Whether nothing was ever published before; where that was retired, an earlier comparison with it counts on."""
    publication = look.publication
    if not publications.was_published_before(look.connection, publication.score, publication.as_of):
        return True
    runs = drift_runs.current(look.connection, publication.score, publication.as_of)
    return not any(run.against == "previous" for run in runs)


def _record(
    look: Look,
    against: Against,
    inputs: list[object],
    reference: _Reference,
    bins: tuple[str, Stored] | None = None,
) -> None:
    publication, least = look.publication, look.watched.score.monitoring.drift.least
    digest = digest_of([JUDGED, against, publication.inputs_digest, inputs, least, look.watched.content])
    if drift_runs.confirm(look.connection, publication.publication_id, against, digest):
        return
    current = _profile(look, publication, bins)
    found: list[Drift] = []
    if reference.profile is not None:
        looked_at = list(_compared(look.watched, reference.profile.profile, current.profile, against))
        found = drifts(looked_at, least, families=len(AGAINST))
    new = NewRun(
        score=publication.score,
        as_of=publication.as_of,
        publication_id=publication.publication_id,
        against=against,
        inputs_digest=digest,
        least=least,
        reference_profile_id=reference.profile.profile_id if reference.profile else None,
        current_profile_id=current.profile_id,
        reference_snapshot_id=reference.snapshot_id,
        reference_publication_id=reference.publication_id,
        reference_as_of=reference.as_of,
        rows_reference=reference.profile.profile.rows if reference.profile else 0,
        rows_current=current.profile.rows,
        family=sum(one.p_value is not None for one in found),
        reason=reference.reason,
    )
    drift_runs.add(look.connection, new, found)


def _compared(watched: Watched, was: Profile, now: Profile, against: Against) -> Iterator[Compared]:
    groups: list[Group] = [EVERYBODY]
    groups += [(segment.column, value) for segment in watched.segments for value in segment.values]
    for group in groups:
        for name in watched.score.features:
            yield from _feature(name, group, was, now)
        own = _pair(VALUE, "score", group, was, now)
        yield replace(own, column=watched.score.name, unjudged=IN_SAMPLE if against == "training" else None)


def _feature(name: str, group: Group, was: Profile, now: Profile) -> Iterator[Compared]:
    """The values of a feature, and who has one if anybody has none."""
    one = _pair(name, "feature", group, was, now)
    if not was.has(name) or not now.has(name):
        yield replace(one, absent=ABSENT.format("this publication" if was.has(name) else "the reference"))
        return
    yield one
    if one.reference.missing or one.current.missing:
        yield _pair(name, "missing", group, was, now)


def _pair(column: str, kind: Kind, group: Group, was: Profile, now: Profile) -> Compared:
    return Compared(column, kind, was.bins_of(column), was.counted(group, column), now.counted(group, column), *group)
