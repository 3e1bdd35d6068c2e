"""Finds the cohorts whose outcomes are due: compares what is published with what was collected."""

import datetime as dt

from scoring.catalog import load_catalog
from scoring.database import Connection, transaction
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.outcomes import batches, cohorts, ledger
from scoring.outcomes.cohorts import Cohort
from scoring.outcomes.collect import derived_digest, derived_from
from scoring.outcomes.due import delivered_is_due, derived_is_due
from scoring.settings import Settings
from scoring.snapshots import manifest


def due(settings: Settings, score: Score, wake: dt.date, *, today: dt.date) -> list[dt.date]:
    """The cohorts of a score that the snapshot of ``wake`` lets us collect, and those that were left undone before."""
    data_set = load_catalog(settings.definitions).data_set(score.data_set)
    with transaction(settings.database()) as connection:
        found = cohorts.published(connection, score.name)
        if score.target.source is None:
            return [one.as_of for one in found if _derived(connection, score, data_set, one, wake)]
        return [one.as_of for one in found if _delivered(connection, score, one, wake, today)]


def _derived(connection: Connection, score: Score, data_set: DataSet, cohort: Cohort, wake: dt.date) -> bool:
    later = manifest.current(connection, data_set.name, score.target.horizon.after(cohort.as_of))
    last = batches.newest(connection, score.name, cohort.as_of, derived_from(score, data_set, cohort.as_of))
    return derived_is_due(
        cohort.as_of,
        score.target.horizon,
        wake=wake,
        there=later is not None,
        wanted=derived_digest(score, data_set, cohort, later.digest) if later else None,
        collected=last.digest if last else None,
    )


def _delivered(connection: Connection, score: Score, cohort: Cohort, wake: dt.date, today: dt.date) -> bool:
    return delivered_is_due(
        cohort.as_of,
        score.target.horizon,
        wake=wake,
        today=today,
        customers=cohort.rows,
        known=ledger.known_customers(connection, score.name, cohort.as_of),
    )
