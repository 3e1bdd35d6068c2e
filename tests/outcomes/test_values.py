"""Which values can be outcomes, and what is said of the others."""

import datetime as dt
import math

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.domain.dataset import Column
from scoring.outcomes.values import (
    NO_DATE,
    NO_VALUE,
    TOO_EARLY,
    TOO_LATE,
    cast_or_null,
    judge,
    judge_dates,
    judge_times,
    judge_typed,
    since_2000,
)

AS_OF = dt.date(2024, 6, 30)
NUMBER = Column(name="spend", type="number")
INTEGER = Column(name="visits", type="integer")
DECIMAL = Column(name="balance", type="decimal", precision=6, scale=2)
BOOLEAN = Column(name="active", type="boolean")
CATEGORY = Column(name="plan", type="category", values=("free", "paid"))

INEXACT = (
    "impossible value: it is not exact as a 64-bit number, which holds each integer up to 9,007,199,254,740,992 and "
    "only some beyond"
)
CASES = [
    (NUMBER, "1.5", 1.5, None),
    (NUMBER, "-0.25", -0.25, None),
    (NUMBER, "1e3", 1000.0, None),
    (NUMBER, None, None, NO_VALUE),
    (NUMBER, "", None, "impossible value: it is not a number"),
    (NUMBER, "nan", None, "impossible value: it is not a finite number"),
    (NUMBER, "1e999", None, "impossible value: it is too large for a 64-bit number"),
    (NUMBER, "9007199254740993", None, INEXACT),
    (INTEGER, "7", 7.0, None),
    (INTEGER, "7.0", 7.0, None),
    (INTEGER, "7.5", None, "impossible value: it is not a whole number"),
    (INTEGER, "9007199254740992", 2.0**53, None),
    (INTEGER, "9007199254740993", None, INEXACT),
    (INTEGER, "-9007199254740993", None, INEXACT),
    (INTEGER, "99999999999999999999", None, "impossible value: it does not fit into a 64-bit integer"),
    (DECIMAL, "12.34", 12.34, None),
    (
        DECIMAL,
        "12.345",
        None,
        "impossible value: it is not a decimal of at most 6 digits, 2 of them after the point",
    ),
    (BOOLEAN, "True", 1.0, None),
    (BOOLEAN, "false", 0.0, None),
    (BOOLEAN, "1", None, "impossible value: it is not a boolean"),
    (CATEGORY, "paid", 1.0, None),
    (CATEGORY, None, None, NO_VALUE),
    (CATEGORY, "gold", None, "impossible value: it is not one of free, paid"),
]


@pytest.mark.parametrize(("column", "written", "value", "flaw"), CASES)
def test_a_value_is_judged_by_the_type_of_its_column_whatever_stands_around_it(column, written, value, flaw):
    around = [other for of, other, _, _ in CASES if of is column]
    judged = judge(pa.array([*around, written, *around], pa.string()), column, None)
    assert (judged.values[len(around)].as_py(), judged.flaws[len(around)].as_py()) == (value, flaw)


@pytest.mark.parametrize(
    ("written", "flaw"), [("-0.01", "impossible value: it is below the minimum, 0.0"), ("0", None), ("-0", None)]
)
def test_a_value_below_the_minimum_is_impossible(written, flaw):
    judged = judge(pa.array([written]), NUMBER, 0.0)
    assert judged.flaws[0].as_py() == flaw
    assert judged.values[0].is_valid == (flaw is None)


def test_values_that_have_their_type_are_judged_as_if_they_were_written():
    typed = judge_typed(pa.array([1.0, None, math.nan, -1.0]), NUMBER, 0.0)
    assert typed.values.to_pylist() == [1.0, None, None, None]
    assert typed.flaws.to_pylist() == [None, NO_VALUE, NO_VALUE, "impossible value: it is below the minimum, 0.0"]
    assert judge_typed(pa.array([True, None]), BOOLEAN, None).values.to_pylist() == [1.0, None]
    assert judge_typed(pa.array([2**53, 2**53 + 1]), INTEGER, None).flaws.to_pylist() == [None, INEXACT]


def test_of_two_flaws_the_first_is_told():
    judged = judge_typed(pa.array([-(2**53) - 1]), INTEGER, 0.0)
    assert (judged.values.to_pylist(), judged.flaws.to_pylist()) == ([None], [INEXACT])


@given(st.lists(st.sampled_from(["1", "2.5", "x", "y", None, "nan"])))
def test_each_value_is_judged_by_itself(written):
    judged = judge(pa.array(written, pa.string()), NUMBER, None)
    alone = [judge(pa.array([one], pa.string()), NUMBER, None) for one in written]
    assert judged.values.to_pylist() == [one.values[0].as_py() for one in alone]
    assert judged.flaws.to_pylist() == [one.flaws[0].as_py() for one in alone]


def utc(*arguments):
    return dt.datetime(*arguments, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("written", "time", "flaw"),
    [
        ("2024-07-01", utc(2024, 7, 1), None),
        ("2024-06-30", utc(2024, 6, 30), None),
        ("2024-06-29 23:59:59", None, TOO_EARLY),
        ("2024-06-30T01:00:00+02:00", None, TOO_EARLY),
        ("2024-07-01T12:00:00", utc(2024, 7, 1, 12), None),
        ("2024-07-01 12:00:00-03", utc(2024, 7, 1, 15), None),
        ("2024-07-01T12:00:00.123456789Z", utc(2024, 7, 1, 12, 0, 0, 123456), None),
        ("2024-08-02T12:00:00Z", utc(2024, 8, 2, 12), None),
        ("2024-08-02T12:00:01Z", None, TOO_LATE),
        ("9999-12-31T23:59:59-12:00", None, TOO_LATE),
        ("01.07.2024", None, NO_DATE),
        ("2024-07-32", None, NO_DATE),
        (None, None, None),
    ],
)
def test_a_time_of_observation_is_a_date_or_a_timestamp_from_the_cohort_to_a_day_from_now(written, time, flaw):
    judged = judge_times(pa.array(["2024-07-05", written, "x"], pa.string()), AS_OF, utc(2024, 8, 1, 12))
    assert (judged.values[1].as_py(), judged.flaws[1].as_py()) == (time, flaw)
    assert judged.flaws.to_pylist()[::2] == [None, NO_DATE]


def test_dates_of_cohorts_are_dates():
    judged = judge_dates(pa.array(["2024-06-30", None, "June"]), "no date")
    assert judged.values.to_pylist() == [AS_OF, None, None]
    assert judged.flaws.to_pylist() == [None, "no date", "no date"]


def test_a_wrong_word_is_looked_at_once_however_often_it_stands_there():
    asked = []

    def cast(cells):
        asked.append(len(cells))
        return cells.cast(pa.int64())

    cells = pa.array(["1", "x", "3"] * 10_000)
    assert cast_or_null(cells, cast).to_pylist() == [1, None, 3] * 10_000
    assert sum(asked[1:]) < 20


def test_dates_and_times_are_counted_from_the_year_2000():
    assert since_2000(pa.array([dt.date(2000, 1, 2), None])).to_pylist() == [1, None]
    times = pa.array([utc(2000, 1, 1), utc(1999, 12, 31, 23, 59, 59)], pa.timestamp("us", "UTC"))
    assert since_2000(times).to_pylist() == [0, -1_000_000]
