"""Commands about what is told to others: deliveries to the CRM and other endpoints, and a stand-in for the CRM."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scoring.cli.endpoints import CRM
from scoring.cli.options import attached_settings
from scoring.delivery.retry import DeliveryState
from scoring.domain.dag_ids import NOTIFY
from scoring.errors import ConfigurationError, ScoringError
from scoring.settings import load_crm_settings, load_kafka_settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.delivery.adapters.contract import Adapter
    from scoring.delivery.endpoints import Endpoint

delivery = typer.Typer(help="Requests to the CRM, and messages to other endpoints.", no_args_is_help=True)

EndpointOption = Annotated[str, typer.Option("--endpoint", help="Of which endpoint.")]


@delivery.command("list")
def delivery_list(
    state: Annotated[DeliveryState | None, typer.Option(help="Only deliveries in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 50,
    endpoint: EndpointOption = CRM,
) -> None:
    """List the newest deliveries: state, events, tries, when the next one is due, and the last answer."""
    from scoring.database import transaction
    from scoring.delivery import deliveries, endpoints

    with attached_settings() as settings, transaction(settings.database()) as connection:
        known = endpoints.look_up(connection, endpoint)
        for one in deliveries.newest(connection, known.name, state=state, limit=limit):
            due = f"due {one.next_attempt_at:%Y-%m-%d %H:%M:%S}" if one.next_attempt_at else ""
            last = one.last_error or (str(one.last_status) if one.last_status else "")
            typer.echo(
                f"msg_{one.delivery_id}  {one.state:<9}  {one.events:>4} events  {one.attempts} tries  {last}  {due}"
            )


@delivery.command("replay")
def delivery_replay(
    ids: Annotated[list[str] | None, typer.Argument(help="Dead deliveries (msg_...). Default: all of them.")] = None,
    endpoint: EndpointOption = CRM,
) -> None:
    """Make dead deliveries due again."""
    from scoring.database import transaction
    from scoring.delivery import deliveries, endpoints

    with attached_settings() as settings, transaction(settings.database()) as connection:
        known = endpoints.look_up(connection, endpoint)
        typer.echo(f"{deliveries.replay_dead(connection, known.name, ids or None)} deliveries are due again.")


def notify() -> None:
    """Deliver to all endpoints until nothing is due, as the DAGs do it.

    Exit code 1 if an endpoint is disabled, requests were given up (unless SCORING_ON_DEAD_DELIVERIES=warn), or none
    was delivered. Every endpoint is told, whatever happens to the others.
    """
    from scoring.delivery.everyone import tell_all
    from scoring.delivery.notified import complaint, given_up

    problems: list[ScoringError] = []
    with attached_settings() as settings:
        all_told = tell_all(settings.database(), _adapter_of())
    if not all_told:
        typer.echo("Nothing waits to be told.")
    for told in all_told:
        if told.done is None:
            problems += [told.error] if told.error else []
            continue
        done = told.done
        typer.echo(
            f"{told.endpoint}: {done.requests} requests: {done.delivered} delivered ({done.events} events), "
            f"{done.failed} failed"
        )
        if done.held_because:
            typer.echo(done.held_because)
        if done.dead and settings.on_dead_deliveries == "warn":
            typer.echo(f"Warning: {given_up(done)}", err=True)
        problem = complaint(done, settings.on_dead_deliveries)
        problems += [problem] if problem else []
    for problem in problems[1:]:
        typer.echo(f"{type(problem).__name__}: {problem}", err=True)
    if problems:
        raise problems[0]


def _adapter_of() -> "Callable[[Endpoint], Adapter]":
    """Adapters with the settings of this shell, or of the local platform."""
    from scoring.delivery.reach import adapter_of
    from scoring.local.attach import attached_crm
    from scoring.settings import CrmSettings

    def crm(name: str) -> CrmSettings:
        if name != CRM:
            raise ConfigurationError(
                f"This shell does not know where the endpoint {name} is.",
                remedy=f"Only {CRM} has variables; {NOTIFY} tells others, by their connections.",
            )
        return attached_crm(load_settings())

    return lambda known: adapter_of(known, crm=crm, kafka=lambda _: load_kafka_settings())


def receiver(
    database: Annotated[Path, typer.Option(help="SQLite file for what it was told.")] = Path("receiver.sqlite3"),
) -> None:
    """Run a small CRM that receives the webhooks: SCORING_RECEIVER_PORT on 127.0.0.1, SCORING_CRM_SECRET."""
    from scoring.local.receiver import serve

    serve("127.0.0.1", load_settings().receiver_port, load_crm_settings().secret, database)
