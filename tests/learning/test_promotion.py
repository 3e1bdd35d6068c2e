"""The ledger decides which version is in charge; MLflow's alias follows it, whatever breaks or whoever moves it."""

import datetime as dt

import pytest
from factories import JULY, JUNE, customers, published, published_rows, query, register, scored, snapshot_of, value
from mlflow import MlflowClient
from psycopg2.errors import RaiseException
from shop_definitions import LEAVING, SPENDING

from scoring.database import transaction
from scoring.errors import IntegrityError, PermanentError, TransientError
from scoring.learning.promotion import promote, roll_back
from scoring.models import charge, ledger
from scoring.models.ledger import Decision
from scoring.models.registry import CHAMPION, Registry
from scoring.page import newest
from scoring.publishing.plan import plan
from scoring.publishing.publish import publish
from scoring.reconcile.reconcile import reconcile, tell

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
BY_HAND = Decision("person", "ann", "because")


def registry_of(settings):
    return Registry(settings.mlflow_tracking_uri.get_secret_value())


def client_of(settings):
    uri = settings.mlflow_tracking_uri.get_secret_value()
    return MlflowClient(uri, uri)


def in_charge(settings):
    return charge.in_charge(settings.database(), registry_of(settings), "spending").version


def rows(settings):
    found = query(settings, "SELECT * FROM scoring.promotion WHERE model_name = 'spending' ORDER BY promotion_id")
    return [(row.from_version, row.model_version, row.how, row.promoted_by) for row in found]


def test_what_was_champion_before_there_was_a_ledger_is_adopted_once(own_registry):
    assert [in_charge(own_registry) for _ in range(2)] == [1, 1]
    assert rows(own_registry) == [(None, 1, "adopted", "scoring")]


@pytest.mark.parametrize(("by", "reason"), [(" ", "better"), ("ann", " ")])
def test_who_is_put_in_charge_by_nobody_or_for_no_reason_is_not(own_registry, by, reason):
    second = register(own_registry, SPENDING, promote=False)
    with pytest.raises(PermanentError, match="A promotion is recorded for good: it needs a name and a reason"):
        promote(own_registry, SPENDING, second, Decision("person", by, reason))
    promote(own_registry, SPENDING, second, BY_HAND)
    with pytest.raises(PermanentError, match="A rollback is recorded for good: it needs a name and a reason"):
        roll_back(own_registry, SPENDING, None, by=by, reason=reason)
    assert in_charge(own_registry) == 2


def test_a_promotion_is_one_row_the_alias_and_a_message_to_the_owner(own_registry):
    second = register(own_registry, SPENDING, promote=False)
    made = promote(own_registry, SPENDING, second, BY_HAND)
    assert made is not None
    assert rows(own_registry) == [(None, 1, "adopted", "scoring"), (1, 2, "person", "ann")]
    assert (in_charge(own_registry), registry_of(own_registry).alias_of("spending")) == (2, 2)
    (told,) = query(own_registry, "SELECT kind, owner, title, text FROM scoring.alert")
    assert (told.kind, told.owner, told.title) == (
        "model_promoted",
        SPENDING.owner,
        "spending: spending version 2 is in charge",
    )
    assert "in place of version 1. Decided by ann (person): because" in told.text
    assert promote(own_registry, SPENDING, second, BY_HAND) is None
    assert len(rows(own_registry)) == 2


def test_the_next_partition_is_scored_with_the_version_in_charge_and_one_in_flight_with_its_own(own_registry):
    register(own_registry, SPENDING, scale=2.0)
    snapshot_of(own_registry, customers(20), JUNE)
    in_flight = scored(own_registry, SPENDING, JUNE)
    roll_back(own_registry, SPENDING, None, by="ann", reason="too high")
    publish(own_registry, in_flight)
    published_rows(own_registry, SPENDING, customers(20), JULY)
    versions = "SELECT DISTINCT model_version FROM scoring.published_score WHERE score = 'spending' AND as_of = %s"
    assert [value(own_registry, versions, as_of) for as_of in (JUNE, JULY)] == [2, 1]
    kept = plan(own_registry, SPENDING, JUNE, run_id="woken", anew=False)
    assert (kept.publication_id, kept.shards) == (in_flight, []), "what wakes it again does not score it anew"
    assert published(own_registry, SPENDING, JUNE).rows == 20
    assert value(own_registry, versions, JUNE) == 1, "scored again, it follows the ledger"
    snapshot_of(own_registry, customers(21), JUNE)
    assert plan(own_registry, SPENDING, JUNE, run_id="woken", anew=False).shards, "another delivery is scored"


def test_which_version_was_in_charge_at_a_time_is_one_query(own_registry):
    for scale in (2.0, 3.0):
        register(own_registry, SPENDING, scale=scale)
    roll_back(own_registry, SPENDING, None, by="ann", reason="worse")
    moments = [row.promoted_at for row in query(own_registry, "SELECT promoted_at FROM scoring.promotion ORDER BY 1")]
    assert moments == sorted(set(moments))
    with transaction(own_registry.database()) as connection:

        def then(moment):
            return ledger.in_charge_at(connection, "spending", moment)

        assert [then(moment) for moment in moments] == [1, 2, 3, 2]
        just_before = [then(moment - dt.timedelta(microseconds=1)) for moment in moments]
        assert just_before == [None, 1, 2, 3]
        assert then(NOW) == 2
    spans = query(own_registry, "SELECT model_version, since, until FROM scoring.model_in_charge ORDER BY promotion_id")
    assert [span.until for span in spans] == [*moments[1:], None]


