"""What was backed up comes back whole, elsewhere, too; what is damaged, or would overwrite, is refused."""

import os
import shutil
import stat
from pathlib import Path

import pytest
from factories import query, state_of
from factories_maintain import LITTLE, NOW
from psycopg2 import sql
from pydantic import SecretStr

from scoring.database import connect, execute
from scoring.errors import IntegrityError, PermanentError, TransientError
from scoring.maintain import retirement
from scoring.maintain.backup import Places, create, restore
from scoring.maintain.maintain import maintain
from scoring.publishing.passport import passport, recompute


def places_of(settings):
    return Places({"scoring": settings.database()}, {"lake": settings.lake}, {"keys.json": settings.home / "keys.json"})


@pytest.fixture
def elsewhere(server, days, tmp_path):
    """A new machine: an empty database and no files."""
    with connect(server) as connection:
        connection.autocommit = True
        execute(connection, sql.SQL("CREATE DATABASE {}").format(sql.Identifier("elsewhere")))
    url = SecretStr(server.replace("/postgres?", "/elsewhere?"))
    yield days.model_copy(update={"home": tmp_path / "elsewhere", "database_url": url})
    with connect(server) as connection:
        connection.autocommit = True
        execute(connection, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier("elsewhere")))


def test_a_restored_installation_is_the_same_and_its_passports_recompute(days, elsewhere, tmp_path):
    maintain(days, LITTLE, NOW)
    (days.home / "keys.json").write_text("{}")
    before, folder = state_of(days), tmp_path / "backup"
    made = create(places_of(days), folder, NOW)
    assert made.counts == {"publications": 4, "retired": 12, "files": 2, "events": 0}
    shutil.rmtree(days.home)
    restored = restore(places_of(elsewhere), folder)
    assert restored.counts == made.counts
    assert state_of(elsewhere) == before
    recompute(elsewhere, passport(elsewhere, "leaving", "c0001"))
    assert (elsewhere.home / "keys.json").read_text() == "{}"
    with pytest.raises(PermanentError, match=r"The database of scoring is not empty \(scoring.snapshot has rows\)"):
        restore(places_of(elsewhere), folder)


def test_a_second_backup_into_the_same_folder_copies_only_what_is_new(days, tmp_path):
    first = create(places_of(days), tmp_path / "backup", NOW)
    again = create(places_of(days), tmp_path / "backup", NOW)
    assert (first.files > 0, again.files) == (True, 0)


def test_a_backup_follows_what_was_changed_and_what_has_left_since(days, tmp_path):
    page, gone = days.home / "lake" / "page.html", days.home / "lake" / "gone.html"
    page.write_text("Ann")
    gone.write_text("Bob")
    create(places_of(days), tmp_path / "backup", NOW)
    kept = tmp_path / "backup" / "lake"
    assert ((kept / "page.html").read_text(), (kept / "gone.html").exists()) == ("Ann", True)
    page.write_text("***")  # as many bytes
    later = (kept / "page.html").stat().st_mtime + 1
    os.utime(page, (later, later))
    gone.unlink()
    assert create(places_of(days), tmp_path / "backup", NOW).files == 3
    assert ((kept / "page.html").read_text(), (kept / "gone.html").exists()) == ("***", False)
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o700


def test_nothing_is_restored_over_models_or_runs_of_another_installation(server, days, elsewhere, tmp_path):
    create(places_of(days), tmp_path / "backup", NOW)
    used = server.replace("/postgres?", "/elsewhere?")
    with connect(used) as connection, connection:
        execute(connection, "CREATE TABLE public.dag_run (id int); INSERT INTO public.dag_run VALUES (1)")
    with pytest.raises(PermanentError, match=r"public.dag_run has rows"):
        restore(places_of(elsewhere), tmp_path / "backup")
    assert not Path(elsewhere.lake).exists()


def test_no_backup_is_made_while_maintain_removes_things(days, tmp_path):
    with (
        retirement.alone(days.database()),
        pytest.raises(TransientError, match="Another `scoring maintain` is running"),
    ):
        create(places_of(days), tmp_path / "backup", NOW)


def test_a_damaged_dump_and_a_folder_without_a_backup_are_refused(days, elsewhere, tmp_path):
    folder = tmp_path / "backup"
    with pytest.raises(PermanentError, match="There is no whole backup in"):
        restore(places_of(elsewhere), folder)
    create(places_of(days), folder, NOW)
    dump = folder / "scoring.dump"
    dump.write_bytes(dump.read_bytes()[:-1] + b"x")
    with pytest.raises(IntegrityError, match="is not the dump that was written"):
        restore(places_of(elsewhere), folder)
    assert query(elsewhere, "SELECT to_regclass('scoring.snapshot')") == [(None,)]


def test_the_passwords_of_a_dump_are_on_no_command_line(days, tmp_path, monkeypatch):
    seen = tmp_path / "seen"
    program = tmp_path / "bin" / "pg_dump"
    program.parent.mkdir()
    newest = '[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 99.1" && exit'
    program.write_text(f'#!/bin/sh\n{newest}\necho "$@" > {seen}\necho "$PGPASSWORD" >> {seen}\nexit 1\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    places = Places({"scoring": days.database().replace("postgres:@", "postgres:s3cret@")}, {}, {})
    with pytest.raises(TransientError, match="pg_dump failed"):
        create(places, tmp_path / "backup", NOW)
    arguments, password = seen.read_text().splitlines()
    assert ("s3cret" in arguments, password) == (False, "s3cret")
    assert not (Path(tmp_path) / "backup" / "backup.json").exists()
