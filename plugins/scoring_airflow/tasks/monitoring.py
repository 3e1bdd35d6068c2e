"""Whether a score still holds: drift, performance, the verdict, and reports for people."""

import datetime as dt
import logging

from airflow.sdk import get_current_context

from scoring_airflow.connections import catalog, task_settings
from scoring_airflow.faults import task_body
from scoring_airflow.partitions import partition

log = logging.getLogger(__name__)


@task_body
def drift(score: str) -> int | None:
    """Compare a publication with what was before; returns how many features have drifted since training."""
    from scoring.monitoring.watch import drift_of, measure_drift

    settings, definition, as_of = task_settings(), catalog().score(score), partition(get_current_context())
    measure_drift(settings, definition, as_of)
    return drift_of(settings, definition, as_of).columns


@task_body
def performance(score: str) -> dict[str, int]:
    """Evaluate and estimate a publication."""
    from scoring.monitoring.monitor import perform

    as_of, today = partition(get_current_context()), dt.datetime.now(dt.UTC).date()
    found = perform(task_settings(), catalog().score(score), as_of, today=today)
    told: dict[str, int] = {}
    for evaluation in (found.realised, found.estimated):
        if evaluation is not None:
            told |= {evaluation.kind: evaluation.evaluation_id, f"{evaluation.kind}_used": evaluation.used}
            if evaluation.reason:
                log.warning("Nothing is %s: %s.", evaluation.kind, evaluation.reason)
    return told


@task_body
def verdict(score: str) -> bool:
    """Judge a publication and note who must be told."""
    from scoring.monitoring.monitor import conclude

    found = conclude(task_settings(), catalog().score(score), partition(get_current_context()))
    for reason in found.because:
        log.warning("%s version %s needs an update: %s.", found.model_name, found.model_version, reason)
    return found.update_needed


@task_body
def reports(score: str) -> list[str]:
    """Write the reports of a partition."""
    from scoring.monitoring.pages.write import write_reports

    as_of, now = partition(get_current_context()), dt.datetime.now(dt.UTC)
    written = write_reports(task_settings(), catalog().score(score), as_of, now=now)
    for kind, reason in written.missing.items():
        log.info("No report on %s: %s.", kind, reason)
    return [report.location for report in written.kept]