@pytest.mark.parametrize(
    "change",
    ["UPDATE scoring.promotion SET model_version = 7", "DELETE FROM scoring.promotion", "TRUNCATE scoring.promotion"],
)
def test_no_row_of_the_ledger_can_be_changed(own_registry, change):
    in_charge(own_registry)
    with pytest.raises(RaiseException, match="promotion is append-only"):
        query(own_registry, change)


def test_an_alias_moved_by_hand_changes_nothing_is_put_back_and_told_once_a_day(own_registry):
    register(own_registry, SPENDING)
    assert rows(own_registry)[-1][1] == 2
    client_of(own_registry).set_registered_model_alias("spending", CHAMPION, "1")
    assert in_charge(own_registry) == 2
    for _ in range(2):
        found = [finding for finding in reconcile(own_registry, NOW) if finding.kind == "alias moved"]
        tell(own_registry, found)
        client_of(own_registry).set_registered_model_alias("spending", CHAMPION, "1")
    assert "pointed at version 1; version 2 is in charge" in found[0].what
    assert value(own_registry, "SELECT count(*) FROM scoring.alert WHERE kind = 'alias_moved'") == 1
    client_of(own_registry).delete_registered_model_alias("spending", CHAMPION)
    (again,) = [finding for finding in reconcile(own_registry, NOW) if finding.kind == "alias moved"]
    assert "pointed nowhere" in again.what
    assert registry_of(own_registry).alias_of("spending") == 2
    assert [one for one in reconcile(own_registry, NOW) if one.kind == "alias moved"] == []


@pytest.fixture
def before_the_ledger(own_registry):
    """An installation as the release before the ledger left it: a publication, and MLflow's alias."""
    published_rows(own_registry, SPENDING, customers(5), JUNE)
    query(own_registry, "ALTER TABLE scoring.promotion DISABLE TRIGGER USER")
    query(own_registry, "DELETE FROM scoring.promotion")
    query(own_registry, "ALTER TABLE scoring.promotion ENABLE TRIGGER USER")
    return own_registry


def test_after_an_upgrade_the_page_says_who_is_in_charge_without_waiting_for_the_next_partition(before_the_ledger):
    def shown():
        with transaction(before_the_ledger.database()) as connection:
            return newest.in_charge(connection, {"spending": "spending"})

    assert shown() == {}
    assert [one.kind for one in reconcile(before_the_ledger, NOW) if "alias" in one.kind] == []
    assert shown()["spending"].model_version == 1
    reconcile(before_the_ledger, NOW)
    assert rows(before_the_ledger) == [(None, 1, "adopted", "scoring")]


def test_an_alias_of_before_the_ledger_at_a_version_that_is_not_ours_needs_a_person(before_the_ledger):
    client = client_of(before_the_ledger)
    client.delete_model_version_tag("spending", "1", "model_digest")
    (found,) = [one for one in reconcile(before_the_ledger, NOW) if "alias" in one.kind]
    assert (found.kind, found.needs_person) == ("alias not checked", True)
    assert "spending version 1 has no tag 'model_digest'" in found.what
    assert rows(before_the_ledger) == []


def test_an_mlflow_that_is_away_keeps_reconcile_from_no_other_finding(own_registry, monkeypatch):
    in_charge(own_registry)

    def away(*_: object) -> None:
        raise TransientError("MLflow cannot be reached")

    monkeypatch.setattr(Registry, "alias_of", away)
    found = [finding for finding in reconcile(own_registry, NOW) if finding.kind == "alias not checked"]
    assert [finding.what for finding in found] == ["MLflow cannot be reached"]


def test_after_a_crash_between_ledger_and_alias_the_same_promotion_again_moves_the_alias_and_adds_no_row(
    own_registry, monkeypatch
):
    second = register(own_registry, SPENDING, promote=False)

    class CrashError(Exception):
        pass

    def crash(*_: object) -> None:
        raise CrashError

    with monkeypatch.context() as crashing:
        crashing.setattr(Registry, "move_alias", crash)
        with pytest.raises(CrashError):
            promote(own_registry, SPENDING, second, BY_HAND)
    assert (in_charge(own_registry), registry_of(own_registry).alias_of("spending")) == (2, 1)
    assert promote(own_registry, SPENDING, second, BY_HAND) is None
    assert registry_of(own_registry).alias_of("spending") == 2
    assert len(rows(own_registry)) == 2


def test_another_file_under_the_number_that_was_promoted_is_refused(own_registry):
    in_charge(own_registry)
    client_of(own_registry).set_model_version_tag("spending", "1", "model_digest", "f" * 64)
    with pytest.raises(IntegrityError, match=r"spending version 1 was put in charge with the file .* ffffffffffff"):
        in_charge(own_registry)


def test_models_do_not_share_their_ledger(own_registry):
    register(own_registry, SPENDING)
    assert charge.in_charge(own_registry.database(), registry_of(own_registry), "leaving").version == 1
    roll_back(own_registry, SPENDING, None, by="ann", reason="why")
    assert charge.in_charge(own_registry.database(), registry_of(own_registry), LEAVING.model_name).version == 1
