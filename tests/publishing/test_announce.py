"""The CRM is told differences from what it was last told, once, and never anything older than it has heard."""

import dataclasses
import datetime as dt
import math
import sys

import numpy as np
import psycopg2
import pytest
from factories import (
    AUGUST,
    JULY,
    JUNE,
    customer,
    customers,
    events,
    mood,
    published,
    published_rows,
    query,
    scored,
    snapshot_of,
    told,
    value,
)
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from psycopg2.extras import execute_values
from shop_definitions import LEAVING, SPENDING

from scoring.database import all_rows, connect, execute
from scoring.database import value as value_of
from scoring.domain.score import ChangeRule
from scoring.domain.streams import known_until
from scoring.publishing import keys, publications
from scoring.publishing.announcements import tell
from scoring.publishing.change import Standing, told_of_newer, treatment
from scoring.publishing.comparison import SHARED_FROM, compared, movements
from scoring.publishing.plan import plan
from scoring.publishing.planner import planner
from scoring.publishing.publish import drop


def spend(settings, amount, as_of):
    return published_rows(settings, SPENDING, [customer(1, spend=amount)], as_of)


def leave(settings, probability, as_of):
    return published_rows(settings, LEAVING, [customer(1, mood=mood(probability))], as_of)


def announcements(settings):
    return query(settings, "SELECT customer_id, version, as_of, value FROM scoring.announcement ORDER BY customer_id")


def test_a_first_load_tells_nobody_and_takes_all_as_known(shop):
    assert published_rows(shop, LEAVING, customers(30)).changed == 0
    assert events(shop) == []
    assert [row.version for row in announcements(shop)] == [0] * 30


def test_a_first_load_is_told_when_the_definition_asks_for_it(shop):
    assert published_rows(shop, SPENDING, customers(30)).changed == 30
    assert told(shop) == [(f"c{number:04d}", 1) for number in range(30)]
    assert value(shop, "SELECT count(*) FROM scoring.outbox WHERE endpoint = 'crm_webhook'") == 30


def test_customers_who_come_later_are_told(shop):
    published_rows(shop, LEAVING, customers(30))
    assert published_rows(shop, LEAVING, customers(32), JULY).changed == 2
    assert told(shop) == [("c0030", 1), ("c0031", 1)]


def test_only_who_changed_enough_is_told_with_what_was_said_before(shop):
    published_rows(shop, SPENDING, customers(5, spend=100.0))
    rows = [customer(0, spend=109.9), customer(1, spend=110.0), customer(2, spend=90.0), *customers(5, spend=100.0)[3:]]
    assert published_rows(shop, SPENDING, rows, JULY).changed == 2
    first, second = events(shop)[-2:]
    assert (first.customer_id, first.version, first.as_of, first.value, first.previous_value) == (
        "c0001",
        2,
        JULY,
        110,
        100,
    )
    assert (second.customer_id, second.value, second.previous_value) == ("c0002", 90, 100)


def test_another_band_is_told_with_points_and_band(shop):
    leave(shop, 0.29, JUNE)
    assert leave(shop, 0.31, JULY).changed == 1
    (event,) = events(shop)
    assert (event.previous_points, event.previous_band, event.points, event.band) == (290, "low", 310, "mid")


def test_a_slow_creep_is_told_when_it_adds_up(shop):
    days = [JUNE + dt.timedelta(days=day) for day in range(4)]
    steps = [
        leave(shop, probability, day).changed for probability, day in zip((0.40, 0.42, 0.44, 0.46), days, strict=True)
    ]
    assert steps == [0, 0, 0, 1]
    (event,) = events(shop)
    assert (event.previous_points, event.points, event.version) == (400, 460, 1)


def test_versions_of_a_customer_only_grow(shop):
    for amount, as_of in ((100.0, JUNE), (200.0, JUNE), (300.0, JULY), (100.0, JULY), (100.0, AUGUST)):
        spend(shop, amount, as_of)
    assert [(event.version, event.value) for event in events(shop)] == [(1, 100), (2, 200), (3, 300), (4, 100)]
    assert announcements(shop) == [("c0001", 4, JULY, 100.0)]


def test_a_backfill_of_an_older_date_is_published_in_silence(shop):
    spend(shop, 100.0, JULY)
    before = announcements(shop)
    older = spend(shop, 900.0, JUNE)
    assert (older.changed, older.silent) == (0, True)
    assert (len(events(shop)), announcements(shop)) == (1, before)
    assert query(shop, "SELECT as_of, value FROM scoring.current_score") == [(JULY, 100.0)]
    assert query(shop, "SELECT as_of, value FROM scoring.published_score ORDER BY 1") == [(JUNE, 900), (JULY, 100)]


