"""Writes the reports of a partition: how far customers have drifted and, where outcomes are known, how values fit."""

import datetime as dt
from dataclasses import dataclass, replace
from importlib.metadata import version

import numpy as np
import pandas as pd
import pyarrow as pa

from scoring.database import connect
from scoring.domain.dataset import Column
from scoring.domain.definition import digest_of
from scoring.domain.features import feature_columns
from scoring.domain.score import Score
from scoring.features.file import opened_at
from scoring.monitoring import sampling
from scoring.monitoring.pages import sample
from scoring.monitoring.pages.evidently_page import OUTCOME, PREDICTED, drift_page, performance_page
from scoring.monitoring.watch import Look, look_at
from scoring.outcomes import known
from scoring.publishing.predict import load_scorer
from scoring.reports.page import finished
from scoring.reports.place import Kind, Report, ReportsRoot
from scoring.settings import Settings
from scoring.snapshots import manifest
from scoring.snapshots.manifest import Snapshot

SAMPLED = 5_000  # customers of a side: a page in seconds, quantiles within a hundredth
PAGES = 1  # part of each digest: another way to make a page is another input


@dataclass(frozen=True)
class Written:
    """The reports of a partition that are kept now, and why there is none of the other kinds."""

    kept: tuple[Report, ...]
    missing: dict[Kind, str]


def write_reports(settings: Settings, score: Score, as_of: dt.date, *, now: dt.datetime) -> Written:
    """Write what is not there yet of the reports of what readers see, with the newest outcomes, and forget old ones.

    Parameters
    ----------
    now
        Aware; only what crashed writers left long before is removed.

    Raises
    ------
    NotFound
        If nothing is published at ``as_of``.
    TransientError
        If the reports' root cannot be used.
    """
    root, kept, missing = ReportsRoot(settings.reports_root), list[Report](), dict[Kind, str]()
    with connect(settings.database()) as connection, connection:
        look = look_at(settings, connection, score, as_of)
        for kind, reason in (("drift", _drift(look, root)), ("performance", _performance(look, root))):
            if reason is None:
                kept.append(root.report(score.name, as_of, kind))  # type: ignore[arg-type]
            else:
                missing[kind] = reason  # type: ignore[index]
    gone = root.forget_old(score.name, settings.reports_kept, now)
    if as_of in gone:
        forgotten = f"the {settings.reports_kept} newest dates are kept (SCORING_REPORTS_KEPT)"
        return Written((), missing | {one.kind: forgotten for one in kept})
    return Written(tuple(kept), missing)


def _drift(look: Look, root: ReportsRoot) -> str | None:
    """Keep the report on drift; returns the reason if there is none."""
    score, publication = look.watched.score, look.publication
    if look.trained is None and look.previous is None:
        return f"{look.untrained}, and nothing was published before"
    reference_id = look.trained.snapshot_id if look.trained else look.previous.publication_id  # type: ignore[union-attr]
    least = score.monitoring.drift.least
    inputs = _inputs("drift", publication.inputs_digest, bool(look.trained), reference_id, least, look.watched.content)
    report = root.report(score.name, publication.as_of, "drift")
    if root.inputs_of(report) == inputs:
        return None
    current, rows = _current(look)
    reference, reference_rows, what = _reference(look)
    usable, left_out = sample.comparable(reference, current)
    if not usable:
        return "no column has values on both sides"
    made = drift_page(reference[usable], current[usable], least)
    number, dropped = publication.publication_id, ", ".join(left_out)
    facts = [
        _by_evidently("Distances", f"{len(current):,} of {rows:,} customers of publication {number}")
        + f", against {len(reference):,} of {reference_rows:,} of {what}.",
        f"Verdicts on all customers: scoring drift {score.name} --as-of {publication.as_of}.",
        *([f"Left out, for one side has no values: {dropped}."] if dropped else []),
    ]
    root.write(report, finished(made.page, kind="drift", heading=_heading(look), facts=facts, inputs=inputs))
    return None


