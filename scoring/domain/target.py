"""What a score predicts: which outcome, where it is seen, and when."""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from scoring.domain.definition import Definition
from scoring.domain.files import Files
from scoring.domain.horizon import Horizon
from scoring.domain.sources import PostgresSource, Source, SqlSource


class Target(Definition):
    """What a score predicts, known when ``horizon`` after as_of has passed.

    A regression predicts the column's value, a classification whether it is ``at_least`` so much, or one of
    ``positive``. Of more than two outcomes each has a score of its own.

    Parameters
    ----------
    positive
        Values of a text, category, boolean (``true``, ``false``) or integer that are the outcome.
    negative
        The values that are not; then every other value is refused. Empty: all others are not.
    column
        The column with the value: of the data set, or of ``source`` if there is one. In a source of its own it has the
        type of the data set's column of that name, or is a number if there is none.
    source
        A source of outcomes: rows with the data set's key, ``column`` and perhaps ``observed_at``. ``{as_of}`` (in a
        query ``%(as_of)s`` or ``:as_of``) is the cohort: the date at which the customers were scored. Without a source
        the outcome is what the data set's own snapshot shows at the end of the horizon.
    observed_at
        The column of ``source`` that says when the outcome was observed: a date, or a timestamp (UTC if it has no
        zone). Without it outcomes count as observed at the end of the horizon.
    """

    column: str
    horizon: Horizon = Horizon(months=1)
    at_least: float | None = None
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    source: Source | None = Field(default=None, discriminator="kind")
    observed_at: str | None = None

    def mistakes(self) -> Iterator[str]:
        """What is wrong between the fields."""
        if self.positive and self.at_least is not None:
            yield "positive: 'at_least' says already which outcomes count"
        if self.negative and not self.positive:
            yield "negative: without 'positive' it says nothing"
        both = set(self.positive) & set(self.negative)
        if both:
            yield f"negative: {', '.join(map(repr, sorted(both)))} is positive, too"
        match self.source:
            case Files() if "{as_of}" not in self.source.path:
                yield "source.path: holds no {as_of}, so every cohort would read the same file"
            case PostgresSource() if "%(as_of)s" not in self.source.query:
                yield "source.query: holds no %(as_of)s, so every cohort would read the same rows"
            case SqlSource() if ":as_of" not in self.source.query:
                yield "source.query: holds no :as_of, so every cohort would read the same rows"
            case None if self.observed_at is not None:
                yield "observed_at: only outcomes from a source of their own have it"
        footer = getattr(self.source, "footer", None)
        if footer is not None and not {self.column}.issuperset(footer.sums):
            yield f"source.footer.text: it may have the sum of {self.column!r} alone"
        if self.observed_at == self.column:
            yield f"observed_at: {self.column!r} is the column with the value"

    @property
    def meaning(self) -> Any:
        """What outcome counts, as JSON, for digests: ``at_least`` alone, as it always was, or the named values."""
        return {"positive": self.positive, "negative": self.negative} if self.positive else self.at_least
