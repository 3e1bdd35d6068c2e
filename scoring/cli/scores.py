"""Commands about scores: train, score, publish, and show what a published score was made from."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from scoring.cli.options import (
    AsOf,
    AsOfArgument,
    By,
    MaybeAsOf,
    ScoreName,
    attached_settings,
    find_score,
    shell_user,
)
from scoring.domain import reasons as domain
from scoring.settings import Settings

if TYPE_CHECKING:
    from scoring.publishing.decisions import Decision
    from scoring.publishing.passport import Explanation

score = typer.Typer(help="Score a partition by hand; a score's passport.", no_args_is_help=True)
publication = typer.Typer(help="Published sets of scores.", no_args_is_help=True)


def train(name: ScoreName, as_of: AsOf) -> None:
    """Train a model on one snapshot and the outcomes of a later one; the first model becomes the champion."""
    from scoring.learning.train import train as fit
    from scoring.models.charge import in_charge
    from scoring.models.registry import Registry

    with attached_settings() as settings:
        score = find_score(settings, name)
        ref = fit(settings, score, as_of.date())
        typer.echo(f"model {ref.name} version {ref.version} ({ref.digest[:12]})")
        registry = Registry(settings.mlflow_tracking_uri.get_secret_value())
        for metric, value in sorted(registry.promised(ref).items()):
            typer.echo(f"  {metric:<20} {value:.4g}  on customers that it had not learned from")
        champion = in_charge(settings.database(), registry, score.model_name)
        if champion == ref:
            typer.echo("It is in charge.")
        else:
            typer.echo(
                f"In charge is version {champion.version}. To put this one in charge: "
                f"`scoring model promote {name} {ref.version} --reason <why>`."
            )


@score.command("partition")
def score_partition(name: ScoreName, as_of: AsOf) -> None:
    """Score and publish one partition in this process, as the DAG does it."""
    from scoring.publishing.plan import plan
    from scoring.publishing.predict import score_shard
    from scoring.publishing.publish import publish

    with attached_settings() as settings:
        planned = plan(settings, find_score(settings, name), as_of.date(), run_id="command line")
        for shard in planned.shards:
            score_shard(settings, planned.publication_id, shard)
        published = publish(settings, planned.publication_id)
        typer.echo(
            f"publication {published.publication_id}: {published.rows} scores, {published.changed} changes told, "
            f"checksum {published.checksum[:12]}"
        )
        if published.warning:
            typer.echo(f"WARNING: {published.warning}")


@score.command("passport")
def score_passport(
    name: ScoreName,
    customer: Annotated[str, typer.Argument(help="The customer's id.")],
    as_of: MaybeAsOf = None,
    recompute: Annotated[bool, typer.Option("--recompute", help="Score again from the passport and compare.")] = False,
) -> None:
    """Print what a published score was made from."""
    from scoring.publishing import passport as passports

    with attached_settings() as settings:
        if as_of is None and _streamed_passport(settings, name, customer, recompute=recompute):
            return
        found = passports.passport(settings, name, customer, as_of.date() if as_of else None)
        for label, value in passports.lines(found):
            typer.echo(f"{label:<20} {value}")
        if found.publication.reason_count is not None:
            for number, reason in enumerate(passports.reasons(settings, found), 1):
                typer.echo(f"{f'reason {number}':<20} {reason.contribution:+.4g} {reason.feature}: {reason.text}")
        if recompute:
            again = passports.recompute(settings, found)
            typer.echo(f"{'recomputed':<20} {again!r} (equal within {passports.TOLERANCE})")


@score.command("reasons")
def score_reasons(
    name: ScoreName,
    customer: Annotated[str, typer.Argument(help="The customer's id.")],
    as_of: MaybeAsOf = None,
    every: Annotated[bool, typer.Option("--all", help="Compute the contributions of all features.")] = False,
) -> None:
    """Print why a customer has this score: the features that pushed it most, as stored or computed anew."""
    from scoring.publishing import passport as passports
    from scoring.streaming import passport as streamed

    with attached_settings() as settings:
        if as_of is None and (update := streamed.find(settings, name, customer)) is not None:
            made = f"{update.value!r}{f' (band {update.band})' if update.band else ''}"
            typer.echo(f"{name} of {customer} by an update of {update.event_time:%Y-%m-%d %H:%M:%S}: {made}")
            _explained(streamed.explain(settings, update), every=every)
            return
        found = passports.passport(settings, name, customer, as_of.date() if as_of else None)
        made = f"{found.row.value!r}{f' (band {found.row.band})' if found.row.band else ''}"
        typer.echo(f"{name} of {customer} at {found.publication.as_of}: {made}")
        if not every:
            _reasons(passports.reasons(settings, found))
            return
        _explained(passports.explain(settings, found), every=True)


def _streamed_passport(settings: Settings, name: str, customer: str, *, recompute: bool) -> bool:
    """Print the passport of the streamed score that holds; false if none does."""
    from scoring.publishing.passport import TOLERANCE
    from scoring.streaming import passport as streamed

    update = streamed.find(settings, name, customer)
    if update is None:
        return False
    for label, value in streamed.lines(update):
        typer.echo(f"{label:<20} {value}")
    if recompute:
        typer.echo(f"{'recomputed':<20} {streamed.recompute(settings, update)!r} (equal within {TOLERANCE})")
    return True


def _explained(explained: "Explanation", *, every: bool) -> None:
    if not every:
        _reasons(explained.reasons)
        return
    typer.echo(f"  {explained.base:12.6g}  base, {explained.unit}")
    for feature, contribution in explained.contributions:
        typer.echo(f"  {contribution:+12.6g}  {feature}")
    typer.echo(f"  {explained.margin:12.6g}  margin, {explained.unit}")


def _reasons(reasons: Sequence[domain.Reason]) -> None:
    for reason in reasons:
        typer.echo(f"  {reason.contribution:+12.4g}  {reason.direction:<5} {reason.feature:<28} {reason.text}")


@publication.command("drop")
def publication_drop(
    name: ScoreName,
    as_of: AsOfArgument,
    publication_id: Annotated[int | None, typer.Option("--id", help="Only this publication, in any state.")] = None,
) -> None:
    """Remove what is published of a score at one date; running the partition again restores it."""
    from scoring.publishing.publish import drop

    with attached_settings() as settings:
        dropped = drop(settings, find_score(settings, name), as_of.date(), publication_id)
        typer.echo(
            f"Dropped publication {dropped.publication_id} ({dropped.rows or 0} scores). What the CRM was told stands, "
            f"and the last announced date with it: see `scoring announce show {name}`."
        )


Reason = Annotated[str, typer.Option(help="Why, for the record.")]


@publication.command("confirm")
def publication_confirm(name: ScoreName, as_of: AsOfArgument, by: By = None, reason: Reason = "") -> None:
    """Tell the CRM what a held publication changed."""
    _decide(name, as_of.date(), "confirmed", by, reason)


@publication.command("reject")
def publication_reject(name: ScoreName, as_of: AsOfArgument, by: By = None, reason: Reason = "") -> None:
    """Tell the CRM nothing of a held publication; what it was last told stands."""
    _decide(name, as_of.date(), "rejected", by, reason)


def _decide(name: str, as_of: dt.date, wanted: "Decision", by: str | None, reason: str) -> None:
    from scoring.publishing.holding import decide

    with attached_settings() as settings:
        decided = decide(settings, find_score(settings, name), as_of, wanted, by=by or shell_user(), reason=reason)
    made = f"publication {decided.publication_id} of {name} {as_of}"
    if decided.again:
        typer.echo(f"{made} was {wanted} before, by {decided.decided_by}.")
    elif wanted == "confirmed":
        typer.echo(f"{made} is confirmed: {decided.events} changes wait for the CRM; the next sweep delivers them.")
    else:
        typer.echo(
            f"{made} is rejected: the CRM is told nothing of it. Readers see it until it is dropped "
            f"(`scoring publication drop {name} {as_of}`)."
        )
