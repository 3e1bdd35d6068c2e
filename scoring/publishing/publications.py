"""The tables of a publication: planned, filled shard by shard where readers cannot see, then shown all at once."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

from psycopg2 import sql

from scoring.database import Connection, all_rows, execute, insert, one_or_none, value
from scoring.publishing.decisions import PublicationState


@dataclass(frozen=True)
class Publication:
    """A row of table ``publication``.

    ``announces`` says whether it was compared with the announcements (it is not silent); a reset makes it false again.
    ``reason_count`` reasons are stored for each customer (None: none), as places in ``reason_features``, from 1.
    Of the ``rows`` that shards wrote, ``erased`` have left since, with persons who were forgotten.
    ``retired_at`` is when retention removed its rows; what was counted of them stays.
    """

    publication_id: int
    score: str
    as_of: dt.date
    snapshot_id: int
    definition_digest: str
    inputs_digest: str
    state: PublicationState
    run_id: str
    code_version: str
    rows: int | None
    changed: int | None
    checksum: str | None
    announces: bool | None
    reason_count: int | None = None
    reason_features: list[str] | None = None
    erased: int = 0
    retired_at: dt.datetime | None = None

    @property
    def name(self) -> str:
        """The publication's name in messages."""
        return f"Publication {self.publication_id} of {self.score} {self.as_of}"

    @property
    def drop_command(self) -> str:
        """The command that removes it, whatever its state."""
        return f"`scoring publication drop {self.score} {self.as_of} --id {self.publication_id}`"


CHAMPION, CHALLENGER = "champion", "challenger"  # names of arms


@dataclass(frozen=True)
class Arm:
    """A model of a publication: the champion's, and in a split the challenger's of the experiment.

    ``trained_with`` and ``scored_with`` are versions of scikit-learn, None where the first release did not record them.
    ``experiment_id``, ``share`` (of the customers, 0 to 1) and ``salt`` are those of a split.
    """

    arm: str
    model_name: str
    model_version: int
    model_digest: str
    trained_with: str | None = None
    scored_with: str | None = None
    experiment_id: int | None = None
    share: float | None = None
    salt: str | None = None


@dataclass(frozen=True)
class ScoreRow:
    """A published score of one customer."""

    customer_id: str
    value: float
    points: int | None
    band: str | None
    arm: str
    model_version: int


SELECT = """
    SELECT publication_id, score, as_of, snapshot_id, definition_digest, inputs_digest, state, run_id, code_version,
        rows, changed, checksum, announces, reason_count, reason_features, erased, retired_at
    FROM scoring.publication """

_OPEN = """
    INSERT INTO scoring.publication
        (score, as_of, snapshot_id, definition_digest, inputs_digest, run_id, code_version, reason_count,
            reason_features, opened_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp()) RETURNING publication_id"""

_ADD_ARMS = """
    INSERT INTO scoring.arm
        (publication_id, arm, model_name, model_version, model_digest, trained_with, scored_with, experiment_id, share)
    VALUES %s"""

_MAKE_TABLE = sql.SQL("""
    CREATE TABLE {0} (LIKE scoring.score, CHECK (publication_id = {1}));
    ALTER TABLE {0} ALTER publication_id SET DEFAULT {1}""")

_ATTACH = sql.SQL("ALTER TABLE scoring.score ATTACH PARTITION {} FOR VALUES IN ({})")

_SUPERSEDE = """
    UPDATE scoring.publication SET state = 'superseded' WHERE score = %s AND as_of = %s AND state = 'published'"""

# What was shown at that date before its rows were removed counts no more, either.
_FORGET_RETIRED = """
    UPDATE scoring.publication SET retired_from = 'superseded'
    WHERE score = %s AND as_of = %s AND state = 'retired' AND retired_from = 'published'"""

_REVEAL = """
    UPDATE scoring.publication SET state = 'published', rows = %s, changed = %s, checksum = %s, announces = %s,
        published_at = now()
    WHERE publication_id = %s"""

_NOTE_DROPPED = """
    INSERT INTO scoring.dropped_publication (publication_id, score, as_of, snapshot_id)
    SELECT publication_id, score, as_of, snapshot_id FROM scoring.publication WHERE publication_id = %s"""


