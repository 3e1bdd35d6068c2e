"""What the commands share: arguments, settings, and looking up definitions."""

import datetime as dt
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from scoring.catalog import load_catalog
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score
from scoring.errors import ConfigurationError
from scoring.settings import Settings, load_settings

AsOf = Annotated[dt.datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The partition, e.g. 2005-06-30.")]
AsOfArgument = Annotated[dt.datetime, typer.Argument(formats=["%Y-%m-%d"], help="The partition, e.g. 2005-06-30.")]
MaybeAsOf = Annotated[
    dt.datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="The partition. Default: the newest."),
]
DataSetName = Annotated[str, typer.Argument(metavar="DATA_SET", help="Name of a data set.")]
ScoreName = Annotated[str, typer.Argument(metavar="SCORE", help="Name of a score.")]

WIDTH = 124  # of a table that goes to a file or a pipe
TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f"]

By = Annotated[str | None, typer.Option(help="Who does it, for the record; the user of this shell without it.")]


@contextmanager
def attached_settings() -> Iterator[Settings]:
    """The environment's settings, or the local platform's if no database is set (see scoring/local/attach.py)."""
    from scoring.local.attach import attached

    with attached(load_settings()) as settings:
        yield settings


def find_data_set(settings: Settings, name: str) -> DataSet:
    """The data set of that name."""
    return load_catalog(settings.definitions).data_set(name)


def find_score(settings: Settings, name: str) -> Score:
    """The score of that name."""
    return load_catalog(settings.definitions).score(name)


def moment(when: dt.datetime) -> str:
    """A time (UTC) with its microseconds, as options like --known-at take it."""
    return f"{when.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%f}"


def shell_user() -> str:
    """The name of this shell's user, for the record."""
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:  # in a container the user may have no name
        raise ConfigurationError("This user has no name.", remedy="Say who you are with --by.") from error


def console() -> Console:
    """Where tables go: as wide as the terminal; in a file or a pipe as wide as they need."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=WIDTH)
