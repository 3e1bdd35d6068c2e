"""What was observed of streams, as metrics; see :mod:`scoring.exporter.families`."""

import datetime as dt
from collections.abc import Iterable, Iterator

from scoring.catalog import Catalog
from scoring.exporter.observed import Observed
from scoring.reconcile.streams import StreamSeen

Sample = tuple[str, float | dt.datetime | dt.timedelta | None, *tuple[str, ...]]


def streams(observed: Observed, catalog: Catalog) -> Iterator[Sample]:
    """Name, value and labels of each sample."""
    now = observed.overview.now
    dead = {one.data_set: one for one in observed.undone.dead_letters}
    for name, data_set in catalog.data_sets.items():
        if data_set.stream is None:
            continue
        read_by = "worker" if data_set.stream.schedule is None else "schedule"
        yield "scoring_stream_info", 1, name, data_set.stream.topic, read_by
        seen = [one for one in observed.undone.streams if one.data_set == name]
        yield from _read(name, seen)
        yield from _waiting(name, [one for one in seen if one.topic == data_set.stream.topic], now)
        yield "scoring_stream_dead_letters_waiting", dead[name].waiting, name
        yield "scoring_stream_dead_letters_oldest_age_seconds", _age(dead[name].since, now), name
    for score, count in observed.streamed.items():
        yield "scoring_streamed_scores", count, score


def _read(name: str, seen: Iterable[StreamSeen]) -> Iterator[Sample]:
    """What only grows counts all topics that were ever read: so it grows also after another topic was defined."""
    read = list(seen)
    yield "scoring_stream_messages_total", sum(one.accepted for one in read), name, "accepted"
    yield "scoring_stream_messages_total", sum(one.quarantined for one in read), name, "quarantined"
    yield "scoring_stream_messages_total", sum(one.outdated for one in read), name, "outdated"
    yield "scoring_stream_lost_offsets_total", sum(one.lost for one in read), name


def _waiting(name: str, mine: Iterable[StreamSeen], now: dt.datetime) -> Iterator[Sample]:
    for one in mine:
        yield "scoring_stream_lag_messages", one.lag, name
        yield "scoring_stream_oldest_waiting_seconds", _age(one.oldest_at, now), name
        yield "scoring_stream_looked_timestamp_seconds", one.looked_at, name
        yield "scoring_stream_event_timestamp_seconds", one.newest_event_time, name


def _age(since: dt.datetime | None, now: dt.datetime) -> dt.timedelta:
    return max(now - (since or now), dt.timedelta())
