"""The estimator's record: how often what happened lay inside the interval that was estimated before."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.page.trend import Point


@dataclass(frozen=True)
class Estimate:
    """An estimate of a cohort beside what happened."""

    as_of: dt.date
    estimated: float
    low: float
    high: float
    realised: float
    inside: bool


def record(points: Sequence[Point]) -> list[Estimate]:
    """The estimates of a trend that outcomes have judged, the oldest first; as in view ``estimate_record``.

    That view can only be asked for all scores and dates; here the figures are read already.
    """
    estimates = {point.as_of: point for point in points if point.kind == "estimated"}
    return [
        Estimate(
            happened.as_of, said.value, said.low, said.high, happened.value, said.low <= happened.value <= said.high
        )
        for happened in points
        if happened.kind == "realised" and happened.value is not None
        if (said := estimates.get(happened.as_of)) is not None
        if said.value is not None and said.low is not None and said.high is not None
        if _comparable(said, happened)
    ]


def _comparable(said: Point, happened: Point) -> bool:
    """Whether both figures mean the same: at one threshold, by the same positive outcomes (where that is recorded)."""
    same = said.at_least == happened.at_least or None in (said.at_least, happened.at_least)
    return same and said.threshold == happened.threshold
