"""How long a tall data set takes through ingest, and how much memory: `.venv/bin/python benchmarks/tall.py`.

Not part of `make bench`: ten million rows take minutes. Each size is ingested in a process of its own.
"""

import datetime as dt
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from installation import environment_of, installed
from measure import Measured, answer, in_fresh_process
from tall_definitions import TALL

from scoring.database import migrate
from scoring.settings import PROJECT, load_settings

AS_OF = dt.date(2026, 6, 30)
SIZES = (1_000_000, 10_000_000)
FILE_ROWS = 1_000_000
SUITE = {
    "name": TALL.name,
    "expectations": [
        {"type": "expect_column_values_to_be_between", "kwargs": {"column": "months", "min_value": 0},
         "severity": "critical"},
    ],
}  # fmt: skip


def write(folder: Path, rows: int) -> None:
    """Write the files of a delivery."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(0)
    for first in range(0, rows, FILE_ROWS):
        table = pa.table(
            {
                "account": np.arange(first, first + FILE_ROWS),
                "balance": draw.normal(1000, 300, FILE_ROWS).round(2),
                "months": draw.integers(0, 100, FILE_ROWS),
                "kind": pa.array(["a", "b", "c"]).take(pa.array(draw.integers(0, 3, FILE_ROWS))),
            }
        )
        pq.write_table(table, folder / f"part-{first // FILE_ROWS:03d}.parquet")
    (folder / "_SUCCESS").touch()


def take_in() -> Measured:
    """Ingest the delivery that the environment leads to."""
    from scoring.intake.ingest import ingest

    measured = Measured()
    with measured.phase("ingest"):
        measured.rows = ingest(load_settings(), TALL, AS_OF).accepted
    return measured


def main() -> None:
    """Measure all sizes and print a row of a table for each."""
    with installed("tall_definitions") as settings:
        migrate(settings.database())
        suites = settings.home / "great_expectations"
        shutil.copytree(PROJECT / "great_expectations", suites, ignore=shutil.ignore_patterns("uncommitted"))
        (suites / "expectations" / f"{TALL.name}.json").write_text(json.dumps(SUITE))
        print("| rows | seconds | rows/s | peak MB |\n| --- | --- | --- | --- |")
        for rows in SIZES:
            inbox = settings.home / f"inbox_{rows}"
            write(inbox / f"tall_{AS_OF}", rows)
            environment = environment_of(settings) | {
                "SCORING_INBOX": str(inbox),
                "SCORING_EXPECTATIONS_DIR": str(suites),
            }
            found = in_fresh_process("tall.py", environment)
            print(
                f"| {found.rows:,} | {found.seconds:.1f} | {found.rows / found.seconds:,.0f} | {found.peak_mb:,.0f} |"
            )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        answer(take_in)
    else:
        main()
