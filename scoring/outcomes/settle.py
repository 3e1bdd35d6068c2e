"""Takes a delivery of outcomes in: judges what was received and records it with its batch, all in one transaction."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from scoring.database import Connection
from scoring.errors import PermanentError
from scoring.outcomes import batches, ledger, received
from scoring.outcomes.batches import Batch, Origin
from scoring.outcomes.cohorts import Cohort, customers_of
from scoring.outcomes.matching import Unlike

REASONS = 3  # that a message names


@dataclass(frozen=True)
class Delivery:
    """What a batch is of; the fields are those of :class:`scoring.outcomes.batches.Batch`."""

    score: str
    as_of: dt.date | None
    origin: Origin
    source: str
    digest: str
    author: str | None = None
    others: int = 0

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.score} {self.as_of}" if self.as_of else f"corrections of {self.score}"


@dataclass(frozen=True)
class Collected:
    """The batch that a delivery led to; ``found`` if this content of this source was taken in already.

    ``received`` = ``recorded`` + ``unchanged`` + ``quarantined`` + ``duplicates``. ``others`` are customers of the
    later snapshot that are not in the cohort. ``as_ofs`` are the cohorts that it is about. ``why`` says why no row
    could be used, if that is so and known.
    """

    batch_id: int
    received: int
    recorded: int
    unchanged: int
    quarantined: int
    duplicates: int
    others: int
    found: bool
    as_ofs: tuple[dt.date, ...]
    why: str = ""


def known(connection: Connection, delivery: Delivery) -> Batch | None:
    """The batch of this delivery, if it is the last one of its source."""
    last = batches.newest(connection, delivery.score, delivery.as_of, delivery.source)
    return last if last and last.digest == delivery.digest else None


def settle(connection: Connection, delivery: Delivery, cohorts: Sequence[Cohort]) -> Collected:
    """Judge and record the received rows about ``cohorts``, unless they were taken in meanwhile.

    Rows of other customers have been left out or refused before.
    """
    as_ofs = tuple(cohort.as_of for cohort in cohorts)
    recorded_at = ledger.moment(connection, delivery.score, as_ofs)
    if last := known(connection, delivery):
        return collected(last, as_ofs, found=True)
    received.refuse_contradictions(connection)
    judgement = received.count(connection)
    batch_id = batches.next_id(connection)
    recorded = received.record(
        connection,
        score=delivery.score,
        as_ofs=as_ofs,
        origin=delivery.origin,
        batch_id=batch_id,
        author=delivery.author,
        recorded_at=recorded_at,
    )
    batch = Batch(batch_id=batch_id, recorded_at=recorded_at, **vars(delivery), **vars(judgement), **vars(recorded))
    batches.add(connection, batch)
    return collected(batch, as_ofs, found=False)


def collected(batch: Batch, as_ofs: Sequence[dt.date], *, found: bool) -> Collected:
    """A batch as a result."""
    counts = {
        name: getattr(batch, name)
        for name in ("batch_id", "received", "recorded", "unchanged", "quarantined", "duplicates", "others")
    }
    return Collected(**counts, found=found, as_ofs=tuple(as_ofs))


def explained(connection: Connection, done: Collected, cohorts: Sequence[Cohort], theirs: pa.Array) -> Collected:
    """The result with why no row could be used, if none could.

    Parameters
    ----------
    theirs
        Some of the customers (string) that were delivered.
    """
    if done.recorded + done.unchanged:
        return done
    refused = dict(batches.reasons(connection, done.batch_id))
    known = received.UNKNOWN_CUSTOMER in refused or (not done.received and done.others)
    unlike = Unlike(theirs)
    for cohort in cohorts if known else ():
        for ours in customers_of(connection, cohort):
            unlike.look(ours)
    said = [unlike.said("the cohort", "what was delivered")] if known else []
    said += [f"{rows:,} rows: {reason}." for reason, rows in list(refused.items())[:REASONS]]
    return replace(done, why=" ".join(said))


def require_usable(delivery: str, result: Collected) -> Collected:
    """The result itself, if any row says something about a customer of the cohorts.

    Raises
    ------
    PermanentError
        If none does; what was refused is kept all the same.
    """
    if result.recorded + result.unchanged:
        return result
    if not result.received and result.others:
        raise PermanentError(
            f"{delivery}: not one of {result.others} customers of the later snapshot is in the cohort. {result.why}",
            remedy="see whether both are of the same customers: their ids must be the same at both dates.",
        )
    if not result.received:
        raise PermanentError(f"{delivery}: there are no rows.", remedy="deliver some.")
    others = f" {result.others} rows are about other customers." if result.others else ""
    problem = f"{delivery}: none of {result.received} rows could be used; they are in quarantine.{others} {result.why}"
    raise PermanentError(
        problem.rstrip(),
        remedy=f"see why with `scoring outcome refused {result.batch_id}`, and deliver better ones.",
    )
