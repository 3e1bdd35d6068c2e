"""What the commands about performance and updates show and do."""

import datetime as dt

import pytest
from factories import JUNE, register
from factories_monitoring import monitored, month, shoppers, truth
from factories_outcomes import latest
from shop_definitions import LEAVING
from typer.testing import CliRunner

from scoring import cli
from scoring.errors import NotFound
from scoring.outcomes.correct import correct

ROWS = shoppers(200, 1)


@pytest.fixture
def scoring(own_registry, monkeypatch):
    """Runs a command with the shop's settings in the environment."""
    monkeypatch.setenv("SCORING_DATABASE_URL", own_registry.database())
    monkeypatch.setenv("SCORING_HOME", str(own_registry.home))
    monkeypatch.setenv("SCORING_DEFINITIONS", "shop_definitions")
    monkeypatch.setenv("SCORING_MLFLOW_TRACKING_URI", own_registry.mlflow_tracking_uri.get_secret_value())
    monkeypatch.setenv("LOGNAME", "ada")

    def run(*arguments):
        result = CliRunner().invoke(cli.app, [str(argument) for argument in arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return run


def realised(told, metric):
    (line,) = [line for line in told.splitlines() if f" {metric} " in line]
    return line.split()[2]


def test_a_publication_is_shown_by_metric_realised_beside_estimated_with_its_verdict(scoring, own_registry):
    month(own_registry, rows=ROWS, later=truth(ROWS, 1)[:190])
    told = scoring("monitor", "leaving", "--as-of", JUNE)
    assert "190 of 200 outcomes are known (mature)." in told
    assert "Estimate: no outcome of a customer that leaving version 1 has scored is known" in told
    (line,) = [line for line in told.splitlines() if " roc_auc " in line]
    assert line.split()[:2] == ["all", "roc_auc"]
    assert "Update needed: no." in told
    assert "Features that have drifted since training: not compared" in told


def test_without_outcomes_it_says_so(scoring, own_registry):
    month(own_registry, rows=ROWS, later=None)
    assert "No outcome is known." in scoring("monitor", "leaving", "--as-of", JUNE)


def test_figures_are_shown_as_they_were_known_at_a_time(scoring, own_registry):
    month(own_registry, rows=ROWS, later=[row | {"visits": 0} for row in ROWS])
    then = latest(own_registry, LEAVING).astimezone(dt.UTC)
    correct(own_registry, LEAVING, JUNE, "c0001", written="9", author="ada", reason="seen")
    before = scoring("monitor", "leaving", "--as-of", JUNE, "--known-at", f"{then:%Y-%m-%dT%H:%M:%S.%f}")
    now = scoring("monitor", "leaving", "--as-of", JUNE)
    assert [realised(told, "positive_rate") for told in (before, now)] == ["0", "0.005"]
    assert [realised(told, "roc_auc") == "-" for told in (before, now)] == [True, False]


def test_when_nothing_was_known_the_time_from_which_on_something_was_is_told(scoring, own_registry):
    at_first = ("monitor", "leaving", "--as-of", JUNE, "--known-at", "2024-10-01")
    month(own_registry, rows=ROWS, later=None)
    assert scoring(*at_first) == "No outcome is known.\n"
    month(own_registry, rows=ROWS, later=truth(ROWS, 1))
    (before,) = scoring(*at_first).splitlines()
    said, _, first = before.removesuffix(" (UTC).").rpartition(" ")
    assert said == "No outcome was known then: the first was recorded at"
    assert realised(scoring(*at_first[:-1], first), "positive_rate") != "-"


def test_without_requests_it_says_so(scoring):
    assert scoring("update", "list") == "No update was ever asked for.\n"


def test_requests_are_listed_and_dismissed_with_a_reason(scoring, own_registry):
    register(own_registry, LEAVING, promised={"roc_auc": 0.99})
    month(own_registry, rows=ROWS, later=truth(ROWS, 1, honest=False))
    monitored(own_registry)
    told = scoring("update", "list", "leaving")
    assert told.startswith("leaving version 2  open")
    assert "2024-06-30  roc_auc is 0." in told
    assert scoring("update", "dismiss", "leaving", "--reason", "a strike") == (
        "Dismissed: leaving version 2 needs no update.\n"
    )
    assert "dismissed by ada: a strike" in scoring("update", "list")
    with pytest.raises(NotFound, match="No update of leaving is asked for"):
        scoring("update", "dismiss", "leaving", "--reason", "again")
