"""The features that a model takes: their names, order, types and category values.

The encoding is stored with the model version that was trained with it. A later change of the definition cannot shift
the positions that the model learned: the definition fits the version, or it is refused with each difference named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.domain.features import feature_columns, made
from scoring.domain.score import Score, Shown, Unseen

DTYPE_BY_NULLS = ("boolean", "integer")  # types whose typed dtype is another one if values may be missing


@dataclass(frozen=True)
class Feature:
    """One feature as a model learned it: a category is one of ``values``.

    ``nullable`` says whether a typed boolean or integer may be missing, because that decides its dtype. All others, and
    codes, have one that takes a missing value. ``made`` is how it was made, if it was not delivered
    (:func:`scoring.domain.features.made`).
    """

    name: str
    type: str
    values: tuple[str, ...] = ()
    nullable: bool = True
    made: str = ""


@dataclass(frozen=True)
class Encoding:
    """The features of a model, in the order in which it takes them, and how it is shown them.

    ``shown`` and ``unseen`` are those of :class:`scoring.domain.score.Score`. ``unseen`` is the definition's of now: it
    does not travel with the model.
    """

    features: tuple[Feature, ...]
    shown: Shown = "codes"
    unseen: Unseen = "refuse"

    @classmethod
    def of(cls, score: Score, data_set: DataSet, shown: Shown | None = None) -> "Encoding":
        """The encoding of a model that is trained with these definitions; ``shown`` None: as the score says."""
        columns, shown = feature_columns(score, data_set), shown or score.features_as
        exact = DTYPE_BY_NULLS if shown == "typed" else ()
        found = (
            Feature(one.name, one.type, one.values, one.nullable or one.type not in exact, made(score, one.name))
            for one in columns
        )
        return cls(tuple(found), shown)

    @classmethod
    def from_content(cls, content: Any) -> "Encoding":
        """The encoding that has this :attr:`content`.

        Raises
        ------
        ValueError, TypeError
            If it is not the content of an encoding.
        """
        if not isinstance(content, dict):  # codes are written as they always were
            return cls(tuple(_codes(*one) for one in content))
        if content["shown"] != "typed":
            raise ValueError(f"features are shown as {content['shown']!r}")
        return cls(tuple(_typed(*one) for one in content["features"]), "typed")

    @property
    def content(self) -> list[list[object]] | dict[str, object]:
        """The encoding as JSON-like content: a list if the model is shown codes, else an object that says so.

        How a feature is made stands behind it, where it was not delivered.
        """
        if self.shown == "codes":
            return [[one.name, one.type, list(one.values), *([one.made] if one.made else ())] for one in self.features]
        typed = [
            [one.name, one.type, list(one.values), one.nullable, *([one.made] if one.made else ())]
            for one in self.features
        ]
        return {"shown": self.shown, "features": typed}

    @property
    def names(self) -> list[str]:
        """The names of the features, in order."""
        return [feature.name for feature in self.features]

    @property
    def digest(self) -> str:
        """Digest of the content."""
        return digest_of(self.content)


def _codes(name: str, kind: str, values: Sequence[str], made: str = "") -> Feature:
    return Feature(str(name), str(kind), tuple(map(str, values)), made=str(made))


def _typed(name: str, kind: str, values: Sequence[str], nullable: bool, made: str = "") -> Feature:
    return Feature(str(name), str(kind), tuple(map(str, values)), bool(nullable), str(made))


def misfits(learned: Encoding, defined: Encoding) -> list[str]:
    """Why a definition does not fit a model, one clause for each difference; empty if it fits.

    Features and category values may have another order, because rows are encoded in the model's own order, and may be
    shown in another way: the model keeps its own. The definition may lack a category value that the model knows, but
    not have one that the model has never seen, unless ``learned`` takes unseen values as missing.
    """
    known = {feature.name: feature for feature in learned.features}
    wanted = {feature.name: feature for feature in defined.features}
    found = [f"feature {name!r} is new: the model was trained without it" for name in wanted if name not in known]
    found += [f"feature {name!r} is gone: the model was trained with it" for name in known if name not in wanted]
    for name, now in wanted.items():
        was = known.get(name, now)
        if was.type != now.type:
            found.append(f"feature {name!r} is of type {now.type!r}: the model was trained with {was.type!r}")
        elif was.made != now.made:
            found.append(f"feature {name!r} is made in another way than for the model")
        elif now.nullable and not was.nullable:
            found.append(f"feature {name!r} may be missing now: the model was trained with it always there")
        elif learned.unseen == "refuse":
            unseen = [repr(value) for value in now.values if value not in was.values]
            if unseen:
                found.append(f"category {name!r} has values that the model has never seen: {', '.join(unseen[:5])}")
    return found
