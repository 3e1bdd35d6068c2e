"""Decides from what was observed what is left undone: pure functions; the time is an argument."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from scoring.alerts import wording
from scoring.alerts.facts import Fact
from scoring.domain.dag_ids import NOTIFY, RECONCILE, SWEEP, score_dag

GRACE = dt.timedelta(hours=1)  # by then the usual wake-up should have worked
PATIENCE = dt.timedelta(hours=6)  # by then hourly waking has failed several times: a person must look
OPEN_PATIENCE = dt.timedelta(hours=3)  # scoring a partition, with its retries, takes less

Kind = Literal[
    "not published",
    "outdated",
    "never published",
    "not collected",
    "not monitored",
    "not finished",
    "not told",
    "dead deliveries",
    "endpoint disabled",
    "endpoint held",
    "partial file",
    "abandoned directory",
    "overdue",
    "publication held",
    "alerts not told",
    "not forgotten",
    "alias moved",
    "alias not checked",
    "stream not read",
    "dead letters not sent",
]
Partition = tuple[str, dt.date]  # of a data set (by its name) or of a score, and its as_of


class SnapshotSeen(NamedTuple):
    """A current snapshot; ``since`` it is current, perhaps again."""

    data_set: str
    as_of: dt.date
    snapshot_id: int
    since: dt.datetime


class PublicationSeen(NamedTuple):
    """A publication, perhaps one that was removed: by a person (``dropped``), or because it was old (``retired``)."""

    publication_id: int
    score: str
    as_of: dt.date
    snapshot_id: int
    state: Literal["open", "published", "superseded", "retired", "dropped"]
    since: dt.datetime


class EndpointSeen(NamedTuple):
    """An endpoint, and since when something waits for it.

    ``waiting_...`` is the oldest event that is in no delivery yet, ``pending_since`` the oldest pending delivery.
    """

    endpoint: str
    state: Literal["enabled", "disabled"]
    disabled_because: str | None
    held_until: dt.datetime | None
    waiting_since: dt.datetime | None
    waiting_score: str | None
    waiting_as_of: dt.date | None
    pending_since: dt.datetime | None
    dead: int
    dead_since: dt.datetime | None


@dataclass(frozen=True)
class Finding:
    """Something left undone.

    Parameters
    ----------
    kind
        The kind of finding.
    what
        One sentence on what is missing or waits, with its names and dates.
    since
        Since when (aware); None if that is not known.
    remedy
        What a person does about it, or what happens by itself.
    needs_person
        Whether a person must act, because it will not resolve itself.
    wake_data_set, wake_score
        The partition whose asset event starts the missing work, if one does.
    fact
        What people are told, if this is how it becomes known; the same finding an hour later is the same fact.
    """

    kind: Kind
    what: str
    since: dt.datetime | None
    remedy: str
    needs_person: bool = False
    wake_data_set: Partition | None = None
    wake_score: Partition | None = None
    fact: Fact | None = None

    def __str__(self) -> str:
        since = f" since {self.since:%Y-%m-%d %H:%M} UTC" if self.since else ""
        return f"{self.kind}{since}: {self.what} Remedy: {self.remedy}"


def unpublished(
    score: str,
    snapshots: Sequence[SnapshotSeen],
    publications: Sequence[PublicationSeen],
    *,
    has_champion: bool,
    now: dt.datetime,
) -> Iterator[Finding]:
    """The current snapshots of the score's data set that should have been published but are not.

    A score should publish every snapshot from the date of its first publication on. Earlier ones are for training, or
    for a backfill that a person starts. A score without any publication should begin with the newest snapshot.

    Parameters
    ----------
    snapshots
        All current snapshots of its data set.
    publications
        All of its publications, also dropped ones.
    has_champion
        Whether a model is in charge. It counts only for a score without any publication.
    """
    snapshots = sorted(snapshots)
    first = min((publication.as_of for publication in publications), default=None)
    if first is None and not has_champion:
        if snapshots and now - snapshots[-1].since >= GRACE:
            yield Finding(
                "never published",
                f"{score} has no champion and no publication, but a snapshot of {snapshots[-1].as_of}.",
                snapshots[-1].since,
                f"train its first model (`scoring train {score} --as-of <date>`).",
            )
        return
    meant = snapshots[-1:] if first is None else [snapshot for snapshot in snapshots if snapshot.as_of >= first]
    for snapshot in meant:
        own = [publication for publication in publications if publication.as_of == snapshot.as_of]
        done = any(one.snapshot_id == snapshot.snapshot_id and one.state != "superseded" for one in own)
        if now - snapshot.since < GRACE or done:
            continue  # too early to say, or published, retired or dropped on purpose, or begun (see `unfinished`)
        yield _gap(score, snapshot, outdated=any(one.state == "published" for one in own), now=now)


def _gap(score: str, snapshot: SnapshotSeen, *, outdated: bool, now: dt.datetime) -> Finding:
    needs_person = now - snapshot.since >= PATIENCE
    remedy = (
        f"see whether the DAG {score_dag(score)} is paused or fails; unpause it, or trigger it for {snapshot.as_of}."
        if needs_person
        else f"the DAG {RECONCILE} wakes {score_dag(score)}."
    )
    what = (
        f"{score} at {snapshot.as_of} is published from another snapshot than the current {snapshot.snapshot_id}."
        if outdated
        else f"{score} at {snapshot.as_of} is not published, though snapshot {snapshot.snapshot_id} is there."
    )
    wake = (snapshot.data_set, snapshot.as_of)
    return Finding(
        "outdated" if outdated else "not published", what, snapshot.since, remedy, needs_person, wake_data_set=wake
    )


def unfinished(
    snapshots: Iterable[SnapshotSeen], publications: Sequence[PublicationSeen], now: dt.datetime
) -> Iterator[Finding]:
    """Publications of current snapshots that have been open for too long, with no newer publication in their place."""
    current = {snapshot.snapshot_id for snapshot in snapshots}
    newest: dict[Partition, PublicationSeen] = {}
    for one in sorted(publications, key=lambda publication: publication.since):
        newest[one.score, one.as_of] = one
    for one in newest.values():
        if one.state == "open" and one.snapshot_id in current and now - one.since >= OPEN_PATIENCE:
            yield Finding(
                "not finished",
                f"Publication {one.publication_id} of {one.score} at {one.as_of} was begun and not finished.",
                one.since,
                f"clear the failed task of {score_dag(one.score)}, or trigger it for {one.as_of}; done work is kept.",
                needs_person=True,
            )


def undelivered(endpoint: EndpointSeen, now: dt.datetime) -> Iterator[Finding]:
    """What has waited for an endpoint for too long, and why."""
    name = endpoint.endpoint
    if endpoint.dead:
        yield Finding(
            "dead deliveries",
            f"{endpoint.dead} deliveries to {name} were given up.",
            endpoint.dead_since,
            f"`scoring delivery list --endpoint {name} --state dead` shows the last answers; then "
            f"`scoring delivery replay --endpoint {name}`.",
            needs_person=True,
        )
    waits = min((since for since in (endpoint.waiting_since, endpoint.pending_since) if since), default=None)
    if endpoint.state == "disabled":
        yield Finding(
            "endpoint disabled",
            f"Nothing is sent to {name}: {endpoint.disabled_because}.",
            waits,
            f"when it takes requests again: `scoring endpoint enable {name}`. What waits is kept.",
            needs_person=True,
            fact=wording.endpoint_disabled(name, str(endpoint.disabled_because)),
        )
        return
    if waits is None:
        return
    if endpoint.held_until is not None and endpoint.held_until - now >= GRACE:
        what = f"{name} asked for no requests before {endpoint.held_until:%Y-%m-%d %H:%M} UTC."
        remedy = f"it goes on by itself then; `scoring endpoint enable {name}` sends at once."
        yield Finding(
            "endpoint held",
            what,
            waits,
            remedy,
            needs_person=endpoint.held_until - now >= PATIENCE,
            fact=wording.endpoint_down(name, waits, what=what, remedy=remedy),
        )
    elif now - waits >= GRACE:
        yield _waiting(endpoint, waits, now)


def _waiting(endpoint: EndpointSeen, since: dt.datetime, now: dt.datetime) -> Finding:
    wake = None
    if endpoint.waiting_since and now - endpoint.waiting_since >= GRACE and endpoint.held_until is None:
        wake = (str(endpoint.waiting_score), endpoint.waiting_as_of or now.date())
    needs_person = now - since >= PATIENCE
    remedy = (
        f"see whether the DAGs {NOTIFY} and {SWEEP} are paused or fail; "
        f"`scoring delivery list --endpoint {endpoint.endpoint}` has the last answers."
        if needs_person
        else f"{SWEEP} tries again every five minutes."
    )
    what = f"Score changes wait for {endpoint.endpoint}."
    fact = wording.endpoint_down(endpoint.endpoint, since, what=what, remedy=remedy) if needs_person else None
    return Finding("not told", what, since, remedy, needs_person, wake_score=wake, fact=fact)


def to_wake(findings: Iterable[Finding], of: Literal["data_set", "score"]) -> Mapping[str, list[dt.date]]:
    """The partitions to wake by name of data set or score, each once and the oldest first."""
    pairs = {finding.wake_data_set if of == "data_set" else finding.wake_score for finding in findings}
    names: dict[str, list[dt.date]] = {}
    for name, as_of in sorted(pair for pair in pairs if pair):
        names.setdefault(name, []).append(as_of)
    return names
