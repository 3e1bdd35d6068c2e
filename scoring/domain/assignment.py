"""Which customers an experiment gives to the challenger: a function of its salt and the customer's id only.

The same customer stands at the same place in every process, language and period. When the share changes, only those
between the old and the new share move. Two experiments have different salts, so their places are independent.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

SPACING = 53  # bits of a place: as many as a float64 holds exactly


def places(salt: str, customers: Iterable[str]) -> NDArray[np.float64]:
    """Where each customer stands, evenly spread over [0, 1): float64 (customers,).

    It is the first 53 bits of SHA-256 of the salt, a space and the id (UTF-8), as a binary fraction.
    """
    start = hashlib.sha256(f"{salt} ".encode())

    def digest(customer: str) -> bytes:
        one = start.copy()
        one.update(customer.encode())
        return one.digest()[:8]

    whole = np.frombuffer(b"".join(map(digest, customers)), ">u8")
    return np.asarray((whole >> np.uint64(64 - SPACING)) / 2.0**SPACING)


def to_challenger(salt: str, share: float, customers: Iterable[str]) -> NDArray[np.bool_]:
    """Which customers the challenger gets: bool (customers,), those who stand below its share (0 to 1)."""
    return places(salt, customers) < share
