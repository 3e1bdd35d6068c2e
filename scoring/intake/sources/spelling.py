"""Brings text that a dialect spells its own way to the plain spelling, which :mod:`scoring.intake.sources.casts` reads.

It is strict: what is not spelled as the dialect says raises ValueError, and nothing is guessed. So 1.5 of a dialect
with points between thousands is refused, not read as 15.
"""

import re
from collections.abc import Callable
from functools import cached_property, lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.dataset import Column
from scoring.domain.dialect import Spelling
from scoring.domain.time_format import MONTHS, PIVOT, TimeFormat, time_format

PLAIN = Spelling()
MISSPELLED = " (not spelled as the source says)"
_NUMERIC = ("integer", "number", "decimal")


class Speller:
    """One dialect's way to write values. ``encoding`` is only named in messages."""

    def __init__(self, spelling: Spelling, encoding: str = "utf-8") -> None:
        self.spelling, self.encoding = spelling, encoding
        self._rules: dict[str, Callable[[pa.Array, Column], pa.Array]] = {
            **dict.fromkeys(_NUMERIC, self._number),
            "boolean": self._boolean,
            "date": self._moment,
            "timestamp": self._moment,
        }

    def is_plain(self, column: Column) -> bool:
        """Whether cells of the column are spelled plainly, but for the null values that all columns have."""
        return column.null_values is None and self._plainly_typed(column)

    def _plainly_typed(self, column: Column) -> bool:
        if column.type in _NUMERIC:
            return self.spelling.decimal_mark == "." and not self.spelling.thousands_mark
        if column.type == "boolean":
            return self._words == (PLAIN.true_values, PLAIN.false_values)
        return self._format(column) is None

    def null_values(self, column: Column) -> tuple[str, ...]:
        """The cells of the column that mean a missing value."""
        return self.spelling.null_values if column.null_values is None else column.null_values

    def plain(self, cells: pa.Array, column: Column) -> pa.Array:
        """The cells (Arrow strings) in the plain spelling of the column's type, null where they mean a missing value.

        Raises
        ------
        ValueError
            If a cell is not spelled as the dialect says. What passes may still not fit the type (2005-02-30).
        """
        nulls = pa.array(self.null_values(column), pa.string())
        cells = pc.if_else(pc.is_in(cells, value_set=nulls), None, cells)
        if self._plainly_typed(column):
            return cells
        return self._rules[column.type](cells, column)

    def plain_text(self, text: str, column: Column) -> str | None:
        """One cell in the plain spelling, or None if it is not spelled as the dialect says."""
        try:
            found = self.plain(pa.array([text], pa.string()), column)[0].as_py()
        except ValueError:
            return None
        return None if found is None else str(found)

    def lenient(self, cells: pa.Array, column: Column) -> pa.Array:
        """The cells in the plain spelling; what is not spelled as the dialect says gets :data:`MISSPELLED` behind.

        As they are, some would be read plainly: 1.5 of a dialect with decimal commas.
        """
        try:
            return self.plain(cells, column)
        except ValueError:
            different = cells.dictionary_encode()
            texts = different.dictionary.to_pylist()
            found = [self.plain_text(text, column) for text in texts]
            nulls = self.null_values(column)
            plain = [
                None if text in nulls else f"{text}{MISSPELLED}" if one is None else one
                for text, one in zip(texts, found, strict=True)
            ]
            return pa.array(plain, pa.string()).take(different.indices)

    def remedy(self, column: Column) -> str:
        """How a cell of the column must be written, and where the definition says so; for a number, date or boolean."""
        if column.type in _NUMERIC:
            mark = {".": "point", ",": "comma"}[self.spelling.decimal_mark]
            named = "the source's decimal_mark and thousands_mark"
            return f"Write digits with a decimal {mark} ({self._number_example}), or correct {named}."
        if column.type == "boolean":
            words = (*self.spelling.true_values, *self.spelling.false_values)
            shown = f"{', '.join(words[:-1])} or {words[-1]}"
            return f"Write {shown}, or add the word to the source's true_values or false_values."
        form = self._format(column)
        place = f"the column's format or the source's {column.type}_format"
        return f"Write {column.type}s like {form.example if form else _ISO[column.type]}, or correct {place}."

    @property
    def _words(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return self.spelling.true_values, self.spelling.false_values

    @property
    def _number_example(self) -> str:
        text, mark = f"1234{self.spelling.decimal_mark}5", self.spelling.thousands_mark
        return f"{text} or 1{mark}{text[1:]}" if mark else text

    @cached_property
    def _number_pattern(self) -> str:
        thousands, decimal = re.escape(self.spelling.thousands_mark), re.escape(self.spelling.decimal_mark)
        whole = f"[0-9]+|[0-9]{{1,3}}(?:{thousands}[0-9]{{3}})+" if thousands else "[0-9]+"
        return f"^[+-]?(?:(?:{whole})(?:{decimal}[0-9]*)?|{decimal}[0-9]+)(?:[eE][+-]?[0-9]+)?$"

    def _number(self, cells: pa.Array, _column: Column) -> pa.Array:
        _all_match(cells, self._number_pattern)
        if self.spelling.thousands_mark:
            cells = pc.replace_substring(cells, self.spelling.thousands_mark, "")
        return pc.replace_substring(cells, self.spelling.decimal_mark, ".")

    def _boolean(self, cells: pa.Array, _column: Column) -> pa.Array:
        lower = pc.ascii_lower(cells)
        true, false = (pc.is_in(lower, value_set=pc.ascii_lower(pa.array(words, pa.string()))) for words in self._words)
        if pc.any(pc.and_(pc.is_valid(cells), pc.invert(pc.or_(true, false)))).as_py():
            raise ValueError("neither true nor false")
        return pc.if_else(pc.is_null(cells), None, pc.if_else(true, "true", "false"))

    def _format(self, column: Column) -> TimeFormat | None:
        if column.type not in ("date", "timestamp"):
            return None
        text = column.format or getattr(self.spelling, f"{column.type}_format")
        return _known_format(text, column.type) if text else None

    def _moment(self, cells: pa.Array, column: Column) -> pa.Array:
        form = self._format(column)
        assert form is not None  # noqa: S101 - else it is plain
        parts = pc.extract_regex(cells, form.pattern)
        if parts.null_count > cells.null_count:
            raise ValueError("not of the format")
        fields = {field: pc.struct_field(parts, [at]) for at, field in enumerate(form.fields)}
        day = _joined("-", _year(fields), _month(fields), _two(fields["d"]))
        return day if column.type == "date" else _joined("", _joined("T", day, _time(fields)), _zone(fields))


_ISO = {"date": "2005-06-30", "timestamp": "2005-06-30T12:00:00+02:00"}


@lru_cache(maxsize=256)
def _known_format(text: str, kind: str) -> TimeFormat:
    return time_format(text, with_time=kind == "timestamp")


def _all_match(cells: pa.Array, pattern: str) -> None:
    if pc.all(pc.match_substring_regex(cells, pattern)).as_py() is False:
        raise ValueError("not spelled so")


def _joined(separator: str, *parts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, separator)


def _two(digits: pa.Array) -> pa.Array:
    return pc.utf8_lpad(digits, 2, "0")


def _year(fields: dict[str, pa.Array]) -> pa.Array:
    if "Y" in fields:
        return fields["Y"]
    late = pc.greater_equal(pc.cast(fields["y"], pa.int64()), PIVOT)
    return _joined("", pc.if_else(late, "19", "20"), fields["y"])


def _month(fields: dict[str, pa.Array]) -> pa.Array:
    if "m" in fields:
        return _two(fields["m"])
    place = pc.index_in(pc.ascii_lower(fields["b"]), value_set=pa.array(MONTHS))
    if place.null_count > fields["b"].null_count:
        raise ValueError("no month")
    return _two(pc.cast(pc.add(place, 1), pa.string()))


def _time(fields: dict[str, pa.Array]) -> pa.Array:
    nothing = pc.if_else(pc.is_valid(fields["d"]), "00", None)
    time = _joined(":", _hour(fields, nothing), *(_two(fields[one]) if one in fields else nothing for one in "MS"))
    return _joined(".", time, pc.utf8_rpad(fields["f"], 6, "0")) if "f" in fields else time


def _hour(fields: dict[str, pa.Array], nothing: pa.Array) -> pa.Array:
    if "I" not in fields:
        return _two(fields["H"]) if "H" in fields else nothing
    hour = pc.cast(fields["I"], pa.int64())
    if pc.any(pc.or_(pc.less(hour, 1), pc.greater(hour, 12))).as_py():
        raise ValueError("an hour with AM or PM is 1 to 12")
    noon = pc.if_else(pc.equal(pc.ascii_lower(fields["p"]), "pm"), 12, 0)
    return _two(pc.cast(pc.add(pc.if_else(pc.equal(hour, 12), 0, hour), noon), pa.string()))


def _zone(fields: dict[str, pa.Array]) -> pa.Array | str:
    return fields.get("z", "")
