"""The command line: what an operator, a data scientist or a process manager asks for, as one command each."""

import datetime as dt
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from scoring.catalog import load_catalog
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import ConfigurationError, ScoringError
from scoring.settings import Settings, load_settings

app = typer.Typer(
    help="Scores a company's customers.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
quarantine = typer.Typer(help="Rows that validation refused.", no_args_is_help=True)
publication = typer.Typer(help="Published sets of scores.", no_args_is_help=True)
score_app = typer.Typer(help="Single scores.", no_args_is_help=True)
app.add_typer(quarantine, name="quarantine")
app.add_typer(publication, name="publication")
app.add_typer(score_app, name="score")

AsOf = Annotated[dt.datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The partition, e.g. 2005-06-30.")]
AsOfArgument = Annotated[dt.datetime, typer.Argument(formats=["%Y-%m-%d"], help="The partition, e.g. 2005-06-30.")]
MaybeAsOf = Annotated[
    dt.datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="The partition; the newest without it."),
]
DataSetName = Annotated[str, typer.Argument(metavar="DATA_SET", help="Name of a data set.")]
ScoreName = Annotated[str, typer.Argument(metavar="SCORE", help="Name of a score.")]


def main() -> None:
    """Run the command line; an error that is meant for a person is printed without a traceback, exit code 1."""
    try:
        app()
    except ScoringError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(1)


@contextmanager
def _settings() -> Iterator[Settings]:
    """The environment's settings; without a database there, the local platform's (see scoring/local/attach.py)."""
    from scoring.local.attach import attached

    with attached(load_settings()) as settings:
        yield settings


def _data_set(settings: Settings, name: str) -> DataSet:
    return load_catalog(settings.definitions).data_set(name)


def _score(settings: Settings, name: str) -> Score:
    return load_catalog(settings.definitions).score(name)


@app.command()
def run() -> None:
    """Do the main job once on this machine: all partitions of the sample under a real Airflow; then stop."""
    from scoring.local.run import run as run_locally

    sys.exit(run_locally(load_settings()))


@app.command()
def up() -> None:
    """Start everything on this machine and leave it running until Ctrl-C."""
    from scoring.local.up import up as start

    sys.exit(start(load_settings()))


@app.command()
def migrate() -> None:
    """Bring the database's schema to the newest version."""
    from scoring.stores.database import migrate as to_newest

    to_newest(load_settings().database())
    typer.echo("The schema is at its newest version.")


@app.command()
def ingest(
    data_set: DataSetName,
    as_of: AsOf,
    path: Annotated[str | None, typer.Option(help="Another file or URL instead of the defined source.")] = None,
) -> None:
    """Take one partition of a data set in."""
    from scoring.pipeline.ingest import ingest as take_in

    with _settings() as settings:
        intake = take_in(settings, _data_set(settings, data_set), as_of.date(), path=path)
        typer.echo(
            f"snapshot {intake.snapshot_id} ({intake.digest[:12]}){' unchanged' if intake.unchanged else ''}: "
            f"received {intake.received} = accepted {intake.accepted} + quarantined {intake.quarantined} + "
            f"duplicates {intake.duplicates}"
        )


@app.command()
def train(score: ScoreName, as_of: AsOf) -> None:
    """Train a model on one snapshot and what followed; the first one becomes champion."""
    from scoring.pipeline.train import train as fit

    with _settings() as settings:
        ref = fit(settings, _score(settings, score), as_of.date())
        typer.echo(f"model {ref.name} version {ref.version} ({ref.digest[:12]})")


@score_app.command("partition")
def score_partition(score: ScoreName, as_of: AsOf) -> None:
    """Score and publish one partition in this process, as the DAG does it."""
    from scoring.pipeline.plan import plan
    from scoring.pipeline.predict import score_shard
    from scoring.pipeline.publish import publish

    with _settings() as settings:
        planned = plan(settings, _score(settings, score), as_of.date(), run_id="command line")
        for shard in planned.shards:
            score_shard(settings, planned.publication_id, shard)
        published = publish(settings, planned.publication_id)
        typer.echo(
            f"publication {published.publication_id}: {published.rows} scores, {published.changed} changes told, "
            f"checksum {published.checksum[:12]}"
        )


@score_app.command("passport")
def score_passport(
    score: ScoreName,
    customer: Annotated[str, typer.Argument(help="The customer's id.")],
    as_of: MaybeAsOf = None,
    recompute: Annotated[bool, typer.Option("--recompute", help="Score again from the passport and compare.")] = False,
) -> None:
    """Print what a published score was made from."""
    from scoring.pipeline import passport as passports

    with _settings() as settings:
        found = passports.passport(settings, score, customer, as_of.date() if as_of else None)
        for name, value in passports.lines(found):
            typer.echo(f"{name:<20} {value}")
        if recompute:
            again = passports.recompute(settings, found)
            typer.echo(f"{'recomputed':<20} {again!r} (equal within {passports.TOLERANCE})")


@publication.command("drop")
def publication_drop(score: ScoreName, as_of: AsOfArgument) -> None:
    """Remove what is published of a score at one date; running the partition again restores it."""
    from scoring.pipeline.publish import drop

    with _settings() as settings:
        dropped = drop(settings, _score(settings, score), as_of.date())
        typer.echo(
            f"Dropped publication {dropped.publication_id} ({dropped.rows} scores). What the CRM was told stands."
        )


@quarantine.command("list")
def quarantine_list(data_set: DataSetName, as_of: AsOfArgument) -> None:
    """Show the quarantined rows of a partition: row, rule, column and value."""
    from scoring.pipeline.quarantine import quarantined

    with _settings() as settings:
        snapshot, rows = quarantined(settings, _data_set(settings, data_set), as_of.date())
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
    from scoring.pipeline.quarantine import export

    with _settings() as settings:
        content = io.StringIO(newline="")  # the file, perhaps one corrected already, is written when all is found
        rows = export(settings, _data_set(settings, data_set), as_of.date(), content)
        try:
            file.write_text(content.getvalue(), encoding="utf-8", newline="")
        except OSError as error:
            raise ConfigurationError(f"{file} cannot be written: {error.strerror}.") from error
        typer.echo(
            f"{rows} rows in {file}. Correct them there, then `scoring quarantine replay {data_set} ... {file}`."
        )


@quarantine.command("replay")
def quarantine_replay(
    data_set: DataSetName,
    as_of: AsOfArgument,
    file: Annotated[Path, typer.Argument(help="The corrected export.")],
) -> None:
    """Take the corrected rows of an export into a superseding snapshot."""
    from scoring.pipeline.quarantine import replay

    with _settings() as settings:
        intake = replay(settings, _data_set(settings, data_set), as_of.date(), str(file.resolve()))
        typer.echo(
            f"snapshot {intake.snapshot_id} ({intake.digest[:12]}): accepted {intake.accepted}, still quarantined "
            f"{intake.quarantined}. Score it with the DAGs, or `scoring score partition <score> --as-of {as_of.date()}`."
        )
