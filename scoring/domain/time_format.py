"""Formats of dates and times as ``strptime`` writes them, read strictly: one regular expression, no guess."""

import datetime as dt
import re
from dataclasses import dataclass

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
PIVOT = 69  # of %y, as POSIX has it: 69-99 are 1969-1999, 00-68 are 2000-2068

# The digits that a field has if it touches another one (%Y%m%d), and if it does not (%d.%m.%Y reads 1.6.2005, too).
_FIELDS = {
    "Y": ("[0-9]{4}", "[0-9]{4}"),
    "y": ("[0-9]{2}", "[0-9]{2}"),
    "m": ("[0-9]{2}", "[0-9]{1,2}"),
    "b": ("[A-Za-z]{3}", "[A-Za-z]{3}"),
    "d": ("[0-9]{2}", "[0-9]{1,2}"),
    "H": ("[0-9]{2}", "[0-9]{1,2}"),
    "I": ("[0-9]{2}", "[0-9]{1,2}"),
    "p": ("[AaPp][Mm]", "[AaPp][Mm]"),
    "M": ("[0-9]{2}", "[0-9]{1,2}"),
    "S": ("[0-9]{2}", "[0-9]{1,2}"),
    "f": ("[0-9]{1,6}", "[0-9]{1,6}"),
    "z": ("Z|[+-][0-9]{2}:?[0-9]{2}", "Z|[+-][0-9]{2}:?[0-9]{2}"),
}
_DAY, _TIME = frozenset("Yymbd"), frozenset("HIpMSfz")
_PARTS = re.compile(r"%(?P<field>.)|(?P<text>[^%]+)|(?P<wrong>%)", re.DOTALL)
_EXAMPLE = dt.datetime(2005, 6, 30, 17, 5, 0, 250_000, dt.UTC)


@dataclass(frozen=True)
class TimeFormat:
    """A format that can be read: ``pattern`` has one named group for each of ``fields``, and matches a whole cell."""

    text: str
    pattern: str
    fields: tuple[str, ...]

    @property
    def example(self) -> str:
        """How it writes the 30th of June 2005, five past five in the afternoon."""
        shown = {"b": "Jun", "p": "PM", "z": "+00:00"}
        return re.sub("%(.)", lambda part: shown.get(part[1]) or _EXAMPLE.strftime(part[0]), self.text)


def time_format(text: str, *, with_time: bool) -> TimeFormat:
    """The format that ``text`` means: of dates, or ``with_time`` of timestamps.

    Fields are %Y (four digits), %y (two, 1969 to 2068), %m, %b (Jan to Dec in English), %d, %H, %I with %p, %M, %S, %f
    (1-6 digits) and %z (Z or an offset); all else stands for itself. %% is a percent sign. A field of two digits may
    have one where no other field touches it.

    Raises
    ------
    ValueError
        If a field is not known, stands twice or is missing.
    """
    parts = list(_PARTS.finditer(text))
    pieces, fields = [], []
    for at, part in enumerate(parts):
        field = part["field"]
        if part["wrong"] or (field and field != "%" and field not in _FIELDS):
            raise ValueError(f"{text!r}: {part[0]} is not known; known are {', '.join('%' + one for one in _FIELDS)}")
        if not field or field == "%":
            pieces.append(re.escape(part["text"] or "%"))
            continue
        if field in fields:
            raise ValueError(f"{text!r}: %{field} stands there twice")
        touched = any((parts[near]["field"] or "%") != "%" for near in (at - 1, at + 1) if 0 <= near < len(parts))
        pieces.append(f"(?P<{field}>{_FIELDS[field][not touched]})")
        fields.append(field)
    flaw = _flaw(set(fields), with_time=with_time)
    if flaw:
        raise ValueError(f"{text!r}: {flaw}")
    return TimeFormat(text, f"^(?:{''.join(pieces)})$", tuple(fields))


def _flaw(fields: set[str], *, with_time: bool) -> str | None:
    for choice in ("Yy", "mb", "d"):
        if len(fields.intersection(choice)) != 1:
            return "a day needs one of %Y and %y, one of %m and %b, and %d"
    if not with_time:
        return f"a date has no %{min(fields & _TIME)}" if fields & _TIME else None
    if {"H", "I"} <= fields or ("I" in fields) != ("p" in fields):
        return "an hour is %H, or %I with %p"
    for field, needed in (("f", "S"), ("S", "M")):
        if field in fields and needed not in fields:
            return f"%{field} needs %{needed}"
    return "%M needs %H, or %I with %p" if "M" in fields and not fields & {"H", "I"} else None
