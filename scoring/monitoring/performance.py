"""Evaluates a publication against the outcomes that are known of its customers, each state of knowledge once."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from scoring.catalog import load_catalog
from scoring.database import Connection, transaction
from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.errors import NotFound
from scoring.monitoring import evaluations
from scoring.monitoring.calibration import calibration
from scoring.monitoring.counting import Segment, segments_of
from scoring.monitoring.evaluations import EVERYBODY, NewEvaluation, Of
from scoring.monitoring.figures import Figure
from scoring.monitoring.metrics import metrics_of
from scoring.monitoring.values import Beside, read_beside_outcomes
from scoring.outcomes import known
from scoring.publishing import publications
from scoring.publishing.publications import Publication
from scoring.settings import Settings
from scoring.snapshots import manifest
from scoring.snapshots.lake import SnapshotFile

EVALUATED = 1  # part of each digest: another way to evaluate is another input


@dataclass(frozen=True)
class Shown:
    """What readers see of a score at one date, and who is looked at apart."""

    score: Score
    key: str
    publication: Publication
    arms: tuple[str, ...]
    segments: tuple[Segment, ...]
    data_set: DataSet

    @property
    def judged(self) -> Of:
        """By whose figures the model in charge is judged: everybody's, in a split the champion's customers'."""
        return judged_of(self.arms)


def evaluate(settings: Settings, score: Score, as_of: dt.date, *, today: dt.date) -> None:
    """Evaluate what readers see of a score at ``as_of`` against the newest outcomes.

    No-op if no outcome is known, or if exactly this was evaluated before.

    Parameters
    ----------
    today
        The current date (UTC): a cohort is mature only when its horizon has passed.

    Raises
    ------
    NotFound
        If nothing is published.
    """
    with transaction(settings.database()) as connection:
        evaluations.lock(connection, score.name)
        shown = shown_at(settings, connection, score, as_of)
        at = known.latest(connection, score.name, as_of)
        if at is not None:
            _evaluate(connection, shown, at, ended=score.target.horizon.after(as_of) <= today)


def judged_of(arms: Sequence[str]) -> Of:
    """Whose figures say how well a champion does, whatever the arms of its publication."""
    return EVERYBODY if len(arms) == 1 else (publications.CHAMPION, "", "")


def figures_as_known(settings: Settings, score: Score, as_of: dt.date, at: dt.datetime) -> dict[Of, list[Figure]]:
    """The figures as they were with what was known at a time (aware); records nothing. Errors as :func:`evaluate`."""
    with transaction(settings.database()) as connection:
        shown = shown_at(settings, connection, score, as_of)
        return dict(_figures(shown, _beside(connection, shown, at)))


def shown_at(settings: Settings, connection: Connection, score: Score, as_of: dt.date) -> Shown:
    """What readers see of a score at one date; :class:`NotFound` if nothing is published."""
    publication = publications.published(connection, score.name, as_of)
    if publication is None:
        raise NotFound(
            f"Nothing of {score.name} is published at {as_of}.",
            remedy=f"Publish it first: `scoring score partition {score.name} --as-of {as_of}`.",
        )
    data_set = load_catalog(settings.definitions).data_set(score.data_set)
    arms = tuple(arm.arm for arm in publications.arms(connection, publication.publication_id))
    return Shown(score, data_set.key, publication, arms, segments_of(score, data_set), data_set)


def labels_of(score: Score, raw: np.ndarray) -> np.ndarray:
    """Outcomes from raw values of the target: 0.0 or 1.0 of a classification, the amount itself of a regression."""
    if score.kind == "regression":
        return raw
    least = 1.0 if score.target.at_least is None else score.target.at_least  # named values are recorded as 0 or 1
    return (raw >= least).astype(np.float64)


def _evaluate(connection: Connection, shown: Shown, at: dt.datetime, *, ended: bool) -> None:
    score, publication = shown.score, shown.publication
    digest = _digest(shown, at, ended=ended)
    if evaluations.confirm(connection, publication.publication_id, "realised", digest):
        return
    beside = _beside(connection, shown, at)
    found = dict(_figures(shown, beside))
    rows, used = publication.rows or 0, len(beside.values)
    new = NewEvaluation(
        kind="realised",
        score=score.name,
        as_of=publication.as_of,
        publication_id=publication.publication_id,
        inputs_digest=digest,
        method="scikit-learn",
        rows=rows,
        used=used,
        mature=ended and used > 0 and used >= score.monitoring.least_coverage * rows,
        threshold=score.monitoring.threshold if score.kind == "classification" else None,
        at_least=score.target.at_least,
        known_at=at,
        reason=None if used else "no outcome of these customers is known",
    )
    evaluations.add(connection, new, found, calibration(score, beside.values, labels_of(score, beside.outcomes)))


def _digest(shown: Shown, at: dt.datetime, *, ended: bool) -> str:
    score, watched = shown.score, shown.score.monitoring
    content = [shown.publication.inputs_digest, at.isoformat(), score.kind, score.target.meaning, ended]
    bands = [(band.name, band.upper) for band in score.bands]
    segments = [(segment.column, segment.values) for segment in shown.segments]
    return digest_of([EVALUATED, "realised", *content, watched.threshold, watched.least_coverage, bands, segments])


def _beside(connection: Connection, shown: Shown, at: dt.datetime) -> Beside:
    if not shown.segments:
        return read_beside_outcomes(connection, shown.publication, at, arms=shown.arms)
    with SnapshotFile(manifest.get(connection, shown.publication.snapshot_id).location) as file:
        return read_beside_outcomes(
            connection, shown.publication, at, arms=shown.arms, segments=shown.segments, customers=file, key=shown.key
        )


def _figures(shown: Shown, beside: Beside) -> Iterator[tuple[Of, list[Figure]]]:
    """Figures of all customers, of each arm if there are several, and of each segment."""
    score, outcomes = shown.score, labels_of(shown.score, beside.outcomes)

    def figures(inside: np.ndarray | slice) -> list[Figure]:
        return metrics_of(score.kind, beside.values[inside], outcomes[inside], score.monitoring.threshold)

    yield EVERYBODY, figures(slice(None))
    if len(shown.arms) > 1:
        for place, arm in enumerate(shown.arms):
            yield (arm, "", ""), figures(beside.arms == place)
    for segment in shown.segments:
        codes = beside.codes.get(segment.column, np.full(len(beside.values), -1))
        for place, value in enumerate(segment.values):
            yield ("", segment.column, value), figures(codes == place)
