"""A moment is kept in UTC; a local time needs a time zone, and must have been exactly once there."""

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.dataset import Column
from scoring.intake.sources.moments import NO_MOMENT, NO_ZONE, TIMESTAMP, TOO_FINE, moment_flaw, moments_of_text

NOWHERE = Column(name="x", type="timestamp")
MADRID = Column(name="x", type="timestamp", time_zone="Europe/Madrid")
UTC = dt.UTC
GOOD = [
    ("2005-06-30T12:00:00Z", NOWHERE, dt.datetime(2005, 6, 30, 12, tzinfo=UTC)),
    ("2005-06-30 12:00:00.5+02:00", NOWHERE, dt.datetime(2005, 6, 30, 10, 0, 0, 500_000, tzinfo=UTC)),
    ("2005-06-30T12:00-0130", NOWHERE, dt.datetime(2005, 6, 30, 13, 30, tzinfo=UTC)),
    ("2005-06-30 12:00:00+02", NOWHERE, dt.datetime(2005, 6, 30, 10, tzinfo=UTC)),
    ("2005-06-30T12:00:00.123456000Z", NOWHERE, dt.datetime(2005, 6, 30, 12, 0, 0, 123_456, tzinfo=UTC)),
    ("2005-06-30T12:00:00Z", MADRID, dt.datetime(2005, 6, 30, 12, tzinfo=UTC)),  # its own offset counts
    ("2005-06-30T12:00:00", MADRID, dt.datetime(2005, 6, 30, 10, tzinfo=UTC)),
    ("2005-12-30 12:00", MADRID, dt.datetime(2005, 12, 30, 11, tzinfo=UTC)),
    ("0001-01-01T00:00:00Z", NOWHERE, dt.datetime(1, 1, 1, tzinfo=UTC)),
    ("9999-12-31T23:59:59.999999Z", NOWHERE, dt.datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
]
WHERE = "Write it with its offset (2005-06-30T12:00:00+02:00)."
BAD = [
    ("2005-06-30T12:00:00", NOWHERE, NO_ZONE),
    ("2005-06-30", MADRID, NO_MOMENT),
    ("2005-06-30T12", MADRID, NO_MOMENT),
    ("2005-06-30T12Z", NOWHERE, NO_MOMENT),
    ("2005-02-30T12:00:00", MADRID, NO_MOMENT),
    ("2005-02-30T12:00:00Z", MADRID, NO_MOMENT),
    ("2005-06-30T25:00:00", NOWHERE, NO_MOMENT),
    ("30.06.2005 12:00", MADRID, NO_MOMENT),
    ("2005-06-30T12:00:00.1234567Z", NOWHERE, TOO_FINE),
    ("2005-06-30T12:00:00.123456001", MADRID, TOO_FINE),
    ("0001-01-01T00:00:00+02:00", NOWHERE, NO_MOMENT),
    ("9999-12-31T23:59:59-02:00", NOWHERE, NO_MOMENT),
    ("2005-03-27T02:30:00", MADRID,
     ("is a time that never was in Europe/Madrid, where clocks were set forward", WHERE)),
    ("2005-10-30T02:30:00", MADRID, ("is a time that was twice in Europe/Madrid, where clocks were set back", WHERE)),
    ("infinity", NOWHERE, NO_MOMENT),
]  # fmt: skip


@pytest.mark.parametrize(("text", "column", "moment"), GOOD)
def test_a_moment_is_read_in_utc(text, column, moment):
    found = moments_of_text(pa.array([None, text]), column)
    assert found.type == TIMESTAMP
    assert found.to_pylist() == [None, moment]


@pytest.mark.parametrize(("text", "column", "flaw"), BAD)
def test_what_is_no_moment_is_refused_with_the_reason(text, column, flaw):
    with pytest.raises(ValueError):  # noqa: PT011 - its text is told by moment_flaw
        moments_of_text(pa.array(["2005-06-30T12:00:00Z", text]), column)
    assert moment_flaw(text, column) == flaw


def test_a_datetime_is_judged_like_its_text():
    assert moment_flaw(dt.datetime(2005, 6, 30, 12), NOWHERE) == NO_ZONE  # noqa: DTZ001 - that is the point
    assert moment_flaw(5, MADRID) == NO_MOMENT


def test_with_and_without_offset_may_stand_in_one_column():
    found = moments_of_text(pa.array(["2005-06-30T12:00:00", "2005-06-30T10:00:00Z", None]), MADRID).to_pylist()
    assert found[0] == found[1] == dt.datetime(2005, 6, 30, 10, tzinfo=UTC)


@given(st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_isoformat_of_any_zone_reads_back_as_the_same_moment(moment):
    whole_minutes = moment.utcoffset() // dt.timedelta(minutes=1) * dt.timedelta(minutes=1)
    moment = moment.astimezone(dt.timezone(whole_minutes))  # before railways, offsets had seconds
    assert moments_of_text(pa.array([moment.isoformat()]), NOWHERE).to_pylist() == [moment]