def rows_table(publication_id: int) -> sql.Composed:
    """The table with the rows of one publication; a partition of ``score`` once it is published."""
    return sql.SQL("scoring.{}").format(sql.Identifier(f"score_{int(publication_id)}"))


def shadow_table(publication_id: int) -> sql.Composed:
    """The table with what the challenger of a shadow said of the customers of one publication."""
    return sql.SQL("scoring.{}").format(sql.Identifier(f"shadow_{int(publication_id)}"))


def lock(connection: Connection, score: str) -> None:
    """Let only one transaction at a time plan, publish or reset this score."""
    execute(connection, "SELECT pg_advisory_xact_lock(hashtextextended('publication ' || %s, 0))", (score,))


def by_inputs(connection: Connection, score: str, as_of: dt.date, inputs_digest: str) -> Publication | None:
    """The publication with exactly these inputs that has its rows, or gets them."""
    condition = "WHERE score = %s AND as_of = %s AND inputs_digest = %s AND state <> 'retired'"
    return _one(connection, condition, (score, as_of, inputs_digest))


def reopen(connection: Connection, publication_id: int) -> None:
    """Set ``opened_at`` to now, because a plan has just found the publication's inputs to be the current ones."""
    statement = "UPDATE scoring.publication SET opened_at = clock_timestamp() WHERE publication_id = %s"
    execute(connection, statement, (publication_id,))


def overtaken_by(connection: Connection, publication: Publication) -> Publication | None:
    """The publication that readers see instead of ``publication``, if it was planned later."""
    condition = """WHERE state = 'published' AND score = %s AND as_of = %s AND opened_at >
        (SELECT opened_at FROM scoring.publication WHERE publication_id = %s)"""
    return _one(connection, condition, (publication.score, publication.as_of, publication.publication_id))


def by_id(connection: Connection, publication_id: int) -> Publication | None:
    """The publication of that id."""
    return _one(connection, "WHERE publication_id = %s", (publication_id,))


def published(connection: Connection, score: str, as_of: dt.date | None) -> Publication | None:
    """The publication that readers see of a score at ``as_of``, or at its newest date."""
    condition = "WHERE state = 'published' AND score = %s AND as_of = coalesce(%s, as_of) ORDER BY as_of DESC LIMIT 1"
    return _one(connection, condition, (score, as_of))


def retired(connection: Connection, score: str, as_of: dt.date) -> Publication | None:
    """What readers saw of a score at ``as_of`` until its rows were removed, if they see nothing there now."""
    condition = "WHERE seen AND state = 'retired' AND score = %s AND as_of = %s"
    return _one(connection, condition, (score, as_of))


def was_published_before(connection: Connection, score: str, as_of: dt.date) -> bool:
    """Whether readers have seen an earlier date of a score, also one that was retired."""
    query = "SELECT EXISTS (SELECT FROM scoring.publication WHERE seen AND score = %s AND as_of < %s)"
    return bool(value(connection, query, (score, as_of)))


def published_before(connection: Connection, score: str, as_of: dt.date) -> Publication | None:
    """What readers see of a score at the newest date before ``as_of``."""
    return _one(
        connection,
        "WHERE state = 'published' AND score = %s AND as_of < %s ORDER BY as_of DESC LIMIT 1",
        (score, as_of),
    )


def all_published(connection: Connection, scores: Sequence[str]) -> list[Publication]:
    """The publications that readers see of some scores, by date and score."""
    condition = "WHERE state = 'published' AND score = ANY(%s) ORDER BY as_of, score"
    return all_rows(connection, Publication, SELECT + condition, (list(scores),))


def listed(connection: Connection, score: str | None, most: int) -> list[Publication]:
    """The newest publications of a score, or of all, the newest date first, in any state."""
    condition = "WHERE %s::text IS NULL OR score = %s ORDER BY as_of DESC, score, publication_id DESC LIMIT %s"
    return all_rows(connection, Publication, SELECT + condition, (score, score, most))


def _one(connection: Connection, condition: str, arguments: tuple[Any, ...]) -> Publication | None:
    return one_or_none(connection, Publication, SELECT + condition, arguments)


