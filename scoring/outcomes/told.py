"""Takes in outcomes that somebody tells by a message, not by a file: the same judgement, batch and ledger."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from scoring.database import Connection, value
from scoring.domain.dataset import DataSet
from scoring.domain.definition import digest_of
from scoring.domain.score import Score
from scoring.outcomes import batches, cohorts, reading, received
from scoring.outcomes.collect import context
from scoring.outcomes.settle import Collected, Delivery, settle


@dataclass(frozen=True)
class Told:
    """One outcome as it was written; ``observed_at`` None is the end of the horizon."""

    customer_id: str
    value: str | None
    observed_at: str | None = None


@dataclass(frozen=True)
class TakenIn:
    """The batch, and why rows of it were refused, by their place in what was told (0-based)."""

    batch: Collected
    refused: dict[int, str]


def take_in(
    connection: Connection, score: Score, data_set: DataSet, as_of: dt.date, told: Sequence[Told], *, source: str
) -> TakenIn:
    """Judge and record outcomes of one cohort in this transaction; telling the same again adds nothing.

    Raises
    ------
    NotFound
        If the score is not published at ``as_of``.
    """
    cohort = cohorts.get(connection, score, as_of)
    content = [[one.customer_id, one.value, one.observed_at] for one in told]
    digest = digest_of({"content": content, **context(score, data_set, cohort)})
    received.create(connection)
    columns = [pa.array([row[place] for row in content], pa.string()) for place in range(3)]
    rows = pa.RecordBatch.from_arrays(columns, names=["customer_id", "value", "observed_at"])
    now = value(connection, "SELECT clock_timestamp()")
    received.copy(connection, reading.judged(score, data_set, as_of, rows, 1, now=now))
    received.refuse_strangers(connection, [cohort])
    done = settle(connection, Delivery(score.name, as_of, "system", source, digest), [cohort])
    refused = {row.row_number - 1: row.reason for row in batches.refused(connection, done.batch_id, len(told))}
    return TakenIn(done, refused)
