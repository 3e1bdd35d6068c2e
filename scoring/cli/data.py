"""Commands about data sets: take a partition in, and deal with the rows that validation refused."""

import io
from pathlib import Path
from typing import Annotated

import typer

from scoring.cli.options import AsOf, AsOfArgument, DataSetName, attached_settings, find_data_set
from scoring.errors import ConfigurationError

quarantine = typer.Typer(help="Rows that validation refused.", no_args_is_help=True)


def ingest(
    data_set: DataSetName,
    as_of: AsOf,
    path: Annotated[str | None, typer.Option(help="Another file or URL instead of the defined source.")] = None,
) -> None:
    """Take one partition of a data set in."""
    from scoring.intake.ingest import ingest as take_in

    with attached_settings() as settings:
        intake = take_in(settings, find_data_set(settings, data_set), as_of.date(), path=path, anywhere=True)
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
    """Show the quarantined rows of a partition: row, rule, column and value."""
    from scoring.intake.quarantine import quarantined

    with attached_settings() as settings:
        snapshot, rows = quarantined(settings, find_data_set(settings, data_set), as_of.date())
        typer.echo(
            f"snapshot {snapshot.snapshot_id} ({snapshot.state}): {snapshot.quarantined} of {snapshot.received} rows"
        )
        for row in rows:
            typer.echo(f"row {row.row_number}\t{row.customer_id or '-'}\t{row.column} = {row.value!r}\t{row.rule}")


@quarantine.command("export")
def quarantine_export(
    data_set: DataSetName,
    as_of: AsOfArgument,
    file: Annotated[Path, typer.Argument(help="CSV file to write.")],
) -> None:
    """Write the quarantined rows to a CSV file, to be corrected and replayed."""
    from scoring.intake.quarantine import export

    with attached_settings() as settings:
        content = io.StringIO(newline="")  # the file, perhaps one corrected already, is written when all is found
        rows = export(settings, find_data_set(settings, data_set), as_of.date(), content)
        try:
            file.write_text(content.getvalue(), encoding="utf-8", newline="")
        except OSError as error:
            raise ConfigurationError(f"{file} cannot be written: {error.strerror}.") from error
        typer.echo(
            f"{rows} rows in {file}. Correct them there, then "
            f"`scoring quarantine replay {data_set} {as_of.date()} {file}`."
        )


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
