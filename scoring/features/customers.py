"""Finds customers among others by their keys: their hashes are sorted once, then looked up for any number of others."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring.snapshots.hashes import hashes_of

Places = NDArray[np.int64]


class Customers:
    """The customers of a span of row groups; ``groups`` are the numbers of those in each.

    Parameters
    ----------
    keys
        Of each row group (Arrow strings without nulls); each key is there once.
    """

    def __init__(self, keys: Sequence[pa.Array]) -> None:
        self._keys, self.groups = pa.concat_arrays(keys), [len(group) for group in keys]
        hashes = hashes_of(self._keys)
        self._order = np.argsort(hashes)
        self._hashes = hashes[self._order]
        self._distinct = bool((self._hashes[1:] != self._hashes[:-1]).all())

    def __len__(self) -> int:
        """How many they are."""
        return len(self._keys)

    def among(self, keys: pa.Array) -> tuple[Places, Places]:
        """Which rows of others' keys are a customer's, in order, and the place of this customer."""
        if not self._distinct:  # two customers share a hash
            found = pc.index_in(keys, value_set=self._keys)
            return np.flatnonzero(found.is_valid()), found.drop_null().to_numpy().astype(np.int64)
        hashes = hashes_of(keys)
        growing = np.argsort(hashes)  # in this order a binary search stays where it was
        nearest = np.empty(len(keys), np.int64)
        nearest[growing] = np.searchsorted(self._hashes, hashes[growing])
        nearest = np.minimum(nearest, len(self) - 1)
        rows = np.flatnonzero(self._hashes[nearest] == hashes)
        places = self._order[nearest[rows]]
        others = keys if len(rows) == len(keys) else keys.take(pa.array(rows))
        same = pc.equal(others, self._keys.take(pa.array(places)))
        really = np.asarray(same.to_numpy(zero_copy_only=False), np.bool_)
        return rows[really], places[really]
