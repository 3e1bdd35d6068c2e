"""What the CRM is told when another version of the model makes the scores: as the definition says, and how fast."""

import pytest
import quiet_shop
from factories import (
    AUGUST,
    JULY,
    JUNE,
    customer,
    events,
    published,
    query,
    register,
    snapshot_of,
    value,
)
from factories_notify import new_secret
from paced_shop import PER_MINUTE
from paced_shop import SPENDING as PACED
from shop_definitions import SPENDING

from scoring.catalog import load_catalog
from scoring.database import MIGRATIONS, connect, transaction
from scoring.delivery import outbox, summary
from scoring.delivery.adapters.webhook import Webhook
from scoring.delivery.notify import notify
from scoring.domain.score import ChangeRule
from scoring.learning.promotion import roll_back
from scoring.local.receiver import Receiver
from scoring.publishing.change import Standing, treatment
from scoring.publishing.holding import decide
from scoring.reconcile import observed

SECRET = new_secret()
CUSTOMERS = 8
TELL, QUIET = ChangeRule(absolute=10.0), ChangeRule(absolute=10.0, after_promotion="quiet")


@pytest.mark.parametrize(
    ("rule", "told", "new", "compared_with", "expected"),
    [
        pytest.param(TELL, None, 100, None, "tell", id="a new customer"),
        pytest.param(QUIET, None, 100, None, "tell", id="a new customer is news of no promotion"),
        pytest.param(TELL, 100, 110, 2, "tell", id="a change"),
        pytest.param(QUIET, 100, 110, 2, "tell", id="a change by the same version"),
        pytest.param(TELL, 100, 109, 2, "nothing", id="too small a change"),
        pytest.param(QUIET, 100, 109, 2, "nothing", id="too small a change by the same version"),
        pytest.param(TELL, 100, 110, 1, "tell", id="a change with another version"),
        pytest.param(QUIET, 100, 110, 1, "move", id="the promotion's change"),
        pytest.param(TELL, 100, 109, 1, "see", id="too small, but the version is noted"),
        pytest.param(QUIET, 100, 109, 1, "move", id="small ones move, too, and do not add up"),
        pytest.param(TELL, 100, 109, None, "see", id="what was not known becomes known"),
        pytest.param(QUIET, 100, 110, None, "tell", id="of an unknown version it is told, not swallowed"),
    ],
)
def test_what_is_done_about_a_customer(rule, told, new, compared_with, expected):
    before = None if told is None else Standing(told)
    assert treatment(rule, before, Standing(new), compared_with=compared_with, version=2) == expected


def spend(settings, as_of, amounts):
    snapshot_of(settings, [customer(number, spend=amount) for number, amount in enumerate(amounts)], as_of)
    return published(settings, load_catalog(settings.definitions).score("spending"), as_of)


def announced(settings):
    statement = "SELECT version, value, model_version FROM scoring.announcement ORDER BY customer_id"
    return [tuple(row) for row in query(settings, statement)]


@pytest.fixture
def quiet(own_registry):
    """June was told by version 1; version 2, in charge now, says twice as much."""
    quiet = own_registry.model_copy(update={"definitions": "quiet_shop"})
    spend(quiet, JUNE, [100.0] * CUSTOMERS)
    register(quiet, SPENDING, scale=2.0)
    return quiet


@pytest.fixture
def paced(own_registry):
    """As quiet, but three customers a minute are told, and half may change without a person."""
    paced = own_registry.model_copy(update={"definitions": "paced_shop"})
    spend(paced, JUNE, [100.0] * CUSTOMERS)
    with Receiver(SECRET, paced.home / "crm.sqlite3") as receiver:
        notify(paced.database(), Webhook(receiver.url, SECRET))
        register(paced, SPENDING, scale=2.0)
        yield paced, receiver


def told_at_a_pace(paced):
    """July is told after the promotion: a person has confirmed it."""
    settings, receiver = paced
    assert spend(settings, JULY, [100.0] * CUSTOMERS).held
    assert decide(settings, PACED, JULY, "confirmed", by="ada").events == CUSTOMERS
    return settings, lambda: notify(settings.database(), Webhook(receiver.url, SECRET)).events


def waits(settings, minutes):
    """Let the lane have rested for so long."""
    query(settings, "UPDATE scoring.lane SET taken_at = now() - %s * interval '1 minute'", minutes)


def test_by_default_all_that_differs_is_told_at_once(own_registry):
    spend(own_registry, JUNE, [100.0] * CUSTOMERS)
    register(own_registry, SPENDING, scale=2.0)
    assert spend(own_registry, JULY, [100.0] * CUSTOMERS).changed == CUSTOMERS
    assert value(own_registry, "SELECT count(*) FROM scoring.outbox WHERE lane = 0") == 2 * CUSTOMERS


