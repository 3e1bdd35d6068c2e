"""The passport of a published score: everything that it was made from, enough to compute it again."""

import datetime as dt
import math
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from scoring.catalog import load_catalog
from scoring.database import Connection, connect
from scoring.domain.dataset import DataSet
from scoring.domain.reasons import Reason, Reasons, told
from scoring.domain.score import Score
from scoring.errors import IntegrityError, NotFound, PermanentError, ScoringError
from scoring.features import past as pasts
from scoring.features.file import opened
from scoring.features.past import Past
from scoring.models.explaining.ensembles import Unit
from scoring.models.registry import Registry
from scoring.models.scorer import Scorer
from scoring.models.versions import with_library
from scoring.publishing import publications, shards
from scoring.publishing.plan import digest_of_definition, planned_definition
from scoring.publishing.predict import load_scorer
from scoring.publishing.publications import Arm, Publication, ScoreRow
from scoring.settings import Settings
from scoring.snapshots import lake, manifest
from scoring.snapshots.manifest import Snapshot

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Passport:
    """A published score of one customer, with the publication, the model and the snapshot that it comes from."""

    row: ScoreRow
    publication: Publication
    arm: Arm
    snapshot: Snapshot
    past: Past = ()
    transform: str | None = None
    predictors: list[str] = field(default_factory=list)
    parity: str | None = None


def passport(settings: Settings, score: str, customer: str, as_of: dt.date | None = None) -> Passport:
    """The passport of a customer's score at ``as_of``, or at the newest date.

    Raises
    ------
    NotFound
        If nothing is published for the score and date, or the customer is not in it.
    """
    defined = load_catalog(settings.definitions).score(score)
    with connect(settings.database()) as connection:
        publication = publications.published(connection, score, as_of)
        if publication is None:
            raise _missing(connection, score, as_of)
        row = publications.row_of(connection, publication.publication_id, customer)
        if row is None:
            raise NotFound(f"{score} at {publication.as_of} has no customer {customer!r}.")
        arms = {arm.arm: arm for arm in publications.arms(connection, publication.publication_id)}
        snapshot = manifest.by_id(connection, publication.snapshot_id)
        past = pasts.of_publication(connection, publication.publication_id)
        predictors = shards.predictors(connection, publication.publication_id, row.arm)
    if snapshot is None:
        raise IntegrityError(f"The snapshot of publication {publication.publication_id} is not recorded any more.")
    arm = arms[row.arm]
    transform, recorded = _transform(settings, defined, publication), _parity(settings, arm)
    return Passport(row, publication, arm, snapshot, past, transform, predictors, recorded)


def _parity(settings: Settings, arm: Arm) -> str | None:
    """What the arm's version says of its accelerated predictor; None if it says nothing, or has gone."""
    try:
        registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
        return registry.version(arm.model_name, arm.model_version).parity
    except ScoringError:
        return None


def _transform(settings: Settings, score: Score, publication: Publication) -> str | None:
    """The function of a score's features with its digest; None without one, or if the definition has changed since."""
    data_set = load_catalog(settings.definitions).data_set(score.data_set)
    if score.transform is None or digest_of_definition(score, data_set) != publication.definition_digest:
        return None
    return f"{score.transform.name} {score.transform.digest}"


def _missing(connection: Connection, score: str, as_of: dt.date | None) -> NotFound:
    gone = publications.retired(connection, score, as_of) if as_of else None
    if gone is None:
        return NotFound(f"Nothing is published of {score}{f' at {as_of}' if as_of else ''}.")
    return NotFound(
        f"{gone.name} was retired at {gone.retired_at:%Y-%m-%d}: its {gone.rows} rows are gone, as the setting "
        f"SCORING_KEEP_PUBLICATIONS wants it. Its checksum was {gone.checksum}."
    )


def lines(found: Passport) -> list[tuple[str, object]]:
    """The passport as names and values, for people."""
    row, made, arm, snapshot = found.row, found.publication, found.arm, found.snapshot
    return [
        ("score", made.score),
        ("customer", row.customer_id),
        ("as_of", made.as_of),
        ("value", repr(row.value)),
        ("points", row.points),
        ("band", row.band),
        ("arm", arm.arm),
        *_experiment(arm),
        ("model", f"{arm.model_name} version {arm.model_version}"),
        ("model digest", arm.model_digest),
        ("trained with", with_library(arm.trained_with)),
        ("scored with", with_library(arm.scored_with)),
        ("predicted by", ", ".join(found.predictors) or "estimator (before there was another way)"),
        ("parity", found.parity or "not checked"),
        ("snapshot", f"{snapshot.data_set} {snapshot.snapshot_id}"),
        ("snapshot digest", snapshot.digest),
        *((f"snapshot {one.period} before", str(one)) for one in found.past),
        *([("transform", found.transform)] if found.transform else []),
        ("definition digest", made.definition_digest),
        ("publication", made.publication_id),
        ("checksum", made.checksum),
        ("run", made.run_id),
        ("code version", made.code_version),
    ]


