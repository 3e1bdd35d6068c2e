"""Shoppers whose outcomes come as a model says, or otherwise; their publications, outcomes and figures."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from factories import JULY, JUNE, Row, customer, mood, published_rows, query, snapshot_of
from shop_definitions import LEAVING, SPENDING

from scoring.domain.monitoring import Monitoring
from scoring.domain.score import Score
from scoring.monitoring.monitor import conclude, perform
from scoring.outcomes.collect import collect
from scoring.settings import Settings

LATER = dt.date(2030, 1, 1)  # all horizons have passed
MONTHS = [dt.date(2024, month, day) for month, day in ((5, 31), (6, 30), (7, 31), (8, 31), (9, 30), (10, 31))]


def shoppers(count: int, seed: int, *, likely: float = 0.5) -> list[Row]:
    """Customers to whom the champion of ``leaving`` gives all kinds of probabilities, ``likely`` in the middle."""
    random = np.random.default_rng(seed)
    return [
        customer(
            number,
            mood=float(random.normal(mood(likely), 1.5)),
            spend=float(np.exp(random.normal(4, 0.5))),
            visits=0,
            plan="free" if number % 3 == 0 else "paid",
        )
        for number in range(count)
    ]


def truth(rows: Sequence[Row], seed: int, *, honest: bool = True) -> list[Row]:
    """What the same customers show a month later: visits as the model says (or at random), and what they spend."""
    random = np.random.default_rng([seed, 1])
    said = 1 / (1 + np.exp(-np.array([row["mood"] for row in rows])))
    leaves = random.random(len(rows)) < (said if honest else 0.5)
    spend = np.array([row["spend"] for row in rows]) + random.normal(0, 10 if honest else 100, len(rows))
    return [
        row | {"visits": 9 if leaves[place] else 0, "spend": float(abs(spend[place]))} for place, row in enumerate(rows)
    ]


def watched(score: Score = LEAVING, **monitoring: Any) -> Score:
    """The score with another way to watch it."""
    return score.model_copy(update={"monitoring": Monitoring(**monitoring)})


def in_larger_pieces(settings: Settings) -> Settings:
    """Cut files into larger pieces than the shop's: of hundreds of rows some shards show what many do."""
    return settings.model_copy(update={"row_group_rows": 100, "shard_rows": 200})


def month(
    settings: Settings,
    as_of: dt.date = JUNE,
    *,
    rows: Sequence[Row],
    later: Sequence[Row] | None,
    score: Score = LEAVING,
) -> None:
    """Publish a score of ``rows``; if ``later`` is given, collect what it shows of them a month later."""
    larger = in_larger_pieces(settings)
    published_rows(larger, score, rows, as_of)
    if later is not None:
        snapshot_of(larger, later, score.target.horizon.after(as_of))
        collect(larger, score, as_of)


def monitored(settings: Settings, score: Score = LEAVING, as_of: dt.date = JUNE, today: dt.date = LATER) -> None:
    """Do what the DAG does about a publication, without drift and reports."""
    perform(settings, score, as_of, today=today)
    conclude(settings, score, as_of)


def figures(
    settings: Settings,
    kind: str = "realised",
    *,
    score: Score = LEAVING,
    as_of: dt.date = JUNE,
    segment: tuple[str, str] = ("", ""),
) -> dict[str, Any]:
    """Current figures by metric: rows of ``current_metric``."""
    found = query(
        settings,
        """SELECT * FROM scoring.current_metric WHERE score = %s AND as_of = %s AND kind = %s AND segment = %s
            AND segment_value = %s""",
        score.name, as_of, kind, *segment,
    )  # fmt: skip
    return {row.metric: row for row in found}


def values_of(found: Mapping[str, Any]) -> dict[str, float | None]:
    """Value by metric."""
    return {metric: row.value for metric, row in found.items()}


TABLES = {
    "evaluation": "evaluation_id, kind, as_of, publication_id, inputs_digest, method, rows, used, mature, known_at",
    "metric": "*",
    "calibration": "*",
    "verdict": "*",
    "retrain_request": "*",
    "alert": "alert_id, kind, key, text, noted_at",
}


def content(settings: Settings) -> dict[str, list[str]]:
    """All that monitoring has written, with ids and times."""
    return {
        table: sorted(map(str, query(settings, f"SELECT {columns} FROM scoring.{table}")))
        for table, columns in TABLES.items()
    }


__all__ = ["JULY", "JUNE", "SPENDING"]