def test_a_promotion_that_is_not_told_moves_what_later_scores_are_compared_with(quiet):
    done = spend(quiet, JULY, [100.0] * CUSTOMERS + [70.0])
    assert done.changed == 1, "who is new is told"
    assert announced(quiet) == [(1, 200.0, 2)] * CUSTOMERS + [(1, 140.0, 2)]
    text = value(quiet, "SELECT text FROM scoring.alert WHERE kind = 'digest' ORDER BY alert_id DESC LIMIT 1")
    assert f"{CUSTOMERS} scores come from another version of the model; the CRM is not told" in text
    assert spend(quiet, AUGUST, [150.0] + [100.0] * CUSTOMERS).changed == 2
    changed = {event.customer_id: event for event in events(quiet)[-2:]}
    assert (changed["c0000"].version, changed["c0000"].previous_value, changed["c0000"].value) == (2, 200.0, 300.0)


def test_run_again_and_after_a_rollback_a_quiet_definition_stays_quiet(quiet):
    before = len(events(quiet))
    for _ in range(2):
        assert spend(quiet, JULY, [100.0] * CUSTOMERS).changed == 0
    roll_back(quiet, SPENDING, None, by="ann", reason="too high")
    assert published(quiet, quiet_shop.SPENDING, JULY).changed == 0
    assert announced(quiet) == [(1, 100.0, 1)] * CUSTOMERS
    assert len(events(quiet)) == before


def test_a_change_long_after_the_promotion_is_no_news_of_it(own_registry):
    """July was too small a change to tell, so what was told is still of version 1; August is told nevertheless."""
    spend(own_registry, JUNE, [100.0] * CUSTOMERS)
    register(own_registry, SPENDING, scale=1.01)
    assert spend(own_registry, JULY, [100.0] * CUSTOMERS).changed == 0
    assert announced(own_registry) == [(1, 100.0, 2)] * CUSTOMERS
    quiet = own_registry.model_copy(update={"definitions": "quiet_shop"})
    assert spend(quiet, AUGUST, [200.0] * CUSTOMERS).changed == CUSTOMERS


def test_so_many_a_minute_are_told_and_what_is_not_due_does_not_wait(paced):
    settings, tell = told_at_a_pace(paced)
    with transaction(settings.database()) as connection:
        assert summary.unconfirmed(connection) == 0
        known = outbox.backlog(connection)
        assert (known.waiting, known.paced) == (0, CUSTOMERS)
    assert [tell(), tell()] == [PER_MINUTE, 0], "a minute's worth, then nothing is due"
    waits(settings, 1)
    assert [tell(), tell()] == [PER_MINUTE, 0]
    waits(settings, 60)
    assert [tell(), tell()] == [CUSTOMERS - 2 * PER_MINUTE, 0]
    newest = {row.customer_id: row.value for row in query(settings, "SELECT * FROM scoring.current_score")}
    assert {customer: event["value"] for (_, customer), event in paced[1].newest().items()} == newest


def test_after_a_long_pause_no_more_than_five_minutes_are_told_at_once(paced):
    settings, tell = told_at_a_pace(paced)
    query(settings, "UPDATE scoring.lane SET per_minute = 1")
    waits(settings, 600)
    assert [tell(), tell()] == [5, 0]


def test_other_news_is_not_held_up_and_takes_the_place_of_what_waits_about_the_same_customer(paced):
    settings, tell = told_at_a_pace(paced)
    waits(settings, 0)
    assert spend(settings, AUGUST, [500.0, *[100.0] * (CUSTOMERS - 1)]).changed == 1
    assert tell() == 1, "the newest of c0000; the others wait for their turn"
    assert paced[1].newest()["spending", "c0000"]["value"] == 1000.0
    with transaction(settings.database()) as connection:
        assert outbox.backlog(connection).paced == CUSTOMERS - 1
    waits(settings, 60)
    assert tell() == CUSTOMERS - 1
    assert value(settings, "SELECT count(*) FROM scoring.outbox WHERE delivery_id IS NULL") == 0
    assert value(settings, "SELECT count(*) FROM scoring.outbox WHERE coalesced") == 1


def test_a_second_promotion_meanwhile_is_told_as_the_newest_only(paced):
    settings, tell = told_at_a_pace(paced)
    roll_back(settings, SPENDING, None, by="ann", reason="too high")
    assert published(settings, PACED, JULY).held
    decide(settings, PACED, JULY, "confirmed", by="ada")
    waits(settings, 60)
    assert tell() == CUSTOMERS
    assert {event["value"] for event in paced[1].newest().values()} == {100.0}


