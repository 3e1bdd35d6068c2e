"""The schema comes up on an empty database, however often and however many at once."""

import subprocess
import sys

import alembic.command
import alembic.config
import psycopg2
import pytest
from alembic.script import ScriptDirectory
from waiting import PATIENCE

from scoring.database import MIGRATIONS, migrate
from scoring.settings import PROJECT

TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'scoring' ORDER BY 1"


@pytest.fixture
def empty(server):
    """URI of a database with nothing in it."""
    admin = psycopg2.connect(server)
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("CREATE DATABASE empty")
    yield server.replace("/postgres?", "/empty?")
    with admin.cursor() as cursor:
        cursor.execute("DROP DATABASE empty WITH (FORCE)")
    admin.close()


def run(url, statement):
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
        found = cursor.fetchall()
    connection.close()
    return found


def test_an_empty_database_gets_the_schema_and_a_second_time_changes_nothing(empty):
    migrate(empty)
    tables = run(empty, TABLES)
    assert {("snapshot",), ("publication",), ("score",), ("current_score",)} <= set(tables)
    run(empty, "INSERT INTO scoring.endpoint (endpoint) VALUES ('kept') RETURNING 1")
    migrate(empty)
    assert run(empty, TABLES) == tables
    assert ("kept",) in run(empty, "SELECT endpoint FROM scoring.endpoint")


def test_processes_that_start_together_do_not_hinder_each_other(empty):
    starting = [
        subprocess.Popen(
            [sys.executable, "-m", "scoring", "migrate"],
            cwd=PROJECT,
            env={"PATH": "/usr/bin:/bin", "SCORING_DATABASE_URL": empty},
        )
        for _ in range(3)
    ]
    try:
        assert [process.wait(timeout=PATIENCE) for process in starting] == [0, 0, 0]
    finally:
        for process in starting:
            process.kill()
    newest = ScriptDirectory(str(MIGRATIONS)).get_heads()
    assert run(empty, "SELECT version_num FROM scoring_schema_version") == [(version,) for version in newest]


def test_a_downgrade_leaves_nothing_and_the_schema_can_come_up_again(empty):
    migrate(empty)
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = empty
    alembic.command.downgrade(config, "base")
    assert run(empty, TABLES) == []
    assert run(empty, "SELECT count(*) FROM pg_namespace WHERE nspname = 'scoring'") == [(0,)]
    migrate(empty)
    assert run(empty, TABLES)


def test_what_streams_told_survives_going_back_a_version_and_forth(empty):
    migrate(empty)
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = empty
    alembic.command.downgrade(config, "0020")
    announced = (
        "INSERT INTO scoring.announcement (score, customer_id, version, as_of, value, publication_id{}) VALUES ({})"
    )
    run(empty, announced.format("", "'leaving', 'c1', 1, '2024-06-30', 0.5, 7") + " RETURNING 1")
    migrate(empty)
    run(empty, announced.format(", event_time", "'leaving', 'c2', 1, '2024-07-10', 0.5, NULL, now()") + " RETURNING 1")
    alembic.command.downgrade(config, "0020")
    told = "SELECT customer_id, publication_id FROM scoring.announcement ORDER BY 1"
    assert run(empty, told) == [("c1", 7), ("c2", 0)]
    assert run(empty, "SELECT count(*) FROM scoring.current_score") == [(0,)]
    migrate(empty)
    assert run(empty, told) == [("c1", 7), ("c2", 0)]
