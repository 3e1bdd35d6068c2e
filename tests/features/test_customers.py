"""Customers are found among others by their keys, whatever keys share a hash."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.features import customers as room
from scoring.features.customers import Customers
from scoring.snapshots.hashes import hashes_of

KEYS = st.lists(st.text(max_size=20), unique=True, max_size=30)


def hash_of_all(keys):
    """Everybody has the same hash."""
    return np.zeros(len(keys), np.uint64)


def hash_of_length(keys):
    """Many share a hash; customers do not, if their keys are of different lengths."""
    return np.array([len(key) for key in keys.to_pylist()], np.uint64)


@pytest.mark.parametrize("hashed", [hashes_of, hash_of_all, hash_of_length])
@given(mine=KEYS.filter(bool), others=KEYS)
def test_each_who_is_among_others_is_found_and_nobody_else(hashed, mine, others):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "hashes_of", hashed)
        rows, places = Customers([pa.array(mine, pa.string())]).among(pa.array(others, pa.string()))
    wanted = [(row, mine.index(key)) for row, key in enumerate(others) if key in mine]
    assert list(zip(rows.tolist(), places.tolist(), strict=True)) == wanted


@given(st.lists(st.binary(max_size=40).map(lambda some: some.decode("latin-1")), max_size=30), st.integers(0, 5))
def test_a_hash_is_that_of_the_key_alone(keys, first):
    whole = hashes_of(pa.array(keys, pa.string()))
    assert whole[first:].tolist() == hashes_of(pa.array(keys, pa.string()).slice(first)).tolist()
    assert whole.tolist() == [hashes_of(pa.array([key]))[0] for key in keys]


def test_a_million_customers_have_as_many_hashes():
    numbers = range(1_000_000)
    for keys in ([f"{number:010d}" for number in numbers], [f"customer-{number}@example.org" for number in numbers]):
        assert len(np.unique(hashes_of(pa.array(keys)))) == len(keys)


def test_keys_that_differ_in_a_zero_byte_or_in_length_alone_have_other_hashes():
    keys = ["", "\0", "\0\0", "a", "a\0", "a" + "\0" * 7, "a" + "\0" * 8, "12345678", "12345678\0"]
    assert len(np.unique(hashes_of(pa.array(keys)))) == len(keys)
