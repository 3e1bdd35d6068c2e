"""The benchmark of ingest: CSV, Parquet and PostgreSQL to a snapshot, beside a bare peer. ``make bench`` runs it."""

import io
import itertools
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import report
import synthetic
import typer
from bench_definitions import CUSTOMERS, FIRST
from ingest_rules import SUITE
from installation import environment_of, installed
from measure import Measured, in_fresh_process
from prepare import SQL_TYPES
from psycopg2 import sql
from sections import measured, renew, table

from scoring.database import connect, migrate
from scoring.local.interrupts import interruptible
from scoring.settings import PROJECT, Settings
from scoring.snapshots.arrow import arrow_schema

SIZES, ROUNDS = "1000000,10000000", "3,1"
PEER, READ = "bare peer, CSV", "PostgreSQL, only read and cast"
WAYS = {"CSV": "csv", "Parquet": "parquet", "PostgreSQL": "postgres"}
HEADINGS = ("rows x columns", "way", "seconds", "CPU seconds", "rows/s", "peak MB", "times the peer's seconds")
Results = dict[str, list[Measured]]


def bench(
    sizes: Annotated[str, typer.Option(help="Numbers of rows, separated by commas.")] = SIZES,
    rounds: Annotated[str, typer.Option(help="How often each way is measured: one number for each size.")] = ROUNDS,
    peer_up_to: Annotated[int, typer.Option(help="The largest size of the peer; it holds all rows.")] = 1_000_000,
) -> None:
    """Measure all ways in turns. A run of all sizes renews its part of docs/benchmarks.md."""
    machine, lines = report.machine(), list[tuple[str, ...]]()
    months = itertools.count(1)  # each ingest has a date of its own: the same content again would change nothing
    with installed("bench_definitions") as settings:
        migrate(settings.database())
        environment = _environment(settings)
        for rows, repeats in zip(map(int, sizes.split(",")), map(int, rounds.split(",")), strict=True):
            _deliver(settings, rows)
            results: Results = {}
            for _ in range(repeats):
                for way, found in _round(settings, environment, rows, months, with_peer=rows <= peer_up_to):
                    results.setdefault(way, []).append(found)
                    print(f"{rows:>12,}  {way:<32} {report.line(found)} {found.cpu_seconds:8.2f} CPU s", flush=True)
            lines += [_line(rows, way, of_way, results.get(PEER)) for way, of_way in results.items()]
    print(*(" | ".join(line) for line in lines), sep="\n")
    if (sizes, rounds) == (SIZES, ROUNDS):
        renew("benchmarks.md", "ingest", "make bench", [table(HEADINGS, lines), measured("make bench", machine)])


def _environment(settings: Settings) -> dict[str, str]:
    suites = settings.home / "great_expectations"
    shutil.copytree(PROJECT / "great_expectations", suites, ignore=shutil.ignore_patterns("uncommitted"))
    (suites / "expectations" / f"{CUSTOMERS.name}.json").write_text(json.dumps(SUITE))
    (settings.home / "inbox").mkdir()
    return environment_of(settings) | {
        "SCORING_INBOX": str(settings.home / "inbox"),
        "SCORING_EXPECTATIONS_DIR": str(suites),
        "SCORING_SOURCE_URLS": json.dumps({"warehouse": settings.database()}),
    }


def _round(
    settings: Settings, environment: dict[str, str], rows: int, months: Iterator[int], *, with_peer: bool
) -> Iterator[tuple[str, Measured]]:
    if with_peer:
        path, to = settings.home / "inbox" / f"{rows}.csv", settings.home / "bare.parquet"
        yield PEER, in_fresh_process("ingest_bare.py", environment, path=str(path), to=str(to))
    yield READ, in_fresh_process("ingest_ours.py", environment, kind="postgres", rows=rows, read_only=True)
    for way, kind in WAYS.items():
        yield way, in_fresh_process("ingest_ours.py", environment, kind=kind, rows=rows, months=next(months))


def _deliver(settings: Settings, rows: int) -> None:
    """Write the customers as CSV, as Parquet and into a table."""
    inbox, name = settings.home / "inbox", sql.Identifier(f"customers_{rows}")
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(SQL_TYPES[column.type]))
        for column in CUSTOMERS.columns
    )
    with (
        pq.ParquetWriter(inbox / f"{rows}.parquet", arrow_schema(CUSTOMERS)) as parquet,
        (inbox / f"{rows}.csv").open("wb") as text,
        connect(settings.database()) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(name, columns))
        text.write((",".join(CUSTOMERS.column_names) + "\n").encode())
        for batch in synthetic.customers(rows, FIRST, later=False):
            buffer = pa.BufferOutputStream()
            pyarrow.csv.write_csv(batch, buffer, pyarrow.csv.WriteOptions(include_header=False))
            parquet.write_batch(batch)
            text.write(buffer.getvalue())
            copy = sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(name)
            cursor.copy_expert(copy, io.BytesIO(buffer.getvalue()))


def _line(rows: int, way: str, of_way: list[Measured], peer: list[Measured] | None) -> tuple[str, ...]:
    seconds = sorted(one.seconds for one in of_way)
    middle = seconds[len(seconds) // 2]
    ratios = sorted(one.seconds / its.seconds for one, its in zip(of_way, peer or (), strict=False))
    return (
        f"{rows:,} x 20",
        way,
        f"{middle:.2f} ({seconds[0]:.2f}-{seconds[-1]:.2f})",
        f"{min(one.cpu_seconds for one in of_way):.2f}",
        f"{rows / middle:,.0f}",
        f"{max(one.peak_mb for one in of_way):,.0f}",
        f"{ratios[len(ratios) // 2]:.2f}" if ratios else "-",
    )


if __name__ == "__main__":
    with interruptible():
        typer.run(bench)