def test_dropping_the_newest_publication_does_not_let_older_ones_speak(shop):
    spend(shop, 100.0, JULY)
    drop(shop, SPENDING, JULY)
    assert spend(shop, 900.0, JUNE).silent is True
    assert published(shop, SPENDING, JULY).changed == 0


def test_scores_are_announced_each_for_itself(shop):
    snapshot_of(shop, customers(4), JULY)
    published(shop, SPENDING, JULY)
    assert published_rows(shop, LEAVING, customers(4), JUNE).silent is False
    assert {event.score for event in events(shop)} == {"spending"}


# All finite floats; many of them equal, zero, negative, just at a bound, or where float64 overflows or underflows.
LARGEST = sys.float_info.max
EXTREMES = [1e308, LARGEST, LARGEST / 2, math.nextafter(LARGEST / 2, 0), 1e200, 5e-324, 1e-323, 2.2e-308, 1e-310]
USUAL = [0.0, 1.0, 100.0, 110.0, 125.0, 75.0, 0.1 + 0.2]
AMOUNTS = st.sampled_from([sign * amount for amount in EXTREMES + USUAL for sign in (1, -1)]) | st.floats(
    allow_nan=False, allow_infinity=False
)
STANDINGS = st.builds(
    Standing,
    value=AMOUNTS,
    points=st.none() | st.integers(0, 3).map(lambda step: step * 25) | st.integers(0, 32767),
    band=st.none() | st.sampled_from(["A", "B"]),
)
BOUNDS = st.none() | st.floats(min_value=0, exclude_min=True, allow_infinity=False) | st.sampled_from(EXTREMES)
SHARES = BOUNDS | st.sampled_from([0.1, 0.25, 1.0]) | st.floats(1e-6, 5)
RULES = st.fixed_dictionaries(
    {
        "band": st.booleans(),
        "points": st.none() | st.sampled_from([25, 50]) | st.integers(1, 1000),
        "relative": SHARES,
        "absolute": BOUNDS | st.sampled_from([10.0, 25.0, 100.0]) | st.floats(1e-6, 1e6),
    }
).filter(lambda rule: any(rule.values())).flatmap(
    lambda rule: st.sampled_from([rule, rule | {"after_promotion": "quiet"}])
).map(lambda rule: ChangeRule(**rule))  # fmt: skip


@st.composite
def pairs_at_the_bounds(draw, rule):
    """What was told and what is new: often just at, or next to, where the rule begins to tell."""
    told, new = draw(st.none() | STANDINGS), draw(STANDINGS)
    if told is None or draw(st.integers(0, 3)) == 0:
        return told, new
    steps = [0.0, (rule.relative or 0.0) * abs(told.value), rule.absolute or 0.0]
    moved = draw(st.sampled_from([*steps, max(steps), -max(steps), 0.99 * max(steps)]))
    step = draw(st.sampled_from([0, -1, 1])) * ((rule.points or 0) + draw(st.sampled_from([0, 0, -1])))
    points = None if told.points is None else min(max(told.points + step, 0), 32767)
    amount = told.value + moved if math.isfinite(told.value + moved) else new.value
    return told, Standing(amount, points, draw(st.sampled_from([told.band] * 4 + [new.band])))


@st.composite
def rules_and_pairs(draw):
    rule = draw(RULES)
    end = known_until(JUNE)
    by_stream = st.sampled_from([None, None, None, end, end - dt.timedelta(microseconds=1)])
    with_versions = st.tuples(pairs_at_the_bounds(rule), st.sampled_from([None, 1, 2]), by_stream)
    pairs = [(*pair, seen, at) for pair, seen, at in draw(st.lists(with_versions, min_size=10, max_size=40))]
    return rule, pairs, draw(st.sampled_from(["in no order", "in the order of their keys", "in two ranges of keys"]))


