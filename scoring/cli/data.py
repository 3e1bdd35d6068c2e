"""Commands about data sets: take a partition in; list, export and replay the rows that validation refused."""

import datetime as dt
import io
from pathlib import Path
from typing import Annotated

import typer

from scoring.cli.options import AsOf, AsOfArgument, DataSetName, attached_settings, find_data_set
from scoring.domain.calendar import require_plausible
from scoring.errors import ConfigurationError
from scoring.settings import load_settings

quarantine = typer.Typer(help="Rows that validation refused.", no_args_is_help=True)


def ingest(
    data_set: DataSetName,
    as_of: AsOf,
    path: Annotated[str | None, typer.Option(help="Another file or URL instead of the defined source.")] = None,
    confirm_date: Annotated[
        bool, typer.Option("--confirm-date", help="Accept a date that is after today or outside of the bounds.")
    ] = False,
) -> None:
    """Take one partition of a data set in."""
    from scoring.intake.ingest import ingest as take_in

    definition = find_data_set(load_settings(), data_set)
    require_plausible(
        as_of.date(),
        today=definition.today(dt.datetime.now(dt.UTC)),
        first=definition.first_as_of,
        last=definition.last_as_of,
        confirmed=confirm_date,
    )
    with attached_settings() as settings:
        intake = take_in(settings, definition, as_of.date(), path=path, anywhere=True)
        typer.echo(
            f"snapshot {intake.snapshot_id} ({intake.digest[:12]}){' unchanged' if intake.unchanged else ''}: "
            f"received {intake.received} = accepted {intake.accepted} + quarantined {intake.quarantined} + "
            f"duplicates {intake.duplicates}"
        )
        if intake.warnings:
            docs = settings.expectations_dir / "uncommitted" / "data_docs" / "index.html"
            typer.echo(f"{intake.warnings} rules below critical do not hold, see {docs}")


@quarantine.command("list")
def quarantine_list(data_set: DataSetName, as_of: AsOfArgument) -> None:
    """Show a partition's quarantine: how many rows break each rule, then the row, column, value and rule of each."""
    from scoring.intake.quarantine import quarantined, sample_only

    with (
        attached_settings() as settings,
        quarantined(settings, find_data_set(settings, data_set), as_of.date()) as (snapshot, rows),
    ):
        typer.echo(
            f"snapshot {snapshot.snapshot_id} ({snapshot.state}): {snapshot.quarantined} of {snapshot.received} rows"
        )
        for broken in snapshot.broken_rules:
            typer.echo(f"{broken['rows']} rows\t{broken['column']}\t{broken['rule']}")
        if only := sample_only(snapshot):
            typer.echo(only)
        for row in rows:
            file, number = snapshot.place_of(row.row_number)
            place = f"row {row.row_number}" + (f" (row {number} of {file})" if snapshot.files else "")
            for breach in row.breaches:
                about = f"{breach.column} = {breach.value!r}\t{breach.rule}"
                typer.echo(f"{place}\t{row.customer_id or '-'}\t{about}")


@quarantine.command("export")
def quarantine_export(
    data_set: DataSetName,
    as_of: AsOfArgument,
    file: Annotated[Path, typer.Argument(help="CSV file to write.")],
) -> None:
    """Write the quarantined rows to a CSV file, to be corrected and replayed."""
    from scoring.intake.quarantine import export, sample_only

    with attached_settings() as settings:
        definition = find_data_set(settings, data_set)
        content = io.StringIO(newline="")  # so that an error does not destroy a file that is perhaps corrected already
        snapshot = export(settings, definition, as_of.date(), content)
        try:
            file.write_text(content.getvalue(), encoding="utf-8", newline="")
        except OSError as error:
            raise ConfigurationError(f"{file} cannot be written: {error.strerror}.") from error
        replay = f"Correct them there, then `scoring quarantine replay {data_set} {as_of.date()} {file}`."
        typer.echo(f"{snapshot.kept} rows in {file}. {sample_only(snapshot) or replay}")


@quarantine.command("replay")
def quarantine_replay(
    data_set: DataSetName,
    as_of: AsOfArgument,
    file: Annotated[Path, typer.Argument(help="The corrected export.")],
) -> None:
    """Take the corrected rows of an export into a superseding snapshot."""
    from scoring.intake.quarantine import replay

    with attached_settings() as settings:
        intake = replay(settings, find_data_set(settings, data_set), as_of.date(), str(file.resolve()))
        typer.echo(
            f"snapshot {intake.snapshot_id} ({intake.digest[:12]}){' unchanged' if intake.unchanged else ''}: "
            f"accepted {intake.accepted}, "
            f"still quarantined {intake.quarantined}. To publish it, trigger the scores' DAGs for {as_of.date()}."
        )
