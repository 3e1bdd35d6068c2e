"""Judges a publication by all that is known of it, asks for an update where one is needed, and tells its owner."""

import datetime as dt

from scoring.alerts import wording
from scoring.alerts.facts import note
from scoring.database import Connection, transaction
from scoring.domain.score import Score
from scoring.domain.signature import require_signature
from scoring.models.registry import Registry
from scoring.models.tags import ModelRef
from scoring.monitoring import evaluations, updates, verdicts
from scoring.monitoring.figures import Figure
from scoring.monitoring.metrics import OF_THRESHOLD, metrics_of
from scoring.monitoring.performance import Shown, shown_at
from scoring.monitoring.trust import Trust, trust
from scoring.monitoring.updates import Evidence
from scoring.monitoring.verdicts import NOBODY, Request, Verdict
from scoring.monitoring.watch import DriftSummary, drift_of
from scoring.publishing import publications
from scoring.settings import Settings

READ_FIRST = {"classification": ("precision", "recall"), "regression": ("mae", "rmse")}


def judge(settings: Settings, score: Score, as_of: dt.date) -> Verdict:
    """Judge what readers see of a score at ``as_of``; all that follows from it commits together.

    The owner is told of drift once for each publication and reference, and of a needed update once for each model
    version. The same verdict again changes nothing.

    Raises
    ------
    NotFound
        If nothing is published.
    """
    drift = drift_of(settings, score, as_of)
    with transaction(settings.database()) as connection:
        evaluations.lock(connection, score.name)
        shown = shown_at(settings, connection, score, as_of)
        verdict = _verdict(settings, connection, shown, drift)
        verdicts.keep(connection, verdict)
        _request(connection, score, verdict)
        verdicts.done(connection, score.name, verdict.model_name, verdict.model_version, as_of)
        _forget_unpublished(connection, score)
        _assess(connection, score)
        _tell_of_drift(connection, score, drift)
    return verdict


def dismiss(settings: Settings, score: Score, *, by: str, reason: str) -> Request | None:
    """Close the open request of a score without an update; None if there is none.

    Raises
    ------
    PermanentError
        If nobody or no reason is named.
    """
    require_signature("A dismissal", by, reason)
    with transaction(settings.database()) as connection:
        evaluations.lock(connection, score.name)
        for request in verdicts.requests(connection, score.name):
            if request.state == "open":
                verdicts.dismiss(connection, request.request_id, by, reason)
                return request
    return None


def _verdict(settings: Settings, connection: Connection, shown: Shown, drift: DriftSummary) -> Verdict:
    score, publication = shown.score, shown.publication
    (arm, *_) = publications.arms(connection, publication.publication_id)
    registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
    promised = _promised(registry, score, registry.version(arm.model_name, arm.model_version))
    trusted = _trust(connection, shown, arm.model_version)
    evidence = Evidence(
        metric=score.headline,
        promised=promised,
        realised=_headline(connection, shown, "realised"),
        estimated=_headline(connection, shown, "estimated"),
        trusted=trusted.trusted,
        drifted=drift.columns,
        days=(score.target.horizon.after(publication.as_of) - publication.as_of).days,
    )
    because = updates.reasons(evidence, score.monitoring.update)
    return Verdict(
        publication_id=publication.publication_id,
        score=score.name,
        as_of=publication.as_of,
        model_name=arm.model_name,
        model_version=arm.model_version,
        headline=score.headline,
        promised=promised,
        drifted_columns=drift.columns,
        estimator_trusted=trusted.trusted,
        trust_reason=trusted.reason,
        update_needed=bool(because),
        because=because,
    )


def _promised(registry: Registry, score: Score, ref: ModelRef) -> float | None:
    """The headline metric at training, at the threshold of now: it may have been another one then."""
    tried = registry.out_of_fold(ref) if score.headline in OF_THRESHOLD else None
    if tried is None or not tried.num_rows:
        return registry.promised(ref).get(score.headline)
    values, outcomes = (tried.column(name).to_numpy() for name in ("value", "outcome"))
    figures = metrics_of(score.kind, values, outcomes, score.monitoring.threshold)
    return next(figure.value for figure in figures if figure.metric == score.headline)


