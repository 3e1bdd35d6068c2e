"""One condition of a decision between two versions, with its numbers: of the gate, and of an experiment. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One condition: the figures of both versions, what is bounded with its interval, the bound, and a sentence.

    ``segment`` is ``column=value``, empty for all customers; ``metric`` what an experiment's is about, if one.
    """

    name: str
    passed: bool
    said: str
    segment: str = ""
    champion: float | None = None
    challenger: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    bound: float | None = None
    metric: str = ""


def rows(owner: int, checks: Iterable[Check], columns: Sequence[str]) -> list[tuple[object, ...]]:
    """The checks of one verdict or look as rows of a table: its id, their place, and the columns asked for."""
    return [(owner, place, *(getattr(check, name) for name in columns)) for place, check in enumerate(checks)]


def lines(checks: Iterable[Check]) -> Iterator[str]:
    """A line for each check as a person reads it, those that do not hold marked."""
    return (f"  {'ok ' if one.passed else 'NO '} {one.said}" for one in checks)
