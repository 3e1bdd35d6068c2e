"""Finds keys that may occur twice among any number of keys, in little memory: sorted runs of their hashes on disk."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from scoring.snapshots.hashes import Hashes, hashes_of

RUN_ROWS = 1_000_000  # hashes sorted at a time: 8 MB

Hashed = Callable[[pa.Array], Hashes]


class KeyHashes:
    """The 64-bit hashes of keys, in sorted runs in the file at ``path``; holds one run in memory."""

    def __init__(self, path: Path, *, hashed: Hashed = hashes_of, run_rows: int = RUN_ROWS) -> None:
        self._path, self._hashed, self._run_rows = path, hashed, run_rows
        self._waiting: list[Hashes] = []
        self._count = 0
        self._runs: list[int] = []  # their lengths

    def add(self, keys: pa.Array) -> None:
        """Take keys (Arrow strings); nulls are none."""
        self._waiting.append(self._hashed(keys.drop_null()))
        self._count += len(self._waiting[-1])
        if self._count >= self._run_rows:
            self._write_run()

    def shared(self) -> Hashes:
        """The hashes that more than one key has, each once and in order."""
        self._write_run()
        if not self._runs:
            return np.empty(0, np.uint64)
        kept = np.memmap(self._path, np.uint64, mode="r")
        runs = np.split(kept, np.cumsum(self._runs)[:-1])
        return np.concatenate([_twice(np.concatenate(pieces)) for pieces in _by_range(runs)])

    def _write_run(self) -> None:
        if self._count:
            run = np.sort(np.concatenate(self._waiting))
            with self._path.open("ab") as file:
                file.write(run.data)
            self._runs.append(len(run))
            self._waiting, self._count = [], 0


def _by_range(runs: list[Hashes]) -> Iterator[list[Hashes]]:
    """What the sorted runs hold of each range of hashes; as many ranges as runs, so that one is about as large."""
    edges = [number * (1 << 64) // len(runs) for number in range(1, len(runs))]
    places = [np.searchsorted(run, np.array(edges, np.uint64)) for run in runs]
    pieces = [np.split(run, at) for run, at in zip(runs, places, strict=True)]
    for here in zip(*pieces, strict=True):
        yield list(here)


def _twice(hashes: Hashes) -> Hashes:
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
