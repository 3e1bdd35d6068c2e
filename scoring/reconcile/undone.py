"""What the database alone says of work left undone: read in one go, judged without it; the exporter counts the same."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import NamedTuple

from scoring.catalog import Catalog
from scoring.database import Connection
from scoring.domain.score import Score
from scoring.models import ledger
from scoring.reconcile import observed
from scoring.reconcile.findings import (
    EndpointSeen,
    Finding,
    PublicationSeen,
    SnapshotSeen,
    undelivered,
    unfinished,
    unpublished,
)
from scoring.reconcile.people import AlertsSeen, ErasureSeen, HoldSeen, overdue, undecided, unforgotten, untold
from scoring.reconcile.streams import DeadLettersSeen, StreamSeen, told, unread, unsent
from scoring.reconcile.watching import uncollected, unmonitored

DATES = 10  # of a schedule, that are looked at for what is overdue


class Seen(NamedTuple):
    """What findings are made from; ``collected`` and ``monitored`` by score; ``promoted`` have a champion."""

    snapshots: list[SnapshotSeen]
    publications: list[PublicationSeen]
    endpoints: list[EndpointSeen]
    holds: list[HoldSeen]
    erasures: list[ErasureSeen]
    alerts: AlertsSeen
    collected: dict[str, list[dt.date]]
    monitored: dict[str, list[int]]
    promoted: set[str]
    streams: list[StreamSeen]
    dead_letters: list[DeadLettersSeen]


def observe(connection: Connection, catalog: Catalog) -> Seen:
    """Read it: one query per subject."""
    streamed = [name for name, data_set in catalog.data_sets.items() if data_set.stream is not None]
    return Seen(
        snapshots=observed.snapshots(connection, list(catalog.data_sets)),
        publications=observed.publications(connection, list(catalog.scores)),
        endpoints=observed.endpoints(connection),
        holds=observed.holds(connection, list(catalog.scores)),
        erasures=observed.erasures(connection),
        alerts=observed.alerts(connection),
        collected={name: observed.collected(connection, name) for name in catalog.scores},
        monitored={name: observed.monitored(connection, name) for name in catalog.scores},
        promoted={name for name, score in catalog.scores.items() if ledger.in_charge(connection, score.model_name)},
        streams=observed.streams(connection, streamed),
        dead_letters=observed.dead_letters(connection, streamed),
    )


def findings(
    seen: Seen, catalog: Catalog, now: dt.datetime, *, has_champion: Callable[[Score], bool] = lambda _: False
) -> list[Finding]:
    """What is left undone at ``now`` (aware).

    Parameters
    ----------
    has_champion
        Asked for a score with a snapshot of which neither the ledger nor a publication names a model.
    """
    found = list(unfinished(seen.snapshots, seen.publications, now))
    for score in catalog.scores.values():
        found += _of_score(seen, catalog, score, now, has_champion)
    for endpoint in seen.endpoints:
        found += undelivered(endpoint, now)
    found += _of_streams(seen, catalog, now)
    return [*found, *undecided(seen.holds, now), *unforgotten(seen.erasures, now), *untold(seen.alerts, now)]


def _of_streams(seen: Seen, catalog: Catalog, now: dt.datetime) -> Iterator[Finding]:
    dead = {one.data_set: one for one in seen.dead_letters}
    for name, data_set in catalog.data_sets.items():
        if data_set.stream is None:
            continue
        found = [
            *unread(name, data_set.stream, [one for one in seen.streams if one.data_set == name], now),
            *unsent(dead[name], data_set.stream, now),
        ]
        for one in found:
            yield told(one, name, data_set.owner, data_set.stream)


def _of_score(
    seen: Seen, catalog: Catalog, score: Score, now: dt.datetime, has_champion: Callable[[Score], bool]
) -> list[Finding]:
    snapshots = [one for one in seen.snapshots if one.data_set == score.data_set]
    own = [one for one in seen.publications if one.score == score.name]
    known = score.name in seen.promoted or bool(own) or (bool(snapshots) and has_champion(score))
    found = list(unpublished(score.name, snapshots, own, has_champion=known, now=now))
    found += unmonitored(score.name, own, monitored=seen.monitored[score.name], now=now)
    if score.target.source is None:
        told = seen.collected[score.name]
        found += uncollected(score.name, score.target.horizon, snapshots, own, collected=told, now=now)
    if score.deadline is not None:
        found += overdue(
            score.name,
            score.owner,
            deadline=score.deadline,
            ticks=catalog.data_set(score.data_set).last_ticks(now, dates=DATES),
            publications=own,
            now=now,
        )
    return found