def _performance(look: Look, root: ReportsRoot) -> str | None:
    """Keep the report on performance; returns the reason if there is none."""
    score, publication = look.watched.score, look.publication
    at = known.latest(look.connection, score.name, publication.as_of)
    if at is None:
        return "no outcome is known"
    outcomes = known.as_known(look.connection, score.name, publication.as_of, at)
    rows = _with_outcomes(look, outcomes)
    if score.kind == "classification" and rows[OUTCOME].nunique() < 2:  # noqa: PLR2004 - yes and no
        return "all known outcomes are the same" if len(rows) else "no outcome of these customers is known"
    if len(rows) < 2:  # noqa: PLR2004 - Evidently draws a line through them
        return "fewer than two outcomes of these customers are known"
    threshold = score.monitoring.threshold
    seen = digest_of([rows[OUTCOME].tolist(), rows[PREDICTED].tolist(), outcomes.num_rows])
    inputs = _inputs("performance", publication.inputs_digest, seen, score.kind, threshold)
    report = root.report(score.name, publication.as_of, "performance")
    if root.inputs_of(report) == inputs:
        return None
    said = f", a probability from {threshold:g} on says yes" if score.kind == "classification" else ""
    known_ones = f"{len(rows):,} of {outcomes.num_rows:,} customers of publication {publication.publication_id}"
    facts = [_by_evidently("Metrics", f"{known_ones} whose outcome is known{said}.")]
    made = performance_page(rows, score.kind, threshold)
    root.write(report, finished(made.page, kind="performance", heading=_heading(look), facts=facts, inputs=inputs))
    return None


def _heading(look: Look) -> str:
    return f"{look.watched.score.title} at {look.publication.as_of}"


def _by_evidently(what: str, customers: str) -> str:
    return f"{what} by Evidently {version('evidently')} of a sample (seed {sampling.SEED}): {customers}"


def _inputs(*content: object) -> str:
    return digest_of([PAGES, version("evidently"), SAMPLED, sampling.SEED, *content])


def _current(look: Look) -> tuple[pd.DataFrame, int]:
    snapshot = manifest.get(look.connection, look.publication.snapshot_id)
    rows, total = _sampled(look, snapshot)
    ids = rows.column(look.watched.data_set.key).to_pylist()
    values = sampling.published_values(look.connection, look.publication, ids)
    return sample.frame(rows, _columns(look), values), total


def _reference(look: Look) -> tuple[pd.DataFrame, int, str]:
    """A sample of the training snapshot with what the model gives there, else of what was published before."""
    if look.trained is None:
        assert look.previous is not None  # noqa: S101 - asked before
        before = replace(look, publication=look.previous)
        return *_current(before), f"the publication of {look.previous.as_of}"
    rows, total = _sampled(look, look.trained)
    scorer = load_scorer(look.settings, look.watched.score, look.watched.data_set, replace(look.arm, scored_with=None))
    values = scorer.values(rows) if rows.num_rows else np.zeros(0)
    what = f"the snapshot of {look.trained.as_of}, from which the model has learned (its values there are too sure)"
    return sample.frame(rows, _columns(look), values), total, what


def _sampled(look: Look, snapshot: Snapshot) -> tuple[pa.Table, int]:
    watched = look.watched
    with opened_at(look.connection, watched.score, watched.data_set, snapshot) as file:
        return sampling.customers(file, [look.watched.data_set.key, *look.watched.score.features], SAMPLED), file.rows


def _columns(look: Look) -> list[Column]:
    return feature_columns(look.watched.score, look.watched.data_set)


def _with_outcomes(look: Look, outcomes: pa.Table) -> pd.DataFrame:
    """Values and outcomes of a sample of the customers whose outcome is known."""
    score, chosen = look.watched.score, outcomes
    if outcomes.num_rows > SAMPLED:
        places = sampling.places(outcomes.num_rows, SAMPLED)
        chosen = outcomes.take(pa.array(places))
    values = sampling.published_values(look.connection, look.publication, chosen.column("customer_id").to_pylist())
    shown = chosen.column("value").to_numpy()
    if score.target.at_least is not None:
        shown = (shown >= score.target.at_least).astype(np.float64)
    return pd.DataFrame({OUTCOME: shown, PREDICTED: values}).dropna(ignore_index=True)
