"""Commands about the versions of a model: which is in charge, how good each is, and putting another one in charge."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from scoring.cli.options import TIMES, AsOf, By, ScoreName, attached_settings, console, find_score, shell_user
from scoring.errors import NotFound

if TYPE_CHECKING:  # what counts is imported where it is used: --help must not wait
    from scoring.domain.score import Score
    from scoring.learning.judging import Retrained
    from scoring.models.ledger import Promotion
    from scoring.models.registry import Registry
    from scoring.models.tags import ModelRef
    from scoring.settings import Settings


model = typer.Typer(help="Versions of a score's model, and which one is in charge.", no_args_is_help=True)

Version = Annotated[int, typer.Argument(help="Number of a version, as `scoring model list` shows it.")]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]


@model.command("list")
def model_list(
    name: ScoreName,
    at: Annotated[
        dt.datetime | None, typer.Option(formats=TIMES, help="Say only which version was in charge then (UTC).")
    ] = None,
) -> None:
    """List the versions, the newest first: what each learned from and promises, and when it was in charge."""
    from scoring.database import transaction
    from scoring.models import charge, ledger

    with attached_settings() as settings:
        score, registry = find_score(settings, name), _registry(settings)
        in_charge = charge.find_in_charge(settings.database(), registry, score.model_name)
        with transaction(settings.database()) as connection:
            past = ledger.history(connection, score.model_name)
            then = ledger.in_charge_at(connection, score.model_name, at.replace(tzinfo=dt.UTC)) if at else None
        if at is not None:
            typer.echo(f"version {then}" if then else "no version")
            return
        versions = registry.versions(score.model_name)
        if not versions:
            raise NotFound(f"{name} has no model.", remedy=f"Train one: `scoring train {name} --as-of <date>`.")
        table = Table("version", "trained", score.headline, "in charge", "decided by", "reason", box=SIMPLE_HEAD)
        for ref in versions:
            table.add_row(*_cells(registry, score, ref, past, current=ref == in_charge))
        console().print(table)


@model.command("show")
def model_show(name: ScoreName, version: Version) -> None:
    """Show a version: what it learned from, what it promises, and each time it was put in charge."""
    from scoring.database import transaction
    from scoring.learning import gates
    from scoring.models import ledger
    from scoring.models.versions import with_library

    with attached_settings() as settings:
        score, registry = find_score(settings, name), _registry(settings)
        ref = registry.version(score.model_name, version)
        trained = registry.trained_on(ref)
        typer.echo(f"{ref}, file {ref.digest}, trained with {with_library(ref.trained_with)}")
        if trained:
            typer.echo(f"learned from the snapshot of {trained.as_of} ({trained.snapshot_digest[:12]})")
        typer.echo(f"accelerated predictor: {ref.parity or 'not checked, so the estimator predicts'}")
        for metric, value in sorted(registry.promised(ref).items()):
            typer.echo(f"{metric:<20} {value:.4g}")
        with transaction(settings.database()) as connection:
            verdict = gates.newest(connection, score.model_name, version)
            if verdict:
                typer.echo(gates.report(verdict, gates.checks_of(connection, verdict.gate_id)))
            for row in ledger.history(connection, score.model_name):
                if row.model_version == version:
                    typer.echo(f"in charge since {row.promoted_at:%Y-%m-%d %H:%M} UTC: {_why(row)}")


@model.command("promote")
def model_promote(name: ScoreName, version: Version, reason: Reason, by: By = None) -> None:
    """Put a version in charge by hand: the next partition is scored with it."""
    from scoring.learning.promotion import promote
    from scoring.models.ledger import Decision

    with attached_settings() as settings:
        score = find_score(settings, name)
        ref = _registry(settings).version(score.model_name, version)
        made = promote(settings, score, ref, Decision("person", by or shell_user(), reason))
        typer.echo(_said(made) if made else f"{ref} is in charge already.")


@model.command("rollback")
def model_rollback(
    name: ScoreName,
    reason: Reason,
    to: Annotated[int | None, typer.Option(help="This version. Default: the one in charge before.")] = None,
    by: By = None,
) -> None:
    """Put the version that was in charge before in charge again: the next partition is scored with it."""
    from scoring.learning.promotion import roll_back

    with attached_settings() as settings:
        typer.echo(_said(roll_back(settings, find_score(settings, name), to, by=by or shell_user(), reason=reason)))


@model.command("retrain")
def model_retrain(
    name: ScoreName,
    as_of: AsOf,
    reason: Reason = "by hand",
    known_at: Annotated[
        dt.datetime | None, typer.Option(formats=TIMES, help="Only what was recorded until then counts (UTC).")
    ] = None,
    only_register: Annotated[bool, typer.Option("--only-register", help="Do not put it in charge.")] = False,
) -> None:
    """Train a version on the mature cohorts, judge it, and put it in charge if the definition allows it."""
    from scoring.learning.retrain import retrain

    with attached_settings() as settings:
        score, at = find_score(settings, name), known_at.replace(tzinfo=dt.UTC) if known_at else None
        found = retrain(settings, score, as_of.date(), known_at=at, reason=reason, only_register=only_register)
        _conclude(settings, score, found)


@model.command("register")
def model_register(
    name: ScoreName,
    source: Annotated[str, typer.Argument(help="A model's file, or models:/<name>/<version> or runs:/<id>/<path>.")],
    *,
    reason: Reason,
    learned_until: Annotated[
        dt.datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="The newest as_of that it has learned from. Without it a person must approve it."
        ),
    ] = None,
    only_register: Annotated[bool, typer.Option("--only-register", help="Do not put it in charge.")] = False,
    by: By = None,
) -> None:
    """Register a model that was trained elsewhere: compared with the definition, tried, and judged like any other."""
    from scoring.learning.bringing import bring

    with attached_settings() as settings:
        score, until = find_score(settings, name), learned_until.date() if learned_until else None
        found = bring(
            settings, score, source, by=by or shell_user(), reason=reason, learned_until=until,
            only_register=only_register,
        )  # fmt: skip
        ref, tried = found.ref, found.tried
        typer.echo(f"{ref}: {ref.kind}, file {ref.digest}, shown {found.shown} features")
        if not found.named:
            typer.echo("The file does not name its features: they are taken in the order of the definition.")
        typer.echo(
            f"tried on {tried.customers:,} customers of {tried.as_of}: {tried.least:.4g} to {tried.most:.4g}, "
            f"mean {tried.mean:.4g}; alone a customer gets the same within {tried.apart:.1g}"
        )
        _conclude(settings, score, found.became)


@model.command("approve")
def model_approve(name: ScoreName, version: Version, reason: Reason, by: By = None) -> None:
    """Put a version in charge that the gate let pass and that waits for a person."""
    from scoring.learning.judging import approve

    with attached_settings() as settings:
        score = find_score(settings, name)
        ref = _registry(settings).version(score.model_name, version)
        made = approve(settings, score, ref, by=by or shell_user(), reason=reason)
        typer.echo(_said(made) if made else f"{ref} is in charge already.")


def _conclude(settings: Settings, score: Score, found: Retrained) -> None:
    """Say what became of a new version, and let the experiment begin that tries it, if one is to."""
    from scoring.experiments.running import NOT_TRIED, start_by_rule
    from scoring.learning.judging import report_of

    typer.echo(report_of(settings, found))
    begun = start_by_rule(settings, score, found)
    if found.promotion:
        typer.echo(_said(found.promotion))
    elif begun:
        typer.echo(f"Experiment {begun.experiment_id} tries it: `scoring experiment show {score.name}`.")
    elif found.tried:
        typer.echo(NOT_TRIED)
    elif found.waits:
        typer.echo(f"It waits for a person: `scoring model approve {score.name} {found.ref.version} --reason <why>`.")
    else:
        typer.echo(f"{found.ref} is registered; the champion stays.")


def _registry(settings: Settings) -> Registry:
    from scoring.models.registry import Registry

    return Registry(settings.mlflow_tracking_uri.get_secret_value())


def _cells(registry: Registry, score: Score, ref: ModelRef, past: list[Promotion], *, current: bool) -> tuple[str, ...]:
    trained, promised = registry.trained_on(ref), registry.promised(ref).get(score.headline)
    row = next((one for one in past if one.model_version == ref.version), None)
    since = f"since {row.promoted_at:%Y-%m-%d %H:%M}" if row and current else "earlier" if row else "never"
    return (
        str(ref.version),
        str(trained.as_of) if trained else "unknown",
        "unknown" if promised is None else f"{promised:.4g}",
        since,
        row.promoted_by if row else "",
        row.reason if row else "",
    )


def _said(made: Promotion) -> str:
    before = f", in place of version {made.from_version}" if made.from_version else ""
    return f"{made.model_name} version {made.model_version} is in charge{before}."


def _why(row: Promotion) -> str:
    before = f", in place of version {row.from_version}" if row.from_version else ""
    return f"{row.how}, decided by {row.promoted_by}{before}: {row.reason}"
