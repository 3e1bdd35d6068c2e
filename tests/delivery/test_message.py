"""What the CRM reads, and how events are packed into bodies."""

import datetime as dt
import itertools
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.delivery.message import ENVELOPE_BYTES, Event, body, chunks, event_json, newest
from scoring.errors import IntegrityError

PACKED_AT = dt.datetime(2026, 11, 23, 14, 0, 0, 5000, tzinfo=dt.timezone(dt.timedelta(hours=2)))


def event(event_id=1, **changes):
    columns = {
        "type": "score.changed",
        "score": "delinquency_risk",
        "customer_id": "00042",
        "version": 2,
        "as_of": dt.date(2005, 7, 31),
        "value": 0.1 + 0.2,
        "points": 699,
        "band": "C",
        "model_version": 3,
        "previous_value": 0.25,
        "previous_points": 750,
        "previous_band": "B",
    }
    return Event(event_id, **(columns | changes))


def test_a_body_says_what_changed_in_compact_json():
    assert body(PACKED_AT, [event_json(event())]) == (
        '{"type":"scores.changed","timestamp":"2026-11-23T12:00:00.005Z","data":{"events":['
        '{"id":1,"type":"score.changed","score":"delinquency_risk","customer_id":"00042","version":2,'
        '"as_of":"2005-07-31","value":0.30000000000000004,"points":699,"band":"C","model_version":3,'
        '"previous":{"value":0.25,"points":750,"band":"B"}}]}}'
    )


def test_the_time_in_a_body_is_utc_wherever_it_is_packed(monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        assert '"timestamp":"2026-11-23T12:00:00.005Z"' in body(PACKED_AT, [])
    time.tzset()


def test_a_customer_told_for_the_first_time_has_no_previous_score():
    content = json.loads(event_json(event(previous_value=None, previous_points=None, previous_band=None)))
    assert content["previous"] is None


def test_a_score_without_points_and_bands_keeps_the_keys():
    content = json.loads(event_json(event(points=None, band=None, previous_points=None, previous_band=None)))
    assert content["points"] is None
    assert content["band"] is None
    assert content["previous"] == {"value": 0.25, "points": None, "band": None}


@given(st.floats(allow_nan=False, allow_infinity=False), st.text())
def test_values_and_customers_read_back_as_they_were(value, customer_id):
    content = json.loads(event_json(event(value=value, customer_id=customer_id)))
    assert content["value"].hex() == value.hex()
    assert content["customer_id"] == customer_id


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_no_number_is_refused_by_the_name_of_its_event(value):
    with pytest.raises(IntegrityError) as refused:
        event_json(event(7, value=value))
    assert str(refused.value) == (
        "Event 7 (score 'delinquency_risk', customer '00042') cannot be told: "
        "it holds a value that is not a finite number. Remedy: Publish the score again from sound inputs."
    )


def test_only_the_newest_version_of_a_customer_and_score_is_kept():
    events = [
        event(1, version=1),
        event(2, customer_id="other", version=1),
        event(3, version=3),
        event(4, version=2),
        event(5, score="next_payment", version=1),
    ]
    assert [kept.event_id for kept in newest(events).values()] == [3, 2, 5]


TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=60).map(json.dumps), max_size=60)
TEXTS_UTF8 = st.lists(
    st.text(st.characters(codec="utf-8"), max_size=60).map(lambda text: json.dumps(text, ensure_ascii=False)),
    max_size=60,
)


@given(TEXTS | TEXTS_UTF8, st.integers(1, 20), st.integers(0, 300).map(lambda room: ENVELOPE_BYTES + room))
def test_chunks_keep_every_event_in_order_and_both_limits_and_are_as_long_as_they_can(texts, max_events, max_bytes):
    def size(chunk):
        return len(body(PACKED_AT, chunk).encode())

    cut = list(chunks(texts, max_events=max_events, max_bytes=max_bytes))
    assert [text for chunk in cut for text in chunk] == texts
    for chunk in cut:
        assert len(chunk) == 1 or (len(chunk) <= max_events and size(chunk) <= max_bytes)
    for chunk, following in itertools.pairwise(cut):
        assert len(chunk) == max_events or size([*chunk, following[0]]) > max_bytes


def test_a_body_may_be_exactly_as_large_as_the_limit():
    texts = [event_json(event(1, customer_id="Ж€😀")), event_json(event(2))]
    exact = len(body(PACKED_AT, texts).encode())
    assert list(chunks(texts, max_events=100, max_bytes=exact)) == [texts]
    assert list(chunks(texts, max_events=100, max_bytes=exact - 1)) == [texts[:1], texts[1:]]


@pytest.mark.parametrize(
    ("spare", "cut"),
    [(0, [["11111", "22222"], ["33333", "44444"]]), (-1, [["11111"], ["22222"], ["33333"], ["44444"]])],
    ids=["two fit", "a byte too little for two"],
)
def test_each_body_is_measured_anew_to_the_byte(spare, cut):
    texts = ["11111", "22222", "33333", "44444"]
    limit = ENVELOPE_BYTES + len("11111,22222") + spare
    assert list(chunks(texts, max_events=100, max_bytes=limit)) == cut
