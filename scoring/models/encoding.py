"""The features that a model takes: their names, order, types and category values.

The encoding is stored with the model version that was trained with it. A later change of the definition cannot shift
the positions that the model learned: the definition fits the version, or it is refused with each difference named.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.domain.score import Score


@dataclass(frozen=True)
class Feature:
    """One feature as a model learned it; the model sees a category as its 0-based position in ``values``."""

    name: str
    type: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Encoding:
    """The features of a model, in the order in which it takes them."""

    features: tuple[Feature, ...]

    @classmethod
    def of(cls, score: Score, data_set: DataSet) -> "Encoding":
        """The encoding of a model that is trained with these definitions."""
        columns = [data_set.column(name) for name in score.features]
        return cls(tuple(Feature(column.name, column.type, column.values) for column in columns))

    @classmethod
    def from_content(cls, content: Sequence[Sequence[object]]) -> "Encoding":
        """The encoding that has this :attr:`content`.

        Raises
        ------
        ValueError, TypeError
            If it is not the content of an encoding.
        """
        return cls(tuple(Feature(str(name), str(kind), tuple(map(str, values))) for name, kind, values in content))  # type: ignore[call-overload]

    @property
    def content(self) -> list[list[object]]:
        """The encoding as JSON-like content."""
        return [[feature.name, feature.type, list(feature.values)] for feature in self.features]

    @property
    def names(self) -> list[str]:
        """The names of the features, in order."""
        return [feature.name for feature in self.features]

    @property
    def digest(self) -> str:
        """Digest of the content."""
        return digest_of(self.content)


def misfits(learned: Encoding, defined: Encoding) -> list[str]:
    """Why a definition does not fit a model, one clause for each difference; empty if it fits.

    Features and category values may have another order, because rows are encoded in the model's own order. The
    definition may lack a category value that the model knows, but not have one that the model has never seen.
    """
    known = {feature.name: feature for feature in learned.features}
    wanted = {feature.name: feature for feature in defined.features}
    found = [f"feature {name!r} is new: the model was trained without it" for name in wanted if name not in known]
    found += [f"feature {name!r} is gone: the model was trained with it" for name in known if name not in wanted]
    for name, now in wanted.items():
        was = known.get(name, now)
        if was.type != now.type:
            found.append(f"feature {name!r} is of type {now.type!r}: the model was trained with {was.type!r}")
        else:
            unseen = [repr(value) for value in now.values if value not in was.values]
            if unseen:
                found.append(f"category {name!r} has values that the model has never seen: {', '.join(unseen[:5])}")
    return found
