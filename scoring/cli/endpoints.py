"""Commands about endpoints: where score changes go, beside the CRM."""

from typing import Annotated, cast, get_args

import typer

from scoring.cli.options import attached_settings
from scoring.delivery.adapters.records import Format
from scoring.domain.dag_ids import NOTIFY, SWEEP
from scoring.errors import PermanentError

endpoint = typer.Typer(help="Where score changes go.", no_args_is_help=True)

CRM = "crm_webhook"
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of an endpoint.")]


@endpoint.command("list")
def endpoint_list() -> None:
    """List the endpoints: what is told, where, and whether anything may be sent now."""
    from scoring.database import transaction
    from scoring.delivery import endpoints

    with attached_settings() as settings, transaction(settings.database()) as connection:
        for one in endpoints.all_of_them(connection):
            where = f"{one.topic} ({one.format})" if one.topic else ""
            typer.echo(f"{one.name}  {one.adapter}  {where}  {one.held_because or one.state}")


@endpoint.command("show")
def endpoint_show(name: Name = CRM) -> None:
    """Show the state of an endpoint and what waits for it."""
    from scoring.database import transaction
    from scoring.delivery import endpoints, outbox

    with attached_settings() as settings, transaction(settings.database()) as connection:
        shown = vars(endpoints.look_up(connection, name)) | vars(outbox.backlog(connection, name))
    for key, value in shown.items():
        typer.echo(f"{key:<17} {'-' if value is None else value}")


@endpoint.command("enable")
def endpoint_enable(name: Name = CRM) -> None:
    """Send to an endpoint again, after a 410 disabled it or while it is held back."""
    from scoring.database import transaction
    from scoring.delivery import endpoints

    with attached_settings() as settings, transaction(settings.database()) as connection:
        endpoints.enable(connection, name)
    typer.echo(f"The endpoint is enabled; {NOTIFY} or {SWEEP} delivers what waits.")


@endpoint.command("add")
def endpoint_add(
    name: Name,
    *,
    kafka: Annotated[bool, typer.Option("--kafka", help="Topics of Kafka; there is no other kind to add.")] = False,
    topic: Annotated[str, typer.Option(help="The topic of a score; {score} stands for its name.")] = "scoring.{score}",
    form: Annotated[str, typer.Option("--format", help="json, cloudevents-structured or cloudevents-binary.")] = "json",
    from_announcements: Annotated[
        bool, typer.Option("--from-announcements", help="Begin with what holds now, not with the next change.")
    ] = False,
) -> None:
    """Add an endpoint: it is told every change from now on."""
    from scoring.database import transaction
    from scoring.delivery import topics

    if not kafka:
        raise PermanentError("Only topics of Kafka can be added.", remedy="Say --kafka.")
    if form not in get_args(Format):
        raise PermanentError(f"There is no format {form!r}.", remedy=f"Choose one of {', '.join(get_args(Format))}.")
    with attached_settings() as settings, transaction(settings.database()) as connection:
        topics.add(connection, name, topic=topic, form=cast("Format", form))
    typer.echo(f"{name} is told every change from now on.")
    if from_announcements:
        endpoint_fill(name)


@endpoint.command("fill")
def endpoint_fill(name: Name) -> None:
    """Tell an endpoint what holds now of every customer, so that its topics are complete."""
    from scoring.publishing.filling import fill

    with attached_settings() as settings:
        for score, events in fill(settings, name).items():
            typer.echo(f"{score}: {events} events wait for {name}.")


@endpoint.command("remove")
def endpoint_remove(
    name: Name,
    *,
    despite_waiting: Annotated[
        bool, typer.Option("--despite-waiting", help="Also if something waits for it; nobody is told that then.")
    ] = False,
) -> None:
    """Remove an endpoint of Kafka, and its deliveries; its topics stay as they are."""
    from scoring.database import transaction
    from scoring.delivery import topics

    with attached_settings() as settings, transaction(settings.database()) as connection:
        topics.remove(connection, name, despite_waiting=despite_waiting)
    typer.echo(f"{name} is removed; its topics are yours to delete.")