def test_each_endpoint_and_each_sender_keeps_the_pace(paced):
    settings, _ = paced
    query(settings, "INSERT INTO scoring.endpoint (endpoint, adapter) SELECT 'other', adapter FROM scoring.endpoint")
    told_at_a_pace(paced)
    counted = "SELECT count(*) FROM scoring.outbox WHERE delivery_id IS NULL AND lane > 0 GROUP BY endpoint"
    assert [row.count for row in query(settings, counted)] == [CUSTOMERS] * 2
    adapter = Webhook(paced[1].url, SECRET)
    with connect(settings.database()) as one, connect(settings.database()) as two:
        assert outbox.pack(one, adapter) == PER_MINUTE
        assert outbox.pack(two, adapter) == 0, "the lane is locked"
        one.rollback()
        assert outbox.pack(two, adapter) == PER_MINUTE, "who did not commit has taken nothing"


def test_what_nobody_takes_from_a_lane_is_found(paced):
    settings, _ = told_at_a_pace(paced)
    waits(settings, 120)
    with transaction(settings.database()) as connection:
        (seen,) = observed.endpoints(connection)
    assert seen.waiting_since == value(settings, "SELECT taken_at FROM scoring.lane")
    assert seen.waiting_score == "spending"


@pytest.mark.parametrize("lock", ["LOCK TABLE scoring.lane IN SHARE MODE", "SELECT pg_advisory_lock(4711)"])
def test_killed_while_it_confirms_all_or_nothing_waits_for_its_turn(paced, lock, killed_while_waiting):
    settings, _ = paced
    assert spend(settings, JULY, [100.0] * CUSTOMERS).held
    done = "advisory" in lock
    waiting = "SELECT count(*) FROM scoring.outbox WHERE lane > 0"
    with killed_while_waiting(settings, "confirm", lock, child=CONFIRM):
        assert value(settings, waiting) == CUSTOMERS * done
    assert decide(settings, PACED, JULY, "confirmed", by="ada").again is done
    assert value(settings, waiting) == CUSTOMERS


CONFIRM = """
import datetime, json, sys
from scoring.settings import Settings
settings = Settings(**json.load(sys.stdin))
from paced_shop import SPENDING
from scoring.publishing.holding import decide
decide(settings, SPENDING, datetime.date(2024, 7, 31), "confirmed", by="ada")
from scoring.database import connect
with connect(settings.database()) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT pg_advisory_lock(4711)")
"""


def test_a_publication_within_the_limit_needs_no_person_and_waits_for_its_turn(paced):
    settings, _ = paced
    roll_back(settings, SPENDING, None, by="ann", reason="too high")
    register(settings, SPENDING, scale=1.05)
    assert spend(settings, JULY, [1000.0, *[100.0] * (CUSTOMERS - 1)]).changed == 1
    assert value(settings, "SELECT count(*) FROM scoring.outbox WHERE lane > 0 AND delivery_id IS NULL") == 1


def test_an_installation_of_before_knows_what_was_compared_last(quiet):
    """What the migration writes: the version of the newest date that the CRM has heard of."""
    text = (MIGRATIONS / "versions" / "0015_reannounce.sql").read_text()
    update = text[text.index("UPDATE") : text.index("-- Events")]
    query(quiet, "UPDATE scoring.announcement SET model_version = NULL")
    query(quiet, update)
    assert announced(quiet) == [(1, 100.0, 1)] * CUSTOMERS


def test_what_waits_for_its_turn_is_in_nobodys_way(settings):
    """The plan of packing, without statistics: each search names the lane, and none goes through a whole table."""
    query(
        settings,
        "INSERT INTO scoring.lane (endpoint, score, per_minute, taken_at) VALUES ('crm_webhook', 's', 1, now())",
    )
    many = """
        WITH told AS (
            INSERT INTO scoring.event (score, customer_id, version, as_of, publication_id, model_version, value)
            SELECT 's', n::text, 1, '2024-06-30', 1, 1, 1 FROM generate_series(1, 20000) n RETURNING event_id)
        INSERT INTO scoring.outbox (endpoint, event_id, lane) SELECT 'crm_webhook', event_id, 1 FROM told"""
    query(settings, many)
    piece = {"endpoint": "crm_webhook", "lane": 0, "lanes": [0, 1], "limit": outbox.PIECE}
    with connect(settings.database()) as connection, connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + outbox.LOCK_PIECE, piece)
        (((found,),),) = cursor.fetchall()
    scans = list(scans_of(found["Plan"]))
    assert {node["Relation Name"] for node in scans} <= {"outbox", "event"}
    assert {node["Node Type"] for node in scans} <= {"Index Scan", "Index Only Scan"}
    assert all("lane" in node["Index Cond"] for node in scans if node["Relation Name"] == "outbox")
    assert found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"] < 20, "20,000 rows were walked over"


def scans_of(plan):
    """The nodes of a plan that read a table."""
    if "Relation Name" in plan and plan["Node Type"] != "LockRows":
        yield plan
    for part in plan.get("Plans", []):
        yield from scans_of(part)
