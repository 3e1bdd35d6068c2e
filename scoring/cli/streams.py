"""Commands about streams: read one, see how far it was read and what was refused, and the schema of its messages."""

import json
from itertools import groupby
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from typer.core import TyperGroup

from scoring.cli.options import DataSetName, attached_settings, console, find_data_set
from scoring.settings import load_kafka_settings


class _Group(TyperGroup):
    """`scoring stream DATA_SET` is `scoring stream run DATA_SET`; a data set called like a command needs the latter."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is named, or else ``run``."""
        named = args and (args[0] in self.commands or args[0].startswith("-"))
        return super().resolve_command(ctx, args if named else ["run", *args])


stream = typer.Typer(help="Updates of single customers that come by Kafka.", no_args_is_help=True, cls=_Group)


@stream.command("run")
def run(
    name: DataSetName,
    *,
    until_end: Annotated[bool, typer.Option("--until-end", help="End when all that has come is recorded.")] = False,
) -> None:
    """Read the updates of a data set, score them and tell the CRM, until Ctrl-C or SIGTERM; see docs/streams.md."""
    from scoring.streaming.run import drain, work

    with attached_settings() as settings:
        data_set, kafka = find_data_set(settings, name), load_kafka_settings()
        total = (drain if until_end else work)(settings, kafka, data_set)
    typer.echo(
        f"{total.received:,} messages: {total.accepted:,} accepted, {total.quarantined:,} quarantined, "
        f"{total.outdated:,} outdated; {total.scores:,} scores, {total.events:,} changes told"
    )


@stream.command("list")
def list_(
    name: Annotated[str | None, typer.Argument(metavar="DATA_SET", help="Only this data set.")] = None,
) -> None:
    """Show how far the partitions of each topic were read."""
    from scoring.streaming.run import status

    with attached_settings() as settings:
        found = status(settings, None if name is None else find_data_set(settings, name).name)
    for (data_set, topic), partitions in groupby(found.offsets, key=lambda one: (one.data_set, one.topic)):
        table = Table(title=f"{data_set}: {topic}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
        for head in ("partition", "next", "received", "accepted", "quarantined", "outdated", "lost"):
            table.add_column(head, justify="right", no_wrap=True)
        for head in ("newest event time", "moved"):
            table.add_column(head, no_wrap=True)
        for one in partitions:
            counts = (one.partition_id, one.next_offset, one.received, one.accepted, one.quarantined, one.outdated)
            newest = f"{one.newest_event_time:%Y-%m-%d %H:%M:%S}" if one.newest_event_time else "-"
            table.add_row(*map(str, counts), f"{one.lost}", newest, f"{one.moved_at:%Y-%m-%d %H:%M:%S}")
        console().print(table)
    if found.waiting:
        typer.echo(f"{found.waiting} dead letters wait for the broker.")


@stream.command("refused")
def refused(
    name: DataSetName, most: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20
) -> None:
    """Show what was refused: where it stands in the topic, and the rules, columns and values."""
    from scoring.streaming.run import refused as last

    with attached_settings() as settings:
        found = last(settings, find_data_set(settings, name).name, most)
    for one in found:
        sent = "dead-lettered" if one.dead_lettered_at else "not yet dead-lettered"
        typer.echo(f"{one.topic} partition {one.partition_id} offset {one.message_offset} ({sent}): {one.reason}")
        for rule, column, value in zip(one.rules, one.columns, one.values, strict=True):
            typer.echo(f"    {column or '(message)'}: {rule}{'' if value is None else f': {value!r}'}")


@stream.command("schema")
def schema(name: DataSetName) -> None:
    """Print the JSON Schema of a message's value."""
    from scoring.intake.messages.schema import message_schema

    with attached_settings() as settings:
        typer.echo(json.dumps(message_schema(find_data_set(settings, name)), indent=2))
