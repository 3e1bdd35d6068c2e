"""Which arm a customer belongs to: one arm has all customers until an experiment splits them."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def assign(arms: Sequence[str], customers: pa.ChunkedArray) -> NDArray[np.int8]:
    """Position in ``arms`` of each customer's arm: int8 of shape (customers,).

    Parameters
    ----------
    arms
        Names of the publication's arms.
    customers
        Ids of the customers (string).

    Raises
    ------
    ValueError
        If there is no arm, or there are several: nothing says yet how customers are split among them.
    """
    if len(arms) != 1:
        raise ValueError(f"customers cannot be split among {len(arms)} arms")
    return np.zeros(len(customers), dtype=np.int8)
