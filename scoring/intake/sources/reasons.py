"""Why a cell does not fit its column, and what to do about it: pure, the same for all sources."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from scoring.domain.dataset import Column
from scoring.domain.numbers import EXACT
from scoring.intake.sources.moments import NO_MOMENT, moment_flaw
from scoring.intake.sources.numbers import INEXACT, NO_NUMBER, TOO_SMALL, WHOLE, number_flaw
from scoring.intake.sources.spelling import Speller

MAX_CELL_BYTES = 1_000_000
SHOWN_CHARACTERS = 80
NO_DATE, NO_BOOLEAN = "is not a date from 0001-01-01 to 9999-12-31", "is not a boolean"

# What people and programs write where a value is missing.
MISSING_WORDS = frozenset(
    {"", "n/a", "#n/a", "na", "nan", "null", "(null)", "none", "nil", "-", "--", "?", ".", "\\n", "missing", "unknown"}
    | {"undefined", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"}
)


@dataclass(frozen=True)
class Unfit:
    """Why a cell does not fit. Cells of one column with the same ``reason`` count as one kind of error."""

    reason: str
    problem: str
    remedy: str


def why_unfit(value: object, column: Column, *, limit: int, missing: str, speller: Speller | None = None) -> Unfit:
    """Why ``column`` does not take ``value``, the cell as its source has it (bytes if it is not in its encoding).

    ``limit`` is the most bytes that text may have. ``missing`` is the remedy for a word that means a missing value,
    such as N/A. ``speller`` is how a source that holds text spells values; others have none.
    """
    raw = value.encode(errors="surrogatepass") if isinstance(value, str) else value
    if isinstance(raw, bytes):
        if len(raw) > limit:
            return too_long(len(raw), limit)
        if b"\0" in raw:
            return contains_nul(value)
    if isinstance(value, bytes):
        return not_encoded(value, speller.encoding) if speller else not_utf8(value)
    if isinstance(value, str) and value != value.strip():
        return _unfit(value, "has spaces around the value", "Remove the spaces: a cell is exactly its value.")
    plain = value
    if speller and isinstance(value, str) and column.type not in ("text", "category"):
        plain = speller.plain_text(value, column)
    reason, remedy = _RULES[column.type](plain, column)
    if speller and reason in _MISSPELLED:
        remedy = speller.remedy(column)
    if str(value).lower() in MISSING_WORDS:
        remedy = f"If it stands for a missing value: {missing}."
    return _unfit(value, reason, remedy)


def short(value: object) -> str:
    """The first 80 characters of a value, quoted for a message."""
    text = value if isinstance(value, str | bytes) else str(value)
    return f"{text[:SHOWN_CHARACTERS]!r}" + ("..." if len(text) > SHOWN_CHARACTERS else "")


def too_long(size: int, limit: int = MAX_CELL_BYTES) -> Unfit:
    """Why a cell of ``size`` bytes does not fit where ``limit`` bytes are allowed."""
    what = "cell" if limit == MAX_CELL_BYTES else "key"
    return Unfit(
        "is too long",
        f"The {what} has {size:,} bytes; a {what} may have {limit:,}.",
        "Shorten it; if it should be short, look for a quotation mark that is never closed.",
    )


def not_utf8(cell: bytes) -> Unfit:
    """Why bytes that are not UTF-8 do not fit."""
    try:
        cell.decode()
    except UnicodeDecodeError as error:
        found = f" (byte 0x{cell[error.start]:02x})"
    else:
        found = ""
    return Unfit(
        "is not valid UTF-8",
        f"{short(cell)} is not valid UTF-8{found}.",
        "Save the file as UTF-8; it looks like Latin-1 or Windows-1252.",
    )


def not_encoded(cell: bytes, encoding: str) -> Unfit:
    """Why bytes that are not of a text file's encoding do not fit; they are those of its copy in UTF-8."""
    if encoding.startswith("utf-8"):
        why = not_utf8(cell)
        return Unfit(why.reason, why.problem, f'{why.remedy[:-1]}: name it in the source (encoding="cp1252").')
    try:
        cell.decode()
    except UnicodeDecodeError as error:
        found = f" (byte 0x{cell[error.start]:02x})" if encoding == "cp1252" else " (half a character)"
    else:
        found = ""
    reason = f"is not valid {encoding}"
    return Unfit(reason, f"{short(cell)} {reason}{found}.", "Correct the source's encoding, or the cell.")


def contains_nul(value: object) -> Unfit:
    """Why text with a NUL byte does not fit: PostgreSQL cannot store it."""
    return _unfit(value, "contains a NUL byte", "Remove the NUL bytes; was the file saved as UTF-16?")


def _unfit(value: object, reason: str, remedy: str) -> Unfit:
    return Unfit(reason, f"{short(value)} {reason}.", remedy)


def _text(_value: object, _column: Column) -> tuple[str, str]:
    return "is not text", "Deliver it as text."


def _integer(value: object, _column: Column) -> tuple[str, str]:
    if isinstance(value, float) and EXACT < abs(value) < math.inf:
        return INEXACT, "Write it as an integer."
    digits = re.sub(WHOLE, r"\1", str(value)).removeprefix("-")
    if digits.startswith("+") and digits[1:].isdigit():
        return "begins with a plus sign", "Write the digits alone, after a minus sign if it is negative."
    if digits.isascii() and digits.isdigit():
        return "does not fit into a 64-bit integer", "Correct the cell, or define the column as 'decimal' or 'text'."
    return "is not a whole number", "Correct the cell, or define the column as 'number'."


def _number(value: object, _column: Column) -> tuple[str, str]:
    reason = number_flaw(value) or NO_NUMBER
    if reason == INEXACT:
        return reason, "Define the column as 'decimal', as 'integer', or, if the digits are an identifier, as 'text'."
    if reason == TOO_SMALL:
        return reason, "Write 0, or digits that a 64-bit number can hold."
    return reason, "Write digits with a decimal point (1234.5)."


def _decimal(_value: object, column: Column) -> tuple[str, str]:
    return (
        f"is not a decimal of at most {column.precision} digits, {column.scale} of them after the point",
        "Correct the cell, or give the column more digits in the definition.",
    )


def _date(_value: object, _column: Column) -> tuple[str, str]:
    return NO_DATE, "Write dates like 2005-06-30."


def _timestamp(value: object, column: Column) -> tuple[str, str]:
    return moment_flaw(value, column)


def _boolean(_value: object, _column: Column) -> tuple[str, str]:
    return NO_BOOLEAN, "Write true or false."


# What may be a matter of spelling, so that the remedy speaks of the source's dialect.
_MISSPELLED = frozenset({NO_NUMBER, NO_DATE, NO_BOOLEAN, NO_MOMENT[0]})

_RULES: dict[str, Callable[[object, Column], tuple[str, str]]] = {
    "text": _text,
    "category": _text,
    "integer": _integer,
    "number": _number,
    "decimal": _decimal,
    "date": _date,
    "timestamp": _timestamp,
    "boolean": _boolean,
}
