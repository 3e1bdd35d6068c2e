"""Which partitions ``make run`` processes: the ticks of each data set's schedule between its bounds."""

import datetime as dt
from dataclasses import dataclass

from croniter import croniter

from scoring.catalog import Catalog
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score


@dataclass(frozen=True)
class Work:
    """A data set with its scores: the first date is for training, the others are scored."""

    data_set: DataSet
    scores: tuple[Score, ...]
    trained_as_of: dt.date
    as_ofs: tuple[dt.date, ...]


def ticks(data_set: DataSet) -> list[dt.date]:
    """The dates of the schedule from ``first_as_of`` to ``last_as_of``; empty without a schedule or a last date."""
    if data_set.schedule is None or data_set.last_as_of is None:
        return []
    return _dates(data_set.schedule, data_set.first_as_of, data_set.last_as_of)


def is_retrained(score: Score, as_of: dt.date) -> bool:
    """Whether the score's model is trained anew at a date, by its own schedule."""
    return score.learning.schedule is not None and bool(_dates(score.learning.schedule, as_of, as_of))


def _dates(schedule: str, first: dt.date, last: dt.date) -> list[dt.date]:
    begin = dt.datetime.combine(first, dt.time.min) - dt.timedelta(seconds=1)
    dates: list[dt.date] = []
    for tick in croniter(schedule, begin).all_next(dt.datetime):
        if tick.date() > last:
            return dates
        dates.append(tick.date())
    return dates


def work_of(catalog: Catalog) -> list[Work]:
    """All work of ``run``. Data sets with fewer than two dates or without scores are left to ``up`` and the UI."""
    found = []
    for data_set in catalog.data_sets.values():
        dates, scores = ticks(data_set), catalog.scores_of(data_set.name)
        if len(dates) > 1 and scores:
            found.append(Work(data_set, scores, dates[0], tuple(dates[1:])))
    return found
