"""Tries champion and challenger on the same held-out customers."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from scoring.database import Connection
from scoring.domain.dataset import DataSet
from scoring.domain.scale import band_of
from scoring.domain.score import Score
from scoring.learning.cohorts import Cohort, read
from scoring.learning.gate import Trial
from scoring.learning.paired import Gain, gain_of
from scoring.models.fitting import fitting_encoding
from scoring.models.registry import Registry
from scoring.models.scorer import Scorer
from scoring.models.tags import ModelRef
from scoring.monitoring.bins import cut_numbers
from scoring.monitoring.calibration import calibration
from scoring.monitoring.distance import jensen_shannon

Floats = NDArray[np.float64]

MOST = 200_000  # held-out customers on which versions are compared: a seeded sample of more
TIMED, TIMES = 20_000, 3  # customers whose scoring is timed, the best of so many times


@dataclass(frozen=True)
class HeldOut:
    """Customers with a known outcome from which neither version has learned.

    ``newest`` are the places (int64) in their snapshot of those of the newest cohort, who come last.
    """

    rows: pa.Table
    outcomes: Floats
    newest: NDArray[np.int64]


def held_out(connection: Connection, score: Score, data_set: DataSet, cohorts: Sequence[Cohort]) -> HeldOut:
    """The customers of some cohorts whose outcome was known, or a seeded sample of them."""
    columns = [*score.features, *score.learning.promotion.segments]
    share = max(1, MOST // len(cohorts))
    parts = [read(connection, score, data_set, one, columns=columns, most=share) for one in cohorts]
    rows, outcomes = pa.concat_tables([one.rows for one in parts]), np.concatenate([one.outcomes for one in parts])
    return HeldOut(rows, outcomes, parts[-1].places)


def scorer_of(registry: Registry, score: Score, data_set: DataSet, ref: ModelRef) -> Scorer:
    """The loaded model of a version."""
    encoding = fitting_encoding(ref, score, data_set)
    return Scorer(registry.load(ref, score.trusted_types), score, encoding, key=data_set.key, name=str(ref))


def compare(score: Score, data_set: DataSet, versions: tuple[Scorer, Scorer], held: HeldOut, size: int) -> Trial:
    """What champion and challenger do on the same customers; ``size`` is that of the challenger's file in bytes."""
    was, now = (one.values(held.rows) for one in versions)
    policy = score.learning.promotion
    segments = {
        f"{column}={value}": _gain(score, was, now, held.outcomes, inside)
        for column in policy.segments
        for value, inside in _values(data_set, column, held.rows)
    }
    return Trial(
        primary=_gain(score, was, now, held.outcomes, slice(None)),
        segments=segments,
        calibration=_calibration(score, was, now, held.outcomes),
        shift=_shift(was, now),
        band_changes=_band_changes(score, was, now),
        seconds=_seconds(versions, held.rows),
        size=size,
    )


def _gain(score: Score, was: Floats, now: Floats, outcomes: Floats, inside: NDArray[np.bool_] | slice) -> Gain:
    return gain_of(score.headline, was[inside], now[inside], outcomes[inside], threshold=score.monitoring.threshold)


def _values(data_set: DataSet, name: str, rows: pa.Table) -> list[tuple[str, NDArray[np.bool_]]]:
    column = data_set.column(name)
    names = column.values if column.type == "category" else ("false", "true")
    found = rows.column(name).cast(pa.string()).to_numpy(zero_copy_only=False)
    return [(value, found == value) for value in names]


def _calibration(score: Score, was: Floats, now: Floats, outcomes: Floats) -> tuple[float, float] | None:
    if score.kind == "regression":
        return None
    return calibration_error(score, was, outcomes), calibration_error(score, now, outcomes)


def calibration_error(score: Score, values: Floats, outcomes: Floats) -> float:
    """Mean distance of expected and observed rate over tenths of the customers, weighted by their number (0 to 1).

    Known as expected calibration error; Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated probabilities
    using Bayesian binning".
    """
    tenths = [group for group in calibration(score, values, outcomes) if group.grouping_by == "decile" and group.n]
    apart = [group.n * abs((group.expected or 0.0) - (group.observed or 0.0)) for group in tenths]
    return sum(apart) / max(1, sum(group.n for group in tenths))


def _shift(was: Floats, now: Floats) -> float:
    bins = cut_numbers(was)
    before, after = (bins.coarse(bins.count(pa.array(side))) for side in (was, now))
    return jensen_shannon(before, after)


def _band_changes(score: Score, was: Floats, now: Floats) -> float | None:
    before, after = band_of(score, was), band_of(score, now)
    return None if before is None or after is None else float((before != after).mean())


def _seconds(versions: tuple[Scorer, Scorer], rows: pa.Table) -> tuple[float, float]:
    """CPU seconds for the same customers on one core, the least of several times, taken in turns."""
    some, best = rows.slice(0, TIMED), [np.inf, np.inf]
    with threadpool_limits(1):
        for _ in range(TIMES):
            for place, one in enumerate(versions):
                began = time.process_time()
                one.values(some)
                best[place] = min(best[place], time.process_time() - began)
    return float(best[0]), float(best[1])
