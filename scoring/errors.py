"""The error tree: a permanent error fails at once, a transient one is worth another try.

Airflow's retry policy (``plugins/scoring_airflow``) and the command line decide by this tree alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class ScoringError(Exception):
    """Root of all errors that this package raises on purpose; the text is for a person.

    ``noted`` says that whoever raises it has noted an alert of its own: a failed task need not be told of besides.

    Parameters
    ----------
    problem
        What is wrong, where (file, row, column, field, customer), and what was found.
    remedy
        What to do about it, if the problem does not already say so.
    in_airflow
        The remedy for somebody who reads it in Airflow and cannot set variables of a shell.
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
    """An error that stays until somebody changes something: another try cannot help."""


class TransientError(ScoringError):
    """An error after which the same call may succeed later."""


class DefinitionError(PermanentError):
    """A data set or a score is defined wrongly."""


class ConfigurationError(PermanentError):
    """A setting is missing or cannot be used."""


@dataclass(frozen=True)
class Finding:
    """One error in a source: where, what, and what to do about it."""

    problem: str
    remedy: str
    row: int | None = None
    column: str | None = None

    @property
    def place(self) -> str:
        """The row and the column in words, as far as they are known."""
        row = f"row {self.row}" if self.row is not None else ""
        column = f"column {self.column!r}" if self.column is not None else ""
        return ", ".join(part for part in (row, column) if part)


class SourceError(PermanentError):
    """The source cannot be read as its data set is defined.

    ``problem``, ``remedy``, ``row`` and ``column`` are those of the first finding.

    Parameters
    ----------
    source
        The file or query, by a name for a person (without credentials).
    problem
        What is wrong, in one sentence.
    remedy
        What to do about it, in one sentence.
    row
        1-based number of the data row (the header is not counted), if there is one.
    column
        Name of the column, if there is one.
    in_airflow
        The remedy for somebody who reads it in Airflow, if that differs.
    further
        Other errors in the same source, if any are known.
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
        super().__init__(f"{source}: {len(self.findings)} kinds of error were found; one place of each:\n{listed}")


class SourceNotReady(TransientError):
    """The source is not there (yet), or it changed while it was read."""


class PartitionStopped(PermanentError):
    """Validation stopped the partition: nothing is scored from it."""

    noted = True


class EndpointDisabled(PermanentError):
    """The CRM answered 410 Gone: nothing is sent until a person enables its endpoint; waiting events are kept."""

    noted = True


class DeliveriesDead(PermanentError):
    """Requests failed at their last try and were given up; they are kept and can be replayed."""

    noted = True


class AlertsDead(PermanentError):
    """People could not be told of something, also not at the last try; it is kept and can be replayed."""


class NothingDelivered(TransientError):
    """Every request of a run failed; the retry schedule tries them again."""


class NotFound(PermanentError):
    """Something that was asked for by name, number or date does not exist."""


class IntegrityError(PermanentError):
    """Stored content does not match what was recorded about it (digest, count or checksum)."""
