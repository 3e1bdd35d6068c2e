"""Commands of who brings data: begin a definition from a file, and check it before anything is recorded."""

import sys
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scoring.cli.options import MaybeAsOf, attached_settings
from scoring.settings import load_kafka_settings, load_settings

if TYPE_CHECKING:
    from scoring.authoring.check import Finding

MARKS = {"ok": "ok     ", "warning": "WARNING", "error": "ERROR  "}


def init(
    name: Annotated[str, typer.Argument(metavar="DATA_SET", help="The name of the new data set.")],
    source: Annotated[str, typer.Argument(metavar="FILE", help="A CSV, Parquet or Excel file; or a query.")],
    *,
    connection: Annotated[
        str | None, typer.Option(help="FILE is a query; the name of its connection in SCORING_SOURCE_URLS.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of an Excel file. Default: the first.")] = None,
    target: Annotated[str | None, typer.Option(help="Begin a score, too, that predicts this column.")] = None,
    as_of: MaybeAsOf = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files of that name.")] = False,
) -> None:
    """Look at real data, and write a definition and a suite to start from."""
    from scoring.authoring.begin import begin
    from scoring.authoring.check import Wanted, check
    from scoring.authoring.guess import key_of

    settings, date = load_settings(), as_of.date() if as_of else None
    begun = begin(
        settings, name, source, connection=connection, sheet=sheet, target=target, as_of=date, overwrite=overwrite
    )
    look = begun.look
    typer.echo(f"{look.rows:,} rows of {len(look.columns)} columns were looked at{'' if look.whole else ', not all'}.")
    for column in look.columns:
        known = f" of {len(column.values)} values" if column.values else ""
        typer.echo(f"  {column.name:<32} {column.type}{known}{', with nulls' if column.nullable else ''}")
    for said in look.unsure:
        typer.echo(f"Unsure: {said}")
    key, why = key_of(look.columns, look.pairs)
    if why and len(key) != 1:
        typer.echo(f"Unsure: {why}")
    unsure = sum(len(column.unsure) for column in look.columns)
    typer.echo(f"Written: {begun.definition}{f' (comments say what is unsure: {unsure})' if unsure else ''}")
    typer.echo(f"         {begun.suite}")
    typer.echo("Read as it is defined now:")
    path = None if connection else str(Path(source).resolve())  # a relative one would be looked for in the inbox
    _say(check(settings, Wanted(name, path, date or look.as_of, installed=False)))
    typer.echo(f"Look at the two files, then `scoring check {name}`; docs/adding-a-score.md goes on from there.")


def check(
    data_set: Annotated[str | None, typer.Argument(metavar="[DATA_SET]", help="Only this one with its scores.")] = None,
    path: Annotated[
        str | None,
        typer.Option(help="A file to read in place of the defined source; a relative path begins at the inbox."),
    ] = None,
    as_of: MaybeAsOf = None,
) -> None:
    """Check definitions, suites, connections, models and a file against each other; nothing is recorded."""
    from scoring.authoring.check import Wanted
    from scoring.authoring.check import check as look
    from scoring.authoring.wording import counted

    given = load_settings()
    installed = bool(given.database_url.get_secret_value()) or given.home.exists()
    with attached_settings() if installed else nullcontext(given) as settings:
        date = as_of.date() if as_of else None
        wanted = Wanted(data_set, path, date, load_kafka_settings(), installed)
        found = _say(look(settings, wanted))
    if not installed:
        typer.echo("There is no database yet, so models were not looked at (`make run` or `scoring ingest` makes one).")
    errors = sum(one.level == "error" for one in found)
    warnings = sum(one.level == "warning" for one in found)
    typer.echo(f"{counted(errors, 'error')}, {counted(warnings, 'warning')}.")
    sys.exit(1 if errors else 0)


def _say(findings: "Iterable[Finding]") -> "list[Finding]":
    found = []
    for one in findings:
        typer.echo(f"{MARKS[one.level]} {one.about}: {one.said}")
        found.append(one)
    return found
