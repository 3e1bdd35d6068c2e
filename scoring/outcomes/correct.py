"""Corrections by people: of one customer, or a file of them; each says who and why, and is only ever added."""

import datetime as dt
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from scoring.catalog import load_catalog
from scoring.database import Connection, not_utf8, transaction, value
from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.domain.signature import require_signature
from scoring.errors import NotFound, PermanentError
from scoring.outcomes import cohorts, ledger, reading, received, values
from scoring.outcomes.cohorts import Cohort
from scoring.outcomes.collect import context
from scoring.outcomes.ledger import Outcome
from scoring.outcomes.settle import Collected, Delivery, explained, require_usable, settle
from scoring.settings import Settings
from scoring.snapshots import forgotten

_IS_IN_COHORT = "SELECT EXISTS (SELECT FROM scoring.score WHERE publication_id = %s AND customer_id = %s)"


@dataclass(frozen=True)
class Correction:
    """A person's correction in table ``outcome``; ``found`` if the same was the last that a person said."""

    outcome: Outcome
    found: bool


def correct(
    settings: Settings, score: Score, as_of: dt.date, customer: str, *, written: str, author: str, reason: str
) -> Correction:
    """Record what really happened to one customer; it wins over the system's value from now on.

    The same value, author and reason as in the customer's last correction add nothing.

    Parameters
    ----------
    written
        The raw value of the target as a source would write it: an amount, true, a category.

    Raises
    ------
    NotFound
        If the score is not published at ``as_of``, or not for this customer.
    PermanentError
        If the value is impossible, or nobody or no reason is named.
    """
    data_set = load_catalog(settings.definitions).data_set(score.data_set)
    with transaction(settings.database()) as connection:
        return correct_in(connection, score, data_set, as_of, customer, written=written, author=author, reason=reason)


def correct_in(
    connection: Connection,
    score: Score,
    data_set: DataSet,
    as_of: dt.date,
    customer: str,
    *,
    written: str,
    author: str,
    reason: str,
) -> Correction:
    """As :func:`correct`, in a transaction of the caller."""
    _require_author(author, reason)
    forgotten.hold(connection)
    cohort = cohorts.get(connection, score, as_of)
    if not value(connection, _IS_IN_COHORT, (cohort.publication_id, customer)):
        raise NotFound(
            f"{score.name} has no customer {customer!r} at {as_of}.",
            remedy="Look at the customer's id and the date.",
        )
    judged = values.judge(_cell(written), reading.value_column(score, data_set), score.minimum, score.target)
    if flaw := judged.flaws[0].as_py():
        raise PermanentError(f"{written!r} cannot be the outcome of {score.name}: {flaw}.")
    amount = judged.values[0].as_py()
    return _correct(connection, score, cohort, customer, amount=amount, author=author, reason=reason)


def _correct(
    connection: Connection, score: Score, cohort: Cohort, customer: str, *, amount: float, author: str, reason: str
) -> Correction:
    recorded_at = ledger.moment(connection, score.name, [cohort.as_of])
    last = ledger.newest(connection, score.name, cohort.as_of, customer, "human")
    if last and (last.value, last.author, last.reason) == (amount, author, reason):
        return Correction(last, found=True)
    said = ledger.newest(connection, score.name, cohort.as_of, customer)
    outcome = ledger.correct(
        connection,
        score=score.name,
        as_of=cohort.as_of,
        customer_id=customer,
        value=amount,
        observed_at=said.observed_at if said else reading.observed_at(score, cohort.as_of),
        recorded_at=recorded_at,
        author=author,
        reason=reason,
    )
    return Correction(outcome, found=False)


def correct_file(settings: Settings, score: Score, path: str, *, author: str, anywhere: bool = False) -> Collected:
    """Take a CSV file of corrections in: customer_id, as_of, value, reason; all of it in one transaction.

    Rows that cannot be used are refused and kept, the others count. The same file of the same author adds nothing.

    Raises
    ------
    SourceError, SourceNotReady
        If the file cannot be read, or is not there.
    PermanentError
        If no author is named, or not one row can be used.
    """
    _require_author(author, "in the file")
    data_set = load_catalog(settings.definitions).data_set(score.data_set)
    with transaction(settings.database()) as connection:
        forgotten.hold(connection)
        ledger.lock_corrections(connection, score.name)
        received.create(connection)
        with reading.open_corrections(settings, score, path, anywhere=anywhere) as source:
            judge = partial(reading.judged_corrections, score, data_set)
            gone = forgotten.of_data_set(connection, settings.erasure_secret, data_set.name)
            content = received.copy_all(connection, source.batches, judge, gone)
        about = cohorts.published(connection, score.name, received.as_ofs(connection))
        received.refuse_strangers(connection, about)
        read_as = [context(score, data_set, cohort) for cohort in about]
        digest = digest_of({"content": content.digest, "author": author, "read_as": read_as})
        delivery = Delivery(score.name, None, "human", source.name, digest, author, content.others)
        theirs = received.some_customers(connection)
        done = explained(connection, settle(connection, delivery, about), about, theirs)
    return require_usable(source.name, done)


def history(settings: Settings, score: Score, customer: str, as_of: dt.date | None) -> list[Outcome]:
    """All that was ever recorded about a customer, by cohort and then in the order of recording.

    Raises
    ------
    NotFound
        If nothing was.
    """
    with transaction(settings.database()) as connection:
        found = ledger.of_customer(connection, score.name, customer, as_of)
    if not found:
        when = f" at {as_of}" if as_of else ""
        raise NotFound(f"No outcome of {score.name} is recorded for customer {customer!r}{when}.")
    return found


def _cell(written: str) -> pa.Array:
    try:
        return pa.array([written])
    except UnicodeEncodeError as error:
        raise not_utf8(error) from error


def _require_author(author: str, reason: str) -> None:
    require_signature("A correction", author, reason, name="an author", option="--author", field="Author")
