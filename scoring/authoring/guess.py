"""What kind of column a list of texts is, with what is unsure about it. Pure."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from scoring.authoring.cells import (
    INT64,
    ISO,
    Marks,
    date_formats,
    has_leading_zeros,
    null_words,
    times,
    yes_no,
)
from scoring.domain.dataset import RESERVED, ColumnType
from scoring.domain.numbers import EXACT

MOST_CATEGORIES = 30
REPEATED = 5  # so often each value of a category must occur on average
MOSTLY = 0.9  # a share of numbers from which the others are probably mistakes or words for null
SHOWN = 3
LONGEST_NAME = 48  # of a score that predicts the column, too; a column alone could have 63 characters
PAIRED = 12  # columns among which a key of two is looked for

Pair = tuple[str, str]

_KEY_WORDS = re.compile(r"(^|_)(id|key|no|nr|number|code|uuid|account|kunde|cliente)(_|$)|id$")


@dataclass(frozen=True)
class Guess:
    """A column of a definition: ``source`` is its header; ``low`` and ``high`` are what was seen of a number."""

    name: str
    source: str
    type: ColumnType
    nullable: bool = False
    values: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()
    words: tuple[str, str] | None = None
    date_format: str | None = None
    zoned: bool = True
    low: float | None = None
    high: float | None = None
    precision: int = 18
    scale: int = 2
    unique: bool = False
    unsure: tuple[str, ...] = field(default=())


def names_of(headers: Sequence[str]) -> list[str]:
    """A name for each header that definitions, SQL and Python take; those that are alike get a number."""
    found: list[str] = []
    for place, header in enumerate(headers, 1):
        plain = unicodedata.normalize("NFKD", header).encode("ascii", "ignore").decode().lower()
        name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
        name = f"column_{name or place}" if not name or not name[0].isalpha() else name
        name = name[: LONGEST_NAME - 4].rstrip("_")
        number, free = 1, name
        while free in found or free in RESERVED:
            number += 1
            free = f"{name}_{number}"
        found.append(free)
    return found


def guess(name: str, source: str, texts: Sequence[str], marks: Marks) -> Guess:
    """The column that these cells are, by their texts; a null of a source that has such is an empty text."""
    often = Counter(texts)
    nulls = null_words(often)
    some = {text: count for text, count in often.items() if text not in nulls}
    missing = any(often[word] for word in nulls)
    found = _typed(name, source, some, marks) if some else None
    if found is None:
        found = _texts(name, source, {text: count for text, count in often.items() if text})
        missing = often[""] > 0  # in a text, the other words may be meant
    words = tuple(word for word in nulls if word and often[word] and found.type not in ("text", "category"))
    about = list(found.unsure)
    if words:
        about.append(f"{_quoted(words)} is taken for a missing value.")
    if not some:
        about.append("No row that was looked at has a value.")
    elif len(some) == 1 and len(texts) > 1 and not missing:
        about.append("Every row that was looked at has the same value.")
    unique = not missing and len(some) == len(texts)
    return replace(found, nullable=missing, nulls=("", *words), unsure=tuple(about), unique=unique)


def _typed(name: str, source: str, some: Mapping[str, int], marks: Marks) -> Guess | None:
    """A column of another type than text or category; None if it is none."""
    texts = list(some)
    words = yes_no(texts)
    if words is not None:
        return Guess(name, source, "boolean", words=words)
    zoned = times(texts)
    if zoned is not None:
        why = () if zoned else ("Its times have no zone; UTC is assumed.",)
        return Guess(name, source, "timestamp", zoned=zoned, unsure=why)
    formats = date_formats(texts)
    if formats:
        doubts = [f"{_quoted(texts[:1])} may also be read as {_quoted(formats[1:])}."] if len(formats) > 1 else []
        if formats[0] == "%Y%m%d":
            doubts.append("Its eight digits may also be a number.")
        form = None if formats[0] == ISO else formats[0]
        return Guess(name, source, "date", date_format=form, unsure=tuple(doubts))
    return _number(name, source, texts, marks)


def _number(name: str, source: str, texts: Sequence[str], marks: Marks) -> Guess | None:
    plain = [marks.plain(text) for text in texts]
    numbers = [text for text in plain if text is not None]
    if len(numbers) < len(texts):
        return None
    if has_leading_zeros(texts):
        return Guess(name, source, "text", unsure=("Some begin with a zero that a number would lose, so it is text.",))
    values = [float(text) for text in numbers]
    low, high = min(values), max(values)
    whole = all("." not in text and "e" not in text.lower() for text in numbers)
    if not whole:
        return Guess(name, source, "number", low=low, high=high)
    exact = [int(text) for text in numbers]
    if min(exact) not in INT64 or max(exact) not in INT64:
        return Guess(name, source, "text", unsure=("Its numbers have more than 64 bits, so it is text.",))
    large = max(abs(min(exact)), abs(max(exact))) > EXACT
    why = ("Some are too large for a model, which sees 64-bit floats; an identifier is better text.",) if large else ()
    return Guess(name, source, "integer", low=min(exact), high=max(exact), unsure=why)


def _texts(name: str, source: str, some: Mapping[str, int]) -> Guess:
    """A column of text or category: a word that elsewhere means nothing may be meant, so it is a value like others."""
    rows = sum(some.values())
    if 1 < len(some) <= MOST_CATEGORIES and rows >= REPEATED * len(some):
        why = [f"These are the values of the {rows:,} rows that have one; others are refused."]
        why += [
            f"If {word!r} means a missing value, take it out of values, and add nullable=True and "
            f'null_values=("", "{word}").'
            for word in null_words(some)
            if word
        ]
        return Guess(name, source, "category", values=tuple(sorted(some)), unsure=tuple(why))
    odd = [text for text in some if Marks().plain(text) is None]
    numeric = rows - sum(some[text] for text in odd)
    if rows and numeric / rows >= MOSTLY:
        said = (
            f"{numeric:,} of {rows:,} cells are numbers. If {_quoted(odd[:SHOWN])} means a missing value, name it in "
        )
        return Guess(name, source, "text", unsure=(f"{said}null_values, and make the column a number.",))
    return Guess(name, source, "text")


def key_of(columns: Sequence[Guess], pairs: Sequence[Pair] = ()) -> tuple[tuple[Guess, ...], str]:
    """The column that is the key, most probably, or the first of ``pairs``, and what is unsure about it.

    There is no column in it if no column is unique and there are no pairs.
    """
    unique = [one for one in columns if one.unique and one.type in ("text", "integer")]
    if unique:
        named = [one for one in unique if _KEY_WORDS.search(one.name)]
        best = (named or unique)[0]
        others = [one.name for one in unique if one is not best]
        return (best,), f"{', '.join(others)}: also another value in each row." if others else ""
    if not pairs:
        return (), (
            "Neither a column nor a pair of columns has another value in each row, so there is no key. Name what tells "
            "one customer from another; a table that has nothing needs it first "
            "(docs/strange-data.md#a-table-without-a-key)."
        )
    (one, other), *more = pairs
    by_name = {column.name: column for column in columns}
    also = f" So have {'; '.join(' and '.join(pair) for pair in more[:SHOWN])}." if more else ""
    said = f"No column has another value in each row, but {one} and {other} have together.{also}"
    return (by_name[one], by_name[other]), said


def pairs_of(columns: Sequence[Guess], values: Sequence[Sequence[object]]) -> tuple[Pair, ...]:
    """The pairs of columns that have another value in each row together, those that are called like keys first.

    ``values`` are the cells of each column. Only the first :data:`PAIRED` columns that may be part of a key are looked
    at, and none at all if one column has another value in each row.
    """
    if key_of(columns)[0]:
        return ()
    may_be = [
        (one, cells, len(set(cells)))
        for one, cells in zip(columns, values, strict=True)
        if one.type in ("text", "integer", "category") and not one.nullable
    ]
    may_be.sort(key=lambda found: _KEY_WORDS.search(found[0].name) is None)  # stable: else in their order
    found = [
        (one.name, other.name)
        for (one, cells, some), (other, more_cells, more) in combinations(may_be[:PAIRED], 2)
        if some * more >= len(cells) and len(set(zip(cells, more_cells, strict=True))) == len(cells)
    ]
    places = {column.name: place for place, column in enumerate(columns)}
    return tuple((one, other) if places[one] < places[other] else (other, one) for one, other in found)


def _quoted(texts: Collection[str]) -> str:
    return ", ".join(repr(text) for text in texts)
