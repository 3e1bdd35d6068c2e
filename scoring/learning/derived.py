"""Training on features that are not delivered: what is tried before, and what a version keeps of it."""

from typing import Any

import pandas as pd
import pyarrow as pa

from scoring.database import Connection
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.features.file import opened, opened_of
from scoring.features.past import Past
from scoring.learning.cohorts import Cohort
from scoring.learning.training_set import TrainingSet
from scoring.snapshots.lake import SnapshotFile
from scoring.transforms.differences import refuse_differences

EXAMPLE_ROWS = 5
TRIED_ROWS = 1000  # real rows on which a transform must give the same for a part as for the whole


def refuse_impure(score: Score, data_set: DataSet, location: str, past: Past) -> None:
    """Refuse a transform that depends on more than a customer's own row, as rows of a snapshot show it.

    Raises
    ------
    PermanentError
        As :func:`refuse_differences`.
    """
    if score.transform is not None:
        with opened(score, data_set, location, past) as file:
            refuse_differences(score, data_set, _some(score, data_set, file))


def refuse_impure_of(connection: Connection, score: Score, data_set: DataSet, cohort: Cohort) -> None:
    """As :func:`refuse_impure`, with the rows of a cohort."""
    if score.transform is not None:
        with opened_of(connection, score, data_set, cohort.publication_id, cohort.snapshot_id) as file:
            refuse_differences(score, data_set, _some(score, data_set, file))


def _some(score: Score, data_set: DataSet, file: SnapshotFile) -> pa.Table:
    """The first rows, with what the transform uses."""
    wanted = list(dict.fromkeys([data_set.key, *(score.transform.uses if score.transform else ())]))
    for group in file.groups(wanted):
        if group.num_rows:  # of a row group everybody may have been forgotten
            return group.slice(0, TRIED_ROWS)
    return file.schema.empty_table().select(wanted)


def example_of(score: Score, known: TrainingSet) -> pd.DataFrame:
    """The input example that a version keeps: the first customers; nobody's, if features are not delivered.

    A person who is forgotten must leave it, and is found there by their delivered values.
    """
    if not score.is_derived:
        return known.features.head(EXAMPLE_ROWS)
    one = known.features.head(1)
    return pd.DataFrame({name: _nobodys(one[name]) for name in one}, index=one.index)


def _nobodys(values: "pd.Series[Any]") -> Any:
    """A value of a column's dtype that is nobody's."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return pd.Categorical(values.dtype.categories[:1], dtype=values.dtype)
    return pd.Series([0] * len(values), index=values.index).astype(values.dtype)


def looked_back(past: Past) -> dict[str, str]:
    """The tag of a version that was trained with a history: what it looked back at."""
    return {"looked_back_at": ", ".join(f"{one.as_of} ({(one.digest or 'none')[:12]})" for one in past)} if past else {}
