"""The tables ``evaluation``, ``metric`` and ``calibration``: figures of publications, realised and estimated."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from scoring.database import Connection, all_rows, column, execute, insert, one_or_none, value
from scoring.monitoring.calibration import Group as CalibrationGroup
from scoring.monitoring.figures import Figure
from scoring.monitoring.trust import Compared

EvaluationKind = Literal["realised", "estimated"]
Method = Literal["scikit-learn", "CBPE", "DLE"]

Of = tuple[str, str, str]  # arm, segment and its value; empty for all customers
EVERYBODY: Of = ("", "", "")


@dataclass(frozen=True)
class NewEvaluation:
    """An evaluation to be recorded; the fields are the columns of table ``evaluation``."""

    kind: EvaluationKind
    score: str
    as_of: dt.date
    publication_id: int
    inputs_digest: str
    method: Method
    rows: int
    used: int
    mature: bool = False
    threshold: float | None = None
    at_least: float | None = None
    known_at: dt.datetime | None = None
    learned_from: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Evaluation:
    """The evaluation of a kind that counts."""

    evaluation_id: int
    kind: EvaluationKind
    as_of: dt.date
    publication_id: int
    inputs_digest: str
    method: Method
    rows: int
    used: int
    mature: bool
    known_at: dt.datetime | None
    learned_from: str | None
    reason: str | None

    @property
    def coverage(self) -> float:
        """Share of the customers whose outcome is known (of a realised one)."""
        return self.used / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class _FigureRow:
    arm: str
    segment: str
    segment_value: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str | None


_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('performance ' || %s, 0))"

_KNOWN = """
    SELECT evaluation_id FROM scoring.evaluation WHERE publication_id = %s AND kind = %s AND inputs_digest = %s"""

_STILL_VALID = """
    UPDATE scoring.evaluation e SET valid_since = clock_timestamp()
    WHERE evaluation_id = %s AND EXISTS (SELECT FROM scoring.evaluation o WHERE o.publication_id = e.publication_id
        AND o.kind = e.kind AND (o.valid_since, o.evaluation_id) > (e.valid_since, e.evaluation_id))"""

_ADD = """
    INSERT INTO scoring.evaluation (kind, score, as_of, publication_id, inputs_digest, method, rows, used, mature,
        threshold, at_least, known_at, learned_from, reason)
    VALUES (%(kind)s, %(score)s, %(as_of)s, %(publication_id)s, %(inputs_digest)s, %(method)s, %(rows)s, %(used)s,
        %(mature)s, %(threshold)s, %(at_least)s, %(known_at)s, %(learned_from)s, %(reason)s)
    RETURNING evaluation_id"""

_ADD_FIGURES = """
    INSERT INTO scoring.metric (evaluation_id, arm, segment, segment_value, metric, value, low, high, n, reason)
    VALUES %s"""

_ADD_CALIBRATION = """
    INSERT INTO scoring.calibration (evaluation_id, grouping_by, bin, label, n, expected, observed, observed_low,
        observed_high, precision, recall)
    VALUES %s"""

_SELECT = """
    SELECT evaluation_id, kind, as_of, publication_id, inputs_digest, method, rows, used, mature, known_at,
        learned_from, reason
    FROM scoring.current_evaluation """

_FIGURES = """
    SELECT metric, value, low, high, n, reason FROM scoring.metric
    WHERE evaluation_id = %s AND (arm, segment, segment_value) = (%s, %s, %s)"""

_ALL_FIGURES = """
    SELECT arm, segment, segment_value, metric, value, low, high, n, reason FROM scoring.metric
    WHERE evaluation_id = %s ORDER BY arm, segment, segment_value, metric"""

_RECORD = """
    SELECT metric, estimated, low, high, realised FROM scoring.estimate_record
    WHERE score = %s AND model_version = %s AND metric = %s AND as_of <= %s ORDER BY as_of"""

_LATER = """
    SELECT p.as_of FROM scoring.publication p
    WHERE p.state = 'published' AND p.score = %s AND p.as_of > %s AND NOT EXISTS (
        SELECT FROM scoring.current_evaluation e WHERE e.publication_id = p.publication_id AND e.mature)
    ORDER BY p.as_of"""

_LEARNABLE = """
    WHERE score = %s AND kind = 'realised' AND mature AND as_of < %s AND publication_id IN (
        SELECT publication_id FROM scoring.arm JOIN scoring.publication USING (publication_id)
        WHERE state = 'published' AND model_name = %s AND model_version = %s)
    ORDER BY as_of DESC"""


def lock(connection: Connection, score: str) -> None:
    """Let only one transaction at a time evaluate this score."""
    execute(connection, _LOCK, (score,))


def confirm(connection: Connection, publication_id: int, kind: EvaluationKind, inputs_digest: str) -> bool:
    """Whether exactly this was evaluated before; if so, that evaluation counts (again)."""
    found = value(connection, _KNOWN, (publication_id, kind, inputs_digest))
    if found is not None:
        execute(connection, _STILL_VALID, (found,))
    return found is not None


def add(
    connection: Connection,
    new: NewEvaluation,
    figures: Mapping[Of, Sequence[Figure]],
    calibration: Sequence[CalibrationGroup] = (),
) -> None:
    """Record an evaluation with its figures."""
    evaluation_id = int(value(connection, _ADD, vars(new)))
    rows = (
        (evaluation_id, *of, one.metric, _plain(one.value), _plain(one.low), _plain(one.high), one.n, one.reason)
        for of, found in figures.items()
        for one in found
    )
    insert(connection, _ADD_FIGURES, rows)
    groups = (
        (evaluation_id, one.grouping_by, one.bin, one.label, one.n, one.expected, one.observed, one.observed_low,
         one.observed_high, one.precision, one.recall)
        for one in calibration
    )  # fmt: skip
    insert(connection, _ADD_CALIBRATION, groups)


def current(connection: Connection, publication_id: int, kind: EvaluationKind) -> Evaluation | None:
    """The evaluation of a publication that counts."""
    return one_or_none(
        connection, Evaluation, _SELECT + "WHERE publication_id = %s AND kind = %s", (publication_id, kind)
    )


def figures(connection: Connection, evaluation_id: int, of: Of = EVERYBODY) -> dict[str, Figure]:
    """The figures of an evaluation by metric, of all customers or of some."""
    found = all_rows(connection, Figure, _FIGURES, (evaluation_id, *of))
    return {figure.metric: figure for figure in found}


def all_figures(connection: Connection, evaluation_id: int) -> dict[Of, list[Figure]]:
    """The figures of an evaluation by whom they are about: all customers first, then by segment."""
    found: dict[Of, list[Figure]] = {}
    for row in all_rows(connection, _FigureRow, _ALL_FIGURES, (evaluation_id,)):
        of = row.arm, row.segment, row.segment_value
        found.setdefault(of, []).append(Figure(row.metric, row.value, row.low, row.high, row.n, row.reason))
    return found


def later_immature(connection: Connection, score: str, as_of: dt.date) -> list[dt.date]:
    """Dates after ``as_of`` at which the score is published and its cohort is not mature, the oldest first."""
    return column(connection, _LATER, (score, as_of))


def learnable(
    connection: Connection, score: str, before: dt.date, model_name: str, model_version: int
) -> list[Evaluation]:
    """Mature evaluations of publications of one model version before a date, the newest first."""
    return all_rows(connection, Evaluation, _SELECT + _LEARNABLE, (score, before, model_name, model_version))


def record(connection: Connection, score: str, model_version: int, metric: str, until: dt.date) -> list[Compared]:
    """Estimates of a metric for a model version beside what happened, the newest last."""
    return all_rows(connection, Compared, _RECORD, (score, model_version, metric, until))


def _plain(number: float | None) -> float | None:
    """Python's own float: NumPy's is one, too, but is written otherwise."""
    return None if number is None else float(number)
