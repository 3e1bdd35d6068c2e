"""Commands about experiments: two versions of a model compared on live customers."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from scoring.cli.options import By, ScoreName, attached_settings, console, find_score, shell_user
from scoring.errors import NotFound

experiment = typer.Typer(help="Two versions of a model compared on live customers (A/B).", no_args_is_help=True)

Version = Annotated[int, typer.Argument(help="The challenger: a version, as `scoring model list` shows it.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]
Number = Annotated[int | None, typer.Option("--number", help="This experiment. Default: the newest.")]


@experiment.command("start")
def experiment_start(  # noqa: PLR0917 - options are given by name
    name: ScoreName,
    version: Version,
    reason: Reason,
    mode: Annotated[
        Literal["split", "shadow"],
        typer.Option(
            help="split: each customer gets the score of one version; shadow: the challenger's are not shown."
        ),
    ] = "split",
    share: Annotated[
        float | None, typer.Option(help="The challenger's part of the customers, 0 to 1. Default: the definition's.")
    ] = None,
    by: By = None,
) -> None:
    """Compare a version with the one in charge, from the next partition on."""
    from scoring.experiments.running import start

    with attached_settings() as settings:
        score = find_score(settings, name)
        made = start(settings, score, version, mode=mode, share=share, by=by or shell_user(), reason=reason)
        part = "" if made.share is None else f"; the challenger gets {made.share:.3g} of the customers"
        typer.echo(f"Experiment {made.experiment_id}: version {made.champion} against {made.challenger}{part}.")


@experiment.command("share")
def experiment_share(
    name: ScoreName,
    share: Annotated[float, typer.Argument(help="The challenger's part of the customers, 0 to 1.")],
    reason: Reason,
    by: By = None,
) -> None:
    """Give the challenger another part of the customers; only those between old and new part move."""
    from scoring.experiments.running import set_share

    with attached_settings() as settings:
        made = set_share(settings, find_score(settings, name), share, by=by or shell_user(), reason=reason)
        typer.echo(f"The challenger of experiment {made.experiment_id} gets {share:.3g} of the customers.")


@experiment.command("stop")
def experiment_stop(name: ScoreName, reason: Reason, by: By = None) -> None:
    """End the running experiment: the champion scores everybody from the next partition on."""
    from scoring.experiments.running import stop

    with attached_settings() as settings:
        ended = stop(settings, find_score(settings, name), by=by or shell_user(), reason=reason)
        typer.echo(f"Experiment {ended.experiment_id} is stopped.")


@experiment.command("evaluate")
def experiment_evaluate(name: ScoreName) -> None:
    """Look at the running experiment now, and do what follows; looking often costs nothing."""
    from scoring.experiments.evaluate import evaluate

    with attached_settings() as settings:
        evaluate(settings, find_score(settings, name), today=dt.datetime.now(dt.UTC).date())
        typer.echo(_report(settings.database(), name, None))


@experiment.command("show")
def experiment_show(name: ScoreName, number: Number = None) -> None:
    """Show an experiment: what is compared, what was found at its last look, and every check."""
    with attached_settings() as settings:
        find_score(settings, name)
        typer.echo(_report(settings.database(), name, number))


@experiment.command("list")
def experiment_list(name: ScoreName) -> None:
    """List the experiments of a score, the newest first."""
    from scoring.database import transaction
    from scoring.models import experiments

    with attached_settings() as settings:
        find_score(settings, name)
        with transaction(settings.database()) as connection:
            found = experiments.all_of(connection, name)
        table = Table("experiment", "mode", "champion", "challenger", "started", "by", "outcome", box=SIMPLE_HEAD)
        for one in found:
            outcome = one.outcome or "running"
            versions = str(one.champion), str(one.challenger)
            started = f"{one.started_at:%Y-%m-%d}", one.started_by
            table.add_row(str(one.experiment_id), one.mode, *versions, *started, outcome)
        console().print(table)


def _report(database: str, name: str, number: int | None) -> str:
    from scoring.database import transaction
    from scoring.experiments import looks
    from scoring.models import experiments

    with transaction(database) as connection:
        found = [one for one in experiments.all_of(connection, name) if number in (None, one.experiment_id)]
        if not found:
            raise NotFound(
                f"{name} has no experiment{f' {number}' if number else ''}.",
                remedy=f"Start one: `scoring experiment start {name} <version> --reason <why>`.",
            )
        seen = looks.all_of(connection, found[0].experiment_id)
        checks = looks.checks_of(connection, seen[-1].look_id) if seen else []
        return looks.report(found[0], seen[-1] if seen else None, checks)
