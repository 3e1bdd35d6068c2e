"""The command that says how far customers have drifted."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from scoring.cli.options import AsOf, ScoreName, attached_settings, console, find_score
from scoring.settings import Settings

if TYPE_CHECKING:  # what counts is imported where it is used: --help must not wait
    from scoring.monitoring.drift import Drift
    from scoring.monitoring.drift_runs import Run

HEADINGS = ("group", "column", "what", "PSI", "Jensen-Shannon", "Wasserstein", "p (adjusted)", "missing", "verdict")
WORDS = {"feature": "values", "score": "the score", "missing": "who has one"}


def drift(
    name: ScoreName,
    as_of: AsOf,
    everything: Annotated[bool, typer.Option("--all", help="Every column of every group, drifted or not.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Write Evidently's report, too.")] = False,
) -> None:
    """Compare a publication with its model's training snapshot and with the publication before it."""
    from scoring.database import transaction
    from scoring.monitoring import drift_runs
    from scoring.monitoring.watch import drift_of, measure_drift

    with attached_settings() as settings:
        score, date = find_score(settings, name), as_of.date()
        measure_drift(settings, score, date)
        with transaction(settings.database()) as connection:
            for run in drift_runs.current(connection, name, date):
                typer.echo(_heading(run))
                found = drift_runs.of_run(connection, run.run_id)
                shown = [one for one in found if everything or one.drifted]
                if shown:
                    console().print(_table(shown))
                elif run.reason is None:
                    typer.echo(f"  nothing drifted ({len(found)} comparisons; --all shows them)")
        columns = drift_of(settings, score, date).columns
        if columns is not None:
            typer.echo(f"{columns} of {len(score.features)} features have drifted since training")
        if report:
            _write_report(settings, name, date)


def _heading(run: Run) -> str:
    if run.reason is not None:
        return f"against {run.against}: not compared: {run.reason}"
    whose = "snapshot" if run.against == "training" else "publication"
    return (
        f"against {run.against}: {run.rows_current:,} customers of publication {run.publication_id}, "
        f"{run.rows_reference:,} of the {whose} of {run.reference_as_of}"
    )


def _table(found: list[Drift]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in HEADINGS:
        left = heading in ("group", "column", "what", "verdict")
        table.add_column(heading, justify="left" if left else "right", overflow="fold")
    for one in found:
        missing = "-" if one.missing_current is None else f"{one.missing_current:.1%}"
        table.add_row(
            f"{one.segment} {one.value}" if one.segment else "all",
            one.column,
            WORDS[one.kind],
            _number(one.psi),
            _number(one.distance),
            _number(one.wasserstein),
            "-" if one.p_value is None else f"{one.p_value:.2g}",
            missing,
            "drifted" if one.drifted else one.reason or "",
        )
    return table


def _number(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.3f}"


def _write_report(settings: Settings, name: str, as_of: dt.date) -> None:
    from scoring.monitoring.pages.write import write_reports

    written = write_reports(settings, find_score(settings, name), as_of, now=dt.datetime.now(dt.UTC))
    for one in written.kept:
        typer.echo(f"report: {one.location}")
    for kind, reason in written.missing.items():
        typer.echo(f"no report on {kind}: {reason}")
