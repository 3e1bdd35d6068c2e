"""From a message to a score, an event and the next offset."""

import datetime as dt
import json

import pytest
from factories import JULY, JUNE, customers, events, published, query, snapshot_of, value
from factories_kafka import messages_of
from factories_serving import running
from factories_stream import JULY_10, current, drain, offsets, send, streamed, update
from streamed_shop import LEAVING, SPENDING

from scoring.errors import IntegrityError
from scoring.streaming import passport


def test_an_update_is_scored_told_and_counted(loaded, broker):
    shop = streamed(broker)
    send(broker, shop, [update(3, spend=500.0)])
    total = drain(loaded, broker, shop)
    assert (total.received, total.accepted, total.scores, total.events) == (1, 1, 2, 1)
    (event,) = events(loaded)
    assert (event.score, event.customer_id, event.value, event.previous_value) == ("spending", "c0003", 500.0, 100.0)
    assert (event.publication_id, event.event_time, event.as_of) == (None, JULY_10, JULY_10.date())
    assert current(loaded)["c0003"] == 500.0
    assert len(current(loaded)) == 20
    assert offsets(loaded) == [(0, 1, 1, 1, 0, 0)]


def test_what_was_read_is_not_read_again(loaded, broker):
    shop = streamed(broker)
    send(broker, shop, [update(3, spend=500.0)])
    drain(loaded, broker, shop)
    send(broker, shop, [update(4, spend=500.0)])
    assert drain(loaded, broker, shop).received == 1
    assert offsets(loaded) == [(0, 2, 2, 2, 0, 0)]
    assert len(events(loaded)) == 2


def test_a_bad_message_goes_to_quarantine_and_to_the_dead_letters(loaded, broker):
    shop = streamed(broker)
    good, bad = update(3, spend=500.0), update(4, spend=-1)
    send(broker, shop, [good, bad])
    assert drain(loaded, broker, shop).quarantined == 1
    (refused,) = query(loaded, "SELECT * FROM scoring.stream_refusal")
    assert (refused.partition_id, refused.message_offset, refused.customer_id) == (0, 1, "c0004")
    assert (refused.columns, refused.values) == (["spend"], ["-1"])
    assert refused.dead_lettered_at is not None
    (dead,) = messages_of(broker, shop.stream.dead_letters)
    assert (dead.key(), dead.value()) == (b"c0004", bad[1])
    assert dict(dead.headers())["offset"] == b"1"
    assert json.loads(dict(dead.headers())["broken"])[0]["column"] == "spend"


def test_a_streamed_score_can_be_computed_again_from_its_update(loaded, broker):
    shop = streamed(broker)
    send(broker, shop, [update(3, spend=500.0, mood=1.25)])
    drain(loaded, broker, shop)
    for score in (LEAVING, SPENDING):
        found = passport.find(loaded, score.name, "c0003")
        assert passport.recompute(loaded, found) == pytest.approx(found.value, abs=1e-9)
    assert ("update", f"{shop.stream.topic} partition 0 offset 0") in passport.lines(found)
    assert passport.find(loaded, "spending", "c0004") is None
    query(loaded, """UPDATE scoring.customer_update SET content = '{"customer_id": "c0003"}'""")
    with pytest.raises(IntegrityError):
        passport.recompute(loaded, found)


def test_the_api_shows_the_streamed_score_before_the_published_one(loaded, broker):
    shop = streamed(broker)
    send(broker, shop, [update(3, spend=500.0)])
    drain(loaded, broker, shop)
    with running(loaded) as api:
        answer = api.client.get("/v1/customers/c0003/scores", params={"score": "spending"}).json()
    first, second = answer["scores"]
    assert (first["value"], first["event_time"], first["passport"]["message_offset"]) == (500.0, JULY_10.isoformat(), 0)
    assert (second["value"], second["as_of"]) == (100.0, JUNE.isoformat())


def test_a_batch_that_knows_more_supersedes_and_tells_differences_from_what_a_stream_told(loaded, broker):
    shop = streamed(broker)
    send(broker, shop, [update(3, spend=500.0), update(4, spend=500.0)])
    drain(loaded, broker, shop)
    rows = [*customers(20, spend=100.0)]
    rows[3]["spend"] = 505.0
    snapshot_of(loaded, rows, JULY)
    assert published(loaded, SPENDING, JULY).changed == 1
    assert [(one.customer_id, one.value, one.version) for one in events(loaded)[2:]] == [("c0004", 100.0, 3)]
    assert current(loaded)["c0003"] == 505.0
    of_streams = "SELECT count(*) FROM scoring.current_score WHERE event_time IS NOT NULL AND score = 'spending'"
    assert value(loaded, of_streams) == 0
    send(broker, shop, [update(5, spend=900.0)])
    assert drain(loaded, broker, shop).accepted == 1  # leaving was not published for July
    assert current(loaded)["c0005"] == 100.0
    assert len(events(loaded)) == 3


def test_a_batch_that_knows_less_passes_over_who_was_told_of_an_update(loaded, broker):
    shop = streamed(broker)
    send(broker, shop, [update(3, JULY_10, spend=500.0)])
    drain(loaded, broker, shop)
    snapshot_of(loaded, customers(20, spend=200.0), JULY_10.date() - dt.timedelta(days=1))
    assert published(loaded, SPENDING, JULY_10.date() - dt.timedelta(days=1)).changed == 19
    assert current(loaded)["c0003"] == 500.0
    told = "SELECT value FROM scoring.announcement WHERE customer_id = 'c0003' AND score = 'spending'"
    assert value(loaded, told) == 500.0


def test_a_stream_before_the_first_load_makes_customers_known_and_tells_nobody(streaming, broker):
    shop = streamed(broker)
    send(broker, shop, [update(1, mood=2.0), update(2, mood=-2.0), update(1, JULY_10 + dt.timedelta(1), mood=0.0)])
    drain(streaming, broker, shop)
    assert [one.score for one in events(streaming)] == ["spending", "spending"]  # its first load is announced
    known = query(streaming, "SELECT customer_id, version FROM scoring.announcement WHERE score = 'leaving' ORDER BY 1")
    assert [tuple(row) for row in known] == [("c0001", 0), ("c0002", 0)]
    assert value(streaming, "SELECT count(*) FROM scoring.announced_until") == 0
    snapshot_of(streaming, customers(4, mood=1.0), JULY)
    assert published(streaming, LEAVING, JULY).changed == 0
    told = query(streaming, "SELECT DISTINCT round(value::numeric, 3), as_of, event_time FROM scoring.announcement "
                 "WHERE score = 'leaving'")  # fmt: skip
    assert [tuple(row)[1:] for row in told] == [(JULY, None)]
