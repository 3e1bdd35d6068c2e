"""The CRM stand-in's data, in an SQLite file that survives a restart."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (webhook_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS told (
    score TEXT NOT NULL, customer_id TEXT NOT NULL, version INTEGER NOT NULL, event TEXT NOT NULL,
    PRIMARY KEY (score, customer_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS count (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""

KEEP_NEWEST = """
INSERT INTO told (score, customer_id, version, event) VALUES (?, ?, ?, ?)
ON CONFLICT (score, customer_id) DO UPDATE SET version = excluded.version, event = excluded.event
WHERE excluded.version > told.version
"""

COUNT = """
INSERT INTO count (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value
"""

COUNTED = ("requests", "accepted", "duplicates", "refused", "failed", "dropped", "events", "outdated")


class Store:
    """Ids of messages, the newest event of each score and customer, and counts; safe for many threads."""

    def __init__(self, database: Path) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        self._database = database
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(database, check_same_thread=False)
        # A commit survives the end of the process; only a power failure can lose the latest ones.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def accept(self, webhook_id: str, events: list[dict[str, Any]]) -> bool:
        """Store a message unless its id is known; returns whether it was new. Committed on return."""
        with self._lock, self._connection:
            message = self._connection.execute("INSERT OR IGNORE INTO message VALUES (?)", (webhook_id,))
            if message.rowcount == 0:
                self._count(requests=1, duplicates=1)
                return False
            newer = 0
            for event in events:
                row = (event["score"], event["customer_id"], event["version"], json.dumps(event))
                newer += self._connection.execute(KEEP_NEWEST, row).rowcount
            self._count(requests=1, accepted=1, events=len(events), outdated=len(events) - newer)
            return True

    def count(self, **counts: int) -> None:
        """Add to one or more counts, named as in ``COUNTED``."""
        with self._lock, self._connection:
            self._count(**counts)

    def counts(self) -> dict[str, int]:
        """Every count since the file was created, and ``customers``: the known pairs of score and customer."""
        with closing(self._reader()) as reader:
            found = dict(reader.execute("SELECT name, value FROM count"))
            (customers,) = reader.execute("SELECT count(*) FROM told").fetchone()
        return {name: found.get(name, 0) for name in COUNTED} | {"customers": customers}

    def newest(self) -> Iterator[dict[str, Any]]:
        """The newest event of each score and customer, in their order, as of one moment."""
        with closing(self._reader()) as reader:
            for (event,) in reader.execute("SELECT event FROM told ORDER BY score, customer_id"):
                yield json.loads(event)

    def _reader(self) -> sqlite3.Connection:
        return sqlite3.connect(self._database, check_same_thread=False)

    def _count(self, **counts: int) -> None:
        self._connection.executemany(COUNT, counts.items())
