"""The commands about what people are told, and about a publication that is held."""

import pytest
from factories import JULY, JUNE, customers, published, query, snapshot_of
from factories_people import mail_server, noted
from limited_shop import SPENDING
from typer.testing import CliRunner

from scoring import cli
from scoring.errors import AlertsDead, NotFound


@pytest.fixture
def scoring(shop, monkeypatch):
    """Runs a command with the shop's settings in the environment."""
    monkeypatch.setenv("SCORING_DATABASE_URL", shop.database())
    monkeypatch.setenv("SCORING_HOME", str(shop.home))
    monkeypatch.setenv("SCORING_DEFINITIONS", "limited_shop")
    monkeypatch.setenv("SCORING_MLFLOW_TRACKING_URI", shop.mlflow_tracking_uri.get_secret_value())
    monkeypatch.setenv("LOGNAME", "ada")

    def run(*arguments):
        result = CliRunner().invoke(cli.app, [str(argument) for argument in arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return run


def test_what_is_due_is_sent_and_listed(scoring, shop, monkeypatch):
    noted(shop, "one")
    assert "alert-1" in scoring("alert", "list")
    assert "not sent yet  pending" in scoring("alert", "list", "--state", "pending")
    with mail_server() as (mailbox, address):
        monkeypatch.setenv("SCORING_CHANNELS", f'{{"risk": ["{address.get_secret_value()}"]}}')
        assert "1 messages sent, 0 failed" in scoring("alert", "send")
        assert "0 messages sent, 0 failed" in scoring("alert", "send")
    assert len(mailbox.mails) == 1
    assert "risk  digest  Title of one  [risk/1  sent  1 tries" in scoring("alert", "list", "--state", "sent")
    assert scoring("alert", "list", "--state", "dead") == ""


def test_without_channels_messages_are_shown_and_kept_in_a_file(scoring, shop):
    noted(shop, "one")
    assert "What to do: Mend one." in scoring("alert", "send")
    assert "Title of one" in (shop.home / "alerts.jsonl").read_text()


def test_what_was_given_up_is_said_listed_and_replayed(scoring, shop, monkeypatch):
    noted(shop, "one")
    monkeypatch.setenv("SCORING_CHANNELS", '{"default": ["nonsense://tokentoken1234"]}')
    assert "0 messages sent, 1 failed" in scoring("alert", "send")
    query(shop, "UPDATE scoring.alert_sending SET attempts = 9, next_attempt_at = now()")
    with pytest.raises(AlertsDead, match="1 alerts were given up"):
        scoring("alert", "send")
    assert "dead  10 tries  its address is not an Apprise URL" in scoring("alert", "list", "--state", "dead")
    monkeypatch.delenv("SCORING_CHANNELS")
    with pytest.raises(NotFound, match="'two' is not the id of an alert"):
        scoring("alert", "replay", "two")
    assert "1 messages are due again." in scoring("alert", "replay", "alert-1")


@pytest.fixture
def held(shop):
    limited = shop.model_copy(update={"definitions": "limited_shop"})
    for as_of, amount in ((JUNE, 100.0), (JULY, 900.0)):
        snapshot_of(limited, customers(4, spend=amount), as_of)
        published(limited, SPENDING, as_of)
    return limited


@pytest.mark.usefixtures("held")
def test_a_held_publication_is_shown_and_confirmed_with_the_name_of_the_user(scoring, shop):
    assert "2024-07-31  publication 2  held" in scoring("announce", "show", "spending")
    said = scoring("publication", "confirm", "spending", JULY)
    assert "publication 2 of spending 2024-07-31 is confirmed: 4 changes wait for the CRM" in said
    assert "was confirmed before, by ada." in scoring("publication", "confirm", "spending", JULY, "--by", "bob")
    assert "2024-07-31  publication 2  4 changes told" in scoring("announce", "show", "spending")
    assert query(shop, "SELECT decided_by FROM scoring.hold") == [("ada",)]


@pytest.mark.usefixtures("held")
def test_a_held_publication_is_rejected_with_a_reason(scoring, shop):
    said = scoring("publication", "reject", "spending", JULY, "--by", "bob", "--reason", "a wrong model")
    assert "is rejected: the CRM is told nothing of it" in said
    assert "2024-07-31  publication 2  rejected by bob" in scoring("announce", "show", "spending")
    assert query(shop, "SELECT decided_by, reason FROM scoring.hold") == [("bob", "a wrong model")]


@pytest.mark.usefixtures("held")
def test_scoring_a_partition_says_that_it_is_held(scoring):
    said = scoring("score", "partition", "spending", "--as-of", JULY)
    assert "4 scores, 0 changes told" in said
    assert "WARNING: Publication 2 of spending 2024-07-31 is held" in said
