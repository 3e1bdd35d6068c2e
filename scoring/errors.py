"""The error tree: a permanent error fails at once, a transient one is worth another try.

Airflow's retry policy (``plugins/scoring_airflow``) and the command line read nothing but this tree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class ScoringError(Exception):
    """Root of everything this package raises on purpose; its text is meant for a person.

    ``noted`` says that whoever raises it has noted an alert of its own: a failed task need not be told of besides.

    Parameters
    ----------
    problem
        What is wrong: what, where (file, row, column, field, customer), and what was found.
    remedy
        What to do about it, when the problem does not say so itself.
    in_airflow
        What to do about it for somebody who reads it in Airflow, where variables of a shell are out of reach.
    """

    noted: ClassVar[bool] = False

    def __init__(self, problem: str, *, remedy: str = "", in_airflow: str = "") -> None:
        super().__init__(problem)
        self._remedy, self._in_airflow = remedy, in_airflow
        self.read_in_airflow = False  # set by the entry point through which the error leaves

    def __str__(self) -> str:
        remedy = (self.read_in_airflow and self._in_airflow) or self._remedy
        problem = str(self.args[0])
        gap = "\n" if "\n" in problem else " "
        return f"{problem}{gap}Remedy: {remedy}" if remedy else problem


class PermanentError(ScoringError):
    """Trying again cannot help until somebody changes something."""


class TransientError(ScoringError):
    """The same call may succeed later."""


class DefinitionError(PermanentError):
    """A data set or a score is defined wrongly."""


class ConfigurationError(PermanentError):
    """A setting is missing or cannot be used."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a source: where, what, and what to do about it."""

    problem: str
    remedy: str
    row: int | None = None
    column: str | None = None

    @property
    def place(self) -> str:
        """Row and column, as far as there are such."""
        row = f"row {self.row}" if self.row is not None else ""
        column = f"column {self.column!r}" if self.column is not None else ""
        return ", ".join(part for part in (row, column) if part)


class SourceError(PermanentError):
    """The source cannot be read as its data set is defined.

    ``problem``, ``remedy``, ``row`` and ``column`` are those of the first of ``findings``.

    Parameters
    ----------
    source
        File or query, as a person would name it (without credentials).
    problem
        What is wrong, in one sentence.
    remedy
        What to do about it, in one sentence.
    row
        1-based number of the data row (the header is not counted), when there is one.
    column
        Name of the column, when there is one.
    in_airflow
        What to do about it for somebody who reads it in Airflow, when that differs.
    further
        What else is wrong with the same source, when that is known.
    """

    def __init__(
        self,
        source: str,
        problem: str,
        remedy: str,
        *,
        row: int | None = None,
        column: str | None = None,
        in_airflow: str = "",
        further: Sequence[Finding] = (),
    ) -> None:
        self.source, self.problem, self.remedy, self.row, self.column = source, problem, remedy, row, column
        self.findings = (Finding(problem, remedy, row, column), *further)
        first = self.findings[0]
        if not further:
            place = f", {first.place}" if first.place else ""
            super().__init__(f"{source}{place}: {problem}", remedy=remedy, in_airflow=in_airflow)
            return
        listed = "\n".join(
            f"  {number}. {found.place or 'the whole'}: {found.problem} Remedy: {found.remedy}"
            for number, found in enumerate(self.findings, start=1)
        )
        super().__init__(f"{source}: {len(self.findings)} kinds of error were found; a place of each:\n{listed}")


class SourceNotReady(TransientError):
    """The source is not there (yet), or changed while it was being read."""


class PartitionStopped(PermanentError):
    """Validation stopped the partition; nothing of it is visible."""

    noted = True


class EndpointDisabled(PermanentError):
    """The CRM answered 410 Gone: nothing is sent until a person enables its endpoint; what waits is kept."""

    noted = True


class DeliveriesDead(PermanentError):
    """Requests were refused at their last try and given up; they are kept and can be replayed."""

    noted = True


class AlertsDead(PermanentError):
    """People could not be told of something, also not at the last try; it is kept and can be replayed."""


class NothingDelivered(TransientError):
    """Every request of a run failed; they are tried again by the schedule."""


class NotFound(PermanentError):
    """What was asked for by name does not exist."""


class IntegrityError(PermanentError):
    """Stored content is not what was recorded of it (digest, count or checksum differ)."""
