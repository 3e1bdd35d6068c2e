"""The commands about the CRM, against a real receiver: what an operator types when deliveries wait or are dead."""

import pytest
from factories import customers, published_rows, query
from pydantic import SecretStr
from shop_definitions import SPENDING
from typer.testing import CliRunner

from scoring import cli
from scoring.errors import EndpointDisabled
from scoring.local.receiver import Receiver

SECRET = SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


@pytest.fixture
def scoring(shop, tmp_path, monkeypatch):
    """Runs a command with 20 told customers waiting for a receiver that is there."""
    published_rows(shop, SPENDING, customers(20))
    with Receiver(SECRET, tmp_path / "receiver.sqlite3") as receiver:
        monkeypatch.setenv("SCORING_DATABASE_URL", shop.database())
        monkeypatch.setenv("SCORING_CRM_URL", receiver.url)
        monkeypatch.setenv("SCORING_CRM_SECRET", SECRET.get_secret_value())

        def run(*arguments):
            result = CliRunner().invoke(cli.app, list(arguments), catch_exceptions=False)
            assert result.exit_code == 0, result.output
            return result.output

        yield run


def test_what_waits_is_delivered_and_listed(scoring):
    assert "waiting           20" in scoring("endpoint", "show")
    assert "1 requests: 1 delivered (20 events), 0 failed" in scoring("notify")
    assert "delivered    20 events  1 tries  204" in scoring("delivery", "list", "--state", "delivered")
    assert scoring("delivery", "list", "--state", "dead") == ""


def test_dead_deliveries_are_replayed(scoring, shop):
    scoring("notify")
    query(shop, "UPDATE scoring.delivery SET state = 'dead', delivered_at = NULL RETURNING 1")
    assert "1 deliveries are due again." in scoring("delivery", "replay")
    assert "1 delivered" in scoring("notify")


def test_a_disabled_endpoint_is_shown_with_the_reason_and_enabled_again(scoring, shop):
    query(shop, "UPDATE scoring.endpoint SET state = 'disabled', disabled_because = 'it answered 410' RETURNING 1")
    assert "it answered 410" in scoring("endpoint", "show")
    with pytest.raises(EndpointDisabled, match="crm_webhook is disabled: it answered 410"):
        scoring("notify")
    scoring("endpoint", "enable")
    assert "1 delivered" in scoring("notify")