def _headline(connection: Connection, shown: Shown, kind: evaluations.EvaluationKind) -> Figure | None:
    """The headline metric of the publication; of a realised evaluation only if the cohort is mature."""
    found = evaluations.current(connection, shown.publication.publication_id, kind)
    if found is None or (kind == "realised" and not found.mature):
        return None
    figure = evaluations.figures(connection, found.evaluation_id, shown.judged).get(shown.score.headline)
    return figure if figure and figure.value is not None else None


def _trust(connection: Connection, shown: Shown, model_version: int) -> Trust:
    """By the records up to the publication's date: of the headline metric and of what people read first beside it."""
    score, as_of = shown.score, shown.publication.as_of
    found = [
        trust(evaluations.record(connection, score.name, model_version, metric, as_of))
        for metric in dict.fromkeys([score.headline, *READ_FIRST[score.kind]])
    ]
    return next((one for one in found if one.trusted is False), found[0])


def _request(connection: Connection, score: Score, verdict: Verdict) -> None:
    """Open a request or add to it; close one for which nothing speaks any more, unless a person has closed it.

    What late outcomes say of a version that was replaced meanwhile is done already, and no news for the owner.
    """
    successor = verdicts.successor(connection, verdict)
    found = verdicts.find(connection, score.name, verdict.model_name, verdict.model_version)
    if found is None:
        if verdict.update_needed:
            verdicts.open_request(connection, verdict, done_by=successor)
            if successor is None:
                _tell_of_update(connection, score, verdict)
        return
    others = [one for one in found.evidence if one["publication_id"] != verdict.publication_id]
    own = [verdicts.evidence_of(verdict)] if verdict.update_needed else []
    evidence = sorted([*others, *own], key=lambda one: (one["as_of"], one["publication_id"]))
    if evidence == found.evidence:
        return
    verdicts.set_evidence(connection, found.request_id, evidence)
    if evidence and found.state == "dismissed" and found.closed_by == NOBODY:
        verdicts.reopen(connection, found.request_id, done_by=successor)
    elif not evidence and found.state == "open":
        verdicts.dismiss(connection, found.request_id, NOBODY, "what spoke for it has been corrected")


def _forget_unpublished(connection: Connection, score: Score) -> None:
    """Take evidence of publications out that readers do not see any more: they were superseded or dropped."""
    for request in verdicts.requests(connection, score.name):
        seen = verdicts.still_published(connection, request.evidence) if request.state == "open" else request.evidence
        if len(seen) < len(request.evidence):
            verdicts.set_evidence(connection, request.request_id, seen)
            if not seen:
                verdicts.dismiss(connection, request.request_id, NOBODY, "what spoke for it is not published any more")


def _assess(connection: Connection, score: Score) -> None:
    """Say of updates whether they were useful, as soon as the new version has a mature cohort."""
    for request in verdicts.requests(connection, score.name):
        if request.state != "done" or request.done_version is None:
            continue
        metric, threshold = score.headline, score.monitoring.threshold if score.headline in OF_THRESHOLD else None
        before = verdicts.newest_realised(connection, score.name, request.model_version, metric, threshold)
        after = verdicts.newest_realised(connection, score.name, request.done_version, metric, threshold)
        if before is not None and after is not None:
            better = updates.useful(metric, before, after)
            if better != request.useful:
                verdicts.set_useful(connection, request.request_id, useful=better)


def _tell_of_update(connection: Connection, score: Score, verdict: Verdict) -> None:
    model = f"{verdict.model_name} version {verdict.model_version}"
    because = "; ".join(verdict.because) + "."
    note(connection, wording.update_needed(score.name, score.owner, verdict.as_of, model, because=because))


def _tell_of_drift(connection: Connection, score: Score, drift: DriftSummary) -> None:
    for against in sorted(drift.drifted):
        run = drift.runs[against]
        columns = list(dict.fromkeys(one.column for one in drift.drifted[against] if not one.segment))
        if columns:
            what = "the training snapshot" if against == "training" else "the publication before"
            fact = wording.drift(
                score.name, score.owner, drift.as_of, run.publication_id, columns=columns,
                against=f"{what} ({run.reference_as_of})",
            )  # fmt: skip
            note(connection, fact)
