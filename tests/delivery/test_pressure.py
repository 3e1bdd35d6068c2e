"""When an endpoint is held or switched off."""

import datetime as dt

import pytest

from scoring.delivery.pressure import Answered, Pressure, pressure

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(hours=24)
NONE, HELD, OFF = Pressure(), Pressure(MINUTE), Pressure(disable=True)

TABLE = [
    # the latest answers, the newest last; a status, or a status and what Retry-After asks for
    ([204], NONE, "it works"),
    ([None], NONE, "one answer is missing"),
    ([None] * 4, NONE, "four in a row: a moment of trouble"),
    ([None] * 5, HELD, "five in a row: it is out of reach"),
    ([502] * 5, HELD, "a gateway without the CRM behind it"),
    ([503] * 5, HELD, "it is not available"),
    ([504] * 5, HELD, "it does not answer its gateway"),
    ([None, 502, 503, 504, None], HELD, "in any mixture"),
    ([None, None, None, None, 204], NONE, "it is back"),
    ([None, None, None, None, 204, None], NONE, "a success begins the count anew"),
    ([None] * 4 + [204] + [None] * 4, NONE, "and four after it are not five"),
    ([204] + [None] * 5, HELD, "five after a success are"),
    ([None, None, 500, None, None], NONE, "500 is an answer of the CRM itself"),
    ([500] * 9, NONE, "however often"),
    ([None, None, 429, None, None], NONE, "so is 429"),
    ([(429, HOUR)], Pressure(HOUR), "too fast: everything waits as asked"),
    ([(503, HOUR)], Pressure(HOUR), "maintenance: everything waits as asked"),
    ([(500, HOUR)], NONE, "Retry-After means nothing with 500"),
    ([(204, HOUR)], NONE, "nor with a success"),
    ([(503, HOUR), 204], NONE, "only the newest answer asks"),
    ([None, None, None, None, (503, DAY)], Pressure(DAY), "the longer of two holds"),
    ([None, None, None, None, (503, MINUTE / 2)], HELD, "the longer of two holds"),
    ([410], OFF, "it wants no more"),
    ([410, 204], NONE, "an answer that was under way meanwhile"),
    ([None] * 5 + [410], OFF, "out of reach before does not matter"),
]


@pytest.mark.parametrize(("answers", "expected", "why"), TABLE)
def test_what_answers_mean_for_the_endpoint(answers, expected, why):
    given = [Answered(*answer) if isinstance(answer, tuple) else Answered(answer) for answer in answers]
    assert pressure(given) == expected, why
