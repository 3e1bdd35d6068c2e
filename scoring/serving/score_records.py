"""Scores the records of a request: each gets a result or a problem, and a bad one does not hold up the others."""

from typing import Any

import pyarrow as pa

from scoring.errors import PermanentError
from scoring.serving.answers import Answer, per_record
from scoring.serving.model import Served
from scoring.serving.problems import Problem
from scoring.snapshots.forgotten import Forgotten

FORGOTTEN = Problem(
    422, "This customer was forgotten on request.", "urn:scoring:forgotten", title="Forgotten customers are not scored"
)


def score_records(served: Served, records: list[Any], gone: Forgotten, *, reasons: bool = False) -> tuple[Answer, int]:
    """The answer to a request for scores, and how many records have got one; ``gone`` are not scored."""
    read = served.reader.read(records)
    problems, positions, rows = dict(read.problems), read.positions, pa.Table.from_batches([read.rows])
    marks = gone.marks(rows.column(served.data_set.key))
    if marks.any():
        problems |= {position: FORGOTTEN for position, mark in zip(positions, marks, strict=True) if mark}
        positions = [position for position in positions if position not in problems]
        rows = rows.filter(pa.array(~marks))
    results: dict[int, Any] = {}
    if positions:
        results |= _scored(served, rows, positions, problems, reasons=reasons)
    return per_record(results, problems, score=served.score.name), len(results)


def _scored(
    served: Served, rows: pa.Table, positions: list[int], problems: dict[int, Problem], *, reasons: bool
) -> dict[int, Any]:
    """Score rows together; if the model refuses one of them, halve them until it stands alone."""
    try:
        return dict(zip(positions, served.results(rows, reasons=reasons), strict=True))
    except PermanentError as error:
        if len(positions) == 1:
            problems[positions[0]] = Problem(
                422, str(error.args[0]), "urn:scoring:not-scored", title="The model cannot score this record"
            )
            return {}
        half = len(positions) // 2
        first = _scored(served, rows.slice(0, half), positions[:half], problems, reasons=reasons)
        return first | _scored(served, rows.slice(half), positions[half:], problems, reasons=reasons)
