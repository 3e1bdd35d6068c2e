"""What a model is shown of a customer: the features by name, in order, with their types and the values of categories.

The encoding is fixed when a version is trained and travels with it. A definition that has changed since cannot shift
the positions that the model learned: it fits the version, or it is refused and what differs is named.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.domain.score import Score


@dataclass(frozen=True)
class Feature:
    """One feature as a model learned it; the position of a category in ``values`` is the number it is shown."""

    name: str
    type: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Encoding:
    """The features of a model in the order in which it takes them."""

    features: tuple[Feature, ...]

    @classmethod
    def of(cls, score: Score, data_set: DataSet) -> "Encoding":
        """The encoding that a model trained by these definitions has."""
        columns = [data_set.column(name) for name in score.features]
        return cls(tuple(Feature(column.name, column.type, column.values) for column in columns))

    @classmethod
    def from_content(cls, content: Sequence[Sequence[object]]) -> "Encoding":
        """The encoding with this :attr:`content`.

        Raises
        ------
        ValueError, TypeError
            If it is not the content of one.
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
    """What keeps a definition from being scored by a model, a sentence each; none if it fits.

    The order of features and of category values is free, for the model is shown its own. A value that the definition
    no longer has does not matter either; one that the model has never seen does.
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
