"""Decides what may be removed: pure functions of what was observed; each says why something stays, or None."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Keep:
    """How long each kind of thing is kept, in days; ``newest`` and ``versions`` are counts.

    The fields are those of :class:`scoring.settings.KeepSettings`, which describes them.
    """

    publications: int
    newest: int
    superseded: int
    snapshots: int
    quarantine: int
    events: int
    deliveries: int
    attempts: int
    outcomes: int
    model_runs: int
    versions: int
    alerts: int
    api_requests: int
    streams: int


@dataclass(frozen=True)
class Run:
    """What every step of a run is given: the limits, the time (aware), and whether it only says what it would do."""

    keep: Keep
    now: dt.datetime
    dry_run: bool = False


@dataclass(frozen=True)
class Needs:
    """What the definition of a score asks to keep of it.

    ``outcomes_until`` is the last day on which outcomes of a publication may still come; None if the score is not
    defined (any more), or there is no such day. ``cohorts`` is how many of the newest cohorts with outcomes a training
    looks at.
    """

    outcomes_until: dt.date | None
    cohorts: int


@dataclass(frozen=True)
class PublicationSeen:
    """A publication with its rows, and who needs it.

    Parameters
    ----------
    since
        When it was published; an open one: when it was planned.
    newer
        How many newer dates of the score readers see.
    overtaken
        Whether an open one will not be finished: a later one was planned, or its snapshot is not current any more.
    undelivered
        Whether an event of it is not delivered.
    waits
        Whether a person must decide whether the CRM is told.
    experiment
        Whether a running experiment reads it.
    cohorts_after
        How many newer cohorts of the score have outcomes; None if it has none itself.
    teaches
        Whether estimates for the version in charge are learned from it.
    legal_hold
        The hold that it is under.
    """

    publication_id: int
    score: str
    as_of: dt.date
    state: Literal["open", "published", "superseded"]
    since: dt.datetime
    newer: int
    overtaken: bool
    undelivered: bool
    waits: bool
    experiment: bool
    cohorts_after: int | None
    teaches: bool
    legal_hold: int | None
    rows: int
    bytes: int


def publication_stays(one: PublicationSeen, needs: Needs, keep: Keep, now: dt.datetime) -> str | None:
    """Why the rows of a publication stay; None if they may go."""
    always = [
        (one.legal_hold is not None, f"legal hold {one.legal_hold}"),
        (one.state == "open" and not one.overtaken, "it may still be finished"),
        (one.undelivered, "the CRM is not told of it yet"),
        (one.experiment, "a running experiment reads it"),
    ]
    if reason := _first(always):
        return reason
    if one.state != "published":
        return younger(one.since, keep.superseded, now)
    return _seen_stays(one, needs, keep, now)


def _seen_stays(one: PublicationSeen, needs: Needs, keep: Keep, now: dt.datetime) -> str | None:
    """Why the rows of a publication stay that readers see."""
    until, after = needs.outcomes_until, one.cohorts_after
    reasons = [
        (one.newer < keep.newest, f"one of the {keep.newest} newest of its score"),
        (not _is_old(one.since, keep.publications, now), _young(keep.publications)),
        (one.waits, "a person must decide whether the CRM is told"),
        (until is None, "its score is not defined here"),
        (until is not None and now.date() <= until, "its outcomes may still come"),
        (after is not None and after < needs.cohorts, "a training looks at it"),
        (one.teaches, "estimates are learned from it"),
    ]
    return _first(reasons)


@dataclass(frozen=True)
class SnapshotSeen:
    """A snapshot whose file is there, and who needs it.

    Parameters
    ----------
    since
        When it was made, or became current last.
    used
        How many publications with rows were made from it, or look back at it: their passports need it.
    newer
        How many newer dates of the data set have a current snapshot.
    model
        A model version that was trained or tried on it and is kept.
    shows_outcomes
        Whether outcomes that are not collected yet are to be read from it.
    defined
        Whether its data set is defined here, and all definitions could be read: only then it is known who needs it.
    reach
        How many dates the scores of its data set look back: the next date's need it.
    """

    snapshot_id: int
    data_set: str
    as_of: dt.date
    state: Literal["current", "superseded", "stopped"]
    since: dt.datetime
    used: int
    newer: int
    model: str | None
    shows_outcomes: bool
    defined: bool
    legal_hold: int | None
    reach: int = 0


def snapshot_stays(one: SnapshotSeen, keep: Keep, now: dt.datetime) -> str | None:
    """Why the file of a snapshot stays; None if it may go."""
    superseded = one.state == "superseded"
    days = min(keep.superseded, keep.snapshots) if superseded else keep.snapshots
    reasons = [
        (one.legal_hold is not None, f"legal hold {one.legal_hold}"),
        (not one.defined, "what is defined of its data set is not known"),
        (one.used > 0, "passports of publications need it"),
        (one.model is not None, f"{one.model} learned from it"),
        (one.shows_outcomes and not superseded, "it shows outcomes that are not collected yet"),
        (one.newer < one.reach and not superseded, f"scores look back {one.reach} dates"),
        (one.newer < keep.newest and not superseded, f"one of the {keep.newest} newest of its data set"),
        (not _is_old(one.since, days, now), _young(days)),
    ]
    return _first(reasons)


@dataclass(frozen=True)
class VersionSeen:
    """A version of a model in the registry; ``newer`` counts the newer versions of the same model."""

    model: str
    version: int
    made_at: dt.datetime
    newer: int

    def __str__(self) -> str:
        """Name and version, as messages show them."""
        return f"{self.model} version {self.version}"


def version_stays(
    one: VersionSeen, keep: Keep, now: dt.datetime, *, referred: Collection[tuple[str, int]]
) -> str | None:
    """Why a model version stays with its run; None if it may go.

    ``referred`` are the versions, by model and number, that a publication with rows, the ledger's newest promotions, an
    experiment or a request refers to.
    """
    if (one.model, one.version) in referred:
        return "publications, promotions or experiments refer to it"
    if one.newer < keep.versions:
        return f"one of the {keep.versions} newest of its model"
    return younger(one.made_at, keep.model_runs, now)


@dataclass(frozen=True)
class CohortSeen:
    """The outcomes of a score at one date; ``used`` says that the publication has its rows still."""

    score: str
    as_of: dt.date
    newest: dt.datetime
    rows: int
    used: bool
    legal_hold: int | None


def outcomes_stay(one: CohortSeen, keep: Keep, now: dt.datetime) -> str | None:
    """Why the outcomes of a cohort stay; None if they may go."""
    if one.legal_hold is not None:
        return f"legal hold {one.legal_hold}"
    if one.used:
        return "its publication is kept"
    return younger(one.newest, keep.outcomes, now)


def younger(since: dt.datetime, days: int, now: dt.datetime) -> str | None:
    """The reason why something stays that is not older than ``days``; None if it is."""
    return None if _is_old(since, days, now) else _young(days)


def cutoff(days: int, now: dt.datetime) -> dt.datetime:
    """What is from before this is older than ``days``."""
    return now - days * DAY


def _is_old(since: dt.datetime, days: int, now: dt.datetime) -> bool:
    return since < cutoff(days, now)


def _young(days: int) -> str:
    return f"younger than {days} days"


def _first(reasons: Sequence[tuple[bool, str]]) -> str | None:
    """The first reason that holds."""
    return next((reason for holds, reason in reasons if holds), None)
