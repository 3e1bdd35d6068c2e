"""Which values a ``timestamp`` column takes: one rule for text and Arrow's timestamps, whatever the source.

A moment is kept in UTC to the microsecond. One without an offset is a local time of the column's time zone.
"""

import datetime as dt
import re

import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.dataset import Column

TIMESTAMP = pa.timestamp("us", "UTC")
EXAMPLE = "2005-06-30T12:00:00+02:00"

_OFFSET = "Z|[+-][0-9]{2}(:?[0-9]{2})?"
_ISO = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]{{1,6}})?)?({_OFFSET})?$"
_ZONED = rf":[0-9]{{2}}(\.[0-9]+)?({_OFFSET})$"
_LONG_FRACTION = r"\.[0-9]{7,}"
_NO_DIGIT_LOST = r"(\.[0-9]{6})0+"
_FINER = re.compile(r"\.[0-9]{6}0*[1-9]")

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST = (dt.datetime.min.replace(tzinfo=dt.UTC) - _EPOCH) // dt.timedelta(microseconds=1)
_LAST = (dt.datetime.max.replace(tzinfo=dt.UTC) - _EPOCH) // dt.timedelta(microseconds=1)

NO_MOMENT = ("is not a timestamp of the years 1 to 9999", f"Write timestamps like {EXAMPLE}.")
NO_ZONE = ("has no time zone", f"Write its offset ({EXAMPLE}), or set the column's time_zone in the definition.")
TOO_FINE = ("is finer than a microsecond", "Round it where it is made; no digit is dropped here.")


def moments_of_text(cells: pa.Array, column: Column) -> pa.Array:
    """ISO 8601 as moments (:data:`TIMESTAMP`); ValueError if any cell is none, or is local and has no time zone."""
    if pc.any(pc.match_substring_regex(cells, _LONG_FRACTION)).as_py():
        cells = pc.replace_substring_regex(cells, _NO_DIGIT_LOST, r"\1")
    if pc.all(pc.match_substring_regex(cells, _ISO)).as_py() is False:
        raise ValueError("not ISO 8601")
    zoned = pc.match_substring_regex(cells, _ZONED)
    moments = pc.cast(pc.if_else(zoned, cells, None), TIMESTAMP)
    if moments.null_count > cells.null_count:
        local = pc.cast(pc.if_else(zoned, None, cells), pa.timestamp("us"))
        moments = pc.coalesce(moments, _of_local(local, column))
    return _in_calendar(moments)


def moments_of_arrow(cells: pa.Array, column: Column) -> pa.Array:
    """Arrow's timestamps as moments (:data:`TIMESTAMP`); ValueError as in :func:`moments_of_text`."""
    if pa.types.is_null(cells.type):
        return pc.cast(cells, TIMESTAMP)
    exact = pc.cast(cells, pa.timestamp("us", cells.type.tz))
    return _in_calendar(pc.cast(exact, TIMESTAMP) if cells.type.tz else _of_local(exact, column))


def moment_flaw(value: object, column: Column) -> tuple[str, str]:
    """Why a ``timestamp`` column does not take the value (a cell's text, or a datetime), and the remedy."""
    text = value.isoformat() if isinstance(value, dt.datetime) else str(value)
    if _FINER.search(text):
        return TOO_FINE
    local = None if re.search(_ZONED, text) or not re.search(_ISO, text) else _local(text)
    if local is None:
        return NO_MOMENT
    return NO_ZONE if column.time_zone is None else _flaw_of_local(local, column.time_zone)


def _local(text: str) -> pa.Array | None:
    try:
        return pc.cast(pa.array([text]), pa.timestamp("us"))
    except ValueError:
        return None


def _flaw_of_local(time: pa.Array, zone: str) -> tuple[str, str]:
    remedy = f"Write it with its offset ({EXAMPLE})."
    try:
        early = pc.assume_timezone(time, zone, ambiguous="earliest")
    except ValueError:
        return f"is a time that never was in {zone}, where clocks were set forward", remedy
    if early != pc.assume_timezone(time, zone, ambiguous="latest"):
        return f"is a time that was twice in {zone}, where clocks were set back", remedy
    return NO_MOMENT


def _of_local(times: pa.Array, column: Column) -> pa.Array:
    if column.time_zone is None:
        raise ValueError("a local time without a time zone")
    return pc.cast(pc.assume_timezone(times, column.time_zone), TIMESTAMP)  # raises where clocks were set


def _in_calendar(moments: pa.Array) -> pa.Array:
    """The moments, if all lie in the years 1 to 9999 (UTC), as Python's must; Arrow's range is wider."""
    span = pc.min_max(moments)
    if span["min"].is_valid and not (span["min"].value >= _FIRST and span["max"].value <= _LAST):
        raise ValueError("outside of the calendar")
    return moments
