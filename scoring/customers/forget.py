"""Forgets a person (GDPR art. 17): place by place, until nothing is found any more, and for good.

An erasure is a row that never names the person. From when it is written on, nobody with the person's fingerprint is
taken in. A run that was killed is finished by another one of the same command; each place can be erased twice.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from psycopg2 import sql

from scoring.catalog import load_catalog
from scoring.customers.held import Held, held, subject_of
from scoring.customers.place import Subject
from scoring.customers.registry import PLACES
from scoring.customers.traces import Traces
from scoring.database import Connection, column, connect, execute, transaction, value
from scoring.domain.dataset import DataSet
from scoring.domain.signature import require_signature
from scoring.errors import PermanentError, TransientError
from scoring.settings import Settings
from scoring.snapshots import forgotten, legal_holds

ROUNDS = 3  # what is under way while a person is forgotten may write of them once more

_ONLY_ONE = "SELECT pg_try_advisory_lock(hashtextextended('erasing', 0))"

_TABLES = """
    SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'scoring' ORDER BY 1"""


@dataclass(frozen=True)
class Forgotten:
    """What was erased by place, and what others hold."""

    erasure_id: int
    erased: dict[str, int]
    elsewhere: tuple[str, ...]


def forget(
    settings: Settings, data_set: DataSet, customer: str, *, by: str, reason: str, rewrite_tables: bool = False
) -> Forgotten:
    """Erase a person everywhere; the same again finishes what was killed, or finds nothing.

    Parameters
    ----------
    rewrite_tables
        Whether tables are written anew, so that no byte of the person stays in their files; each is locked meanwhile.

    Raises
    ------
    PermanentError
        If nobody or no reason is named, the reason names the person, or a legal hold is in force.
    TransientError
        If another erasure is running, or something under way writes of the person again and again.
    """
    require_signature("An erasure", by, reason)
    if Traces(customer).in_text(f"{by} {reason}"):
        raise PermanentError("The reason is kept: it must not name the person.", remedy="Write it without the id.")
    with _only_one(settings):
        with transaction(settings.database()) as connection:
            _refuse_held(connection, settings, data_set, customer)
            erasure = forgotten.begin(
                connection, settings.erasure_secret, data_set.name, customer, by=by, reason=reason
            )
        subject = subject_of(settings, data_set, customer)
        before = held(subject)
        erased = _erased(subject, erasure.erasure_id)
        _vacuum(settings, full=rewrite_tables)
        with transaction(settings.database()) as connection:
            forgotten.finish(connection, erasure.erasure_id)
    return Forgotten(erasure.erasure_id, erased, before.elsewhere)


def would_erase(settings: Settings, data_set: DataSet, customer: str) -> Held:
    """What :func:`forget` would erase; changes nothing."""
    return held(subject_of(settings, data_set, customer))


def _erased(subject: Subject, erasure_id: int) -> dict[str, int]:
    """Erase every place, look again, and erase once more what was written meanwhile."""
    erased = {place.name: 0 for place in PLACES}
    for _ in range(ROUNDS):
        for place in PLACES:
            gone = place.erase(subject)
            erased[place.name] += gone
            with transaction(subject.database) as connection:
                forgotten.count(connection, erasure_id, place.name, gone)
        subject = replace(subject, rows=())  # they are gone; what hardly anybody else has is still looked for
        left = held(subject).counts
        if not left:
            return {name: count for name, count in erased.items() if count}
    raise TransientError(
        f"Something writes of the person while they are forgotten: {', '.join(left)}.", remedy="Run the command again."
    )


def _refuse_held(connection: Connection, settings: Settings, data_set: DataSet, customer: str) -> None:
    """A legal claim goes before an erasure (GDPR art. 17, 3 e)."""
    scores = [score.name for score in load_catalog(settings.definitions).scores_of(data_set.name)]
    about = {"customer": [customer], "data_set": [data_set.name], "score": scores}
    holds = [hold for hold in legal_holds.all_holds(connection) if hold.name in about[hold.kind]]
    if holds:
        named = ", ".join(f"{hold.hold_id} ({hold.reason})" for hold in holds)
        raise PermanentError(
            f"A legal hold is in force that covers this person: {named}.",
            remedy="Ask whoever placed it; when it is released (`scoring hold release`), run the command again.",
        )


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Two erasures at once would each write a snapshot again with the other's person in it."""
    with connect(settings.database()) as connection:
        connection.autocommit = True
        if not value(connection, _ONLY_ONE):
            raise TransientError(
                "Another person is being forgotten.", remedy="Run the command again when that is done."
            )
        yield


def _vacuum(settings: Settings, *, full: bool) -> None:
    """Take deleted rows out of the tables' pages, and out of the planner's statistics, which quote values."""
    with connect(settings.database()) as connection:
        connection.autocommit = True
        options = sql.SQL("FULL, ANALYZE" if full else "ANALYZE")
        for table in column(connection, _TABLES):
            execute(connection, sql.SQL("VACUUM ({}) {}").format(options, sql.SQL(table)))
        execute(connection, sql.SQL("VACUUM {} pg_catalog.pg_statistic").format(sql.SQL("FULL" if full else "")))
