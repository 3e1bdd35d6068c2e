"""Dates of partitions: which as_of holds the outcomes of an earlier one, and which is probably a typing error."""

import calendar
import datetime as dt
from collections.abc import Collection
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterBadDateError, croniter

from scoring.errors import PermanentError

LARGEST_JUMP = dt.timedelta(hours=3)  # of the clocks of a zone, but for a change of sides of the date line
MOST_TICKS = 5_000  # of a schedule by the minute, these are three days


class DateNotConfirmed(PermanentError):
    """An as_of is probably a typing error, and nobody has confirmed it."""


def checked_cron(schedule: str) -> str:
    """The cron expression itself.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not croniter.is_valid(schedule):
        raise ValueError(f"{schedule!r} is not a cron expression, e.g. '0 6 L * *'")
    return schedule


def months_after(as_of: dt.date, months: int) -> dt.date:
    """The date ``months`` later; the last day of a month stays the last day of a month."""
    index = as_of.year * 12 + as_of.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    is_last = as_of.day == calendar.monthrange(as_of.year, as_of.month)[1]
    return dt.date(year, month + 1, last if is_last else min(as_of.day, last))


def checked_zone(zone: str) -> str:
    """The name of a time zone itself.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{zone!r} is not a time zone, e.g. 'Europe/Madrid' or 'UTC'") from None
    return zone


def last_ticks(
    schedule: str, until: dt.datetime, *, first: dt.date, last: dt.date | None, dates: int, zone: str = "UTC"
) -> dict[dt.date, dt.datetime]:
    """The newest as_of dates of a schedule up to the moment ``until`` (aware), each with its first tick (UTC).

    Parameters
    ----------
    schedule
        A cron expression, by the clocks of ``zone``; so are the dates.
    first, last
        Its bounds, both included; ``last`` None if it has no end.
    dates
        The most dates to give.
    zone
        A time zone. A tick that clocks jump over comes as much later as they jump; of a time that comes twice, the
        second one counts, as in Airflow.
    """
    here = ZoneInfo(zone)
    end = until.astimezone(here)
    if last is not None:
        end = min(end, dt.datetime.combine(last, dt.time.max, here))
    backwards = croniter(schedule, end.replace(tzinfo=None, fold=0) + LARGEST_JUMP)
    found: dict[dt.date, dt.datetime] = {}
    for _ in range(MOST_TICKS):
        clock = backwards.get_prev(dt.datetime)
        tick = _moment(clock, here)
        if tick > end:
            continue
        if clock.date() < first or (len(found) == dates and clock.date() not in found):
            break
        found[clock.date()] = tick
    return found


def _moment(clock: dt.datetime, here: ZoneInfo) -> dt.datetime:
    """When clocks show this time: the later one, if it comes twice or never."""
    return max(clock.replace(tzinfo=here, fold=fold).astimezone(dt.UTC) for fold in (0, 1))


def next_tick(schedule: str, after: dt.datetime) -> dt.datetime:
    """The first tick (UTC) of a cron expression later than a moment (aware)."""
    tick: dt.datetime = croniter(schedule, after.astimezone(dt.UTC)).get_next(dt.datetime)
    return tick


def previous_dates(
    schedule: str | None, as_of: dt.date, *, count: int, first: dt.date, known: Collection[dt.date] = ()
) -> list[dt.date]:
    """The ``count`` dates of a data set before ``as_of``, the newest first; fewer where there are no more.

    Parameters
    ----------
    schedule
        A cron expression: the dates are those that clocks show at its ticks, whatever their time zone, and whether
        there is a snapshot or not. Without one they are the ``known`` dates.
    first
        The first date of the schedule, included.
    known
        Dates that have a snapshot.
    """
    if schedule is None:
        return sorted((date for date in set(known) if date < as_of), reverse=True)[:count]
    found: list[dt.date] = []
    while len(found) < count:
        before = dt.datetime.combine(found[-1] if found else as_of, dt.time())
        try:
            tick = croniter(schedule, before).get_prev(dt.datetime)
        except (CroniterBadDateError, OverflowError, ValueError):  # no tick in the fifty years before
            break
        if tick.date() < first:
            break
        found.append(tick.date())
    return found


def doubt(as_of: dt.date, *, today: dt.date, first: dt.date, last: dt.date | None) -> str | None:
    """Why ``as_of`` is probably a typing error, in one sentence; None if it is plausible.

    A date that is too late also does harm: the CRM is told nothing of any date before the last announced one.

    Parameters
    ----------
    today
        The current date (UTC); itself plausible.
    first, last
        The bounds of the data set's schedule, both included; ``last`` None if it has no end.
    """
    if as_of > today:
        return f"{as_of} is after today, {today}."
    if as_of < first:
        return f"{as_of} is before the first date of the data set, {first}."
    if last is not None and as_of > last:
        return f"{as_of} is after the last date of the data set, {last}."
    return None


def require_plausible(as_of: dt.date, *, today: dt.date, first: dt.date, last: dt.date | None, confirmed: bool) -> None:
    """Refuse a date that is probably a typing error (see :func:`doubt`) and that nobody has confirmed.

    Raises
    ------
    DateNotConfirmed
        If the date is refused; says why, and how to confirm it.
    """
    reason = doubt(as_of, today=today, first=first, last=last)
    if reason and not confirmed:
        raise DateNotConfirmed(
            reason,
            remedy="give the right date, or confirm this one with `--confirm-date`.",
            in_airflow="trigger the DAG again with the right date, or tick *Confirm the date* in the form.",
        )
