"""64-bit hashes of keys, whole arrays at a time: equal keys have equal ones, and others rarely have."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_WORD = 8  # bytes
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 divided by the golden ratio: multiplying spreads what is close (Knuth)
_SHIFT = np.uint64(29)


def hashes_of(keys: pa.Array) -> Hashes:
    """The hash of each key, of shape (keys,), from Arrow strings without nulls.

    It is no defence against who chooses keys on purpose: what has equal hashes must be compared.
    """
    if not len(keys):
        return np.empty(0, np.uint64)
    offsets = np.frombuffer(keys.buffers()[1], np.int32)[keys.offset : keys.offset + len(keys) + 1].astype(np.int64)
    lengths = np.diff(offsets)
    hashes = lengths.astype(np.uint64)
    if not lengths.any():
        return hashes
    text = np.frombuffer(keys.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
    padded = np.concatenate([text, np.zeros(_WORD, np.uint8)])
    words = np.ndarray(len(text) + 1, np.uint64, padded.data, strides=(1,))  # that begin at each byte
    starts = offsets[:-1] - offsets[0]
    for first in range(0, int(lengths.max()), _WORD):
        left = np.clip(lengths - first, 0, _WORD).astype(np.uint64)
        kept = words[np.minimum(starts + first, len(text))] & _MASKS[left]
        mixed = (hashes ^ kept) * _ODD
        hashes = np.where(left > 0, mixed ^ (mixed >> _SHIFT), hashes)  # a key's hash does not depend on longer ones
    return hashes


# The first so many bytes of a word, as a little-endian machine has them.
_MASKS = np.array([(1 << 8 * count) - 1 for count in range(_WORD + 1)], np.uint64)
