"""Commands about what was announced of a score: show it, and set the last date back after a wrong one."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from scoring.cli.options import By, ScoreName, attached_settings, find_score, shell_user

if TYPE_CHECKING:
    from scoring.publishing.holds import Hold
    from scoring.publishing.publications import Publication

announce = typer.Typer(help="What was announced of a score to the CRM.", no_args_is_help=True)

Until = Annotated[
    dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="The last announced date that is right, e.g. 2005-08-31.")
]
Reason = Annotated[str, typer.Option(help="Why, for the record.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@announce.command("show")
def announce_show(name: ScoreName) -> None:
    """Show the last announced date of a score, its publications, whether each was announced, and the resets."""
    from scoring.publishing.resets import status

    with attached_settings() as settings:
        found = status(settings, find_score(settings, name))
        heard = found.announced_until
        typer.echo(f"{name} is announced until {heard}; what is older is published without telling the CRM")
        typer.echo(f"{found.counts.told} customers were told of, {found.counts.known} are known from the first load")
        for one in found.published:
            held = found.holds.get(one.publication_id)
            typer.echo(f"{one.as_of}  publication {one.publication_id}  {_announced(one, heard, held)}")
        for was in found.resets:
            typer.echo(f"reset {was.reset_at:%Y-%m-%d %H:%M} by {was.reset_by}: {was.was} -> {was.until}, {was.reason}")


@announce.command("reset")
def announce_reset(name: ScoreName, until: Until, reason: Reason, by: By = None, yes: Yes = False) -> None:
    """Set the last announced date back, after a wrong (too late) date was announced; asks first."""
    from scoring.publishing.resets import preview, reset

    with attached_settings() as settings:
        score = find_score(settings, name)
        effect = preview(settings, score, until.date())
        typer.echo(f"{name} was announced until {effect.was}; it will count as announced until {effect.until}.")
        typer.echo(
            f"{effect.customers} customers were last told of a later date. That stands until a publication tells what "
            "differs from it, with higher versions."
        )
        for one in effect.again:
            typer.echo(f"{one.as_of}  publication {one.publication_id}  {_announced(one, effect.was)}")
            if one.as_of > effect.until:
                typer.echo(f"            if it is wrong: `scoring publication drop {name} {one.as_of}`")
        by = by or shell_user()
        if not yes:
            typer.confirm("Reset?", abort=True)
        reset(settings, score, until.date(), by=by, reason=reason)
        typer.echo(
            "Done. Drop what is wrong; readers see it until then. Run the newest right date again to tell the CRM now; "
            "otherwise the next publication tells it."
        )


def _announced(publication: "Publication", heard: dt.date, hold: "Hold | None" = None) -> str:
    if publication.announces:
        return f"{publication.changed} changes told"
    if hold is not None and hold.state in ("held", "rejected"):
        return hold.state if hold.state == "held" else f"rejected by {hold.decided_by}"
    return "silent" if publication.as_of < heard else "not told since a reset; run it again to tell it"
