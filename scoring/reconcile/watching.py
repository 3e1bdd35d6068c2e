"""Decides which outcomes were never collected and which publications were never monitored. Pure."""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence

from scoring.domain.dag_ids import RECONCILE, collect_dag, monitor_dag
from scoring.domain.horizon import Horizon
from scoring.reconcile.findings import GRACE, PATIENCE, Finding, PublicationSeen, SnapshotSeen


def uncollected(
    score: str,
    horizon: Horizon,
    snapshots: Sequence[SnapshotSeen],
    publications: Sequence[PublicationSeen],
    *,
    collected: Collection[dt.date],
    now: dt.datetime,
) -> Iterator[Finding]:
    """The cohorts whose outcomes a snapshot shows and nobody has collected, of a target without a source of its own.

    Parameters
    ----------
    snapshots
        All current snapshots of the score's data set.
    publications
        All publications of the score.
    collected
        The cohorts of which a system has told outcomes.
    """
    there = {snapshot.as_of: snapshot for snapshot in snapshots}
    for as_of in sorted({one.as_of for one in publications if one.state == "published"} - set(collected)):
        shown = there.get(horizon.after(as_of))
        if shown is None or now - shown.since < GRACE:
            continue
        needs_person = now - shown.since >= PATIENCE
        yield Finding(
            "not collected",
            f"The outcomes of {score} at {as_of} are not collected, though snapshot {shown.snapshot_id} shows them.",
            shown.since,
            f"see whether the DAG {collect_dag(shown.data_set)} is paused or fails, or trigger it for that cohort."
            if needs_person
            else f"the DAG {RECONCILE} wakes {collect_dag(shown.data_set)}.",
            needs_person,
            wake_data_set=(shown.data_set, shown.as_of),
        )


def unmonitored(
    score: str, publications: Sequence[PublicationSeen], *, monitored: Collection[int], now: dt.datetime
) -> Iterator[Finding]:
    """The publications that readers see and that were never judged.

    Meant are those from the first judged one on; the newest one alone if there is none.

    Parameters
    ----------
    monitored
        The ids of publications that were judged.
    """
    seen = sorted((one for one in publications if one.state == "published"), key=lambda one: one.as_of)
    judged = [one.as_of for one in seen if one.publication_id in monitored]
    meant = [one for one in seen if one.as_of >= judged[0]] if judged else seen[-1:]
    for one in meant:
        if one.publication_id in monitored or now - one.since < GRACE:
            continue
        needs_person = now - one.since >= PATIENCE
        yield Finding(
            "not monitored",
            f"{score} at {one.as_of} is published and was never monitored.",
            one.since,
            f"see whether the DAG {monitor_dag(score)} is paused or fails, or trigger it for {one.as_of}."
            if needs_person
            else f"the DAG {RECONCILE} wakes {monitor_dag(score)}.",
            needs_person,
            wake_score=(score, one.as_of),
        )
