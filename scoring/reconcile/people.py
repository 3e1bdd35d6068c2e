"""Decides what people wait for or were not told: late scores, held publications, alerts that are stuck. Pure."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from scoring.alerts import wording
from scoring.domain.dag_ids import TELL, score_dag
from scoring.reconcile.findings import GRACE, PATIENCE, Finding, PublicationSeen


class HoldSeen(NamedTuple):
    """A publication that is held until a person decides."""

    score: str
    as_of: dt.date
    changed: int
    rows: int
    since: dt.datetime


class AlertsSeen(NamedTuple):
    """Alerts that people were not told: how many were given up, and since when the oldest other one waits."""

    dead: int
    waiting_since: dt.datetime | None


class ErasureSeen(NamedTuple):
    """An erasure of a person that was begun and is not done; who it is cannot be said."""

    erasure_id: int
    data_set: str
    requested_by: str
    since: dt.datetime


def overdue(
    score: str,
    owner: str,
    *,
    deadline: dt.timedelta,
    ticks: Mapping[dt.date, dt.datetime],
    publications: Sequence[PublicationSeen],
    now: dt.datetime,
) -> Iterator[Finding]:
    """The dates of a schedule at which the score should be published by now and is not.

    Meant are the dates from the score's first publication on; the newest one alone if it has none.

    Parameters
    ----------
    ticks
        The newest dates of the data set's schedule with their ticks.
    publications
        All of the score's publications, also dropped ones: those are missing on purpose.
    """
    done = {publication.as_of for publication in publications if publication.state != "open"}
    due = sorted(as_of for as_of, tick in ticks.items() if tick + deadline <= now)
    for as_of in [as_of for as_of in due if as_of >= min(done)] if done else due[-1:]:
        if as_of not in done:
            late = ticks[as_of] + deadline
            what = f"{score} at {as_of} should have been published by {late:%Y-%m-%d %H:%M} UTC."
            remedy = (
                f"see whether its data set was taken in, and whether {score_dag(score)} is paused, runs or failed; "
                "`scoring reconcile` says more."
            )
            fact = wording.score_overdue(score, owner, as_of, what=what, remedy=remedy)
            yield Finding("overdue", what, late, remedy, needs_person=True, fact=fact)


def undecided(holds: Iterable[HoldSeen], now: dt.datetime) -> Iterator[Finding]:
    """Publications that have waited for a person for long."""
    for hold in holds:
        if now - hold.since >= GRACE:
            partition = f"{hold.score} {hold.as_of}"
            yield Finding(
                "publication held",
                f"{hold.changed:,} of {hold.rows:,} customers of {partition} changed; the CRM is told nothing of it.",
                hold.since,
                f"`scoring publication confirm {partition} --by <name>`, or `reject` in its place.",
                needs_person=True,
            )


def unforgotten(erasures: Iterable[ErasureSeen], now: dt.datetime) -> Iterator[Finding]:
    """Persons who were to be forgotten and of whom something may be left."""
    for one in erasures:
        if now - one.since >= GRACE:
            yield Finding(
                "not forgotten",
                f"Erasure {one.erasure_id} of a customer of {one.data_set}, begun by {one.requested_by}, is not done.",
                one.since,
                "whoever began it runs `scoring customer forget` for that customer again; what is done is kept.",
                needs_person=True,
            )


def untold(alerts: AlertsSeen, now: dt.datetime) -> Iterator[Finding]:
    """Alerts that people were not told."""
    if alerts.dead:
        yield Finding(
            "alerts not told",
            f"{alerts.dead} alerts were given up.",
            None,
            "`scoring alert list --state dead` shows why; then `scoring alert replay`.",
            needs_person=True,
        )
    if alerts.waiting_since is not None and now - alerts.waiting_since >= GRACE:
        yield Finding(
            "alerts not told",
            "Alerts wait for their channels.",
            alerts.waiting_since,
            f"see whether the DAG {TELL} is paused or fails; `scoring alert list` has the last errors.",
            needs_person=now - alerts.waiting_since >= PATIENCE,
        )
