"""Commands about the CRM: what was delivered and what was not, its endpoint, and a stand-in for it."""

from pathlib import Path
from typing import Annotated

import typer

from scoring.cli.options import attached_settings
from scoring.settings import load_settings

delivery = typer.Typer(help="Requests to the CRM.", no_args_is_help=True)
endpoint = typer.Typer(help="Where requests go.", no_args_is_help=True)

State = Annotated[str | None, typer.Option(help="pending, delivered or dead; all without it.")]


@delivery.command("list")
def delivery_list(state: State = None, limit: Annotated[int, typer.Option(min=1)] = 50) -> None:
    """Show the newest deliveries: state, events, tries, when the next one is due, and the last answer."""
    from scoring.database import connect
    from scoring.delivery import deliveries, outbox

    if state not in (None, "pending", "delivered", "dead"):
        raise typer.BadParameter("one of pending, delivered, dead", param_hint="--state")
    with attached_settings() as settings, connect(settings.database()) as connection, connection:
        for one in deliveries.deliveries(connection, outbox.CRM, state=state, limit=limit):  # type: ignore[arg-type]
            due = f"due {one.next_attempt_at:%Y-%m-%d %H:%M:%S}" if one.next_attempt_at else ""
            last = one.last_error or (str(one.last_status) if one.last_status else "")
            typer.echo(
                f"msg_{one.delivery_id}  {one.state:<9}  {one.events:>4} events  {one.attempts} tries  {last}  {due}"
            )


@delivery.command("replay")
def delivery_replay(
    ids: Annotated[list[str] | None, typer.Argument(help="Dead deliveries (msg_...); all of them without any.")] = None,
) -> None:
    """Make dead deliveries due again."""
    from scoring.database import connect
    from scoring.delivery import deliveries, outbox

    with attached_settings() as settings, connect(settings.database()) as connection, connection:
        typer.echo(f"{deliveries.replay(connection, outbox.CRM, ids or None)} deliveries are due again.")


@endpoint.command("show")
def endpoint_show() -> None:
    """Show the state of the CRM's endpoint and what waits for it."""
    from scoring.database import connect
    from scoring.delivery import outbox

    with attached_settings() as settings, connect(settings.database()) as connection, connection:
        for name, value in vars(outbox.show(connection)).items():
            typer.echo(f"{name:<17} {'-' if value is None else value}")


@endpoint.command("enable")
def endpoint_enable() -> None:
    """Let requests go to the CRM again, after a 410 disabled it or while it is held back."""
    from scoring.database import connect
    from scoring.delivery import outbox

    with attached_settings() as settings, connect(settings.database()) as connection, connection:
        outbox.enable(connection)
    typer.echo("The endpoint is enabled; notify_crm or sweep_crm delivers what waits.")


def notify() -> None:
    """Deliver to the CRM until nothing is due, as the DAGs do it."""
    from scoring.delivery.notify import notify as deliver

    with attached_settings() as settings:
        done = deliver(settings)
    typer.echo(f"{done.requests} requests: {done.delivered} delivered ({done.events} events), {done.failed} failed")
    if done.held_because:
        typer.echo(done.held_because)


def receiver(
    database: Annotated[Path, typer.Option(help="SQLite file that remembers what was told.")] = Path(
        "receiver.sqlite3"
    ),
) -> None:
    """Run a small CRM that takes the webhooks in: SCORING_RECEIVER_PORT on 127.0.0.1, SCORING_CRM_SECRET."""
    from scoring.local.receiver import serve

    settings = load_settings()
    serve("127.0.0.1", settings.receiver_port, settings.crm_secret, database)