def _experiment(arm: Arm) -> list[tuple[str, object]]:
    """The experiment that gave the customer this arm, if one did, with the arm's share of the customers."""
    if arm.share is None:
        return []
    return [("experiment", f"{arm.experiment_id}, this arm has {arm.share:.3g} of the customers")]


def recompute(settings: Settings, found: Passport) -> float:
    """Score the customer again from the passport's snapshot and model; returns the value.

    The whole row group is scored, as it was for the publication: some estimators (linear ones, through BLAS) give one
    row other last digits than many rows.

    Raises
    ------
    IntegrityError
        If the value differs from the published one by more than :func:`reproduces` allows.
    """
    score, data_set = planned_definition(settings, found.publication)
    scorer = load_scorer(settings, score, data_set, found.arm)
    group, position = _customer(found, scorer, score, data_set)
    value = float(scorer.values(group)[position])
    if not reproduces(found.row.value, value):
        raise IntegrityError(
            f"{score.name} of {found.row.customer_id}: published {found.row.value!r}, but its passport "
            f"gives {value!r}. The snapshot, the model or the code is not what it was."
        )
    return value


def _customer(found: Passport, scorer: Scorer, score: Score, data_set: DataSet) -> tuple[pa.Table, int]:
    """The row group of the snapshot that has the customer, with all features, and the place in it."""
    location = found.snapshot.location
    with lake.SnapshotFile(location) as file:
        for number, group in enumerate(file.groups([data_set.key])):
            position = pc.index(group.column(data_set.key), found.row.customer_id).as_py()
            if position >= 0:
                its = range(number, number + 1)
                with opened(score, data_set, location, found.past, groups=its) as features:
                    return features.read_group(number, scorer.columns), position
    raise IntegrityError(f"The snapshot {found.snapshot.digest} has no customer {found.row.customer_id!r}.")


def reasons(settings: Settings, found: Passport) -> list[Reason]:
    """Why the customer has this score, the strongest reason first: as stored, or computed from the passport.

    Both give the same numbers to the last digit.

    Raises
    ------
    PermanentError
        If the definition has no reasons, or the model cannot be explained.
    """
    score = load_catalog(settings.definitions).score(found.publication.score)
    wanted = _wanted(score)
    with connect(settings.database()) as connection:
        stored = publications.reasons_of(connection, found.publication.publication_id, found.row.customer_id)
    if stored is not None:
        return told(wanted, stored)
    return explain(settings, found).reasons


@dataclass(frozen=True)
class Explanation:
    """What made a customer's margin: ``base`` and the contributions of all features, the strongest first."""

    base: float
    unit: Unit
    contributions: list[tuple[str, float]]
    reasons: list[Reason]

    @property
    def margin(self) -> float:
        """What the model adds up."""
        return self.base + sum(value for _, value in self.contributions)


def explain(settings: Settings, found: Passport) -> Explanation:
    """Explain a customer's score from the passport's snapshot and model.

    Raises
    ------
    PermanentError
        If the definition has no reasons, or the model cannot be explained.
    IntegrityError
        If the customer is not in the snapshot.
    """
    score, data_set = planned_definition(settings, found.publication)
    _wanted(score)
    scorer = load_scorer(settings, score, data_set, found.arm)
    group, position = _customer(found, scorer, score, data_set)
    return explained(score, scorer, group.slice(position, 1))


def explained(score: Score, scorer: Scorer, customer: pa.Table) -> Explanation:
    """Explain the score of one row.

    Raises
    ------
    PermanentError
        If the definition has no reasons, or the model cannot be explained.
    """
    wanted, explainer, features = _wanted(score), scorer.explainer, scorer.features(customer)
    (values,) = explainer.contributions(features).tolist()
    ranked = sorted(zip(explainer.names, values, strict=True), key=lambda one: -abs(one[1]))
    return Explanation(explainer.base, explainer.unit, ranked, told(wanted, ranked[: wanted.count]))


def _wanted(score: Score) -> Reasons:
    if score.reasons is None:
        raise PermanentError(
            f"The definition of {score.name} has no reasons.",
            remedy="Give it `reasons=Reasons()` (docs/reason-codes.md).",
        )
    return score.reasons


def reproduces(published: float, again: float) -> bool:
    """Whether two values differ only by rounding: by at most 1e-9, or 1e-9 times their size if that is more."""
    return math.isclose(published, again, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
