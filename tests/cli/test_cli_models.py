"""`scoring model register` says what was registered, how it was tried and what became of it."""

import pytest
import skops.io
from factories import JUNE, customer, snapshot_of
from mlflow.tracking import MlflowClient
from shop_definitions import LEAVING
from sklearn.linear_model import LogisticRegression
from typer.testing import CliRunner

from scoring import cli

SHOWN = ("home", "database_url", "inbox", "mlflow_tracking_uri", "mlflow_artifacts", "expectations_dir", "definitions")


@pytest.fixture
def scoring(own_registry, monkeypatch):
    """Runs the command line in this process; returns its exit code and what it says."""
    for name in SHOWN:
        setting = getattr(own_registry, name)
        text = setting.get_secret_value() if "Secret" in type(setting).__name__ else str(setting)
        monkeypatch.setenv(f"SCORING_{name.upper()}", text)
    snapshot_of(own_registry, [customer(number) for number in range(40)], JUNE)
    return lambda *words: CliRunner().invoke(cli.app, [str(word) for word in words])


@pytest.fixture
def file(tmp_path):
    """A model of the same features that was fitted to an array, which has no names."""
    rows = [[number / 4, number % 11, number % 2] for number in range(40)]
    path = tmp_path / "theirs.skops"
    skops.io.dump(LogisticRegression().fit(rows, [int(row[0] > 5) for row in rows]), path)
    return path


def test_a_brought_model_is_told_with_how_it_was_tried_and_the_champion_stays(scoring, file):
    said = scoring("model", "register", "leaving", file, "--reason", "ours", "--learned-until", "2024-05-31")
    assert said.exit_code == 0, said.output
    lines = said.stdout.splitlines()
    assert lines[0].startswith("leaving version 2: scikit-learn, file ")
    assert lines[0].endswith(", shown codes features")
    assert lines[1] == "The file does not name its features: they are taken in the order of the definition."
    assert lines[2].startswith("tried on 40 customers of 2024-06-30: ")
    assert lines[3:] == [
        "No cohort is mature on which it could be compared with the champion, which stays.",
        "leaving version 2 is registered; the champion stays.",
    ]


def test_the_first_model_is_put_in_charge(scoring, own_registry, file):
    uri = own_registry.mlflow_tracking_uri.get_secret_value()
    MlflowClient(tracking_uri=uri, registry_uri=uri).delete_registered_model(LEAVING.model_name)
    said = scoring("model", "register", "leaving", file, "--reason", "ours").stdout.splitlines()
    assert said[-2:] == ["It is the first version, and in charge.", "leaving version 1 is in charge."]
    shown = scoring("model", "show", "leaving", 1).output
    assert "trained with scikit-learn" in shown
    assert "in charge since" in shown


def test_a_file_that_is_not_there_or_no_model_is_said_in_one_line(scoring, tmp_path):
    for name, reason in (("nowhere", "There is no model file"), ("text", "is no model file that is known here")):
        (tmp_path / "text").write_text("hello")
        said = scoring("model", "register", "leaving", tmp_path / name, "--reason", "ours")
        assert said.exit_code == 1
        assert reason in f"{said.output}{said.exception}"


def test_without_a_reason_nothing_is_registered(scoring, file):
    said = scoring("model", "register", "leaving", file)
    assert said.exit_code == 2
    assert "--reason" in said.output
