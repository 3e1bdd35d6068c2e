"""How the scores do, for the closing table of ``run``: realised beside estimated, drift, and whether to update."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.table import Table

from scoring.database import Connection
from scoring.domain.score import Score
from scoring.monitoring import evaluations, verdicts
from scoring.monitoring.evaluations import EvaluationKind
from scoring.monitoring.figures import Figure
from scoring.monitoring.performance import judged_of
from scoring.monitoring.verdicts import Verdict
from scoring.publishing import publications

Key = tuple[dt.date, str]
NONE = "-"

SHOWN = {"classification": ("precision", "recall"), "regression": ("mae", "rmse")}
HEADINGS = (
    "as of",
    "score",
    "outcomes\nknown",
    "precision\nor MAE",
    "estimated\n(95 % interval)",
    "recall\nor RMSE",
    "estimated\n(95 % interval)",
    "drifted\nfeatures",
    "update\nneeded",
)


@dataclass(frozen=True)
class Standing:
    """What is known of one publication; ``realised`` and ``estimated`` are figures by metric."""

    score: Score
    as_of: dt.date
    coverage: float | None
    realised: Mapping[str, Figure]
    estimated: Mapping[str, Figure]
    verdict: Verdict | None


def standing(connection: Connection, scores: Sequence[Score]) -> dict[Key, Standing]:
    """How what readers see of some scores does, by as_of and score."""
    by_name = {score.name: score for score in scores}
    with connection:
        seen = publications.all_published(connection, list(by_name))
        return {(one.as_of, one.score): _standing(connection, by_name[one.score], one) for one in seen}


def _standing(connection: Connection, score: Score, seen: publications.Publication) -> Standing:
    arms = [arm.arm for arm in publications.arms(connection, seen.publication_id)]

    def figures(kind: EvaluationKind) -> tuple[float | None, dict[str, Figure]]:
        found = evaluations.current(connection, seen.publication_id, kind)
        if found is None or (kind == "realised" and not found.mature):
            return None, {}
        return found.coverage, evaluations.figures(connection, found.evaluation_id, judged_of(arms))

    coverage, realised = figures("realised")
    _, estimated = figures("estimated")
    verdict = verdicts.of_publication(connection, seen.publication_id)
    return Standing(score, seen.as_of, coverage, realised, estimated, verdict)


def standing_table(found: Iterable[Standing]) -> Table:
    """One line for each partition and score."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in ("as of", "score") else "right", no_wrap=True)
    for one in found:
        first, second = SHOWN[one.score.kind]
        drifted = one.verdict.drifted_columns if one.verdict else None
        table.add_row(
            one.as_of.isoformat(),
            one.score.name,
            NONE if one.coverage is None else f"{one.coverage:.1%}",
            _value(one.realised.get(first)),
            _estimate(one.estimated.get(first)),
            _value(one.realised.get(second)),
            _estimate(one.estimated.get(second)),
            NONE if drifted is None else f"{drifted} of {len(one.score.features)}",
            NONE if one.verdict is None else "yes" if one.verdict.update_needed else "no",
        )
    return table


def reasons(found: Iterable[Standing]) -> list[str]:
    """Why updates are needed, one line each."""
    return [
        f"{one.score.name} {one.as_of}: {reason}"
        for one in found
        if one.verdict is not None
        for reason in one.verdict.because
    ]


def _value(figure: Figure | None) -> str:
    return NONE if figure is None or figure.value is None else _short(figure.value)


def _estimate(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return NONE
    if figure.low is None or figure.high is None:
        return _short(figure.value)
    return f"{_short(figure.value)} ({_short(figure.low)} to {_short(figure.high)})"


def _short(number: float) -> str:
    return f"{number:.3f}" if abs(number) < 10 else f"{number:,.0f}"  # noqa: PLR2004 - a share or an amount
