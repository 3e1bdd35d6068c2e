"""Staged rows are read once more in the memory of a part of them."""

import numpy as np
import pyarrow as pa
import pytest
from factories import SHOP, customer, table_of

from scoring.intake import staging
from scoring.intake.sources import Received
from scoring.intake.staging import Staged

BATCHES, ROWS = 40, 5000


@pytest.fixture
def staged(tmp_path, monkeypatch):
    """Many batches that do not pack well."""
    monkeypatch.setattr(staging, "CHECKED_ROWS", ROWS)

    def batches():
        rows = pa.concat_tables([table_of([customer(0)])] * ROWS).combine_chunks()
        for number in range(BATCHES):
            spend = pa.array(np.random.default_rng(number).random(ROWS))
            keys = pa.array([f"{number}-{one}" for one in range(ROWS)])
            filled = rows.set_column(0, "customer_id", keys)
            yield from filled.set_column(filled.schema.get_field_index("spend"), "spend", spend).to_batches()

    found = Staged(SHOP, Received("made up", batches()), tmp_path / "received.parquet")
    yield found
    found.close()


def test_reading_all_batches_keeps_a_few_in_memory(staged):
    before, most, size = pa.total_allocated_bytes(), 0, 0
    for first, batch in staged.batches():
        assert first == size // ROWS * ROWS + 1
        size += batch.num_rows
        one, most = batch.nbytes, max(most, pa.total_allocated_bytes() - before)
    assert size == BATCHES * ROWS
    assert most < BATCHES / 4 * one
