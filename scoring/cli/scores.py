"""Commands about scores: train, score, publish, and show what a published score was made from."""

from typing import Annotated

import typer

from scoring.cli.options import AsOf, AsOfArgument, MaybeAsOf, ScoreName, attached_settings, find_score

score = typer.Typer(help="Score a partition by hand; a score's passport.", no_args_is_help=True)
publication = typer.Typer(help="Published sets of scores.", no_args_is_help=True)


def train(name: ScoreName, as_of: AsOf) -> None:
    """Train a model on one snapshot and the outcomes of a later one; the first model becomes the champion."""
    from scoring.learning.train import train as fit

    with attached_settings() as settings:
        ref = fit(settings, find_score(settings, name), as_of.date())
        typer.echo(f"model {ref.name} version {ref.version} ({ref.digest[:12]})")


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
        found = passports.passport(settings, name, customer, as_of.date() if as_of else None)
        for label, value in passports.lines(found):
            typer.echo(f"{label:<20} {value}")
        if recompute:
            again = passports.recompute(settings, found)
            typer.echo(f"{'recomputed':<20} {again!r} (equal within {passports.TOLERANCE})")


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
