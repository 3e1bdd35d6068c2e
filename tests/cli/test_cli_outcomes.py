"""The commands about outcomes: collected, refused, corrected, and the history of a customer."""

import datetime as dt

import pytest
from factories import JUNE
from factories_outcomes import cohort, corrections, known_of, latest, month_later
from typer.testing import CliRunner

from scoring import cli
from scoring.errors import ScoringError


@pytest.fixture
def run(shop, monkeypatch):
    """Runs a command on a shop with June's cohort and July's snapshot; returns exit code and what it says."""
    cohort(shop, 5)
    month_later(shop, {0: 1.0, 1: 2.0, 2: -3.0, 7: 7.0})
    for name in ("database_url", "home", "inbox", "definitions"):
        setting = getattr(shop, name)
        plain = setting.get_secret_value() if hasattr(setting, "get_secret_value") else str(setting)
        monkeypatch.setenv(f"SCORING_{name.upper()}", plain)

    def run(*arguments):
        result = CliRunner().invoke(cli.app, ["outcome", *map(str, arguments)])
        problem = str(result.exception) if isinstance(result.exception, ScoringError) else ""
        return result.exit_code, result.output + problem

    return run


ONE = ("--as-of", JUNE, "--customer", "c0001", "--value", "20", "--reason", "the till was wrong")


def test_outcomes_are_collected_and_what_was_refused_can_be_seen(run):
    code, told = run("collect", "spending", "--as-of", JUNE)
    assert code == 0
    assert "batch 1: received 3 = recorded 2 + unchanged 0 + quarantined 1 + duplicates 0; 1 rows are about" in told
    assert "`scoring outcome refused 1`" in told
    assert "batch 1 was taken in already: received 3" in run("collect", "spending", "--as-of", JUNE)[1]
    refused = run("refused", 1)[1]
    assert "1 rows\timpossible value: it is below the minimum, 0.0" in refused
    assert "row 3\tc0002\t'-3'" in refused


def test_a_file_can_stand_in_for_the_snapshot(run, shop, tmp_path):
    file = tmp_path / "late.csv"
    file.write_text("customer_id,spend\nc0004,9\n")
    assert "recorded 1" in run("collect", "spending", "--as-of", JUNE, "--file", file)[1]
    assert known_of(shop) == {"c0004": 9.0}


def test_a_customer_is_corrected_and_the_history_says_by_whom_and_why(run, shop):
    run("collect", "spending", "--as-of", JUNE)
    told = run("correct", "spending", *ONE, "--author", "ada")[1]
    assert "Recorded: spending 2024-06-30, customer c0001: 20.0 since " in told
    assert told.rstrip().endswith("by ada")
    assert run("correct", "spending", *ONE, "--author", "ada")[1].startswith("Known already")
    assert known_of(shop)["c0001"] == 20.0
    system, human = run("history", "spending", "c0001", "--as-of", JUNE)[1].splitlines()
    assert system.startswith("2024-06-30  2.0 ")
    assert "observed 2024-07-31 00:00:00" in system
    assert system.endswith("system  batch 1")
    assert human.endswith("human  ada: the till was wrong")


def test_who_runs_the_shell_is_the_author_unless_another_is_named(run, monkeypatch):
    monkeypatch.setenv("LOGNAME", "grace")
    assert run("correct", "spending", *ONE)[1].rstrip().endswith("by grace")


def test_a_file_of_corrections_is_taken_in(run, shop):
    file = corrections(shop, "c0000,2024-06-30,10,till", "c0009,2024-06-30,1,till")
    told = run("correct", "spending", "--file", file, "--author", "ada")[1]
    assert "received 2 = recorded 1 + unchanged 0 + quarantined 1 + duplicates 0" in told
    assert known_of(shop) == {"c0000": 10.0}


def test_a_batch_that_is_not_there_and_one_of_which_nothing_was_refused_are_told(run, shop):
    code, told = run("refused", 999)
    assert (code, told.partition(" Remedy")[0]) == (1, "There is no batch 999.")
    run("correct", "spending", "--file", corrections(shop, "c0000,2024-06-30,10,till"), "--author", "ada")
    assert run("refused", 1) == (0, "Nothing of batch 1 was refused.\n")


def test_when_an_outcome_was_recorded_is_told_to_the_microsecond(run, shop):
    told = run("correct", "spending", *ONE, "--author", "ada")[1]
    recorded = f"{latest(shop).astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%f}"
    assert f"20.0 since {recorded}, by ada" in told
    assert f"recorded {recorded}  human" in run("history", "spending", "c0001")[1]


@pytest.mark.parametrize("left_out", ["--as-of", "--customer", "--value", "--reason"])
def test_a_correction_that_lacks_something_is_called_wrongly(run, left_out):
    place = ONE.index(left_out)
    code, _ = run("correct", "spending", *ONE[:place], *ONE[place + 2 :])
    assert code == 2


def test_a_file_and_a_single_correction_at_once_are_called_wrongly(run, shop):
    assert run("correct", "spending", *ONE, "--file", corrections(shop))[0] == 2
