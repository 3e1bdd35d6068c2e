"""Rows with the same key: which of them stays, against the rule written down with a dict."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from factories import SHOP, customer, table_of
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import SourceError
from scoring.intake.key_hashes import hashes_of
from scoring.intake.sources import Received
from scoring.intake.staging import Staged

KEYS = st.lists(st.sampled_from(["", "a", "b", "c", None]) | st.text(max_size=2), min_size=1, max_size=25)


def dropped_by_a_dict(keys, rule):
    """Positions that give way: all but the last (or first) of each key; a row without a key never does."""
    staying = {}
    for position, key in enumerate(keys):
        if rule == "keep_last" or key not in staying:
            staying[key] = position
    return [position for position, key in enumerate(keys) if key is not None and staying[key] != position]


def dropped(keys, rule, *, batch_rows=4, collide=False):
    data_set = SHOP.model_copy(update={"duplicates": rule})
    rows = table_of([customer(0) for _ in keys]).set_column(0, "customer_id", pa.array(keys, pa.string()))
    batches = rows.combine_chunks().to_batches(max_chunksize=batch_rows)
    with tempfile.TemporaryDirectory() as directory:
        received, path = Received("made up", iter(batches)), Path(directory) / "received.parquet"
        hashed = (lambda keys: np.ones(len(keys), np.uint64)) if collide else hashes_of
        staged = Staged(data_set, received, path, hashed=hashed)
        try:
            return np.flatnonzero(staged.duplicates()).tolist()
        finally:
            staged.close()


@given(KEYS, st.sampled_from(["keep_last", "keep_first"]), st.integers(1, 7))
def test_one_row_of_each_key_stays(keys, rule, batch_rows):
    assert dropped(keys, rule, batch_rows=batch_rows) == dropped_by_a_dict(keys, rule)


@given(KEYS, st.sampled_from(["keep_last", "keep_first"]))
def test_keys_whose_hashes_collide_are_still_told_apart(keys, rule):
    assert dropped(keys, rule, collide=True) == dropped_by_a_dict(keys, rule)


def test_a_refused_duplicate_is_named_with_row_column_and_remedy():
    with pytest.raises(SourceError, match=r"made up, row 4, column 'customer_id': the key 'a' .*Remedy") as refused:
        dropped(["a", "b", "c", "a", "b"], "refuse")
    assert "2 such rows" in str(refused.value)


@pytest.mark.parametrize("keys", [["a", "b"], ["", None], [None, None]], ids=["keys", "empty and null", "nulls"])
def test_nothing_is_refused_when_each_key_stands_once(keys):
    assert dropped(keys, "refuse") == []
