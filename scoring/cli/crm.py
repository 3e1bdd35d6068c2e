"""Commands about the CRM: deliveries to it, its endpoint, and a stand-in for it."""

from pathlib import Path
from typing import Annotated

import typer

from scoring.cli.options import attached_settings
from scoring.delivery.retry import DeliveryState
from scoring.domain.dag_ids import NOTIFY, SWEEP
from scoring.settings import load_crm_settings, load_settings

delivery = typer.Typer(help="Requests to the CRM.", no_args_is_help=True)
endpoint = typer.Typer(help="Where requests go.", no_args_is_help=True)


@delivery.command("list")
def delivery_list(
    state: Annotated[DeliveryState | None, typer.Option(help="Only deliveries in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
) -> None:
    """List the newest deliveries: state, events, tries, when the next one is due, and the last answer."""
    from scoring.database import transaction
    from scoring.delivery import deliveries, endpoints

    with attached_settings() as settings, transaction(settings.database()) as connection:
        for one in deliveries.newest(connection, endpoints.CRM, state=state, limit=limit):
            due = f"due {one.next_attempt_at:%Y-%m-%d %H:%M:%S}" if one.next_attempt_at else ""
            last = one.last_error or (str(one.last_status) if one.last_status else "")
            typer.echo(
                f"msg_{one.delivery_id}  {one.state:<9}  {one.events:>4} events  {one.attempts} tries  {last}  {due}"
            )


@delivery.command("replay")
def delivery_replay(
    ids: Annotated[list[str] | None, typer.Argument(help="Dead deliveries (msg_...). Default: all of them.")] = None,
) -> None:
    """Make dead deliveries due again."""
    from scoring.database import transaction
    from scoring.delivery import deliveries, endpoints

    with attached_settings() as settings, transaction(settings.database()) as connection:
        typer.echo(f"{deliveries.replay_dead(connection, endpoints.CRM, ids or None)} deliveries are due again.")


@endpoint.command("show")
def endpoint_show() -> None:
    """Show the state of the CRM's endpoint and what waits for it."""
    from scoring.database import transaction
    from scoring.delivery import endpoints, outbox

    with attached_settings() as settings, transaction(settings.database()) as connection:
        shown = vars(endpoints.look_up(connection)) | vars(outbox.backlog(connection))
    for name, value in shown.items():
        typer.echo(f"{name:<17} {'-' if value is None else value}")


@endpoint.command("enable")
def endpoint_enable() -> None:
    """Send requests to the CRM again, after a 410 disabled its endpoint or while it is held back."""
    from scoring.database import transaction
    from scoring.delivery import endpoints

    with attached_settings() as settings, transaction(settings.database()) as connection:
        endpoints.enable(connection)
    typer.echo(f"The endpoint is enabled; {NOTIFY} or {SWEEP} delivers what waits.")


def notify() -> None:
    """Deliver to the CRM until nothing is due, as the DAGs do it.

    Exit code 1 if the endpoint is disabled, requests were given up (unless SCORING_ON_DEAD_DELIVERIES=warn), or none
    was delivered.
    """
    from scoring.delivery.adapters.webhook import Webhook
    from scoring.delivery.notified import complaint, given_up
    from scoring.delivery.notify import notify as deliver
    from scoring.local.attach import attached_crm

    with attached_settings() as settings:
        crm = attached_crm(load_settings())
        done = deliver(settings.database(), Webhook(crm.url, crm.secret))
    typer.echo(f"{done.requests} requests: {done.delivered} delivered ({done.events} events), {done.failed} failed")
    if done.held_because:
        typer.echo(done.held_because)
    if done.dead and settings.on_dead_deliveries == "warn":
        typer.echo(f"Warning: {given_up(done)}", err=True)
    problem = complaint(done, settings.on_dead_deliveries)
    if problem is not None:
        raise problem


def receiver(
    database: Annotated[Path, typer.Option(help="SQLite file for what it was told.")] = Path("receiver.sqlite3"),
) -> None:
    """Run a small CRM that receives the webhooks: SCORING_RECEIVER_PORT on 127.0.0.1, SCORING_CRM_SECRET."""
    from scoring.local.receiver import serve

    serve("127.0.0.1", load_settings().receiver_port, load_crm_settings().secret, database)
