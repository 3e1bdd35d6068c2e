"""When a score has moved enough to tell the CRM, one row per reason."""

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.score import ChangeRule
from scoring.publishing.change import Standing, is_change, share_limits, told_of_newer, treatment

BAND, POINTS = ChangeRule(band=True), ChangeRule(points=50)
SHARE, AMOUNT, BOTH = ChangeRule(relative=0.25), ChangeRule(absolute=10.0), ChangeRule(relative=0.25, absolute=10.0)


@pytest.mark.parametrize(
    ("rule", "told", "new", "expected"),
    [
        pytest.param(BAND, None, Standing(1), True, id="never told"),
        pytest.param(BAND, Standing(0.1, 100, "A"), Standing(0.2, 200, "B"), True, id="another band"),
        pytest.param(BAND, Standing(0.1, 100, "A"), Standing(0.2, 200, "A"), False, id="the same band"),
        pytest.param(BAND, Standing(0.1, 100, None), Standing(0.1, 100, "A"), True, id="a band where there was none"),
        pytest.param(POINTS, Standing(0.1, 100), Standing(0.15, 150), True, id="just enough points up"),
        pytest.param(POINTS, Standing(0.15, 150), Standing(0.1, 100), True, id="just enough points down"),
        pytest.param(POINTS, Standing(0.1, 100), Standing(0.149, 149), False, id="a point too few"),
        pytest.param(POINTS, Standing(0.1, None), Standing(0.9, 900), False, id="no points to compare with"),
        pytest.param(SHARE, Standing(100), Standing(125), True, id="just the share"),
        pytest.param(SHARE, Standing(100), Standing(124.9), False, id="less than the share"),
        pytest.param(SHARE, Standing(-100), Standing(-125), True, id="the share of a negative value"),
        pytest.param(SHARE, Standing(0), Standing(0.001), True, id="away from zero is any share"),
        pytest.param(SHARE, Standing(0), Standing(0), False, id="zero and still zero"),
        pytest.param(AMOUNT, Standing(0), Standing(10), True, id="just the amount"),
        pytest.param(AMOUNT, Standing(0), Standing(9.99), False, id="less than the amount"),
        pytest.param(AMOUNT, Standing(100), Standing(110), True, id="the amount, however small a share"),
        pytest.param(BOTH, Standing(10), Standing(15), False, id="the share without the amount"),
        pytest.param(BOTH, Standing(1000), Standing(1015), False, id="the amount without the share"),
        pytest.param(BOTH, Standing(40), Standing(50), True, id="the share and the amount"),
        pytest.param(SHARE, Standing(1e308), Standing(-1e308), True, id="a difference beyond all floats"),
        pytest.param(AMOUNT, Standing(-1e308), Standing(1e308), True, id="as an amount, too"),
        pytest.param(SHARE, Standing(1e308), Standing(0.9e308), False, id="large values, a small share"),
        pytest.param(SHARE, Standing(5e-324), Standing(0), True, id="a share of the smallest float is any share"),
        pytest.param(SHARE, Standing(5e-324), Standing(5e-324), False, id="the smallest float and still that"),
        pytest.param(SHARE, Standing(5e-324), Standing(1e308), True, id="from the smallest to a large one"),
        pytest.param(ChangeRule(relative=5), Standing(1e308), Standing(1e307), False, id="a share beyond all floats"),
    ],
)
def test_a_change_is_told_when_it_is_large_enough(rule, told, new, expected):
    assert is_change(rule, told, new) is expected


@given(relative=st.floats(min_value=0, allow_infinity=False, exclude_min=True), value=st.floats(allow_nan=False))
def test_the_limits_of_a_share_are_where_its_product_is_no_ordinary_number(relative, value):
    above_zero, infinite = share_limits(relative)
    for number in (abs(value), above_zero, infinite, math.nextafter(above_zero, 0), math.nextafter(infinite, 0)):
        assert (relative * number > 0) is (number >= above_zero)
        assert math.isinf(relative * number) is (number >= infinite)


QUIET, TELL = (ChangeRule(absolute=10.0, after_promotion=way) for way in ("quiet", "tell"))
FAR, NEAR = Standing(50.0), Standing(101.0)


@pytest.mark.parametrize(
    ("rule", "told", "new", "compared_with", "expected"),
    [
        pytest.param(TELL, Standing(100.0), FAR, 1, "tell", id="another version, and it differs"),
        pytest.param(TELL, Standing(100.0), FAR, 2, "tell", id="the same version, and it differs"),
        pytest.param(TELL, Standing(100.0), NEAR, 1, "see", id="another version, and it is near"),
        pytest.param(TELL, Standing(100.0), NEAR, None, "see", id="a version that is not known, and it is near"),
        pytest.param(TELL, Standing(100.0), NEAR, 2, "nothing", id="the same version, and it is near"),
        pytest.param(QUIET, Standing(100.0), FAR, 1, "move", id="quiet: another version, and it differs"),
        pytest.param(QUIET, Standing(100.0), NEAR, 1, "move", id="quiet: another version, and it is near"),
        pytest.param(QUIET, Standing(100.0), FAR, 2, "tell", id="quiet: the same version, and it differs"),
        pytest.param(QUIET, Standing(100.0), FAR, None, "tell", id="quiet: a version that is not known"),
        pytest.param(QUIET, Standing(100.0), NEAR, 2, "nothing", id="quiet: the same version, and it is near"),
        pytest.param(QUIET, None, FAR, 1, "tell", id="quiet: never told"),
    ],
)
def test_what_is_done_about_a_customer_whose_score_version_two_has_made(rule, told, new, compared_with, expected):
    assert treatment(rule, told, new, compared_with=compared_with, version=2) == expected


JUNE, JULY = dt.date(2024, 6, 30), dt.date(2024, 7, 31)
NOON = dt.datetime(2024, 7, 10, 12, tzinfo=dt.UTC)
MOMENT = dt.timedelta(microseconds=1)
END_OF_JUNE = dt.datetime(2024, 7, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("as_of", "event_time", "new_as_of", "new_event_time", "expected"),
    [
        pytest.param(JUNE, None, JULY, None, False, id="a batch after a batch"),
        pytest.param(JULY, None, JUNE, None, False, id="of an older batch the last announced date says so"),
        pytest.param(NOON.date(), NOON, JUNE, None, True, id="a batch that ends before the update"),
        pytest.param(NOON.date(), NOON, JULY, None, False, id="a batch that knows the update"),
        pytest.param(END_OF_JUNE.date(), END_OF_JUNE, JUNE, None, True, id="an update just after the batch"),
        pytest.param(JUNE, END_OF_JUNE - MOMENT, JUNE, None, False, id="an update at the end of the batch"),
        pytest.param(JUNE, None, NOON.date(), NOON, False, id="an update after the batch"),
        pytest.param(JULY, None, NOON.date(), NOON, True, id="an update that the batch knows"),
        pytest.param(NOON.date(), NOON, NOON.date(), NOON, False, id="an update at the same moment comes later"),
        pytest.param(NOON.date(), NOON, NOON.date(), NOON - MOMENT, True, id="an older update"),
        pytest.param(NOON.date(), NOON, NOON.date(), NOON + MOMENT, False, id="a newer update"),
    ],
)
def test_nobody_is_told_backwards(as_of, event_time, new_as_of, new_event_time, expected):
    assert told_of_newer(as_of, event_time, new_as_of=new_as_of, new_event_time=new_event_time) is expected
