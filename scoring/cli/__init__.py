"""The command line: one command for each task of an operator, a data scientist or a process manager."""

import sys
import tempfile
import traceback
from pathlib import Path

import typer

from scoring.cli import (
    alerts,
    announcements,
    authoring,
    backup,
    crm,
    customers,
    data,
    drift,
    endpoints,
    experiments,
    exporter,
    listing,
    maintain,
    models,
    monitoring,
    outcomes,
    reconcile,
    scores,
    serving,
    showing,
    streams,
)
from scoring.errors import ScoringError
from scoring.settings import load_settings

app = typer.Typer(
    help="Scores a company's customers.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


BUG = 70  # EX_SOFTWARE of sysexits.h


def main() -> None:
    """Run the command line; tracebacks go to a file, never to the terminal.

    Exit codes: 0 done; 1 an error for a person, in one sentence; 2 the command was called wrongly (Typer says how);
    70 a bug, with its traceback in a file; 130 interrupted.
    """
    try:
        app()
    except ScoringError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - any bug: the message says what to do next
        typer.echo(_bug_report(error), err=True)
        sys.exit(BUG)


def _bug_report(error: Exception) -> str:
    place = traceback.extract_tb(error.__traceback__)[-1]
    with tempfile.NamedTemporaryFile(
        "w", prefix="scoring-", suffix=".txt", delete=False
    ) as file:  # readable only by this user
        file.write("".join(traceback.format_exception(error)))
    return (
        f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})\n"
        f"This is a bug in this program or in a library, not a mistake of yours. What was done before it is kept, and "
        f"the command can be run again.\nIf it fails again, report the command with the traceback in {file.name}."
    )


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
    from scoring.database import migrate as to_newest

    to_newest(load_settings().database())
    typer.echo("The schema is at its newest version.")


app.command()(authoring.init)
app.command()(authoring.check)
app.add_typer(listing.listing, name="list")
app.add_typer(showing.showing, name="show")
app.command()(data.ingest)
app.command()(scores.train)
app.command()(drift.drift)
app.command()(monitoring.monitor)
app.command()(crm.notify)
app.command()(crm.receiver)
app.command()(reconcile.reconcile)
app.command()(serving.api)
app.add_typer(serving.api_key, name="api-key")
app.add_typer(streams.stream, name="stream")
app.command()(exporter.exporter)
app.command()(maintain.maintain)
app.add_typer(maintain.hold, name="hold")
app.add_typer(backup.backup, name="backup")
app.add_typer(data.quarantine, name="quarantine")
app.add_typer(scores.score, name="score")
app.add_typer(scores.publication, name="publication")
app.add_typer(models.model, name="model")
app.add_typer(experiments.experiment, name="experiment")
app.add_typer(announcements.announce, name="announce")
app.add_typer(outcomes.outcome, name="outcome")
app.add_typer(monitoring.update, name="update")
app.add_typer(alerts.alert, name="alert")
app.add_typer(customers.customer, name="customer")
app.add_typer(crm.delivery, name="delivery")
app.add_typer(endpoints.endpoint, name="endpoint")
