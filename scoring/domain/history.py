"""What earlier snapshots say of a customer, as features of a score."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from scoring.domain.dataset import Column, checked_column_name
from scoring.domain.definition import Definition

Aggregate = Literal["last", "mean", "min", "max", "count", "change"]
MOST_PERIODS = 60  # five years of months: each is one more file to read
COMPUTED = ("mean", "min", "max", "change")  # of numbers only
NUMBERS = ("integer", "number", "decimal")


class History(Definition):
    """What earlier snapshots say of the customer: features by the data set's previous dates.

    The k-th previous date is a rule of the data set (:func:`scoring.domain.calendar.previous_dates`). Only snapshots of
    dates before the one that is scored are looked at. Where the snapshot or the customer is missing, or the value is
    null, the feature is null, or ``default`` if it is given.

    Parameters
    ----------
    column
        A column of the data set.
    periods
        Gives the value k periods ago: feature ``<column>_before_<k>`` for each k.
    aggregates
        Of the values of the last ``within`` periods, nulls left out: feature ``<column>_<aggregate>_<within>``.
        ``last`` is the newest, ``count`` how many there are (never null), ``change`` the present value minus the
        oldest.
    """

    column: str
    periods: tuple[int, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    within: int | None = Field(default=None, ge=1, le=MOST_PERIODS)
    default: bool | int | float | str | None = None

    def mistakes(self) -> Iterator[str]:
        """What is wrong between the fields."""
        if not self.periods and not self.aggregates:
            yield "periods, aggregates: a history needs one of them"
        if bool(self.aggregates) != (self.within is not None):
            yield "within: says over how many periods the aggregates go; give both or neither"
        if any(not 1 <= period <= MOST_PERIODS for period in self.periods):
            yield f"periods: 1 is the previous date, {MOST_PERIODS} the earliest"
        if len(self.names) != len(self.periods) + len(self.aggregates):
            yield "periods, aggregates: one is named twice"
        for name in self.names:
            try:
                checked_column_name(name)
            except ValueError as error:
                yield f"column: the feature's name {error}"

    @property
    def names(self) -> list[str]:
        """The names of its features, in order."""
        return [*self._before, *self._aggregated]

    @property
    def _before(self) -> dict[str, int]:
        return {f"{self.column}_before_{period}": period for period in self.periods}

    @property
    def _aggregated(self) -> dict[str, Aggregate]:
        return {f"{self.column}_{one}_{self.within}": one for one in self.aggregates}

    @property
    def reach(self) -> int:
        """How many periods it looks back."""
        return max((*self.periods, self.within or 0))

    def asked(self, name: str) -> int | Aggregate:
        """What a feature is: so many periods ago, or an aggregate."""
        before = self._before
        return before[name] if name in before else self._aggregated[name]

    def columns(self, of: Column) -> tuple[Column, ...]:
        """Its features as columns; ``of`` is the data set's column."""
        return tuple(self._column(name, of) for name in self.names)

    def _column(self, name: str, of: Column) -> Column:
        asked = self.asked(name)
        if asked == "count":
            return Column(name=name, type="integer")
        same = of.model_copy(update={"name": name, "nullable": self.default is None, "description": ""})
        if asked == "mean" or (asked == "change" and of.type == "decimal"):
            return Column(name=name, type="number", nullable=same.nullable)
        return same

    def misfits(self, of: Column) -> Iterator[str]:
        """Why it cannot be made of a column, one clause for each reason."""
        computed = [one for one in self.aggregates if one in COMPUTED]
        if computed and of.type not in NUMBERS:
            yield f"{', '.join(computed)} of {of.name!r}, which is of type {of.type!r}; only numbers have them"
        if self.default is not None and not _is_of_type(self.default, of):
            yield f"default {self.default!r} is no value of {of.name!r} ({of.type})"

    @property
    def content(self) -> dict[str, Any]:
        """All that decides what it gives, as JSON-like content; what is not asked for is left out."""
        return {name: value for name, value in self.model_dump(mode="json").items() if value not in (None, [])}


def _is_of_type(value: bool | float | str, of: Column) -> bool:
    match of.type:
        case "number" | "decimal":
            return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "category":
            return value in of.values
        case "text":
            return isinstance(value, str)
        case _:
            return False
