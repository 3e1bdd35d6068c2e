"""Dates of partitions: which as_of holds the outcomes of an earlier one, and which is probably a typing error."""

import calendar
import datetime as dt

from croniter import croniter

from scoring.errors import PermanentError

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


def last_ticks(
    schedule: str, until: dt.datetime, *, first: dt.date, last: dt.date | None, dates: int
) -> dict[dt.date, dt.datetime]:
    """The newest as_of dates of a schedule up to the moment ``until`` (aware), each with its first tick (UTC).

    Parameters
    ----------
    schedule
        A cron expression (UTC).
    first, last
        Its bounds, both included; ``last`` None if it has no end.
    dates
        The most dates to give.
    """
    end = until.astimezone(dt.UTC)
    if last is not None:
        end = min(end, dt.datetime.combine(last, dt.time.max, dt.UTC))
    backwards = croniter(schedule, end + dt.timedelta(microseconds=1))
    found: dict[dt.date, dt.datetime] = {}
    for _ in range(MOST_TICKS):
        tick = backwards.get_prev(dt.datetime)
        if tick.date() < first or (len(found) == dates and tick.date() not in found):
            break
        found[tick.date()] = tick
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
