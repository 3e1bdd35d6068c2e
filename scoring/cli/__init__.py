"""The command line: what an operator, a data scientist or a process manager asks for, as one command each."""

import sys

import typer

from scoring.cli import announcements, crm, data, reconcile, scores
from scoring.errors import ScoringError
from scoring.settings import load_settings

app = typer.Typer(
    help="Scores a company's customers.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


def main() -> None:
    """Run the command line; an error that is meant for a person is printed without a traceback, exit code 1."""
    try:
        app()
    except ScoringError as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(1)


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


app.command()(data.ingest)
app.command()(scores.train)
app.command()(crm.notify)
app.command()(crm.receiver)
app.command()(reconcile.reconcile)
app.add_typer(data.quarantine, name="quarantine")
app.add_typer(scores.score, name="score")
app.add_typer(scores.publication, name="publication")
app.add_typer(announcements.announce, name="announce")
app.add_typer(crm.delivery, name="delivery")
app.add_typer(crm.endpoint, name="endpoint")
