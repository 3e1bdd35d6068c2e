"""Evidently's way: the same two snapshots as data frames through DataDriftPreset with its defaults."""

import os

os.environ["DO_NOT_TRACK"] = "1"

import pyarrow.parquet as pq
from drift_definitions import CATEGORIES, NUMBERS
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
from measure import Measured, answer


def evidently(reference: str, current: str) -> Measured:
    """Read both files and compare them."""
    measured = Measured()
    columns = [*NUMBERS, *CATEGORIES]
    definition = DataDefinition(numerical_columns=list(NUMBERS), categorical_columns=list(CATEGORIES))
    with measured.phase("read"):
        frames = [pq.read_table(path, columns=columns).to_pandas() for path in (current, reference)]
    with measured.phase("preset"):
        sides = [Dataset.from_pandas(frame, data_definition=definition) for frame in frames]
        found = Report([DataDriftPreset()]).run(*sides).dict()
    measured.rows = len(frames[0])
    measured.changed = int(found["metrics"][0]["value"]["count"])
    return measured


if __name__ == "__main__":
    answer(evidently)