def open_publication(
    connection: Connection,
    *,
    score: str,
    as_of: dt.date,
    snapshot_id: int,
    definition_digest: str,
    inputs_digest: str,
    run_id: str,
    code_version: str,
    arms: Sequence[Arm],
    reasons: tuple[int, list[str]] | None = None,
) -> int:
    """Write the row and the arms of a new publication and create the table for its rows, which nobody reads yet.

    ``reasons`` are the number to store for each customer and the names of the score's features.
    """
    count, features = reasons or (None, None)
    inputs = (score, as_of, snapshot_id, definition_digest, inputs_digest, run_id, code_version, count, features)
    publication_id = int(value(connection, _OPEN, inputs))
    insert(connection, _ADD_ARMS, [(publication_id, *astuple(arm)[:-1]) for arm in arms])
    execute(connection, _MAKE_TABLE.format(rows_table(publication_id), sql.Literal(publication_id)))
    return publication_id


def row_of(connection: Connection, publication_id: int, customer: str) -> ScoreRow | None:
    """One customer's row."""
    query = """SELECT customer_id, value, points, band, arm, model_version FROM scoring.score
        WHERE publication_id = %s AND customer_id = %s"""
    return one_or_none(connection, ScoreRow, query, (publication_id, customer))


def reasons_of(connection: Connection, publication_id: int, customer: str) -> list[tuple[str, float]] | None:
    """Features and contributions that are stored for one customer, the strongest first; None if none are stored."""
    query = """SELECT p.reason_features[r.feature] AS feature, r.contribution
        FROM scoring.publication p JOIN scoring.score s USING (publication_id)
        CROSS JOIN LATERAL unnest(s.reasons, s.contributions) WITH ORDINALITY AS r (feature, contribution, place)
        WHERE publication_id = %s AND customer_id = %s ORDER BY r.place"""
    found = all_rows(connection, dict, query, (publication_id, customer))
    return [(row["feature"], row["contribution"]) for row in found] or None


def arms(connection: Connection, publication_id: int) -> list[Arm]:
    """The models of a publication, the champion's first."""
    query = """SELECT a.arm, a.model_name, a.model_version, a.model_digest, a.trained_with, a.scored_with,
            a.experiment_id, a.share, e.salt
        FROM scoring.arm a LEFT JOIN scoring.experiment e USING (experiment_id)
        WHERE publication_id = %s ORDER BY arm <> 'champion', arm"""
    return all_rows(connection, Arm, query, (publication_id,))


def reveal(
    connection: Connection,
    publication: Publication,
    *,
    rows: int,
    changed: int,
    checksum: str,
    announces: bool,
) -> None:
    """Show a publication to readers in place of the former one; call it last in the transaction."""
    if publication.state == "open":
        identity = sql.Literal(publication.publication_id)
        execute(connection, _ATTACH.format(rows_table(publication.publication_id), identity))
    execute(connection, _SUPERSEDE, (publication.score, publication.as_of))
    execute(connection, _FORGET_RETIRED, (publication.score, publication.as_of))
    execute(connection, _REVEAL, (rows, changed, checksum, announces, publication.publication_id))


def note_announced(connection: Connection, publication_id: int, changed: int) -> None:
    """Record that a publication was announced after it was shown, with ``changed`` more events."""
    statement = """UPDATE scoring.publication SET announces = true, changed = changed + %s WHERE publication_id = %s"""
    execute(connection, statement, (changed, publication_id))


def let_announce_again(connection: Connection, score: str, since: dt.date) -> None:
    """Mark a score's published dates from ``since`` on as not announced: running them again announces them."""
    statement = """UPDATE scoring.publication SET announces = false
        WHERE state = 'published' AND score = %s AND as_of >= %s"""
    execute(connection, statement, (score, since))


def drop(connection: Connection, publication: Publication) -> None:
    """Remove a publication with its rows; announcements and events stay, because the CRM was told them."""
    execute(connection, _NOTE_DROPPED, (publication.publication_id,))
    # Deleting the row first waits for running shards, which lock their own rows before they write to the table.
    execute(connection, "DELETE FROM scoring.publication WHERE publication_id = %s", (publication.publication_id,))
    for table in (rows_table(publication.publication_id), shadow_table(publication.publication_id)):
        execute(connection, sql.SQL("DROP TABLE IF EXISTS {}").format(table))
