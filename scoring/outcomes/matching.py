"""Why keys that should be the same are not: padding, case, spaces. Pure."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

Form = Callable[[pa.Array], pa.Array]

LOOKED_AT = 1_000  # keys that are compared with all others


def _unpadded(keys: pa.Array) -> pa.Array:
    return pc.utf8_ltrim(keys, characters="0")


def _whole(keys: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(keys, r"\.0+$", "")


def _plain(keys: pa.Array) -> pa.Array:
    return _unpadded(_whole(pc.utf8_lower(pc.utf8_trim_whitespace(keys))))


# What two ways of writing a key may differ in, and the form in which they do not.
FORMS: dict[str, Form] = {
    "spaces around them": pc.utf8_trim_whitespace,
    "upper and lower case": pc.utf8_lower,
    "leading zeros": _unpadded,
    "a decimal point at the end": _whole,
    "spaces, case, leading zeros and a decimal point": _plain,
}


class Unlike:
    """Looks for the difference between some keys and the others, which come in pieces.

    Parameters
    ----------
    theirs
        Keys (string) none of which is among the others; the first :data:`LOOKED_AT` of them are looked at.
    """

    def __init__(self, theirs: pa.Array) -> None:
        self._theirs = theirs.drop_null()[:LOOKED_AT]
        self._ours: str | None = None
        self._found: dict[str, tuple[str, str]] = {}

    def look(self, ours: pa.Array) -> None:
        """Compare with more of the other keys (string)."""
        if len(ours) and self._ours is None:
            self._ours = ours[0].as_py()
        for name, form in FORMS.items():
            if name in self._found:
                continue
            places = pc.index_in(form(ours), value_set=form(self._theirs))
            first = pc.index(places.is_valid(), True).as_py()
            if first >= 0:
                self._found[name] = ours[first].as_py(), self._theirs[places[first].as_py()].as_py()

    def said(self, ours: str, theirs: str) -> str:
        """One sentence for a person; ``ours`` and ``theirs`` are what the two sides are called."""
        for name in FORMS:  # the simplest difference is the one that is meant
            if name in self._found:
                mine, other = self._found[name]
                return f"The keys differ in {name}: {mine!r} in {ours} is {other!r} in {theirs}."
        if self._ours is None or not len(self._theirs):
            return f"There are no keys in {ours if self._ours is None else theirs}."
        return f"No key is in both: {ours} has keys like {self._ours!r}, {theirs} like {self._theirs[0].as_py()!r}."
