"""Begins a data set: looks at real data, and writes a definition and a suite to start from."""

import datetime as dt
import importlib.util
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from scoring.authoring.look import look_at_file, look_at_table
from scoring.authoring.seen import Look
from scoring.authoring.write import definition, suite
from scoring.domain.dataset import SqlSource, checked_name
from scoring.errors import ConfigurationError, SourceError
from scoring.settings import Settings

_OF_POSTGRES = re.compile(r"postgres(ql)?://|(?!.*://)")  # a URI of libpq, or its keywords and values


@dataclass(frozen=True)
class Begun:
    """What was seen, and the two files that were written."""

    look: Look
    definition: Path
    suite: Path


def begin(
    settings: Settings,
    name: str,
    source: str,
    *,
    connection: str | None = None,
    sheet: str | None = None,
    target: str | None = None,
    as_of: dt.date | None = None,
    overwrite: bool = False,
) -> Begun:
    """Write the definition and the suite of a data set that looks like a file, or the rows of a query.

    Parameters
    ----------
    source
        A file; with ``connection`` a query.
    connection
        The name of a connection in ``source_urls``.
    sheet
        The sheet of an Excel file; the first without one.
    target
        A column that a score is to predict.
    as_of
        The date that a query with the parameter ``%(as_of)s``, or ``:as_of``, is asked for.
    overwrite
        Whether files of that name may be replaced.

    Raises
    ------
    ConfigurationError
        If the name cannot be used, a file is there already, the connection is unknown or the definitions are no folder.
    SourceError
        If the source cannot be read, or has no such target.
    """
    places = _places(settings, name)
    if not overwrite:
        for place in places:
            if place.exists():
                raise ConfigurationError(
                    f"{place} is there already.", remedy="Choose another name, or add --overwrite to replace it."
                )
    if connection is None:
        look = look_at_file(Path(source), sheet=sheet)
    else:
        look = _look_at_query(settings, source, connection, as_of)
    try:
        text = definition(name, look, path=source if connection else _path(settings, look), target=target)
    except ValueError as error:
        raise SourceError(
            look.location, f"--target: {error}.", "Name another column, or leave --target out."
        ) from error
    written = Begun(look, *places)
    written.definition.write_text(text, encoding="utf-8")
    written.suite.parent.mkdir(parents=True, exist_ok=True)
    written.suite.write_text(suite(name, look), encoding="utf-8")
    return written


def _places(settings: Settings, name: str) -> tuple[Path, Path]:
    try:
        checked_name(name)
    except ValueError as error:
        raise ConfigurationError(f"{error}.", remedy="Choose another name.") from error
    found = importlib.util.find_spec(settings.definitions)
    folders = list(found.submodule_search_locations or ()) if found else []
    if not folders:
        raise ConfigurationError(
            f"Python finds no folder of definitions {settings.definitions!r}.",
            remedy="Install the package that SCORING_DEFINITIONS names, or set it to the right one.",
        )
    return Path(folders[0]) / f"{name}.py", settings.expectations_dir / "expectations" / f"{name}.json"


def _path(settings: Settings, look: Look) -> str:
    """The path in the definition: below the inbox a relative one, and ``{as_of}`` in place of a date in its name."""
    file = Path(look.location).resolve()
    inbox = Path(settings.inbox).resolve()
    path = str(file.relative_to(inbox) if file.is_relative_to(inbox) else file)
    if look.as_of is None:
        return path
    folder, slash, base = path.rpartition("/")
    return folder + slash + base.replace(look.as_of.isoformat(), "{as_of}", 1)


def _look_at_query(settings: Settings, query: str, connection: str, as_of: dt.date | None) -> Look:
    url = settings.source_urls.get(connection)
    if url is None:
        known = ", ".join(sorted(settings.source_urls)) or "none"
        raise ConfigurationError(
            f"There is no connection {connection!r}; there are: {known}.",
            remedy='Name it in SCORING_SOURCE_URLS: {"' + connection + '": "postgresql://..."}.',
        )
    text = url.get_secret_value()
    of_postgres = _OF_POSTGRES.match(text) is not None
    parameter = "%(as_of)s" if of_postgres else ":as_of"
    if parameter in query and as_of is None:
        raise ConfigurationError(f"The query asks for {parameter}.", remedy="Say which date: --as-of 2005-06-30.")
    return (_look_at_postgres if of_postgres else _look_at_sql)(text, query, connection, as_of)


def _look_at_sql(url: str, query: str, connection: str, as_of: dt.date | None) -> Look:
    from scoring.intake.sources import sql

    source = SqlSource(connection=connection, query=query)
    with sql.queried(source, {connection: url}, as_of or dt.date.min) as result:
        return look_at_table(query, connection, list(result.keys()), map(tuple, result), kind="sql")


def _look_at_postgres(url: str, query: str, connection: str, as_of: dt.date | None) -> Look:
    try:
        with closing(psycopg2.connect(url)) as database:
            database.set_session(readonly=True)
            with database.cursor("look") as cursor:
                cursor.execute(query, {"as_of": as_of})
                first: Sequence[Any] = cursor.fetchmany(1)
                names = [one.name for one in cursor.description or ()]
                return look_at_table(query, connection, names, _rows(first, cursor))
    except psycopg2.Error as error:
        said = " ".join(str(error).split())
        raise SourceError(f"connection {connection!r}", f"The query fails: {said}.", "Correct the query.") from error


def _rows(first: Sequence[Any], cursor: Any) -> Iterator[Sequence[Any]]:
    yield from first
    yield from cursor
