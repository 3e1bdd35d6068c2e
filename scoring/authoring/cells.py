"""What the cells of a column are, by their texts: numbers, dates, times, yes and no, or text. Pure."""

import datetime as dt
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

NULL_WORDS = ("", "NA", "N/A", "n/a", "na", "NULL", "null", "None", "none", "NaN", "nan", "-", "--", "?", ".", "#N/A")
YES_NO = (
    ("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("ja", "nein"), ("sí", "no"), ("si", "no"), ("s", "n"),
    ("oui", "non"),
)  # fmt: skip
DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%d.%m.%y", "%Y%m%d")
ISO = DATES[0]
# Decimal and thousands marks, the likelier ones first.
MARKS = ((".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "\N{NO-BREAK SPACE}"))
YEARS = range(1900, 2101)  # eight digits outside of these are a number

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(?P<zone>Z|[+-]\d\d:?\d\d)?")
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")
INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True)
class Marks:
    """How numbers are written."""

    decimal: str = "."
    thousands: str = ""

    def plain(self, text: str) -> str | None:
        """A number in Python's spelling; None if the text is none by these marks."""
        if self.thousands:
            text = _without(text, self)
        if self.decimal != ".":
            if "." in text:
                return None
            text = text.replace(self.decimal, ".")
        return text if _PLAIN.fullmatch(text) else None


def _without(text: str, marks: Marks) -> str:
    """The text without its thousands marks, where each stands before three digits; else as it is."""
    mark, decimal = re.escape(marks.thousands), re.escape(marks.decimal)
    grouped = re.fullmatch(rf"([+-]?\d{{1,3}})((?:{mark}\d{{3}})+)({decimal}\d*)?", text)
    return text.replace(marks.thousands, "") if grouped else text


def marks_of(columns: Iterable[Collection[str]]) -> Marks:
    """The marks by which most columns (their distinct texts) are numbers; a point if nothing speaks for another.

    Columns of whole numbers without any mark speak for nobody.
    """
    telling = [
        [text for text in column if text not in NULL_WORDS]
        for column in columns
        if any(not _WHOLE.fullmatch(text) for text in column if text not in NULL_WORDS)
    ]
    best, most = Marks(), 0
    for decimal, thousands in MARKS:
        marks = Marks(decimal, thousands)
        count = sum(bool(column) and all(marks.plain(text) is not None for text in column) for column in telling)
        if count > most:
            best, most = marks, count
    return best


def null_words(texts: Collection[str]) -> tuple[str, ...]:
    """The words among distinct texts that usually mean that there is no value; always with the empty one."""
    return ("", *(word for word in NULL_WORDS if word and word in texts))


def yes_no(texts: Collection[str]) -> tuple[str, str] | None:
    """The words for yes and no, as they are written, if these texts are only such; None else."""
    for yes, no in YES_NO:
        folded = {text.lower(): text for text in texts}
        if texts and set(folded) <= {yes, no} and len(folded) == len(texts):
            return folded.get(yes, yes), folded.get(no, no)
    return None


def date_formats(texts: Sequence[str]) -> list[str]:
    """The formats by which all these texts are dates, the likeliest first."""
    return [form for form in DATES if texts and all(_is_date(text, form) for text in texts)]


def _is_date(text: str, form: str) -> bool:
    if not 6 <= len(text) <= 10:  # noqa: PLR2004 - 1.1.05 and 2005-06-30
        return False
    try:
        found = dt.datetime.strptime(text, form)  # noqa: DTZ007 - a date has no zone
    except ValueError:
        return False
    padded = form in (ISO, "%Y%m%d")
    return found.year in YEARS and (not padded or found.strftime(form) == text)


def times(texts: Sequence[str]) -> bool | None:
    """Whether all these texts are moments in ISO 8601: True with a zone each, False without one; None if not."""
    found = [_TIME.fullmatch(text) for text in texts]
    if not texts or None in found:
        return None
    return all(one is not None and one["zone"] is not None for one in found)


def has_leading_zeros(texts: Iterable[str]) -> bool:
    """Whether a text is of digits and begins with a zero that a number would lose."""
    return any(len(text) > 1 and text[0] == "0" and text.isdigit() for text in texts)
