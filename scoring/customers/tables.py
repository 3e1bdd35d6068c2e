"""Tables with a column for a customer: announcements, events, outcomes, and rows that were refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql

from scoring.customers.place import Found, Subject
from scoring.database import Connection, all_rows, execute, transaction
from scoring.publishing import publications

_FORGETTING = "SET LOCAL scoring.forgetting = 'on'"  # outcomes are append-only for all others


@dataclass(frozen=True)
class Rows:
    """The rows of a table that are about a customer of some scores, or ``of`` a data set: they are deleted.

    ``before`` runs before the deletion, with the same arguments (``scores``, ``customer``).
    """

    table: str
    name: str
    before: tuple[str, ...] = ()
    of: str = "score = ANY(%(scores)s)"

    def find(self, subject: Subject) -> list[Found]:
        """Every row, as it is."""
        query = sql.SQL("SELECT * FROM scoring.{} WHERE {} AND customer_id = %(customer)s")
        with transaction(subject.database) as connection:
            rows = all_rows(
                connection, dict, query.format(sql.Identifier(self.table), sql.SQL(self.of)), arguments(subject)
            )
        return [Found(f"scoring.{self.table}", row) for row in rows]

    def erase(self, subject: Subject) -> int:
        """Delete them while nobody publishes the scores."""
        statement = sql.SQL("DELETE FROM scoring.{} WHERE {} AND customer_id = %(customer)s")
        with transaction(subject.database) as connection:
            for score in subject.score_names:
                publications.lock(connection, score)
            execute(connection, _FORGETTING)
            for first in self.before:
                execute(connection, first, arguments(subject))
            return execute(
                connection, statement.format(sql.Identifier(self.table), sql.SQL(self.of)), arguments(subject)
            )


ANNOUNCEMENTS = Rows("announcement", "announcements")
STREAMED = Rows("streamed_score", "streamed scores")
UPDATES = Rows("customer_update", "updates", of="data_set = %(data_set)s")

# Their outbox rows go first: a sender that packs them holds those, and afterwards nobody can pack them any more.
EVENTS = Rows(
    "event",
    "events",
    (
        """DELETE FROM scoring.outbox o USING scoring.event e
        WHERE o.event_id = e.event_id AND e.score = ANY(%(scores)s) AND e.customer_id = %(customer)s""",
    ),
)

OUTCOMES = Rows(
    "outcome",
    "outcomes",
    (
        """UPDATE scoring.outcome_batch b SET erased = b.erased + theirs.rows
        FROM (SELECT batch_id, count(*) AS rows FROM scoring.outcome
              WHERE score = ANY(%(scores)s) AND customer_id = %(customer)s GROUP BY batch_id) theirs
        WHERE b.batch_id = theirs.batch_id""",
    ),
)


@dataclass(frozen=True)
class Blanked:
    """Rows that were refused: they stay, for they are counted, without what they say of the person."""

    name: str
    table: str
    select: str
    statements: tuple[str, ...]

    def find(self, subject: Subject) -> list[Found]:
        """Every row with its values as they were read."""
        with transaction(subject.database) as connection:
            return [Found(f"scoring.{self.table}", row) for row in self._rows(connection, subject)]

    def erase(self, subject: Subject) -> int:
        """Blank them."""
        with transaction(subject.database) as connection:
            execute(connection, _FORGETTING)
            return [execute(connection, one, arguments(subject)) for one in self.statements][-1]

    def _rows(self, connection: Connection, subject: Subject) -> list[Mapping[str, Any]]:
        return list(all_rows(connection, dict, self.select, arguments(subject)))


QUARANTINE = Blanked(
    "quarantine",
    "quarantined_row",
    """SELECT s.data_set, s.as_of, q.* FROM scoring.quarantined_row q JOIN scoring.snapshot s USING (snapshot_id)
    WHERE s.data_set = %(data_set)s AND q.customer_id = %(customer)s ORDER BY s.as_of, q.row_number""",
    (
        """UPDATE scoring.breach b SET value = NULL
        FROM scoring.quarantined_row q JOIN scoring.snapshot s USING (snapshot_id)
        WHERE s.data_set = %(data_set)s AND q.customer_id = %(customer)s AND b.snapshot_id = q.snapshot_id
            AND b.row_number = q.row_number""",
        """UPDATE scoring.quarantined_row q SET customer_id = NULL, content = '{}'
        FROM scoring.snapshot s
        WHERE s.snapshot_id = q.snapshot_id AND s.data_set = %(data_set)s AND q.customer_id = %(customer)s""",
    ),
)

REFUSED_OUTCOMES = Blanked(
    "refused outcomes",
    "outcome_refused",
    """SELECT b.score, b.source, r.* FROM scoring.outcome_refused r JOIN scoring.outcome_batch b USING (batch_id)
    WHERE b.score = ANY(%(scores)s) AND r.customer_id = %(customer)s""",
    (
        """UPDATE scoring.outcome_refused r SET customer_id = NULL, content = '{}'
        FROM scoring.outcome_batch b
        WHERE b.batch_id = r.batch_id AND b.score = ANY(%(scores)s) AND r.customer_id = %(customer)s""",
    ),
)

# One that could not be read names nobody, so its content is looked through; a short id would be found anywhere.
_REFUSED_MESSAGE = """
    data_set = %(data_set)s AND (customer_id = %(customer)s OR customer_id IS NULL
        AND octet_length(%(customer)s) > 3 AND position(convert_to(%(customer)s, 'UTF8') IN content) > 0)"""

REFUSED_MESSAGES = Blanked(
    "refused messages",
    "stream_refusal",
    f"SELECT * FROM scoring.stream_refusal WHERE {_REFUSED_MESSAGE} ORDER BY refusal_id",  # noqa: S608 - our own text
    (
        f"""UPDATE scoring.stream_refusal SET customer_id = NULL, message_key = NULL, content = NULL, event_time = NULL,
            "values" = array_fill(NULL::text, ARRAY[cardinality(rules)]), reason = 'The person was forgotten.'
        WHERE {_REFUSED_MESSAGE}""",  # noqa: S608
    ),
)


def arguments(subject: Subject) -> dict[str, Any]:
    """What the statements of this module name."""
    return {"scores": subject.score_names, "customer": subject.customer, "data_set": subject.data_set.name}
