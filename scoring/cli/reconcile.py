"""The command that finds what was left undone."""

import datetime as dt

import typer

from scoring.cli.options import attached_settings


def reconcile() -> None:
    """Show what was left undone and what to do about it; exit code 1 if something needs a person."""
    from scoring.reconcile.reconcile import reconcile as look
    from scoring.reconcile.reconcile import tell

    with attached_settings() as settings:
        found = look(settings, dt.datetime.now(dt.UTC))
        tell(settings, found)
    for finding in found:
        typer.echo(f"{'!' if finding.needs_person else ' '} {finding}")
    if not found:
        typer.echo("Nothing is left undone.")
    if any(finding.needs_person for finding in found):
        raise typer.Exit(1)
