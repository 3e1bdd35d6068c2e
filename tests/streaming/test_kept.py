"""How long what streams left is kept, and that a person can be shown and forgotten there, too."""

import datetime as dt

from factories import JULY, customers, published, query, snapshot_of, value
from factories_stream import JULY_10, drain, send, streamed, update
from streamed_shop import LEAVING, SPENDING

from scoring.catalog import load_catalog
from scoring.customers.held import held, subject_of
from scoring.customers.registry import PLACES
from scoring.maintain.rules import Keep, Run
from scoring.maintain.streams import remove_streamed
from scoring.settings import KeepSettings

KEEP = Keep(**KeepSettings(streams=1, quarantine=1, superseded=1).model_dump())
TABLES = ("stream_range", "stream_refusal", "streamed_score", "customer_update", "stream_offset")


def rows(settings):
    return {name: value(settings, f"SELECT count(*) FROM scoring.{name}") for name in TABLES}


def removed(settings, days, *, dry_run=False):
    now = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    run = Run(KEEP, now, dry_run)
    parts = remove_streamed(settings.database(), load_catalog(settings.definitions), run)
    return {part.kind: part.removed[0].rows for part in parts if part.removed}


def test_what_holds_stays_and_what_a_batch_knows_leaves(loaded, broker):
    shop = streamed(broker)
    send(broker, shop, [update(3, spend=500.0), update(4, spend=-1), update(5, spend=500.0)])
    drain(loaded, broker, shop)
    assert removed(loaded, days=0) == {}
    assert removed(loaded, days=2, dry_run=True) == {"ranges of streams": 1, "refused messages": 1}
    assert removed(loaded, days=2) == {"ranges of streams": 1, "refused messages": 1}
    assert rows(loaded) | {"stream_offset": 1, "streamed_score": 4, "customer_update": 2} == rows(loaded)
    snapshot_of(loaded, customers(20), JULY)
    published(loaded, SPENDING, JULY)
    assert removed(loaded, days=2) == {"streamed scores": 2}
    published(loaded, LEAVING, JULY)
    assert removed(loaded, days=2) == {"streamed scores": 2, "updates of shop": 2}
    send(broker, shop, [update(3, JULY_10, spend=500.0)])
    assert drain(loaded, broker, shop).outdated == 1


def test_what_is_not_dead_lettered_stays_at_any_age(loaded, broker):
    shop = streamed(broker)
    send(broker, shop, [update(4, spend=-1)])
    drain(loaded, broker, shop)
    query(loaded, "UPDATE scoring.stream_refusal SET dead_lettered_at = NULL")
    assert "refused messages" not in removed(loaded, days=1000)


def test_a_person_is_shown_and_forgotten_in_what_streams_left(loaded, broker):
    shop = streamed(broker)
    unread = b'{"customer_id": "c0003", '
    send(broker, shop, [update(3, spend=500.0), update(3, spend=-1), update(5, spend=500.0)])
    send(broker, shop, [(None, unread, [])])
    drain(loaded, broker, shop)
    places = {"streamed scores": 2, "refused messages": 2, "updates": 1}
    assert held(subject_of(loaded, shop, "c0003")).counts.items() >= places.items()
    subject = subject_of(loaded, shop, "c0003")
    for place in PLACES:
        if place.name in places:
            assert place.erase(subject) == places[place.name]
    assert not places.keys() & held(subject).counts.keys()
    assert (rows(loaded)["streamed_score"], rows(loaded)["customer_update"], rows(loaded)["stream_refusal"]) == (
        2,
        1,
        2,
    )
    assert value(loaded, "SELECT count(*) FROM scoring.stream_refusal WHERE content IS NOT NULL") == 0
