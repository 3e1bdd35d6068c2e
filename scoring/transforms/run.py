"""Runs a score's transform, and refuses what breaks its promise: the same rows, the columns of the definition."""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa

from scoring.domain.dataset import Column, DataSet
from scoring.domain.features import history_columns
from scoring.domain.score import Score
from scoring.domain.transform import Transform
from scoring.errors import PermanentError
from scoring.snapshots.arrow import arrow_type
from scoring.transforms.frames import Unfit, array_of, frame_of

Rows = TypeVar("Rows", pa.Table, pa.RecordBatch)
REMEDY = "Correct the function; `docs/derived-features.md` says what it may do."


def shown_columns(score: Score, data_set: DataSet) -> list[Column]:
    """The columns that the score's transform is shown; none without one."""
    remembered = {name: column for name, (_, column) in history_columns(score, data_set).items()}
    uses = score.transform.uses if score.transform else ()
    return [remembered[name] if name in remembered else data_set.column(name) for name in uses]


def with_produced(score: Score, data_set: DataSet, rows: Rows) -> Rows:
    """``rows`` with the columns that the score's transform makes of them; as they are if it has none.

    Raises
    ------
    PermanentError
        If the function fails or breaks its promise; names the column, the customer and the value.
    """
    if score.transform is None:
        return rows
    for column, values in zip(score.transform.produces, produced(score, data_set, rows), strict=True):
        rows = rows.append_column(pa.field(column.name, arrow_type(column)), values)
    return rows


def produced(score: Score, data_set: DataSet, rows: pa.Table | pa.RecordBatch) -> list[pa.Array]:
    """What the transform makes of rows, in the order of ``produces``; raises as :func:`with_produced`."""
    transform = score.transform
    assert transform is not None  # noqa: S101 - asked by the caller
    if not rows.num_rows:
        return [pa.array([], arrow_type(column)) for column in transform.produces]
    frame = shown(score, data_set, rows)
    keys = rows.column(data_set.key)
    result, found = called(score.name, transform, frame), []
    for column in transform.produces:
        try:
            found.append(array_of(column, result[column.name]))
        except Unfit as unfit:
            of = "" if unfit.row is None else f" of customer {keys[unfit.row].as_py()!r}"
            what = f"column {column.name!r}{of} is {unfit}"
            raise _refused(score.name, transform, what) from None
    return found


def shown(score: Score, data_set: DataSet, rows: pa.Table | pa.RecordBatch) -> pd.DataFrame:
    """The frame that the transform gets of rows.

    Raises
    ------
    PermanentError
        If the rows lack a column, or have a category that the definition does not know.
    """
    columns = shown_columns(score, data_set)
    lacking = [column.name for column in columns if column.name not in rows.schema.names]
    if lacking:
        raise PermanentError(
            f"The transform of {score.name} uses {', '.join(lacking)}, which these rows of {data_set.name} lack.",
            remedy="Ingest the partition again with the present definition.",
        )
    table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else rows
    try:
        return frame_of(columns, table)
    except Unfit as unfit:
        customer = rows.column(data_set.key)[unfit.row].as_py()
        raise PermanentError(f"Customer {customer!r} of {data_set.name}: {unfit}.", remedy=REMEDY) from None


def called(score: str, transform: Transform, frame: pd.DataFrame) -> pd.DataFrame:
    """What the function returns for a frame; its columns and its index are right, its values are not looked at.

    Raises
    ------
    PermanentError
        If it fails, or returns something else.
    """
    index = frame.index
    try:
        with np.errstate(all="ignore"):  # what is not finite is refused with its customer
            found: Any = transform.function(frame)
    except MemoryError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:500]
        raise _refused(score, transform, f"it fails: {type(error).__name__}: {said}") from error
    wanted = [column.name for column in transform.produces]
    if not isinstance(found, pd.DataFrame):
        raise _refused(score, transform, f"it returns {type(found).__name__}, not a DataFrame")
    if len(found) != len(index) or not found.index.equals(index):
        raise _refused(score, transform, f"it returns {len(found)} rows with another index for {len(index)} customers")
    if sorted(map(str, found.columns)) != sorted(wanted):
        raise _refused(score, transform, f"it returns the columns {_names(found.columns)}, not {_names(wanted)}")
    return found


def _names(names: "Sequence[Any] | pd.Index[Any]") -> str:
    return ", ".join(map(str, names)) or "(none)"


def _refused(score: str, transform: Transform, what: str) -> PermanentError:
    return PermanentError(f"The transform {transform.name} of {score} cannot be used: {what}.", remedy=REMEDY)
