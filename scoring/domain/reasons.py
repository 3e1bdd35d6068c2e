"""Reason codes: which features pushed a customer's score most, and how people are told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field

from scoring.domain.definition import Definition

MOST = 8  # reasons of a customer


class ReasonText(Definition):
    """What people read if a feature pushed the score ``up``, or ``down``."""

    up: str = Field(min_length=1)
    down: str = Field(min_length=1)


class Reasons(Definition):
    """That a score is explained, and how.

    Parameters
    ----------
    count
        How many reasons a customer gets: those that pushed the score most, up or down.
    texts
        By feature. A feature without a text is called by its name.
    stored
        Whether a publication keeps the reasons of all customers; otherwise they are computed when asked for.
    """

    count: int = Field(default=3, gt=0, le=MOST)
    texts: Mapping[str, ReasonText] = Field(default={})
    stored: bool = False

    def mistakes_among(self, features: Sequence[str]) -> Iterator[str]:
        """What is wrong with the texts for a score of these features."""
        unknown = sorted(set(self.texts) - set(features))
        if unknown:
            yield f"reasons.texts: {', '.join(unknown)} must be in features"


@dataclass(frozen=True)
class Reason:
    """One reason: what a feature added to the margin of the score, and the text for people."""

    feature: str
    contribution: float
    text: str

    @property
    def direction(self) -> str:
        """Whether it pushed the score ``up`` or ``down``."""
        return "up" if self.contribution > 0 else "down"


def told(reasons: Reasons, contributions: Sequence[tuple[str, float]]) -> list[Reason]:
    """The reasons for people: of features with their contributions, in this order, those that contribute anything."""
    return [Reason(feature, value, _text(reasons, feature, value)) for feature, value in contributions if value]


def _text(reasons: Reasons, feature: str, contribution: float) -> str:
    text = reasons.texts.get(feature)
    if text is None:
        return f"{feature} {'raises' if contribution > 0 else 'lowers'} the score"
    return text.up if contribution > 0 else text.down