def _stand(connection, publication, pairs, stand):
    """Let each pair be the announcement and the new row of one customer; returns the customers in the pairs' order."""
    names = [f"c{number:02d}" for number in range(len(pairs))]
    rows = [(name, *dataclasses.astuple(new), "champion", 1) for name, (_, new, _, _) in zip(names, pairs, strict=True)]
    if stand == "in no order":
        rows = [rows[place] for place in np.random.default_rng(0).permutation(len(rows))]
    known = [
        (name, *dataclasses.astuple(old), "leaving", 3, JUNE, None if at else 0, seen, at)
        for name, (old, _, seen, at) in zip(names, pairs, strict=True)
        if old is not None
    ]
    with connection.cursor() as cursor:
        execute_values(
            cursor,
            f"""INSERT INTO scoring.score_{publication.publication_id}
                (customer_id, value, points, band, arm, model_version) VALUES %s""",
            rows,
        )
        execute_values(
            cursor,
            """INSERT INTO scoring.announcement (customer_id, value, points, band, score, version, as_of,
                   publication_id, model_version, event_time) VALUES %s""",
            known,
        )
    return names


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(case=rules_and_pairs())
def test_the_publishing_sql_decides_as_the_domain_does(shop, case):
    rule, pairs, stand = case
    if value(shop, "SELECT count(*) FROM scoring.publication") == 0:
        snapshot_of(shop, customers(1))
        plan(shop, LEAVING, JUNE, run_id="test")
    with connect(shop.database()) as connection:
        publication = publications.by_inputs(
            connection, "leaving", JUNE, value(shop, "SELECT inputs_digest FROM scoring.publication")
        )
        names = _stand(connection, publication, pairs, stand)
        rows = publications.rows_table(publication.publication_id)
        count = SHARED_FROM if stand == "in two ranges of keys" else len(pairs)
        names_of = {"count": count, "score": publication.score, "as_of": JUNE, "known_only": False}
        with compared(connection, rows, rule, **names_of) as counted:
            movements(connection)  # raises at no float
            tell(
                connection,
                score=publication.score,
                as_of=publication.as_of,
                publication_id=publication.publication_id,
            )
        with connection.cursor() as cursor:
            cursor.execute("SELECT customer_id, version FROM scoring.event ORDER BY customer_id")
            found = cursor.fetchall()
            cursor.execute(
                "SELECT value, points, band, version, model_version, event_time FROM scoring.announcement "
                "ORDER BY customer_id"
            )
            stands = cursor.fetchall()
        connection.rollback()
    done = [
        "pass over"
        if old is not None and told_of_newer(JUNE, at, new_as_of=JUNE, new_event_time=None)
        else treatment(rule, old, new, compared_with=seen if old else None, version=1)
        for old, new, seen, at in pairs
    ]
    expected = [
        (name, 1 if pair[0] is None else 4)
        for name, pair, what in zip(names, pairs, done, strict=True)
        if what == "tell"
    ]
    assert found == expected
    assert (counted.told, counted.moved) == (done.count("tell"), done.count("move"))
    versions = dict(found)
    assert stands == [
        (
            *dataclasses.astuple(new if what in ("tell", "move") else old),
            versions.get(name, 3),
            seen if what == "pass over" else 1,
            at if what not in ("tell", "move") else None,
        )
        for name, (old, new, seen, at), what in zip(names, pairs, done, strict=True)
    ]


def test_extreme_amounts_are_told_like_others_and_stop_nothing(shop):
    months = [(100.0, JUNE), (5e-324, JULY), (1e308, AUGUST)]
    assert [spend(shop, amount, as_of).changed for amount, as_of in months] == [1, 1, 1]
    assert spend(shop, 0.0, AUGUST).changed == 1
    assert [event.value for event in events(shop)] == [100.0, 5e-324, 1e308, 0.0]


def test_every_endpoint_is_told(shop):
    query(shop, "INSERT INTO scoring.endpoint (endpoint) VALUES ('another_crm')")
    published_rows(shop, SPENDING, customers(3))
    waiting = query(shop, "SELECT endpoint, count(DISTINCT event_id) FROM scoring.outbox GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in waiting] == [("another_crm", 3), ("crm_webhook", 3)]


SETTINGS = "SELECT name, setting FROM pg_settings WHERE name !~ '^(transaction|application|in_hot)' ORDER BY name"


def test_what_publishing_asks_of_the_planner_ends_with_the_statements_that_need_it(shop):
    snapshot_of(shop, customers(3))
    publication_id = scored(shop, SPENDING)
    with connect(shop.database()) as connection:
        before = all_rows(connection, dict, SETTINGS)
        publication = publications.by_id(connection, publication_id)
        keys.add(connection, publication)
        rows = publications.rows_table(publication_id)
        with compared(connection, rows, SPENDING.change, count=3, score="spending", as_of=JUNE, known_only=False):
            tell(connection, score="spending", as_of=JUNE, publication_id=publication_id)
        assert all_rows(connection, dict, SETTINGS) == before
        connection.rollback()


def test_settings_hold_for_the_statements_inside_and_are_put_back(settings):
    def shown(connection):
        return value_of(connection, "SHOW work_mem"), value_of(connection, "SHOW enable_hashjoin")

    with connect(settings.database()) as connection:
        with connection:
            execute(connection, "SET LOCAL work_mem = '7MB'")
            with planner(connection, work_mem="128MB", enable_hashjoin="off"):
                assert shown(connection) == ("128MB", "off")
            assert shown(connection) == ("7MB", "on")
        usual = shown(connection)
        with pytest.raises(psycopg2.errors.DivisionByZero), connection, planner(connection, work_mem="128MB"):
            execute(connection, "SELECT 1 / 0")
        assert shown(connection) == usual
