"""Arrow columns reach the rules without losing what a rule can see."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from scoring.intake.expectations.frames import texts, to_frame


def frame_of(values: list, kind: pa.DataType, *, in_pairs: bool = False) -> pd.Series:
    return to_frame(pa.table({"x": pa.array(values, kind)}), ["x"], in_pairs=in_pairs)["x"]


def test_the_index_is_the_position_of_the_row() -> None:
    frame = to_frame(pa.table({"x": [7, 8], "y": ["a", "b"]}), ["y"])
    assert list(frame.index) == [0, 1]
    assert list(frame.columns) == ["y"]


def test_integers_stay_integers_as_long_as_none_is_null() -> None:
    assert frame_of([1, 2**62], pa.int64()).dtype == "int64"


def test_nullable_integers_are_exact_however_large() -> None:
    assert frame_of([2**53, None], pa.int64()).tolist()[0] == 2**53
    assert int(frame_of([2**53 + 1, None], pa.int64()).iloc[0]) == 2**53 + 1
    assert int(frame_of([-(2**62) - 1, None], pa.int64()).iloc[0]) == -(2**62) - 1
    assert frame_of([None], pa.int64()).isna().all()


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=3))
def test_a_decimal_becomes_the_float_that_python_reads_from_it(value: Decimal) -> None:
    assert frame_of([value], pa.decimal128(18, 3)).iloc[0] == float(value)


def test_dates_of_any_year_are_kept() -> None:
    dates = [dt.date(1, 1, 1), None, dt.date(9999, 12, 31)]
    assert frame_of(dates, pa.date32()).iloc[[0, 2]].tolist() == [dates[0], dates[2]]
    assert frame_of(dates, pa.date32(), in_pairs=True).iloc[2] == pd.Timestamp("9999-12-31")


def test_timestamps_of_any_year_are_kept_in_utc() -> None:
    moments = [dt.datetime(1, 1, 1, 0, 0, 0, 1, dt.UTC), None, dt.datetime(9999, 12, 31, 23, 59, tzinfo=dt.UTC)]
    frame = frame_of(moments, pa.timestamp("us", "UTC"))
    assert frame.isna().tolist() == [False, True, False]
    assert [one.tz_localize("UTC").to_pydatetime() for one in frame.iloc[[0, 2]]] == [moments[0], moments[2]]


def test_values_are_shown_as_a_person_reads_them() -> None:
    data = pa.record_batch(
        {
            "text": pa.array(["007", None]),
            "yes": pa.array([True, False]),
            "day": pa.array([dt.date(2005, 6, 30), None]),
            "amount": pa.array([Decimal("1.50"), None], pa.decimal128(9, 2)),
        }
    )
    assert texts(data, ["text"], np.array([1, 0])) == [None, "007"]
    assert texts(data, ["yes"], np.array([0])) == ["true"]
    assert texts(data, ["day", "amount"], np.array([0, 1])) == ["2005-06-30, 1.50", "null, null"]
