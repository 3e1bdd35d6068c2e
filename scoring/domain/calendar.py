"""Dates of partitions: which as_of shows the outcome of another one."""

import calendar
import datetime as dt


def months_after(as_of: dt.date, months: int) -> dt.date:
    """The date ``months`` later; the last day of a month stays the last day of a month."""
    index = as_of.year * 12 + as_of.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    is_last = as_of.day == calendar.monthrange(as_of.year, as_of.month)[1]
    return dt.date(year, month + 1, last if is_last else min(as_of.day, last))
