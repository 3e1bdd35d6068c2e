"""The table ``alert``: facts that people must be told, each noted once and in the transaction that makes it true."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from scoring.database import Connection, all_rows, execute, one

Kind = Literal[
    "partition_stopped",
    "task_failed",
    "score_overdue",
    "drift",
    "update_needed",
    "endpoint_down",
    "dead_deliveries",
    "publication_held",
    "digest",
    "model_promoted",
    "approval_waiting",
    "alias_moved",
    "experiment_ended",
    "experiment_blocked",
    "stream_gap",
    "stream_unread",
    "dead_letters_waiting",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
ADMINISTRATORS = "scoring"  # the owner of what belongs to no definition, e.g. the CRM's endpoint

# Most characters of each part; what is longer is cut. A key is an entry of an index, whose rows end at 2,704 bytes.
KEY, LINE, TEXT = 300, 200, 6_000

_NOTE = """
    INSERT INTO scoring.alert (kind, key, owner, title, text, remedy)
    VALUES (%(kind)s, %(key)s, %(owner)s, %(title)s, %(text)s, %(remedy)s)
    ON CONFLICT ON CONSTRAINT one_alert_per_fact DO NOTHING"""

_UNROUTED = """
    SELECT alert_id, kind, key, owner, title, text, remedy, noted_at FROM scoring.alert
    WHERE routed_at IS NULL ORDER BY alert_id LIMIT %s FOR UPDATE SKIP LOCKED"""

_ROUTED = "UPDATE scoring.alert SET routed_at = now() WHERE alert_id = ANY(%s)"

_BY_ID = """
    SELECT alert_id, kind, key, owner, title, text, remedy, noted_at FROM scoring.alert WHERE alert_id = %s"""


@dataclass(frozen=True)
class Fact:
    """Something that people must be told.

    Parameters
    ----------
    kind
        What kind of fact it is.
    key
        Names it among those of its kind: a fact with a kind and key that were noted before is not news.
    owner
        Whose it is: the owner in the definition, or :data:`ADMINISTRATORS`.
    title
        One line.
    text
        What is the case.
    remedy
        What the owner does about it.
    """

    kind: Kind
    key: str
    owner: str
    title: str
    text: str
    remedy: str


@dataclass(frozen=True)
class Alert:
    """A row of table ``alert``."""

    alert_id: int
    kind: Kind
    key: str
    owner: str
    title: str
    text: str
    remedy: str
    noted_at: dt.datetime

    @property
    def reference(self) -> str:
        """The id that stands in every message about it."""
        return f"alert-{self.alert_id}"


def note(connection: Connection, fact: Fact) -> bool:
    """Note a fact, to be told to its owner once the caller's transaction commits; whether it is news.

    A transaction that notes several facts does so in the order of kind and key, or two of them could wait for each
    other; see :func:`note_all`.
    """
    written = {
        "kind": fact.kind,
        "key": short_key(fact.key),
        "owner": tidy(fact.owner, LINE),
        "title": tidy(" ".join(fact.title.split()), LINE),
        "text": tidy(fact.text, TEXT),
        "remedy": tidy(fact.remedy, TEXT),
    }
    return execute(connection, _NOTE, written) == 1


def note_all(connection: Connection, facts: Sequence[Fact]) -> int:
    """Note several facts; returns how many are news."""
    return sum(note(connection, fact) for fact in sorted(facts, key=lambda fact: (fact.kind, fact.key)))


def take_unrouted(connection: Connection, limit: int) -> list[Alert]:
    """The oldest alerts whose channels nobody has looked up, held until the transaction ends."""
    return all_rows(connection, Alert, _UNROUTED, (limit,))


def mark_routed(connection: Connection, alert_ids: Sequence[int]) -> None:
    """Note that the channels of these alerts were looked up."""
    execute(connection, _ROUTED, (list(alert_ids),))


def by_id(connection: Connection, alert_id: int) -> Alert:
    """The alert of an id that exists."""
    return one(connection, Alert, _BY_ID, (alert_id,))


def tidy(text: str, most: int) -> str:
    """The text as PostgreSQL and every channel take it: no NUL, no half of a pair of surrogates, at most so long."""
    sound = text.replace("\0", " ").encode("utf-8", "replace").decode()
    return sound if len(sound) <= most else f"{sound[: most - 1]}…"


def short_key(key: str) -> str:
    """The key itself, or a digest in its place if it is too long for an index."""
    sound = tidy(key, len(key))
    return sound if len(sound) <= KEY else f"{sound[:200]} {hashlib.sha256(sound.encode()).hexdigest()}"
