"""The commands of retention: what they say, and what they refuse."""

import pytest
from factories_maintain import LITTLE
from typer.testing import CliRunner

from scoring.cli import app
from scoring.errors import PermanentError


@pytest.fixture
def run(days, monkeypatch):
    """Calls the command line as somebody whose variables name this installation."""
    for name in ("database_url", "mlflow_tracking_uri"):
        monkeypatch.setenv(f"SCORING_{name.upper()}", getattr(days, name).get_secret_value())
    for name in ("home", "definitions", "mlflow_artifacts"):
        monkeypatch.setenv(f"SCORING_{name.upper()}", str(getattr(days, name)))
    for name, number in LITTLE.model_dump().items():
        monkeypatch.setenv(f"SCORING_KEEP_{name.upper()}", str(number))
    return lambda *arguments: CliRunner().invoke(app, arguments, catch_exceptions=False).stdout


def test_a_dry_run_names_what_would_leave_and_why_the_rest_stays(run):
    said = run("maintain", "--dry-run", "--all")
    assert "publications: 0 would leave (0 rows)" in said
    assert "    12 stay: younger than 10 days" in said
    assert "    4 stay: one of the 2 newest of its score" in said


def test_holds_are_placed_listed_and_released_with_a_name(run):
    assert "There is no legal hold." in run("hold", "list")
    assert "Legal hold 1 is placed" in run("hold", "place", "score", "leaving", "--reason", "a lawsuit", "--by", "ann")
    listed = run("hold", "list")
    assert "1  score leaving, the beginning to the end; placed" in listed
    assert "by ann: a lawsuit" in listed
    assert "    8 stay: legal hold 1" in run("maintain", "--dry-run")
    assert run("hold", "release", "1", "--by", "bob") == "Legal hold 1 is released.\n"
    assert "It was released" in run("hold", "release", "1", "--by", "bob")
    assert "There is no legal hold." in run("hold", "list")
    assert "by bob" in run("hold", "list", "--released")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("planet", "mars", "--reason", "x"), "'planet' is nothing to hold"),
        (("score", "leaving", "--reason", " "), "with its name, a reason and who placed it"),
        (
            ("score", "leaving", "--reason", "x", "--first", "2024-02-01", "--last", "2024-01-01"),
            "end .* before it begins",
        ),
    ],
)
def test_a_hold_that_says_nothing_is_refused(run, arguments, problem):
    with pytest.raises(PermanentError, match=problem):
        run("hold", "place", *arguments, "--by", "ann")
