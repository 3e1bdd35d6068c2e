"""What is left undone in a real database is found, and a clean one is clean."""

import datetime as dt
import os
import tempfile
from pathlib import Path

import pytest
from factories import JULY, JUNE, customers, deliver, published_rows, query, scored, snapshot_of
from limited_shop import SPENDING as LIMITED
from shop_definitions import LEAVING, SHOP, SPENDING

from scoring.delivery.people.channels import Channels
from scoring.delivery.people.tell import tell as tell_people
from scoring.intake.ingest import ingest
from scoring.outcomes.collect import collect
from scoring.publishing.holding import decide
from scoring.publishing.publish import drop
from scoring.reconcile.findings import OPEN_PATIENCE, PATIENCE
from scoring.reconcile.reconcile import reconcile, tell
from scoring.settings import PROJECT, Settings
from scoring.snapshots.partial import in_use


def later(hours=2.0) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)


@pytest.fixture(autouse=True)
def own_temporary_directory(tmp_path, monkeypatch):
    """Other tests kill intakes on this machine, too."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def judged(settings) -> None:
    """Let all publications count as monitored."""
    query(
        settings,
        """INSERT INTO scoring.verdict (publication_id, score, as_of, model_name, model_version, headline, trust_reason,
            update_needed, because)
        SELECT publication_id, score, as_of, score, 1, 'mae', '', false, '{}' FROM scoring.publication
        ON CONFLICT DO NOTHING""",
    )


@pytest.fixture
def done(shop) -> Settings:
    """A shop whose two scores of June are published and told, also to people."""
    for score in (LEAVING, SPENDING):
        published_rows(shop, score, customers(20))
    query(shop, "DELETE FROM scoring.outbox")
    judged(shop)
    tell_people(shop.database(), Channels({}, shop.home))
    return shop


@pytest.fixture
def limited(shop) -> Settings:
    """The shop whose spending has a deadline and a limit of changes."""
    return shop.model_copy(update={"definitions": "limited_shop"})


def undone(settings, now):
    """What is left undone, but for what test_watching.py is about."""
    return [one for one in reconcile(settings, now) if one.kind not in ("not collected", "not monitored")]


def kinds(settings, now=None):
    return [finding.kind for finding in undone(settings, now or later())]


def test_nothing_is_found_where_all_is_done(done):
    assert kinds(done, later(hours=1000)) == []


def test_a_snapshot_that_came_while_its_scores_were_paused_is_found_for_each_score(done):
    snapshot_of(done, customers(5), JULY)
    found = undone(done, later())
    assert [(one.kind, one.wake_data_set) for one in found] == [("not published", ("shop", JULY))] * 2


def test_a_snapshot_that_replaced_a_published_one_is_found(done):
    snapshot_of(done, customers(5))
    assert kinds(done) == ["outdated"] * 2


def test_a_snapshot_that_validation_stopped_is_not_missing(done):
    query(done, "INSERT INTO scoring.snapshot (data_set, as_of, digest, state, stopped_because, source, "
          "definition_digest, suite_digest, location, row_group_rows, received, accepted, quarantined, duplicates, "
          "kept) "
          "SELECT data_set, %s, digest, 'stopped', 'too many', source, definition_digest, suite_digest, location, "
          "row_group_rows, received, accepted, quarantined, duplicates, kept FROM scoring.snapshot", JULY)  # fmt: skip
    assert kinds(done) == []


def test_a_dropped_publication_stays_dropped_until_its_snapshot_changes(done):
    drop(done, SPENDING, JUNE)
    assert kinds(done) == []
    snapshot_of(done, customers(5))
    assert sorted(kinds(done)) == ["not published", "outdated"]


def test_a_score_that_was_never_published_is_woken_when_it_has_a_champion(shop, tmp_path):
    snapshot_of(shop, customers(5))
    without = shop.model_copy(
        update={"mlflow_tracking_uri": type(shop.mlflow_tracking_uri)(f"sqlite:///{tmp_path / 'empty.db'}")}
    )
    assert [(one.kind, one.wake_data_set) for one in undone(without, later())] == [("never published", None)] * 2
    assert kinds(shop) == ["not published"] * 2


def test_a_publication_that_nobody_finishes_needs_a_person(done):
    snapshot_of(done, customers(5), JULY)
    for score in (LEAVING, SPENDING):
        scored(done, score, JULY)
    now = dt.datetime.now(dt.UTC)
    assert kinds(done, now + OPEN_PATIENCE / 2) == []
    found = undone(done, now + OPEN_PATIENCE + dt.timedelta(minutes=1))
    assert [(one.kind, one.needs_person) for one in found] == [("not finished", True)] * 2


def test_events_that_nobody_packs_are_found_with_the_publication_of_the_oldest(shop):
    for score in (LEAVING, SPENDING):
        published_rows(shop, score, customers(20))
    tell_people(shop.database(), Channels({}, shop.home))
    (found,) = undone(shop, later())
    assert (found.kind, found.wake_score, found.needs_person) == ("not told", ("spending", JUNE), False)


def test_an_earlier_snapshot_that_is_current_again_is_found_and_waited_for(done):
    others = customers(6)
    published_rows(done, SPENDING, others)
    published_rows(done, LEAVING, others)
    tell_people(done.database(), Channels({}, done.home))
    snapshot_of(done, customers(5), JUNE)
    query(done, "UPDATE scoring.snapshot SET created_at = now() - interval '2 days'")
    assert kinds(done, later(hours=0.5)) == []
    assert kinds(done) == ["outdated"] * 2


def test_what_a_killed_intake_left_on_this_machine_is_removed_and_reported(done):
    left = Path(tempfile.mkdtemp(prefix="scoring-intake-"))
    (left / "rows").write_text("a customer")
    now = dt.datetime.now(dt.UTC)
    with in_use(left):
        assert undone(done, now + dt.timedelta(days=2)) == []
    assert undone(done, now) == []
    found = [one for one in undone(done, now + dt.timedelta(days=2)) if str(left) in one.what]
    assert [(one.kind, one.needs_person) for one in found] == [("abandoned directory", False)]
    assert not left.exists()


DELIVERY = "INSERT INTO scoring.delivery (endpoint, state, body, events) VALUES ('crm_webhook', %s, '', 1)"


def test_dead_and_pending_deliveries_and_a_disabled_or_held_endpoint_are_found(done):
    query(done, DELIVERY, "dead")
    assert kinds(done) == ["dead deliveries"]
    query(done, "DELETE FROM scoring.delivery")
    query(done, DELIVERY, "pending")
    assert [(one.kind, one.needs_person) for one in undone(done, later())] == [("not told", False)]
    query(done, "UPDATE scoring.endpoint SET not_before = now() + interval '1 day'")
    assert kinds(done, later(hours=0)) == ["endpoint held"]
    query(done, "UPDATE scoring.endpoint SET state = 'disabled', disabled_because = '410 Gone'")
    assert kinds(done) == ["endpoint disabled"]


def test_files_that_a_crash_left_in_the_lake_are_removed_and_reported(done):
    (snapshot,) = Path(done.lake).rglob("*.parquet")
    left = snapshot.with_name(f"{snapshot.name}.partial-1234")
    left.write_bytes(b"half")
    now = dt.datetime.now(dt.UTC)
    assert undone(done, now) == []
    (found,) = undone(done, now + dt.timedelta(days=2))
    assert (found.kind, found.needs_person, str(left) in found.what) == ("partial file", False, True)
    assert not left.exists()
    assert snapshot.exists()


def test_what_needs_a_person_comes_first(done):
    snapshot_of(done, customers(5), JULY)
    query(done, DELIVERY, "dead")
    assert [one.needs_person for one in undone(done, later())] == [True, False, False]


def test_the_command_tells_a_person_and_its_exit_code_says_so(done, forks):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SCORING_")} | {
        "SCORING_DATABASE_URL": done.database(),
        "SCORING_DEFINITIONS": done.definitions,
        "SCORING_MLFLOW_TRACKING_URI": done.mlflow_tracking_uri.get_secret_value(),
        "SCORING_HOME": str(done.home),
        "PYTHONPATH": os.pathsep.join([str(PROJECT), str(PROJECT / "tests")]),
    }

    def command():
        return forks.run(["-m", "scoring", "reconcile"], environment)

    clean = command()
    assert (clean.returncode, clean.stdout) == (0, "Nothing is left undone.\n"), clean.stderr
    query(done, DELIVERY, "dead")
    dead = command()
    assert dead.returncode == 1
    assert dead.stdout.startswith("! dead deliveries since ")


def test_an_ingest_that_only_trained_is_no_gap(done):
    deliver(done, customers(20), dt.date(2024, 5, 31))
    ingest(done, SHOP, dt.date(2024, 5, 31))
    assert kinds(done, later(hours=PATIENCE.total_seconds())) == []


def test_alerts_that_nobody_sends_and_those_given_up_are_found(done):
    published_rows(done, SPENDING, customers(3), JULY)
    query(done, "DELETE FROM scoring.outbox")
    assert kinds(done, later(0.5)) == []
    assert "alerts not told" in kinds(done)
    query(done, "UPDATE scoring.alert SET routed_at = now()")
    query(done, "UPDATE scoring.alert_sending SET state = 'dead', sent_at = NULL")
    assert "alerts not told" in kinds(done, later(0.5))


def test_a_held_publication_is_found_until_somebody_decides(limited):
    published_rows(limited, LIMITED, customers(4, spend=100.0), JUNE)
    published_rows(limited, LIMITED, customers(4, spend=900.0), JULY)
    assert "publication held" in kinds(limited)
    decide(limited, LIMITED, JULY, "rejected", by="ada")
    assert "publication held" not in kinds(limited)


def test_a_score_that_is_late_is_told_to_its_owner_once(limited):
    published_rows(limited, LIMITED, customers(4), JUNE)
    now = dt.datetime(2024, 7, 31, 18, tzinfo=dt.UTC)  # the tick is at 6, the deadline twelve hours later
    assert "overdue" not in [one.kind for one in undone(limited, now - dt.timedelta(minutes=1))]
    for moment in (now, now + dt.timedelta(hours=1)):
        found = undone(limited, moment)
        assert [one.kind for one in found].count("overdue") == 1
        tell(limited, found)
    statement = "SELECT owner, key, title FROM scoring.alert WHERE kind = 'score_overdue'"
    assert query(limited, statement) == [("sales", "spending 2024-07-31", "spending 2024-07-31 is overdue")]


def test_a_publication_that_nobody_monitored_and_outcomes_that_nobody_collected_are_found(done):
    published_rows(done, SPENDING, customers(20), JULY)
    found = [one for one in reconcile(done, later()) if one.kind in ("not collected", "not monitored")]
    assert [(one.kind, one.wake_score, one.wake_data_set) for one in found] == [
        ("not collected", None, ("shop", JULY)),
        ("not monitored", ("spending", JULY), None),
        ("not collected", None, ("shop", JULY)),
    ]
    judged(done)
    collect(done, SPENDING, JUNE)
    (found,) = [one for one in reconcile(done, later()) if one.kind in ("not collected", "not monitored")]
    assert "leaving at 2024-06-30" in found.what
