"""Kills at several points, long readers, and two runs at once: the next run finishes, and nobody is held up."""

import psycopg2
import pytest
from factories import query, value
from factories_faults import held
from factories_maintain import LITTLE, NOW

from scoring.errors import TransientError
from scoring.maintain import retirement
from scoring.maintain.maintain import maintain

CHILD = """
import datetime, json, sys
from scoring.maintain.maintain import maintain
from scoring.settings import KeepSettings, Settings
keep = KeepSettings(**json.loads(sys.argv[1]))
maintain(Settings(**json.load(sys.stdin)), keep, datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc))
"""

# Where it is killed, and how many publications and files were marked by then.
POINTS = {
    "before a publication is marked": ("LOCK TABLE scoring.shard IN ACCESS EXCLUSIVE MODE", 0, 0),
    "before a partition is detached": ("SELECT count(*) FROM scoring.score", 1, 0),
    "before a file is removed": (
        "SELECT pg_advisory_xact_lock(hashtextextended('snapshot shop 2024-01-01', 0))",
        12,
        1,
    ),
    "before deliveries are removed": ("LOCK TABLE scoring.retired_telling IN ACCESS EXCLUSIVE MODE", 12, 6),
}
END = {
    "publication": "SELECT score, as_of, state, rows, checksum, retired_from FROM scoring.publication ORDER BY 1, 2",
    "snapshot": "SELECT as_of, digest, file, accepted FROM scoring.snapshot ORDER BY 1",
    "told": """SELECT sum(deliveries) AS deliveries, sum(events) AS events, sum(requests) AS requests
        FROM scoring.retired_telling""",
    "tables": "SELECT count(*) FROM pg_tables WHERE schemaname = 'scoring' AND tablename ~ '^score_[0-9]+$'",
    "event": "SELECT count(*) FROM scoring.event",
    "removed": "SELECT kind, count(*), sum(rows) FROM scoring.retirement GROUP BY 1 ORDER BY 1",
    "left": "SELECT count(*) FROM scoring.retirement WHERE done_at IS NULL",
}


def end_of(settings):
    return {name: [tuple(row) for row in query(settings, statement)] for name, statement in END.items()}


@pytest.fixture
def undisturbed(copied):
    settings = copied()
    maintain(settings, LITTLE, NOW)
    return end_of(settings)


def test_after_a_kill_at_any_point_the_next_run_ends_as_one_that_nobody_disturbed(
    copied, undisturbed, killed_while_waiting
):
    for place, (lock, publications, files) in POINTS.items():
        settings = copied()
        with killed_while_waiting(settings, LITTLE.model_dump_json(), lock, child=CHILD):
            pass
        retired = value(settings, "SELECT count(*) FROM scoring.publication WHERE state = 'retired'")
        marked = value(settings, "SELECT count(*) FROM scoring.snapshot WHERE file <> 'kept'")
        assert (retired, marked) == (publications, files), place
        wait_for_the_killed(settings)
        maintain(settings, LITTLE, NOW)
        assert end_of(settings) == undisturbed, place


def wait_for_the_killed(settings):
    """The server notices only when it next speaks to it; until then the lock of its run is held."""
    query(settings, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
          "WHERE datname = current_database() AND application_name = 'scoring'")  # fmt: skip


def test_a_long_reader_holds_up_the_removal_and_nobody_else(days, monkeypatch):
    monkeypatch.setattr("scoring.maintain.publications.PATIENCE", "300ms")
    with held(days, "SELECT count(*) FROM scoring.published_score"):
        done = maintain(days, LITTLE, NOW)
        assert done.waiting == 12
        reader = psycopg2.connect(days.database(), options="-c lock_timeout=100")
        with reader, reader.cursor() as cursor:
            cursor.execute("SELECT count(DISTINCT (score, as_of)) FROM scoring.published_score")
            assert cursor.fetchall() == [(15,)]
        reader.close()
    assert maintain(days, LITTLE, NOW).waiting == 0
    assert end_of(days)["tables"] == [(4,)]
    assert end_of(days)["left"] == [(0,)]


def test_two_runs_do_not_meet(days):
    with (
        retirement.alone(days.database()),
        pytest.raises(TransientError, match="Another `scoring maintain` is running"),
    ):
        maintain(days, LITTLE, NOW)
