"""What the commands that list and show share: reading the tables, and how a thing is called in one cell."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from scoring.cli.options import attached_settings

if TYPE_CHECKING:  # what counts is imported where it is used: --help must not wait
    from collections.abc import Iterator

    from scoring.database import Connection
    from scoring.domain.dataset import DataSet
    from scoring.domain.score import Score
    from scoring.settings import Settings


@contextmanager
def reading() -> Iterator[tuple[Settings, Connection]]:
    """The settings and a transaction."""
    from scoring.database import transaction

    with attached_settings() as settings, transaction(settings.database()) as connection:
        yield settings, connection


def in_charge(connection: Connection, score: Score) -> str:
    """Which version of a score's model is in charge."""
    from scoring.models import ledger

    row = ledger.in_charge(connection, score.model_name)
    return f"version {row.model_version}" if row else "no model"


def source_of(data_set: DataSet) -> str:
    """Where the records of a data set come from."""
    source: Any = data_set.source
    place = getattr(source, "path", None) or f"connection {source.connection}"
    return f"{source.kind}: {place}"


def table_of(*columns: str) -> Table:
    """An empty table with these headers."""
    return Table(*columns, box=SIMPLE_HEAD)
