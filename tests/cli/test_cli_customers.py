"""The commands about one person."""

import json

import pytest
from factories import customers, published, snapshot_of
from shop_definitions import SPENDING
from typer.testing import CliRunner

from scoring import cli
from scoring.errors import ScoringError


@pytest.fixture
def run(shop, monkeypatch):
    """Runs a command on a shop that has scored five customers; returns exit code and what it says."""
    snapshot_of(shop, customers(5))
    published(shop, SPENDING)
    for name in ("database_url", "home", "inbox", "definitions", "mlflow_tracking_uri", "expectations_dir"):
        setting = getattr(shop, name)
        plain = setting.get_secret_value() if hasattr(setting, "get_secret_value") else str(setting)
        monkeypatch.setenv(f"SCORING_{name.upper()}", plain)

    def run(*arguments, given=None):
        result = CliRunner().invoke(cli.app, ["customer", *arguments], input=given)
        problem = str(result.exception) if isinstance(result.exception, ScoringError) else ""
        return result.exit_code, result.output + problem

    return run


def test_a_person_is_shown_forgotten_and_let_in_again(run):
    code, shown = run("show", "shop", "c0003")
    assert code == 0
    assert "spend: 103.0" in shown
    assert "not here: Source made up" in shown
    held = json.loads(run("show", "shop", "-", "--json", given="c0003\n")[1])["held"]
    assert held["scores"][0]["customer_id"] == "c0003"
    assert held["scores"][0]["value"] == 103.0
    assert set(held) == {"snapshots", "scores", "announcements", "events"}
    assert "scores: 1" in run("forget", "shop", "c0003", "--reason", "a letter", "--dry-run")[1]
    code, said = run("forget", "shop", "-", "--reason", "a letter", "--by", "Ann", given="c0003\n")
    assert code == 0
    assert "erasure 1 is done" in said
    assert "  snapshots: 2" in said
    assert "Nothing is held here." in run("show", "shop", "c0003")[1]
    listed = run("erasures")[1]
    assert "shop  done  by Ann: a letter" in listed
    assert "c0003" not in listed
    assert "erasure 1 is lifted" in run("readmit", "shop", "c0003", "--reason", "signed again", "--by", "Ann")[1]
    assert "No erasure of this customer" in run("readmit", "shop", "c0003", "--reason", "signed", "--by", "Ann")[1]
