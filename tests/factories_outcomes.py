"""Cohorts of the shop, deliveries of what happened to them, and looks at what is known."""

import datetime as dt
from pathlib import Path
from typing import Any

from factories import JULY, JUNE, customer, published_rows, query, snapshot_of
from shop_definitions import LEAVING, SPENDING

from scoring.database import connect
from scoring.domain.dataset import CsvSource
from scoring.domain.score import Score
from scoring.outcomes import known
from scoring.settings import Settings

FOREVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)

# What customers of the shop spent is told by files of their own.
TOLD = SPENDING.model_copy(
    update={
        "target": SPENDING.target.model_copy(
            update={"source": CsvSource(path="spent_{as_of}.csv"), "observed_at": "seen"}
        )
    }
)


def cohort(settings: Settings, count: int = 10, *, score: Score = SPENDING, as_of: dt.date = JUNE) -> None:
    """Publish a score of customers c0000, c0001, ..."""
    published_rows(settings, score, [customer(number) for number in range(count)], as_of)


def month_later(settings: Settings, spend: dict[int, float], as_of: dt.date = JULY, **columns: Any) -> None:
    """A snapshot that shows what some customers spent."""
    snapshot_of(settings, [customer(number, spend=amount, **columns) for number, amount in spend.items()], as_of)


def deliver_outcomes(
    settings: Settings, *lines: str, as_of: dt.date = JUNE, header: str = "customer_id,spend,seen"
) -> Path:
    """Put a file of outcomes where the target's own source is."""
    path = Path(settings.inbox) / f"spent_{as_of}.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def corrections(settings: Settings, *lines: str, name: str = "corrections.csv") -> Path:
    """A file of corrections in the inbox."""
    path = Path(settings.inbox) / name
    path.write_text("\n".join(["customer_id,as_of,value,reason", *lines]) + "\n")
    return path


def known_of(
    settings: Settings, score: Score = SPENDING, as_of: dt.date = JUNE, at: dt.datetime = FOREVER
) -> dict[str, float]:
    """What is known of a cohort, by customer."""
    with connect(settings.database()) as connection:
        table = known.as_known(connection, score.name, as_of, at)
    assert table.schema == known.SCHEMA
    customers = table.column("customer_id").to_pylist()
    assert customers == sorted(set(customers))
    return dict(zip(customers, table.column("value").to_pylist(), strict=True))


def latest(settings: Settings, score: Score = SPENDING, as_of: dt.date = JUNE) -> dt.datetime | None:
    """When the newest outcome of a cohort was recorded."""
    with connect(settings.database()) as connection:
        return known.latest(connection, score.name, as_of)


def refused(settings: Settings) -> list[tuple[int, str]]:
    """Row number and reason of all refused rows."""
    found = query(settings, "SELECT row_number, reason FROM scoring.outcome_refused ORDER BY batch_id, row_number")
    return [tuple(row) for row in found]


TABLES = {
    "outcome": "SELECT score, as_of, customer_id, value, observed_at, origin, author, reason FROM scoring.outcome "
    "ORDER BY outcome_id",
    "batch": "SELECT score, as_of, origin, digest, author, received, recorded, unchanged, quarantined, duplicates, "
    "others FROM scoring.outcome_batch ORDER BY batch_id",
    "refused": "SELECT row_number, customer_id, reason, content::text FROM scoring.outcome_refused ORDER BY 1, 2",
}


def outcomes_of(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """All that an undisturbed collection would leave, without ids and times."""
    return {table: [tuple(row) for row in query(settings, statement)] for table, statement in TABLES.items()}


__all__ = ["LEAVING"]
