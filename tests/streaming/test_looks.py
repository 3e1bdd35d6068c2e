"""What a worker sees of a partition, case by case."""

import datetime as dt

import pytest

from scoring.streaming.looks import Look, look

NOW_MS = 1_720_612_800_000
NOON = dt.datetime(2024, 7, 10, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)

LOOKS = {
    "nothing is known": ({}, None, None),
    "the end that came with the last messages": ({"high": 12}, 12, None),
    "all is read": ({"high": 7}, 7, None),
    "an end before what was read is none": ({"high": 6}, None, None),
    "what the broker says of the end counts for more": ({"high": 12, "ended": True}, 7, None),
    "the end also where no message came": ({"ended": True}, 7, None),
    "since the last message that was read": ({"high": 12, "written_ms": NOW_MS - 60_000}, 12, NOON - MINUTE),
    "no message was written in the future": ({"written_ms": 1 << 62}, None, NOON),
    "no message was written before 1970": ({"written_ms": -(1 << 62)}, None, dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
}


@pytest.mark.parametrize(("given", "end", "since"), LOOKS.values(), ids=LOOKS.keys())
def test_a_look_at_a_partition(given, end, since):
    usual = {"position": 7, "ended": False, "high": None, "written_ms": None, "now_ms": NOW_MS}
    assert look(3, 5, **usual | given) == Look(3, 5, end, since)
