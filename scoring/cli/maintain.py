"""The commands that remove what is old, and that keep it from being removed."""

import datetime as dt
from typing import Annotated

import typer

from scoring.cli.options import By, attached_settings, moment, shell_user

hold = typer.Typer(help="Legal holds: what must stay, however old it is.", no_args_is_help=True)

Date = Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"])]


def maintain(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would leave, and why the rest stays.")
    ] = False,
    all_of_it: Annotated[bool, typer.Option("--all", help="Name each thing that leaves.")] = False,
) -> None:
    """Remove what is older than the settings SCORING_KEEP_... say and not needed (docs/retention.md)."""
    from scoring.maintain.maintain import maintain as remove_old
    from scoring.settings import load_keep_settings

    with attached_settings() as settings:
        done = remove_old(settings, load_keep_settings(), dt.datetime.now(dt.UTC), dry_run=dry_run)
    for part in done.parts:
        for line in part.lines(dry_run=dry_run, all_of_it=all_of_it):
            typer.echo(line)


@hold.command()
def place(
    kind: Annotated[str, typer.Argument(help="What it is about: data_set, score or customer.")],
    name: Annotated[str, typer.Argument(help="The name, or the id of the customer.")],
    *,
    reason: Annotated[str, typer.Option(help="Why, for the record.")],
    first: Date = None,
    last: Date = None,
    by: By = None,
) -> None:
    """Keep everything about a data set, a score or a customer, from --first to --last (as_of, both included)."""
    from scoring.database import transaction
    from scoring.errors import PermanentError
    from scoring.maintain import legal_holds

    which = next((known for known in legal_holds.KINDS if known == kind), None)
    if which is None:
        raise PermanentError(f"{kind!r} is nothing to hold.", remedy=f"Say one of {', '.join(legal_holds.KINDS)}.")
    bounds = {"first": first.date() if first else None, "last": last.date() if last else None}
    with attached_settings() as settings, transaction(settings.database()) as connection:
        number = legal_holds.place(connection, which, name, **bounds, reason=reason, by=by or shell_user())
    typer.echo(f"Legal hold {number} is placed: nothing of {kind} {name} is removed until it is released.")


@hold.command("list")
def list_holds(
    *, released: Annotated[bool, typer.Option("--released", help="Also those that are released.")] = False
) -> None:
    """Show the holds."""
    from scoring.database import transaction
    from scoring.maintain import legal_holds

    with attached_settings() as settings, transaction(settings.database()) as connection:
        found = legal_holds.all_holds(connection, released=released)
    for one in found:
        dates = f"{one.first or 'the beginning'} to {one.last or 'the end'}"
        ended = f"; released {moment(one.released_at)} by {one.released_by}" if one.released_at else ""
        placed = f"placed {moment(one.placed_at)} by {one.placed_by}: {one.reason}"
        typer.echo(f"{one.hold_id}  {one.kind} {one.name}, {dates}; {placed}{ended}")
    if not found:
        typer.echo("There is no legal hold.")


@hold.command()
def release(hold_id: Annotated[int, typer.Argument(help="Its number.")], *, by: By = None) -> None:
    """Release a hold: what it kept leaves with the next run, if it is old."""
    from scoring.database import transaction
    from scoring.maintain import legal_holds

    with attached_settings() as settings, transaction(settings.database()) as connection:
        was = legal_holds.release(connection, hold_id, by or shell_user())
    already = f" It was released {moment(was.released_at)} by {was.released_by}." if was.released_at else ""
    typer.echo(f"Legal hold {hold_id} is released.{already}")
