"""A whole ingest of the synthetic customers: copy, read, duplicates, checks, snapshot, its record and its page."""

import great_expectations  # noqa: F401 - imports do not count
from bench_definitions import CUSTOMERS, FIRST
from measure import Measured, answer

from scoring.domain.calendar import months_after
from scoring.domain.dataset import CsvSource, ParquetSource, PostgresSource
from scoring.intake import sources
from scoring.intake.ingest import ingest
from scoring.settings import load_settings


def ours(kind: str, rows: int, months: int = 0, read_only: bool = False) -> Measured:
    """Take in ``rows`` customers from a ``kind`` of source ``months`` later; ``read_only`` only reads and casts."""
    measured, settings, as_of = Measured(), load_settings(), months_after(FIRST, months)
    source = {
        "csv": CsvSource(path=f"{rows}.csv"),
        "parquet": ParquetSource(path=f"{rows}.parquet"),
        "postgres": PostgresSource(connection="warehouse", query=f"SELECT * FROM customers_{rows}"),  # noqa: S608 - a number
    }[kind]
    data_set = CUSTOMERS.model_copy(update={"source": source})
    with measured.phase("read" if read_only else "ingest"):
        if read_only:
            urls = {name: url.get_secret_value() for name, url in settings.source_urls.items()}
            reading = sources.read(
                data_set, as_of, inbox=settings.inbox, source_urls=urls, path=None, batch_rows=settings.row_group_rows
            )
            with reading as received:
                measured.rows = sum(batch.num_rows for batch in received.batches)
        else:
            measured.rows = ingest(settings, data_set, as_of).accepted
    return measured


if __name__ == "__main__":
    answer(ours)
