"""Decides what publishing does next: pure functions of what the tables say."""

import datetime as dt
from collections.abc import Mapping
from typing import Literal

from scoring.domain.score import ChangeRule

PublicationState = Literal["open", "published", "superseded"]
Announcing = Literal["tell", "know", "silent"]
Publishable = Literal["show", "published", "overtaken", "waiting", "torn"]


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
        shards, or is ``torn``: its shards did not write as many rows as the snapshot has.
    """
    if state == "published":
        return "published"
    if newer is not None:
        return "overtaken"
    if None in shards.values():
        return "waiting"
    return "show" if sum(rows or 0 for rows in shards.values()) == expected else "torn"
