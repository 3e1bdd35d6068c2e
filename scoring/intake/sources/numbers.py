"""Which values a ``number`` column takes: one rule for text, integers and floats, whatever the source.

The value must fit a float64: finite, not rounded to 0, and exact if it is written as an integer. What is written with
a point or an exponent becomes the nearest float64.
"""

import math
import re
from decimal import Decimal

from scoring.domain.numbers import EXACT

SHORTEST_VANISHING = len("1e-324")  # the shortest text of a number that is not 0 but becomes 0 as a float64

WHOLE = r"^(-?[0-9]+)\.0+$"  # an integer may be written so (19.0): no digit is lost

NO_NUMBER = "is not a number"
NOT_FINITE = "is not a finite number"
TOO_LARGE = "is too large for a 64-bit number"
TOO_SMALL = "is too small for a 64-bit number, which would make it 0"
INEXACT = f"is not exact as a 64-bit number, which holds each integer up to {EXACT:,} and only some beyond"

_NUMBER = re.compile(r"[+-]?(?P<mantissa>[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_ZERO = re.compile("[1-9]")
_INTEGER = re.compile(r"[+-]?0*(?P<digits>[0-9]*)")
_MOST_DIGITS = 309  # the largest float64 has this many
_WORDS = frozenset({"nan", "inf", "infinity"})


def number_flaw(value: object) -> str | None:
    """Why a ``number`` column does not take the value (a cell's text, int, Decimal or float); None if it does."""
    if isinstance(value, str | Decimal):
        return _flaw_of_text(str(value))
    if isinstance(value, int):
        return _flaw_of_integer(value)
    if isinstance(value, float):
        return None if math.isfinite(value) else NOT_FINITE
    return NO_NUMBER


def _flaw_of_text(text: str) -> str | None:
    found = _NUMBER.fullmatch(text)
    if not found:
        return NOT_FINITE if text.lstrip("+-").lower() in _WORDS else NO_NUMBER
    integer = _INTEGER.fullmatch(text)
    if integer:
        digits = integer["digits"]
        return TOO_LARGE if len(digits) > _MOST_DIGITS else _flaw_of_integer(int(digits or "0"))
    number = float(text)
    if math.isinf(number):
        return TOO_LARGE
    return TOO_SMALL if number == 0 and _NOT_ZERO.search(found["mantissa"]) else None


def _flaw_of_integer(number: int) -> str | None:
    try:
        return None if float(number) == number else INEXACT
    except OverflowError:
        return TOO_LARGE
