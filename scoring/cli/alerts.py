"""Commands about what people are told: what was noted, what was sent, and sending it."""

import re
from typing import Annotated, Literal

import typer

from scoring.cli.options import attached_settings
from scoring.errors import NotFound
from scoring.settings import load_settings

alert = typer.Typer(help="What people are told.", no_args_is_help=True)


@alert.command("list")
def alert_list(
    state: Annotated[
        Literal["pending", "sent", "dead"] | None, typer.Option(help="Only messages in this state.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
) -> None:
    """List the newest alerts: owner, channel, state, tries, and why the last one failed."""
    from scoring.database import transaction
    from scoring.delivery.people import sendings

    with attached_settings() as settings, transaction(settings.database()) as connection:
        for one in sendings.newest(connection, state=state, limit=limit):
            due = f"due {one.next_attempt_at:%Y-%m-%d %H:%M:%S}" if one.next_attempt_at else ""
            typer.echo(
                f"alert-{one.alert_id}  {one.noted_at:%Y-%m-%d %H:%M}  {one.owner}  {one.kind}  {one.title}  "
                f"[{one.channel or 'not sent yet'}  {one.state}  {one.attempts} tries  {one.last_error or ''}  {due}]"
            )


@alert.command("send")
def alert_send() -> None:
    """Send what is due, as the DAG does it; exit status 1 if something was given up."""
    from scoring.delivery.people.channels import Channels
    from scoring.delivery.people.tell import complaint, tell
    from scoring.local.attach import attached_channels

    with attached_settings() as settings:
        addresses = attached_channels(load_settings()).channels
        told = tell(settings.database(), Channels(addresses, settings.home))
    typer.echo(f"{told.sent} messages sent, {told.failed} failed")
    if told.last_failure:
        typer.echo(f"The last failure was: {told.last_failure}", err=True)
    if problem := complaint(told):
        raise problem


@alert.command("replay")
def alert_replay(
    ids: Annotated[list[str] | None, typer.Argument(help="Alerts (alert-17); all that were given up, without.")] = None,
) -> None:
    """Make alerts due again that were given up."""
    from scoring.database import transaction
    from scoring.delivery.people import sendings

    wanted = [_number(text) for text in ids] if ids else None
    with attached_settings() as settings, transaction(settings.database()) as connection:
        typer.echo(f"{sendings.replay_dead(connection, wanted)} messages are due again.")


def _number(text: str) -> int:
    found = re.fullmatch(r"(?:alert-)?([0-9]{1,18})", text)
    if found is None:
        raise NotFound(f"{text!r} is not the id of an alert, like alert-17.")
    return int(found[1])
