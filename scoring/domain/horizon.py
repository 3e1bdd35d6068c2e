"""How long after as_of an outcome is known."""

import datetime as dt
from collections.abc import Iterator

from pydantic import Field

from scoring.domain.calendar import months_after
from scoring.domain.definition import Definition
from scoring.errors import PermanentError


class BeyondCalendar(PermanentError):
    """A horizon ends after the year 9999: dates end there."""


class Horizon(Definition):
    """A span of days, weeks or calendar months: exactly one of the three."""

    days: int | None = Field(default=None, ge=1)
    weeks: int | None = Field(default=None, ge=1)
    months: int | None = Field(default=None, ge=1)

    def mistakes(self) -> Iterator[str]:
        """What is wrong between the fields."""
        if sum(span is not None for span in (self.days, self.weeks, self.months)) != 1:
            yield "days, weeks, months: a horizon is exactly one of them"

    def after(self, as_of: dt.date) -> dt.date:
        """The date on which the outcomes of ``as_of`` are known.

        Raises
        ------
        BeyondCalendar
            If there is no such date.
        """
        try:
            if self.months is not None:
                return months_after(as_of, self.months)
            return as_of + dt.timedelta(days=self.days or 0, weeks=self.weeks or 0)
        except (ValueError, OverflowError) as error:
            raise BeyondCalendar(
                f"The outcomes of {as_of} would be known after the year 9999.", remedy="Look at the date."
            ) from error
