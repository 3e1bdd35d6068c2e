"""A trial, not a benchmark: what one record costs within the API's process, the short way and the long way.

``.venv/bin/python benchmarks/single_record.py`` prints it; docs/decisions/0017 holds the last result.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project is run from its checkout

import numpy as np
import pandas as pd
import pyarrow as pa
from installation import installed
from sklearn.linear_model import LogisticRegression

from scoring.database import migrate
from scoring.definitions.credit_cards import CREDIT_CARDS, DELINQUENCY_RISK
from scoring.intake.expectations import load_suite
from scoring.intake.expectations.compiled import RowChecks
from scoring.intake.messages.reader import Reader
from scoring.intake.messages.text import parsed
from scoring.local.champions import train_first_champions
from scoring.models.scorer import BLOCK, Scorer
from scoring.publishing.predict import load_scorer
from scoring.serving.model import load
from scoring.settings import PROJECT, Settings
from scoring.snapshots.forgotten import Forgotten

RECORDS, TIMES, WARM = 200, 10, 50
_TYPES = {"text": "str", "category": "str", "integer": "int64"}


def trial() -> None:
    """Score records of the sample, one at a time, and print the medians in milliseconds."""
    with installed("scoring.definitions") as settings:
        migrate(settings.database())
        train_first_champions(settings)
        measure(settings)


def measure(settings: Settings) -> None:
    """Time both ways, the parts of the short one, and what scikit-learn takes by itself."""
    reader = Reader(CREDIT_CARDS, RowChecks(load_suite(settings.expectations_dir, CREDIT_CARDS)))
    served = load(settings, DELINQUENCY_RISK.name, reader, lambda *_: None)
    slow = load_scorer(settings, DELINQUENCY_RISK, CREDIT_CARDS, served.arms[0])  # without hurry()
    gone, bodies = Forgotten(CREDIT_CARDS.name), bodies_of_customers()
    records = [parsed(body) for body in bodies]
    rows = [reader.single(record) for record in records]
    frames = [slow.features(pa.Table.from_batches([reader.read([record]).rows])) for record in records]
    linear = Scorer(
        LogisticRegression().fit(np.nan_to_num(np.vstack(frames)), np.arange(RECORDS) % 2),
        DELINQUENCY_RISK, slow.encoding, key=CREDIT_CARDS.key, name="linear", block=BLOCK,
    )  # fmt: skip
    say("the short way: rules, features, model, result", lambda one: served.quick_result(one, gone), records)
    say("  cells and rules", reader.single, records)
    say("  features, model, points, band", served.scorers.scored_one, rows)
    say("the long way, with the short way's model", lambda one: served.results(reader.read([one]).rows), records)
    say("parsing the JSON, which both need", parsed, bodies)
    say("scikit-learn's own prediction: HistGradientBoosting", slow.raw_of, frames)
    say("scikit-learn's own prediction: LogisticRegression", linear.raw_of, [frame.fillna(0.0) for frame in frames])


def bodies_of_customers() -> list[bytes]:
    """Records of the sample's first customers, as JSON."""
    path = PROJECT / "sample_data" / "credit_cards" / "credit_cards_2005-06-30.csv.gz"
    types = {column.name: _TYPES.get(column.type, "float64") for column in CREDIT_CARDS.columns}
    customers = pd.read_csv(path, dtype=types, nrows=RECORDS)
    return [json.dumps(one).encode() for one in customers.to_dict("records")]


def say(what: str, way: Callable[[Any], Any], given: Sequence[Any]) -> None:
    """Print the median of calls with each of ``given``, in milliseconds."""
    taken = []
    for one in [*given[:WARM], *given * TIMES]:
        began = time.perf_counter()
        found = way(one)
        taken.append((time.perf_counter() - began) * 1000)
        assert found is not None, one  # noqa: S101 - a record of the sample is plainly in order
    print(f"{median(taken[WARM:]):8.3f} ms  {what}")


if __name__ == "__main__":
    trial()
