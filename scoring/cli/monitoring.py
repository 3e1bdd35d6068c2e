"""Commands that say how well a score does, and whether its model needs an update."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from scoring.cli.options import TIMES, AsOf, By, ScoreName, attached_settings, console, find_score, moment, shell_user
from scoring.errors import NotFound

if TYPE_CHECKING:  # what counts is imported where it is used: --help must not wait
    from collections.abc import Iterable, Mapping

    from scoring.domain.score import Score
    from scoring.monitoring.evaluations import Of
    from scoring.monitoring.figures import Figure
    from scoring.settings import Settings

HEADINGS = ("group", "metric", "realised", "95 % interval", "customers", "estimated", "95 % interval", "")

update = typer.Typer(help="Models that need an update, and what became of it.", no_args_is_help=True)


def monitor(
    name: ScoreName,
    as_of: AsOf,
    known_at: Annotated[
        dt.datetime | None,
        typer.Option(formats=TIMES, help="Show the figures by what was known then (UTC) instead; records nothing."),
    ] = None,
) -> None:
    """Evaluate a publication by known outcomes, estimate it, and say whether its model needs an update."""
    with attached_settings() as settings:
        score, date = find_score(settings, name), as_of.date()
        if known_at is not None:
            _show_known(settings, score, date, known_at.replace(tzinfo=dt.UTC))
        else:
            _monitor(settings, score, date)


def _show_known(settings: Settings, score: Score, as_of: dt.date, at: dt.datetime) -> None:
    from scoring.database import transaction
    from scoring.monitoring.performance import figures_as_known
    from scoring.outcomes import known

    figures = figures_as_known(settings, score, as_of, at)
    with transaction(settings.database()) as connection:
        first = known.earliest(connection, score.name, as_of)
    if first is None:
        typer.echo("No outcome is known.")
    elif at < first:
        typer.echo(f"No outcome was known then: the first was recorded at {moment(first)} (UTC).")
    else:
        typer.echo(f"{score.name} {as_of} by what was known at {moment(at)} (UTC):")
        console().print(_table(figures, {}))


def _monitor(settings: Settings, score: Score, as_of: dt.date) -> None:
    from scoring.database import transaction
    from scoring.monitoring import evaluations
    from scoring.monitoring.monitor import conclude, perform
    from scoring.monitoring.watch import measure_drift

    measure_drift(settings, score, as_of)
    done = perform(settings, score, as_of, today=dt.datetime.now(dt.UTC).date())
    verdict = conclude(settings, score, as_of)
    with transaction(settings.database()) as connection:
        realised, estimated = (
            evaluations.all_figures(connection, one.evaluation_id) if one else {}
            for one in (done.realised, done.estimated)
        )
    if done.realised is None:
        typer.echo("No outcome is known.")
    else:
        state = "mature" if done.realised.mature else "not mature: in no headline figure"
        typer.echo(f"{done.realised.used:,} of {done.realised.rows:,} outcomes are known ({state}).")
    if done.estimated is not None:
        typer.echo(f"Estimate: {done.estimated.reason or f'learned from {done.estimated.learned_from}'}.")
    console().print(_table(realised, estimated))
    if verdict.estimator_trusted is not None:
        trusted = "can be trusted" if verdict.estimator_trusted else "cannot be trusted"
        typer.echo(f"Estimates of {verdict.headline} {trusted}: {verdict.trust_reason}.")
    columns = "not compared" if verdict.drifted_columns is None else str(verdict.drifted_columns)
    typer.echo(f"Features that have drifted since training: {columns} (`scoring drift {score.name} --as-of {as_of}`).")
    typer.echo(f"Update needed: {'; '.join(verdict.because) if verdict.update_needed else 'no'}.")


@update.command("list")
def update_list(
    name: Annotated[str | None, typer.Argument(metavar="SCORE", help="Name of a score; all without it.")] = None,
) -> None:
    """Show the model versions that needed an update, and what became of it."""
    from scoring.database import transaction
    from scoring.monitoring import verdicts

    with attached_settings() as settings, transaction(settings.database()) as connection:
        score = find_score(settings, name).name if name else None
        found = verdicts.requests(connection, score)
        if not found:
            typer.echo("No update was ever asked for.")
        for one in found:
            known = {None: "", True: ", useful", False: ", wasted"}[one.useful]
            done = f" by version {one.done_version}{known}" if one.done_version else ""
            closed = f" by {one.closed_by}: {one.reason}" if one.closed_by else ""
            typer.echo(f"{one.model_name} version {one.model_version}  {one.state}{done}{closed}")
            for evidence in one.evidence:
                typer.echo(f"  {evidence['as_of']}  {'; '.join(evidence['because'])}")


@update.command("dismiss")
def update_dismiss(
    name: ScoreName,
    reason: Annotated[str, typer.Option(help="Why no update is needed, for the record.")],
    by: By = None,
) -> None:
    """Say that the model in charge of a score needs no update."""
    from scoring.monitoring.judge import dismiss

    with attached_settings() as settings:
        score = find_score(settings, name)
        found = dismiss(settings, score, by=by or shell_user(), reason=reason)
        if found is None:
            raise NotFound(f"No update of {name} is asked for.", remedy="`scoring update list` shows all requests.")
        typer.echo(f"Dismissed: {found.model_name} version {found.model_version} needs no update.")


def _table(realised: Mapping[Of, Iterable[Figure]], estimated: Mapping[Of, Iterable[Figure]]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for place, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if place in (0, 1, 7) else "right", overflow="fold")
    for of in [*realised, *(one for one in estimated if one not in realised)]:
        happened = {figure.metric: figure for figure in realised.get(of, ())}
        expected = {figure.metric: figure for figure in estimated.get(of, ())}
        for metric in [*happened, *(one for one in expected if one not in happened)]:
            now, before = happened.get(metric), expected.get(metric)
            customers = f"{now.n:,}" if now else "-"
            reason = (now.reason if now else None) or (before.reason if before else None) or ""
            table.add_row(_group(of), metric, *_shown(now), customers, *_shown(before), reason)
    return table


def _group(of: Of) -> str:
    arm, segment, value = of
    return " ".join(part for part in (arm, segment, value) if part) or "all"


def _shown(figure: Figure | None) -> tuple[str, str]:
    if figure is None or figure.value is None:
        return "-", ""
    interval = "" if figure.low is None or figure.high is None else f"{figure.low:.4g} to {figure.high:.4g}"
    return f"{figure.value:.4g}", interval
