"""Whose turn has come: whole minutes' worth, never more than the pace allows."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.delivery.pace import MINUTE, MOST_MINUTES, Turn, turn

NOW = dt.datetime(2024, 7, 31, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


def ago(minutes, seconds=0):
    return NOW - minutes * MINUTE - seconds * SECOND


@pytest.mark.parametrize(
    ("taken_at", "piece", "expected"),
    [
        pytest.param(NOW, 100, Turn(0, NOW), id="just taken"),
        pytest.param(ago(0, 59), 100, Turn(0, ago(0, 59)), id="a second too early"),
        pytest.param(ago(1), 100, Turn(10, NOW), id="a minute"),
        pytest.param(ago(1, 59), 100, Turn(10, ago(0, 59)), id="what is left of the second minute counts later"),
        pytest.param(ago(5), 100, Turn(50, NOW), id="as many minutes as are made up for"),
        pytest.param(ago(6), 100, Turn(50, NOW), id="not more"),
        pytest.param(ago(3), 25, Turn(20, ago(1)), id="two minutes fit into a piece, the third comes next"),
        pytest.param(ago(3), 5, Turn(10, ago(2)), id="a minute's worth at least"),
        pytest.param(NOW + MINUTE, 100, Turn(0, NOW + MINUTE), id="a clock that went back"),
    ],
)
def test_whose_turn_has_come(taken_at, piece, expected):
    assert turn(10, taken_at, NOW, piece=piece) == expected


@given(
    per_minute=st.integers(1, 1000),
    pauses=st.lists(st.timedeltas(min_value=0 * SECOND, max_value=10 * MINUTE), max_size=30),
)
def test_over_any_time_no_more_are_told_than_the_pace_allows_and_a_short_pause(per_minute, pauses):
    taken_at = now = NOW
    told = 0
    for pause in pauses:
        now += pause
        taken = turn(per_minute, taken_at, now, piece=100)
        assert taken.taken_at >= taken_at
        assert taken.taken_at <= now
        taken_at, told = taken.taken_at, told + taken.events
    assert told <= per_minute * ((now - NOW) / MINUTE)


@given(per_minute=st.integers(1, 50), pauses=st.lists(st.integers(0, MOST_MINUTES * 60), min_size=1, max_size=30))
def test_who_comes_often_enough_loses_nothing_of_the_pace(per_minute, pauses):
    taken_at = now = NOW
    told = 0
    for pause in pauses:
        now += pause * SECOND
        while (taken := turn(per_minute, taken_at, now, piece=100)).events:
            taken_at, told = taken.taken_at, told + taken.events
    assert told >= per_minute * ((now - NOW) // MINUTE) - per_minute * len(pauses)
