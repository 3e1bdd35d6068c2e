"""What a history's features are, from the values of the periods: whole columns of Arrow, one row for each customer."""

from collections.abc import Mapping, Sequence
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.dataset import Column
from scoring.domain.history import Aggregate, History
from scoring.snapshots.arrow import arrow_type


def feature(history: History, column: Column, before: Mapping[int, pa.Array], now: pa.Array | None) -> pa.Array:
    """One feature of a history, of the type of ``column``.

    Parameters
    ----------
    column
        The feature.
    before
        The values by period, those of the feature at least, all of one length; 1 is the previous date.
    now
        The present values; only ``change`` needs them.
    """
    asked = history.asked(column.name)
    if isinstance(asked, int):
        found = before[asked]
    else:
        found = _aggregate(asked, [before[period] for period in range(1, (history.within or 0) + 1)], now)
    kind = arrow_type(column)
    found = pc.cast(found, kind)
    if history.default is None or asked == "count":
        return found
    return pc.fill_null(found, pa.scalar(history.default).cast(kind))


def needs_now(history: History) -> bool:
    """Whether the present values are needed."""
    return "change" in history.aggregates


def _aggregate(asked: Aggregate, values: Sequence[pa.Array], now: pa.Array | None) -> pa.Array:
    """An aggregate over the values of some periods, the newest first; nulls are left out, null if there are none."""
    match asked:
        case "last":
            return pc.coalesce(*values)
        case "min":
            return pc.min_element_wise(*values, skip_nulls=True)
        case "max":
            return pc.max_element_wise(*values, skip_nulls=True)
        case "count":
            return _count(values)
        case "mean":
            count = _count(values)
            floats = [pc.cast(value, pa.float64()) for value in values]
            whole = reduce(pc.add, [pc.fill_null(one, 0.0) for one in floats])
            return pc.divide(whole, pc.if_else(pc.greater(count, 0), pc.cast(count, pa.float64()), None))
        case "change":
            oldest = pc.coalesce(*reversed(values))
            if pa.types.is_decimal(oldest.type):
                now, oldest = pc.cast(now, pa.float64()), pc.cast(oldest, pa.float64())
            return pc.subtract_checked(now, oldest)


def _count(values: Sequence[pa.Array]) -> pa.Array:
    return reduce(pc.add, [pc.cast(value.is_valid(), pa.int64()) for value in values])
