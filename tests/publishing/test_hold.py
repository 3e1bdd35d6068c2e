"""A publication that changes unusually many customers tells the CRM nothing until a person confirms it, then once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from factories import (
    AUGUST,
    JULY,
    JUNE,
    MAY,
    customer,
    customers,
    events,
    published,
    query,
    scored,
    snapshot_of,
    told,
    value,
)
from factories_faults import together, wait_until_somebody_waits
from factories_notify import new_secret
from limited_shop import SPENDING
from shop_definitions import SPENDING as UNLIMITED
from waiting import PATIENCE

from scoring.database import connect
from scoring.delivery.adapters.webhook import Webhook
from scoring.delivery.notify import notify
from scoring.errors import NotFound, PermanentError
from scoring.local.receiver import Receiver
from scoring.publishing import publications
from scoring.publishing.holding import decide
from scoring.publishing.passport import passport
from scoring.publishing.publish import drop
from scoring.publishing.resets import reset

SECRET = new_secret()
CUSTOMERS = 10


@pytest.fixture
def limited(shop):
    """June was told; the definition lets half of the customers change without a person."""
    limited = shop.model_copy(update={"definitions": "limited_shop"})
    spend(limited, JUNE)
    return limited


@pytest.fixture
def held(limited):
    """July is held: six of ten customers changed."""
    assert spend(limited, JULY, 6).held
    return limited


def spend(settings, as_of, changed=0, *, amount=900.0):
    """Publish a date at which the first ``changed`` customers spend another amount than before."""
    rows = [customer(number, spend=amount if number < changed else 100.0) for number in range(CUSTOMERS)]
    snapshot_of(settings, rows, as_of)
    return published(settings, SPENDING, as_of)


def versions(settings):
    statement = "SELECT customer_id, version, as_of, value FROM scoring.announcement ORDER BY customer_id"
    return [tuple(row) for row in query(settings, statement)]


def alerts(settings, kind):
    return query(settings, "SELECT * FROM scoring.alert WHERE kind = %s ORDER BY alert_id", kind)


def holds(settings):
    return [row.state for row in query(settings, "SELECT state FROM scoring.hold ORDER BY hold_id")]


def confirm(settings, as_of=JULY, by="ada"):
    return decide(settings, SPENDING, as_of, "confirmed", by=by)


def reject(settings, as_of=JULY, by="ada"):
    return decide(settings, SPENDING, as_of, "rejected", by=by, reason="a wrong model")


def test_up_to_the_limit_the_crm_is_told_at_once(limited):
    done = spend(limited, JULY, 5)
    assert (done.changed, done.held, done.silent, done.warning) == (5, False, False, None)
    assert holds(limited) == []


def test_above_the_limit_readers_see_it_and_the_crm_is_told_nothing(limited):
    before, told_before = versions(limited), told(limited)
    done = spend(limited, JULY, 6)
    assert (done.rows, done.changed, done.held, done.silent) == (10, 0, True, False)
    assert "6 of 10 customers changed (60.0%), and the definition allows 50.0% without a person" in done.warning
    assert "`scoring publication confirm spending 2024-07-31 --by <name>`" in done.warning
    assert value(limited, "SELECT sum(value) FROM scoring.current_score") == 6 * 900 + 4 * 100
    assert passport(limited, "spending", "c0000").publication.as_of == JULY
    assert (versions(limited), told(limited)) == (before, told_before)
    assert value(limited, "SELECT as_of FROM scoring.announced_until") == JUNE


def test_without_a_limit_nothing_is_held(shop):
    for as_of, amount in ((JUNE, 100.0), (JULY, 900.0)):
        snapshot_of(shop, customers(CUSTOMERS, spend=amount), as_of)
        assert published(shop, UNLIMITED, as_of).changed == CUSTOMERS


def test_a_first_load_is_not_held(shop):
    limited = shop.model_copy(update={"definitions": "limited_shop"})
    assert spend(limited, JUNE).changed == CUSTOMERS


def test_an_older_date_is_silent_and_not_held(limited):
    done = spend(limited, MAY, 10)
    assert (done.silent, done.held) == (True, False)
    assert holds(limited) == []


def test_confirmed_it_is_told_once_and_the_crm_knows_what_readers_see(held, tmp_path):
    with Receiver(SECRET, tmp_path / "crm.sqlite3") as receiver:
        webhook = Webhook(receiver.url, SECRET)
        assert notify(held.database(), webhook).events == CUSTOMERS, "June only"
        assert confirm(held).events == 6
        again = confirm(held, by="bob")
        assert (again.events, again.again, again.decided_by) == (0, True, "ada")
        assert notify(held.database(), webhook).events == 6
        assert notify(held.database(), webhook).requests == 0
        known = {customer_id: event["value"] for (_, customer_id), event in receiver.newest().items()}
    seen = {row.customer_id: row.value for row in query(held, "SELECT customer_id, value FROM scoring.current_score")}
    assert known == seen
    assert [event.version for event in events(held)[-6:]] == [2] * 6
    done = published(held, SPENDING, JULY)
    assert (done.changed, done.held, done.silent, done.warning) == (6, False, False, None)
    decided = query(held, "SELECT state, decided_by, decided_at >= held_at AS later FROM scoring.hold")
    assert [tuple(row) for row in decided] == [("confirmed", "ada", True)]


def test_run_again_it_stays_held_and_people_are_told_once(held):
    assert published(held, SPENDING, JULY).held
    assert holds(held) == ["held"]
    (alert,) = alerts(held, "publication_held")
    assert alert.owner == "sales"
    assert "6 of 10 customers changed (60.0%)" in alert.text
    assert "scoring publication confirm spending 2024-07-31" in alert.remedy


def test_the_definition_can_allow_it_and_the_next_run_tells_it(held):
    allowed = held.model_copy(update={"definitions": "shop_definitions"})
    assert published(allowed, UNLIMITED, JULY).changed == 6
    assert holds(held) == ["overtaken"]
    with pytest.raises(NotFound, match="is not held"):
        confirm(held)


def test_rejected_the_crm_is_told_nothing_and_the_next_date_is_compared_with_what_it_was_last_told(held):
    before = versions(held)
    assert reject(held).events == 0
    assert reject(held).again
    done = published(held, SPENDING, JULY)
    assert (done.silent, done.held, done.changed) == (True, False, 0)
    assert "ada rejected it" in done.warning
    assert "scoring publication drop spending 2024-07-31" in done.warning
    assert versions(held) == before
    assert len(alerts(held, "publication_held")) == 1
    august = spend(held, AUGUST, 2)
    assert (august.changed, august.held) == (2, False), "the wrong July was never told"
    assert versions(held)[:3] == [("c0000", 2, AUGUST, 900.0), ("c0001", 2, AUGUST, 900.0), ("c0002", 1, JUNE, 100.0)]


def test_what_was_rejected_can_be_confirmed_after_all(held):
    reject(held)
    assert confirm(held).events == 6
    assert holds(held) == ["confirmed"]


def test_a_later_date_that_is_told_overtakes_what_is_held(held):
    assert spend(held, AUGUST, 1).changed == 1
    assert holds(held) == ["overtaken"]
    for decision in (confirm, reject):
        with pytest.raises(PermanentError, match="was overtaken: the CRM has heard of 2024-08-31"):
            decision(held)
    assert published(held, SPENDING, JULY).silent
    assert len(events(held)) == CUSTOMERS + 1


def test_a_later_date_after_a_rejected_one_was_told_lets_nobody_confirm_the_old_one(held):
    reject(held)
    spend(held, AUGUST, 1)
    with pytest.raises(PermanentError, match="was overtaken"):
        confirm(held)


def test_two_dates_can_be_held_and_confirmed_in_order(held):
    assert spend(held, AUGUST, 7).held
    assert confirm(held).events == 6
    assert confirm(held, AUGUST).events == 1
    assert holds(held) == ["confirmed", "confirmed"]


def test_the_newer_of_two_held_dates_overtakes_the_older_one(held):
    assert spend(held, AUGUST, 7).held
    assert confirm(held, AUGUST).events == 7
    assert holds(held) == ["overtaken", "confirmed"]


def test_other_inputs_of_the_same_date_take_the_place_of_what_is_held(held):
    assert spend(held, JULY, 1).changed == 1
    assert holds(held) == ["overtaken"]
    assert spend(held, JULY, 10, amount=500.0).held
    assert holds(held) == ["overtaken", "held"]


def test_inputs_that_come_back_are_judged_anew(held):
    spend(held, JULY, 1)
    assert spend(held, JULY, 6).changed == 5, "one of the six was told meanwhile"


def test_what_was_dropped_waits_for_nobody(held):
    drop(held, SPENDING, JULY)
    assert holds(held) == ["overtaken"]
    with pytest.raises(NotFound, match="Nothing is published of spending at 2024-07-31"):
        confirm(held)


def test_after_a_reset_the_corrections_of_everybody_need_a_person_too(limited):
    wrong = AUGUST
    spend(limited, wrong, 4)
    spend(limited, JULY, 10)
    drop(limited, SPENDING, wrong)
    reset(limited, SPENDING, JUNE, by="ada", reason="a typing error")
    assert published(limited, SPENDING, JULY).held
    assert confirm(limited).events == 6


@pytest.mark.parametrize("name", ["", " "])
def test_a_decision_needs_a_name(held, name):
    with pytest.raises(PermanentError, match="needs a name"):
        confirm(held, by=name)
    assert holds(held) == ["held"]


def test_what_was_told_is_not_held(limited):
    with pytest.raises(NotFound, match="Publication 1 of spending 2024-06-30 is not held"):
        confirm(limited, JUNE)


def test_two_people_who_confirm_at_once_tell_the_crm_once(held):
    first, second = together(lambda: confirm(held, by="ada"), lambda: confirm(held, by="bob"))
    assert sorted([first.events, second.events]) == [0, 6]
    assert len(events(held)) == CUSTOMERS + 6


def test_a_decision_waits_while_somebody_else_plans_or_publishes_the_score(held):
    with ThreadPoolExecutor(1) as pool, connect(held.database()) as other, other:
        publications.lock(other, "spending")
        confirming = pool.submit(confirm, held)
        wait_until_somebody_waits(held, lambda: not confirming.done())
        other.rollback()
        assert confirming.result(timeout=PATIENCE).events == 6


CONFIRM = """
import datetime, json, sys
from scoring.settings import Settings
settings = Settings(**json.load(sys.stdin))
from scoring.catalog import load_catalog
from scoring.publishing.holding import decide
decide(settings, load_catalog("limited_shop").score("spending"), datetime.date(2024, 7, 31), "confirmed", by="ada")
from scoring.database import connect
with connect(settings.database()) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT pg_advisory_lock(4711)")
"""


@pytest.mark.parametrize(
    ("lock", "done"),
    [
        ("LOCK TABLE scoring.announcement IN SHARE MODE", False),
        ("LOCK TABLE scoring.event IN SHARE MODE", False),
        ("LOCK TABLE scoring.alert IN SHARE MODE", False),
        ("LOCK TABLE scoring.publication IN SHARE MODE", False),
        ("LOCK TABLE scoring.hold IN SHARE MODE", False),
        ("SELECT pg_advisory_lock(4711)", True),
    ],
)
def test_a_process_killed_while_it_confirms_tells_all_or_nothing_and_the_repetition_completes(
    held, lock, done, killed_while_waiting
):
    with killed_while_waiting(held, "confirm", lock, child=CONFIRM):
        assert len(events(held)) == CUSTOMERS + 6 * done
    assert confirm(held).events == 6 * (not done)
    assert len(events(held)) == value(held, "SELECT count(*) FROM scoring.outbox") == CUSTOMERS + 6
    assert [row[1] for row in versions(held)] == [2] * 6 + [1] * 4
    assert holds(held) == ["confirmed"]
    assert len(alerts(held, "digest")) == 2


@pytest.mark.parametrize(
    ("lock", "done"),
    [
        ("LOCK TABLE scoring.hold IN SHARE MODE", False),
        ("LOCK TABLE scoring.alert IN SHARE MODE", False),
        ("LOCK TABLE scoring.publication IN SHARE MODE", False),
        ("SELECT pg_advisory_lock(4711)", True),
    ],
)
def test_a_process_killed_while_it_holds_a_publication_leaves_all_or_nothing(limited, lock, done, killed_while_waiting):
    snapshot_of(limited, [customer(n, spend=900.0 if n < 6 else 100.0) for n in range(CUSTOMERS)], JULY)
    publication_id = scored(limited, SPENDING, JULY)
    with killed_while_waiting(limited, "publish", lock, publication_id):
        assert len(holds(limited)) == len(alerts(limited, "publication_held")) == int(done)
    assert published(limited, SPENDING, JULY).held
    assert holds(limited) == ["held"]
    assert len(alerts(limited, "publication_held")) == 1
    assert confirm(limited).events == 6


def test_the_rows_of_holds_say_what_was_decided(held):
    (row,) = query(held, "SELECT changed, rows, most_changed FROM scoring.hold")
    assert tuple(row) == (6, 10, 0.5)
    reject(held)
    (row,) = query(held, "SELECT state, decided_by, reason FROM scoring.hold")
    assert tuple(row) == ("rejected", "ada", "a wrong model")
