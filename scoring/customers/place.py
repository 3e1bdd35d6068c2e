"""What a place is: somewhere a person's data is held, with how it is found there and how it is erased."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from scoring.catalog import load_catalog
from scoring.customers.traces import Traces, distinctive
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.settings import Settings


@dataclass(frozen=True)
class Found:
    """Something held about a person: in which table or file, and what (empty if only the place is known)."""

    where: str
    content: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """A customer of a data set.

    ``rows`` are those in snapshots, as long as they are there. ``values`` is how values of theirs are written that
    hardly anybody else has.
    """

    settings: Settings
    data_set: DataSet
    customer: str
    rows: tuple[Mapping[str, Any], ...] = ()
    values: frozenset[str] = frozenset()

    @cached_property
    def scores(self) -> tuple[Score, ...]:
        """The scores of the data set."""
        return tuple(load_catalog(self.settings.definitions).scores_of(self.data_set.name))

    @cached_property
    def score_names(self) -> list[str]:
        """Their names, in order."""
        return sorted(score.name for score in self.scores)

    @cached_property
    def traces(self) -> Traces:
        """How the person is recognised in free text."""
        return Traces(self.customer, self.values)

    @property
    def database(self) -> str:
        """The database's URI."""
        return self.settings.database()


class Place(Protocol):
    """Somewhere data of a person is held."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    def find(self, subject: Subject) -> list[Found]:
        """All that is held there of a person; changes nothing."""
        ...

    def erase(self, subject: Subject) -> int:
        """Erase it; returns how many rows, texts or files were changed. Can be repeated, and killed at any point."""
        ...


def own_values(data_set: DataSet, row: Mapping[str, Any]) -> frozenset[str]:
    """The distinctive values of a row of a data set: of numbers, amounts and texts, without the key."""
    kinds = ("number", "integer", "decimal", "text")
    named = [one.name for one in data_set.columns if one.type in kinds and one.name != data_set.key]
    return frozenset(form for name in named for form in distinctive(row.get(name)))
