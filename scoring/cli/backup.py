"""The commands that back an installation up and restore it."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scoring.cli.options import attached_settings
from scoring.settings import Settings

if TYPE_CHECKING:
    from scoring.maintain.backup import BackedUp, Places

backup = typer.Typer(
    help="Backups: the databases, the lake, models, reports and keys in one folder.", no_args_is_help=True
)

Folder = Annotated[Path, typer.Argument(help="The folder of the backup.", metavar="FOLDER")]


@backup.command()
def create(folder: Folder) -> None:
    """Write a backup while everything runs; into the folder of an earlier one only what is new is copied."""
    from scoring.maintain.backup import create as write

    with attached_settings() as settings:
        done = write(_places(settings), folder, dt.datetime.now(dt.UTC))
    typer.echo(f"The backup in {folder} is whole: {_said(done)}.")


@backup.command()
def restore(folder: Folder) -> None:
    """Restore a backup into empty databases, and check it."""
    from scoring.database import migrate
    from scoring.maintain.backup import restore as load

    with attached_settings() as settings:
        done = load(_places(settings), folder)
        migrate(settings.database())
    typer.echo(f"Restored from {folder}: {_said(done)}. Each snapshot file is there.")


def _said(done: "BackedUp") -> str:
    counted = ", ".join(f"{number:,} {name}" for name, number in done.counts.items())
    return f"{done.dumps / 1e6:,.1f} MB of dumps, {done.files / 1e6:,.1f} MB of files copied; {counted}"


def _places(settings: Settings) -> "Places":
    """What this installation consists of: MLflow behind a server, and Airflow elsewhere, are backed up there."""
    from scoring.maintain.backup import Places

    databases = {"scoring": settings.database()}
    tracking = settings.mlflow_tracking_uri.get_secret_value()
    if tracking.startswith("postgresql"):
        databases["mlflow"] = tracking.replace("postgresql+psycopg2:", "postgresql:", 1)
    trees = {"lake": settings.lake, "reports": settings.reports_root}
    if settings.mlflow_artifacts:
        trees["mlflow"] = settings.mlflow_artifacts
    if _is_local(settings):
        databases["airflow"] = databases["scoring"].replace("/scoring?", "/airflow?", 1)
    own = ("keys.json", "alerts.jsonl")  # the CRM stand-in is another system
    return Places(databases, trees, {name: settings.home / name for name in own})


def _is_local(settings: Settings) -> bool:
    return "/scoring?host=" in settings.database()
