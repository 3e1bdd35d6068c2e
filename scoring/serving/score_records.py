"""Scores the records of a request: each gets a result or a problem, and a bad one does not hold up the others."""

from typing import Any

import pyarrow as pa
from starlette.requests import Request

from scoring.errors import PermanentError
from scoring.serving.answers import Answer, per_record
from scoring.serving.api import Api, named_by
from scoring.serving.model import Served
from scoring.serving.problems import Problem, of_record
from scoring.snapshots.forgotten import Forgotten

SMALL = 16 << 10  # bytes of a body that may hold a single record

FORGOTTEN = Problem(
    422, "This customer was forgotten on request.", "urn:scoring:forgotten", title="Forgotten customers are not scored"
)


def quick_answer(api: Api, request: Request, served: Served) -> Answer | None:
    """The answer to a plain request with one record, computed before a thread would have begun; None for others."""
    if api.keeps(request) or len(request.scope["state"]["body"]) > SMALL:
        return None
    records = api.records_of(request, "records")
    if len(records) > 1 or (result := served.quick_result(records[0], _gone(api, served))) is None:
        return None
    api.metrics.records.labels(served.score.name).inc()
    return per_record({0: result}, {}, score=served.score.name)


def whole_answer(api: Api, request: Request, served: Served, *, reasons: bool) -> Answer:
    """The answer to a request, with reasons if it asks for them.

    Raises
    ------
    Problem
        As :meth:`Api.records_of`, and as :meth:`Api.kept`.
    """
    records, name = api.records_of(request, "records"), served.score.name

    def make() -> Answer:
        answer, count = score_records(served, records, _gone(api, served), reasons=reasons)
        api.metrics.records.labels(name).inc(count)
        api.metrics.refused.labels(name).inc(len(records) - count)
        return answer

    return api.kept(request, named_by(records, served.data_set), make)


def _gone(api: Api, served: Served) -> Forgotten:
    name = served.data_set.name
    return api.board.forgotten.get(name, Forgotten(name))


def score_records(served: Served, records: list[Any], gone: Forgotten, *, reasons: bool = False) -> tuple[Answer, int]:
    """The answer to a request for scores, and how many records have got one; ``gone`` are not scored."""
    read = served.reader.read(records)
    problems = {position: of_record(refused) for position, refused in read.refused.items()}
    positions, rows = read.positions, read.rows
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
    served: Served, rows: pa.RecordBatch, positions: list[int], problems: dict[int, Problem], *, reasons: bool
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
