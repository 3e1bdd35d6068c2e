"""The overview: one line per score, and the installation around them."""

import datetime as dt
from dataclasses import dataclass

from scoring.catalog import Catalog
from scoring.database import Connection
from scoring.domain.score import Score
from scoring.page import installation, newest, streams
from scoring.page.freshness import Freshness, freshness


@dataclass(frozen=True)
class ScoreLine:
    """A score: who owns it, its newest publication, how well it does, and what a person should look at."""

    score: str
    title: str
    kind: str
    data_set: str
    owner: str
    freshness: Freshness
    published: newest.Published | None
    stopped: newest.Stopped | None
    held: list[newest.Held]
    verdict: newest.Verdict | None
    realised: newest.Figure | None
    estimated: newest.Figure | None
    in_charge: newest.InCharge | None
    rates: list[newest.Rate]


@dataclass(frozen=True)
class Overview:
    """All scores by name, endpoints, streams, and what is wrong with the definitions; ``now`` is when this was read."""

    now: dt.datetime
    scores: list[ScoreLine]
    endpoints: list[installation.EndpointLine]
    dead_alerts: int
    mistakes: int
    streams: list[streams.StreamLine]


def overview(connection: Connection, catalog: Catalog, now: dt.datetime) -> Overview:
    """What the overview shows at the moment ``now`` (aware)."""
    return Overview(
        now=now,
        scores=lines(connection, catalog, sorted(catalog.scores), now),
        endpoints=installation.endpoints(connection),
        dead_alerts=installation.dead_alerts(connection),
        mistakes=len(catalog.problems),
        streams=streams.streams(connection, catalog, now),
    )


def lines(connection: Connection, catalog: Catalog, names: list[str], now: dt.datetime) -> list[ScoreLine]:
    """The lines of these scores, in their order."""
    scores = [catalog.score(name) for name in names]
    headlines = {score.name: score.headline for score in scores}
    published = newest.published(connection, names)
    stopped = newest.stopped(connection, sorted({score.data_set for score in scores}))
    held = newest.held(connection, names)
    verdicts = newest.verdicts(connection, names)
    realised = newest.figures(connection, "realised", headlines)
    estimated = newest.figures(connection, "estimated", headlines)
    in_charge = newest.in_charge(connection, {score.name: score.model_name for score in scores})
    rates = newest.rates(connection, names)
    return [
        ScoreLine(
            score=score.name,
            title=score.title,
            kind=score.kind,
            data_set=score.data_set,
            owner=score.owner,
            freshness=how_fresh(catalog, score, _as_of(published.get(score.name)), now),
            published=published.get(score.name),
            stopped=_newer(stopped.get(score.data_set), published.get(score.name)),
            held=held.get(score.name, []),
            verdict=verdicts.get(score.name),
            realised=realised.get(score.name),
            estimated=estimated.get(score.name),
            in_charge=in_charge.get(score.name),
            rates=rates.get(score.name, []),
        )
        for score in scores
    ]


def how_fresh(catalog: Catalog, score: Score, newest_as_of: dt.date | None, now: dt.datetime) -> Freshness:
    """How new a score is, by the schedule of its data set."""
    data_set = catalog.data_sets[score.data_set]
    return freshness(
        newest_as_of,
        scheduled=data_set.schedule is not None,
        tick=next(iter(data_set.last_ticks(now, dates=1).items()), None),
        within=score.deadline,
        now=now,
    )


def _as_of(published: newest.Published | None) -> dt.date | None:
    return published.as_of if published else None


def _newer(stopped: newest.Stopped | None, published: newest.Published | None) -> newest.Stopped | None:
    """A stopped snapshot, if nothing newer was published since."""
    if stopped is None or (published is not None and published.as_of >= stopped.as_of):
        return None
    return stopped
