"""The commands about endpoints, with a real broker: what an operator types to stream score changes."""

import pytest
from confluent_kafka.admin import AdminClient
from factories import customers, published_rows, query
from factories_kafka import new_topic
from factories_topics import events_of, last_of_each, make_topic, newest_of_each
from pydantic import SecretStr
from shop_definitions import SPENDING
from typer.testing import CliRunner

from scoring import cli
from scoring.errors import ConfigurationError, NotFound, PermanentError
from scoring.local.receiver import Receiver

SECRET = SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


@pytest.fixture
def pattern(broker):
    """A pattern of topics, of which the topic of one score is there."""
    found = f"{new_topic(broker)}.{{score}}"
    make_topic(AdminClient({"bootstrap.servers": broker}), found.replace("{score}", "spending"))
    return found


@pytest.fixture
def scoring(shop, broker, tmp_path, monkeypatch):
    """Runs a command; a CRM is there."""
    with Receiver(SECRET, tmp_path / "receiver.sqlite3") as receiver:
        monkeypatch.setenv("SCORING_DATABASE_URL", shop.database())
        monkeypatch.setenv("SCORING_DEFINITIONS", shop.definitions)
        monkeypatch.setenv("SCORING_KAFKA_SERVERS", broker)
        monkeypatch.setenv("SCORING_CRM_URL", receiver.url)
        monkeypatch.setenv("SCORING_CRM_SECRET", SECRET.get_secret_value())

        def run(*arguments):
            result = CliRunner().invoke(cli.app, list(arguments), catch_exceptions=False)
            assert result.exit_code == 0, result.output
            return result.output

        yield run


def test_a_topic_that_is_filled_ends_equal_to_the_announcements(scoring, shop, broker, pattern):
    published_rows(shop, SPENDING, customers(20))
    said = scoring("endpoint", "add", "stream", "--kafka", "--topic", pattern, "--from-announcements")
    assert "spending: 20 events wait for stream." in said
    assert f"stream  kafka  {pattern} (json)  enabled" in scoring("endpoint", "list")
    assert "waiting           20" in scoring("endpoint", "show", "stream")
    said = scoring("notify")
    assert "crm_webhook: 1 requests: 1 delivered (20 events), 0 failed" in said
    assert "stream: 1 requests: 1 delivered (20 events), 0 failed" in said
    assert "delivered    20 events" in scoring("delivery", "list", "--endpoint", "stream")
    events = events_of(broker, pattern.replace("{score}", "spending"))
    announced = query(shop, "SELECT customer_id, version, value FROM scoring.announcement")
    expected = {row.customer_id: (row.version, row.value) for row in announced}
    assert last_of_each(events) == newest_of_each(events) == expected
    assert scoring("notify") == "Nothing waits to be told.\n"


def test_one_endpoints_trouble_is_told_and_the_other_is_told_the_scores(scoring, shop, pattern, monkeypatch):
    scoring("endpoint", "add", "stream", "--kafka", "--topic", pattern)
    published_rows(shop, SPENDING, customers(20))
    monkeypatch.delenv("SCORING_CRM_URL")
    with pytest.raises(ConfigurationError, match="SCORING_CRM_URL"):
        scoring("notify")
    states = query(shop, "SELECT endpoint, state FROM scoring.delivery")
    assert states == [("stream", "delivered")]


def test_dead_deliveries_of_an_endpoint_are_replayed_and_it_is_enabled_by_its_name(scoring, shop, pattern):
    scoring("endpoint", "add", "stream", "--kafka", "--topic", pattern)
    published_rows(shop, SPENDING, customers(20))
    scoring("notify")
    query(shop, "UPDATE scoring.delivery SET state = 'dead', delivered_at = NULL RETURNING 1")
    assert "1 deliveries are due again." in scoring("delivery", "replay", "--endpoint", "stream")
    assert query(shop, "SELECT endpoint FROM scoring.delivery WHERE state = 'pending'") == [("stream",)]
    query(shop, "UPDATE scoring.endpoint SET state = 'disabled', disabled_because = 'x' RETURNING 1")
    scoring("endpoint", "enable", "stream")
    assert query(shop, "SELECT endpoint FROM scoring.endpoint WHERE state = 'enabled'") == [("stream",)]


def test_an_endpoint_for_which_something_waits_is_removed_only_on_purpose(scoring, shop, pattern):
    scoring("endpoint", "add", "stream", "--kafka", "--topic", pattern)
    published_rows(shop, SPENDING, customers(20))
    with pytest.raises(PermanentError, match="20 events or deliveries wait for stream"):
        scoring("endpoint", "remove", "stream")
    scoring("notify")
    published_rows(shop, SPENDING, customers(20, spend=900.0))
    scoring("endpoint", "remove", "stream", "--despite-waiting")
    assert query(shop, "SELECT DISTINCT endpoint FROM scoring.outbox") == [("crm_webhook",)]
    with pytest.raises(NotFound, match="no endpoint 'stream'"):
        scoring("endpoint", "show", "stream")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "stream"), "Say --kafka"),
        (("add", "Stream!", "--kafka"), "cannot be the name"),
        (("add", "stream", "--kafka", "--topic", "scoring"), "each score needs a topic of its own"),
        (("add", "stream", "--kafka", "--topic", "{score}.{score}"), "each score needs a topic of its own"),
        (("add", "stream", "--kafka", "--format", "avro"), "no format 'avro'"),
        (("add", "crm_webhook", "--kafka"), "There is an endpoint 'crm_webhook' already"),
        (("remove", "crm_webhook"), "is not an endpoint of Kafka"),
    ],
)
def test_what_cannot_be_an_endpoint_is_refused_with_the_reason(scoring, arguments, said):
    with pytest.raises(PermanentError, match=said):
        scoring("endpoint", *arguments)
