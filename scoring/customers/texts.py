"""Free text in the database: what names the person, or has a value of theirs, is masked; in every table there is."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql

from scoring.customers.place import Found, Subject
from scoring.customers.traces import Traces
from scoring.database import Connection, all_rows, execute, transaction

# Tables whose rows about a person are erased by other places, and that hold no free text.
STRUCTURED = frozenset(
    {
        "announcement",
        "api_request",
        "breach",
        "customer_update",
        "delivery",
        "event",
        "outbox",
        "outcome_refused",
        "quarantined_row",
        "score",
        "shadow_score",
        "stream_refusal",
        "streamed_score",
    }
)
# Tables that grow with the customers and hold names of ours only.
WITHOUT_TEXT = frozenset({"drift", "profile_bins", "profile_counts", "shard", "stream_range"})

# Ordinary tables; the rows of publications stand in tables of their own (scoring.customers.publications). An id in its
# column is no free text: the row is another place's.
_COLUMNS = """
    SELECT c.table_name::text AS table_name, c.column_name::text AS column_name, c.udt_name::text AS kind
    FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'scoring' AND t.table_type = 'BASE TABLE'
        AND c.udt_name IN ('text', 'varchar', 'json', 'jsonb', '_text') AND c.table_name !~ '^(score|shadow)_[0-9]+$'
        AND c.column_name <> 'customer_id'
    ORDER BY c.table_name, c.ordinal_position"""

_TRIGGERS = """
    SELECT EXISTS (SELECT FROM pg_trigger
                   WHERE tgrelid = ('scoring.' || quote_ident(%s))::regclass AND NOT tgisinternal) AS guarded"""


@dataclass(frozen=True)
class Column:
    """A column that may hold free text."""

    table_name: str
    column_name: str
    kind: str


class Texts:
    """Alerts, errors, reasons, sources, warnings: every text column of every table that no other place has."""

    name = "texts"

    def find(self, subject: Subject) -> list[Found]:
        """The texts."""
        with transaction(subject.database) as connection:
            return [
                Found(f"scoring.{table}.{name}", {"text": _text(row[name])})
                for table, columns in columns_of(connection).items()
                for row in _matching(connection, table, columns, subject.traces)
                for name in columns
                if row[name] is not None and subject.traces.in_text(_text(row[name]))
            ]

    def erase(self, subject: Subject) -> int:
        """Mask them, table by table."""
        changed = 0
        with transaction(subject.database) as connection:
            tables = columns_of(connection)
        for table, columns in tables.items():
            with transaction(subject.database) as connection:
                rows = _matching(connection, table, columns, subject.traces, lock=True)
                if rows:
                    changed += _mask(connection, table, columns, rows, subject.traces)
        return changed


def columns_of(connection: Connection) -> dict[str, dict[str, str]]:
    """The kind of each column that may hold free text, by table and column."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for one in all_rows(connection, Column, _COLUMNS):
        if one.table_name not in STRUCTURED | WITHOUT_TEXT:
            found[one.table_name][one.column_name] = one.kind
    return dict(found)


def _matching(
    connection: Connection, table: str, columns: Mapping[str, str], traces: Traces, *, lock: bool = False
) -> list[dict[str, Any]]:
    names = [sql.Identifier(name) for name in columns]
    query = sql.SQL("SELECT ctid::text AS ctid, {} FROM scoring.{} WHERE {} {}").format(
        sql.SQL(", ").join(names),
        sql.Identifier(table),
        sql.SQL(" OR ").join(sql.SQL("{}::text ~ %(pattern)s").format(name) for name in names),
        sql.SQL("FOR UPDATE" if lock else ""),
    )
    return all_rows(connection, dict, query, {"pattern": traces.pattern})


def _mask(
    connection: Connection, table: str, columns: Mapping[str, str], rows: list[dict[str, Any]], traces: Traces
) -> int:
    """Write the rows with masked texts; a ledger's trigger, which refuses changes, is off for this transaction."""
    (guarded,) = all_rows(connection, dict, _TRIGGERS, (table,))
    switch = sql.SQL("ALTER TABLE scoring.{} {} TRIGGER USER")
    if guarded["guarded"]:
        execute(connection, switch.format(sql.Identifier(table), sql.SQL("DISABLE")))
    changes = sql.SQL(", ").join(
        sql.SQL("{} = {}::{}").format(*_assignment(one, kind)) for one, kind in columns.items()
    )
    update = sql.SQL("UPDATE scoring.{} SET {} WHERE ctid = %(ctid)s::tid").format(sql.Identifier(table), changes)
    for row in rows:
        values = {name: _masked(row[name], kind, traces) for name, kind in columns.items()}
        execute(connection, update, {**values, "ctid": row["ctid"]})
    if guarded["guarded"]:
        execute(connection, switch.format(sql.Identifier(table), sql.SQL("ENABLE")))
    return len(rows)


def _assignment(name: str, kind: str) -> tuple[sql.Composable, sql.Composable, sql.Composable]:
    types = {"_text": "text[]", "varchar": "text"}
    return sql.Identifier(name), sql.Placeholder(name), sql.SQL(types.get(kind, kind))


def _masked(content: Any, kind: str, traces: Traces) -> Any:
    if content is None:
        return None
    masked = traces.masked_content(content)
    return json.dumps(masked, ensure_ascii=False) if kind in ("json", "jsonb") else masked


def _text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
