"""Decides what publishing does next: pure functions of what the tables say."""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

from scoring.domain.score import ChangeRule
from scoring.publishing.digest import share

PublicationState = Literal["open", "published", "superseded", "retired"]
Announcing = Literal["tell", "know", "silent"]
Publishable = Literal["show", "published", "overtaken", "waiting", "torn", "retired"]
HoldState = Literal["held", "confirmed", "rejected", "overtaken"]
Decision = Literal["confirmed", "rejected"]
Telling = Literal["tell", "hold"]
Deciding = Literal["decide", "done", "overtaken", "not held"]


def announcing(as_of: dt.date, heard: dt.date | None, rule: ChangeRule) -> Announcing:
    """Decide what the CRM is told of a publication.

    Parameters
    ----------
    as_of
        The publication's date.
    heard
        The last announced date of the score; none before its first load.
    rule
        When a score has changed enough to tell.

    Returns
    -------
    Announcing
        ``tell``: tell the differences from what was last told. ``know``: tell nothing; all customers become known.
        ``silent``: tell nothing, because a newer date has been announced.
    """
    if is_too_old(as_of, heard):
        return "silent"
    return "tell" if heard is not None or rule.announce_first_load else "know"


def is_too_old(as_of: dt.date, heard: dt.date | None) -> bool:
    """Whether ``as_of`` is before ``heard``, the last announced date."""
    return heard is not None and as_of < heard


def telling(changed: int, rows: int, most_changed: float | None, *, first_load: bool, confirmed: bool) -> Telling:
    """Decide whether the CRM is told of the changes, or a person must confirm them first.

    Parameters
    ----------
    changed
        Customers whose change would be told.
    rows
        Customers of the publication.
    most_changed
        The share of the customers (0 to 1) whose change may be told without a person; None is no limit.
    first_load
        Whether the CRM has heard nothing of the score yet: then everybody is new, which is nothing unusual.
    confirmed
        Whether a person confirms it now.
    """
    if most_changed is None or first_load or confirmed:
        return "tell"
    return "hold" if share(changed, rows) > most_changed else "tell"


def deciding(wanted: Decision, state: HoldState | None, *, announced: bool, too_old: bool) -> Deciding:
    """Decide whether a person can confirm or reject a publication that readers see.

    Parameters
    ----------
    wanted
        What the person wants.
    state
        How the last hold of the publication stands; None if it was never held.
    announced
        Whether the CRM has been told of the publication.
    too_old
        Whether the CRM has heard of a newer date.

    Returns
    -------
    Deciding
        ``decide``: it waits for that, or was rejected and is confirmed after all. ``done``: a repetition.
        ``overtaken``: the CRM was told of a newer one meanwhile. ``not held``: there is nothing to decide.
    """
    if state == "rejected" and wanted == "rejected":
        return "done"
    if state == "confirmed" and wanted == "confirmed" and announced:
        return "done"
    if state in ("held", "rejected"):
        return "overtaken" if too_old else "decide"
    return "overtaken" if state == "overtaken" and not announced else "not held"


def publishable(
    state: PublicationState, newer: int | None, shards: Mapping[int, int | None], expected: int
) -> Publishable:
    """Decide whether a publication can be shown to readers.

    Parameters
    ----------
    state
        Its state.
    newer
        The publication that readers see in its place and that was planned later, if there is one.
    shards
        Rows that each shard has written; none while it is not done.
    expected
        Rows of the snapshot.

    Returns
    -------
    Publishable
        ``show`` it; or leave it, because it is ``published``, was ``overtaken`` by the newer one, is ``waiting`` for
        shards, or is ``torn``: its shards did not write as many rows as the snapshot has. ``retired``: its rows were
        removed.
    """
    if state in ("published", "retired"):
        return state
    if newer is not None:
        return "overtaken"
    if None in shards.values():
        return "waiting"
    return "show" if sum(rows or 0 for rows in shards.values()) == expected else "torn"
