"""Which values of a target are the outcome that a score is the probability of. Pure."""

from collections.abc import Sequence
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from scoring.domain.score import Target

Values: TypeAlias = "pa.Array | pa.ChunkedArray"


def positives(values: Values, target: Target) -> Values:
    """1.0 where a value is among ``target.positive``, else 0.0; null where it is null (float64, same length).

    Values are compared as they are written: a boolean is ``true`` or ``false``.
    """
    texts = values.cast(pa.string())
    return pc.if_else(pc.is_valid(texts), pc.is_in(texts, value_set=_texts(target.positive)), None).cast(pa.float64())


def strange(values: Values, target: Target) -> Values:
    """Where a value is neither positive nor negative (boolean, same length); nowhere if negatives are not named."""
    texts = values.cast(pa.string())
    known = pc.is_in(texts, value_set=_texts((*target.positive, *target.negative)))
    return pc.and_(pc.is_valid(texts), pc.and_(pc.invert(known), bool(target.negative)))


def _texts(values: Sequence[str]) -> pa.Array:
    return pa.array(values, pa.string())
