"""The command line does what the DAGs do, and an error meant for a person comes without a traceback."""

import csv
import datetime as dt
import subprocess
import sys

import explained_shop
import pytest
from factories import (
    JULY,
    JUNE,
    MAY,
    customer,
    customers,
    deliver,
    published_rows,
    query,
    register,
    snapshot_of,
    value,
)
from shop_definitions import SPENDING
from typer.testing import CliRunner
from waiting import PATIENCE

from scoring import cli
from scoring.errors import ScoringError
from scoring.models.tags import SNAPSHOT_TAG, TRAINED_AS_OF_TAG
from scoring.settings import PROJECT

WRONG = dt.date(2062, 7, 31)
SHOWN = ("home", "database_url", "inbox", "mlflow_tracking_uri", "mlflow_artifacts", "expectations_dir", "definitions")


@pytest.fixture
def scoring(shop, monkeypatch):
    """Runs the command line in this process with the shop's settings in the environment; returns what it says."""
    for name in SHOWN:
        setting = getattr(shop, name)
        monkeypatch.setenv(
            f"SCORING_{name.upper()}",
            setting.get_secret_value() if "Secret" in type(setting).__name__ else str(setting),
        )

    def run(*arguments):
        result = CliRunner().invoke(cli.app, [str(argument) for argument in arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    return run


def test_a_customers_reasons_are_printed_with_their_texts(scoring, shop, monkeypatch):
    monkeypatch.setenv("SCORING_DEFINITIONS", "explained_shop")
    explained = shop.model_copy(update={"definitions": "explained_shop"})
    published_rows(explained, explained_shop.LEAVING, [customer(1, mood=-3.0), customer(2, mood=9.0)])
    (down,) = scoring("score", "reasons", "leaving", "c0001").splitlines()[1:]
    (up,) = scoring("score", "reasons", "leaving", "c0002").splitlines()[1:]
    assert down.split() == ["-4.5", "down", "mood", "In", "a", "good", "mood."]  # the training mean is 1.5
    assert up.split() == ["+7.5", "up", "mood", "In", "a", "bad", "mood."]
    assert "reason 1             +7.5 mood: In a bad mood." in scoring("score", "passport", "leaving", "c0002")
    every = scoring("score", "reasons", "leaving", "c0001", "--all")
    assert [line.split()[-1] for line in every.splitlines()[1:]] == ["log-odds", "mood", "visits", "plan", "log-odds"]


@pytest.fixture
def delivered(shop):
    """A delivery for June of 20 customers, one of them refused."""
    deliver(shop, [*customers(19), customer(19, spend=-1.0)])
    return shop


@pytest.mark.usefixtures("delivered")
def test_ingest_says_what_became_of_every_row_and_that_a_repetition_changes_nothing(scoring, tmp_path):
    told = scoring("ingest", "shop", "--as-of", JUNE)
    assert "received 20 = accepted 19 + quarantined 1 + duplicates 0" in told
    assert " unchanged: received 20" in scoring("ingest", "shop", "--as-of", JUNE)
    source = tmp_path / "inbox" / f"shop_{JUNE}.csv"
    assert "received 20" in scoring("ingest", "shop", "--as-of", JULY, "--path", source)


@pytest.mark.usefixtures("delivered")
def test_a_partition_is_scored_looked_at_dropped_and_scored_again(scoring):
    scoring("ingest", "shop", "--as-of", JUNE)
    first = scoring("score", "partition", "spending", "--as-of", JUNE)
    assert "publication 1: 19 scores, 19 changes told, checksum " in first
    passport = scoring("score", "passport", "spending", "c0004", "--recompute")
    assert "value                104.0" in passport
    assert "recomputed           104.0 (equal within 1e-09)" in passport
    assert "as_of                2024-06-30" in scoring("score", "passport", "spending", "c0004", "--as-of", JUNE)
    assert "Dropped publication 1 (19 scores)" in scoring("publication", "drop", "spending", JUNE)
    again = scoring("score", "partition", "spending", "--as-of", JUNE)
    assert "19 scores, 0 changes told" in again
    assert again.rpartition("checksum")[2] == first.rpartition("checksum")[2]


def test_a_wrong_date_is_seen_set_back_and_recorded(scoring, shop, monkeypatch):
    for as_of, amount in ((JUNE, 100.0), (WRONG, 900.0), (JULY, 200.0)):
        snapshot_of(shop, customers(2, spend=amount), as_of)
        said = scoring("score", "partition", "spending", "--as-of", as_of)
    assert "2 scores, 0 changes told" in said
    assert "WARNING: Publication 3 of spending 2024-07-31 is silent: the CRM has heard of 2062-07-31" in said
    shown = scoring("announce", "show", "spending")
    assert "spending is announced until 2062-07-31" in shown
    assert "2 customers were told of, 0 are known from the first load" in shown
    assert "2024-07-31  publication 3  silent" in shown

    reset = ("announce", "reset", "spending", "--until", JUNE, "--reason", "typing error")
    declined = CliRunner().invoke(cli.app, [str(word) for word in reset], input="n\n")
    assert declined.exit_code == 1
    assert "spending was announced until 2062-07-31; it will count as announced until 2024-06-30." in declined.output
    assert "2 customers were last told of a later date" in declined.output
    assert "if it is wrong: `scoring publication drop spending 2062-07-31`" in declined.output
    assert "announced until 2062-07-31" in scoring("announce", "show", "spending"), "nothing was done"

    monkeypatch.setenv("LOGNAME", "ada")
    assert "Done. Drop what is wrong" in scoring(*reset, "--yes")
    assert "see `scoring announce show spending`" in scoring("publication", "drop", "spending", WRONG)
    shown = scoring("announce", "show", "spending")
    assert "2024-07-31  publication 3  not told since a reset; run it again to tell it" in shown
    assert "by ada: 2062-07-31 -> 2024-06-30, typing error" in shown
    said = scoring("score", "partition", "spending", "--as-of", JULY)
    assert "2 scores, 2 changes told" in said
    assert "WARNING" not in said


def test_quarantined_rows_are_listed_exported_corrected_and_replayed(scoring, delivered, tmp_path):
    scoring("ingest", "shop", "--as-of", JUNE)
    listed = scoring("quarantine", "list", "shop", JUNE)
    assert "(current): 1 of 20 rows" in listed
    assert "row 20\tc0019\tspend = '-1.0'\texpect_column_values_to_be_between" in listed
    file = tmp_path / "bad.csv"
    assert f"1 rows in {file}" in scoring("quarantine", "export", "shop", JUNE, file)
    with file.open(newline="") as source:
        (line,) = csv.DictReader(source)
    file.write_text(file.read_text().replace(line["spend"], "7"))
    assert "accepted 20, still quarantined 0" in scoring("quarantine", "replay", "shop", JUNE, file)
    assert value(delivered, "SELECT accepted FROM scoring.snapshot WHERE state = 'current'") == 20


def test_train_names_the_new_version(scoring, own_registry, monkeypatch):
    monkeypatch.setenv("SCORING_MLFLOW_TRACKING_URI", own_registry.mlflow_tracking_uri.get_secret_value())
    for as_of in (MAY, JUNE):
        snapshot_of(own_registry, customers(20), as_of)
    assert "model spending version 2 (" in scoring("train", "spending", "--as-of", MAY)


def test_migrate_can_be_repeated(scoring, shop):
    before = query(shop, "SELECT * FROM scoring.endpoint")
    assert "newest version" in scoring("migrate")
    assert query(shop, "SELECT * FROM scoring.endpoint") == before


REFUSED = {
    "unknown data set": (("ingest", "pub", "--as-of", "2024-06-30"), "NotFound: There is no data set 'pub'"),
    "unknown score": (("score", "partition", "risk", "--as-of", "2024-06-30"), "NotFound: There is no score 'risk'"),
    "nothing delivered": (("ingest", "shop", "--as-of", "2024-06-30"), "SourceNotReady: "),
    "nothing ingested": (("quarantine", "list", "shop", "2024-06-30"), "NotFound: Nothing of shop was ingested"),
    "nothing published": (("publication", "drop", "leaving", "2024-06-30"), "NotFound: Nothing is published"),
    "no passport": (("score", "passport", "leaving", "c1"), "NotFound: Nothing is published of leaving"),
    "nothing announced": (("announce", "show", "leaving"), "NotFound: Nothing of leaving was ever announced"),
    "nothing to train on": (("train", "leaving", "--as-of", "2024-06-30"), "NotFound: There is no snapshot"),
}


@pytest.mark.parametrize(("arguments", "said"), REFUSED.values(), ids=REFUSED)
@pytest.mark.usefixtures("scoring")
def test_an_error_is_said_in_one_line_with_exit_code_1(arguments, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["scoring", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    shown = capsys.readouterr()
    assert said in shown.err
    assert "Traceback" not in shown.err + shown.out


def test_an_export_of_nothing_leaves_the_file_alone(scoring, tmp_path):
    file = tmp_path / "corrected.csv"
    file.write_text("an afternoon's work")
    with pytest.raises(ScoringError, match="Nothing of shop was ingested"):
        scoring("quarantine", "export", "shop", JUNE, file)
    assert file.read_text() == "an afternoon's work"


@pytest.mark.usefixtures("delivered")
def test_an_export_that_cannot_be_written_is_said(scoring, tmp_path):
    scoring("ingest", "shop", "--as-of", JUNE)
    with pytest.raises(ScoringError, match="cannot be written: No such file or directory"):
        scoring("quarantine", "export", "shop", JUNE, tmp_path / "nowhere" / "bad.csv")


def python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip


def test_help_waits_for_no_heavy_library():
    heavy = ("pandas", "pyarrow", "mlflow", "sklearn", "great_expectations", "psycopg2", "airflow", "sqlalchemy")
    code = f"""
import sys
sys.argv = ["scoring", "--help"]
try:
    from scoring.cli import main
    main()
finally:
    print("LOADED", [name for name in {heavy} if name in sys.modules])
"""
    done = python(code)
    assert done.returncode == 0, done.stderr
    assert "quarantine" in done.stdout
    assert "LOADED []" in done.stdout


def test_a_wrong_environment_is_said_by_name_and_without_its_value():
    code = "import sys; sys.argv = ['scoring', 'migrate']; from scoring.cli import main; main()"
    done = python(code, SCORING_SOURCE_URLS="hunter2", SCORING_DATABASE_URL="postgresql://u:hunter2@127.0.0.1:1/d")
    assert done.returncode == 1
    assert "SCORING_SOURCE_URLS" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_drift_is_told_as_a_table_and_a_missing_reference_with_its_reason(scoring, shop, monkeypatch, tmp_path):
    monkeypatch.setenv("SCORING_REPORTS", str(tmp_path / "reports"))
    for as_of, amount in ((JUNE, 0.0), (JULY, 500.0)):
        snapshot_of(shop, [customer(number, spend=float(number + amount)) for number in range(200)], as_of)
        scoring("score", "partition", "spending", "--as-of", as_of)
    first = scoring("drift", "spending", "--as-of", JUNE)
    assert "against previous: not compared: nothing was published before" in first
    assert "against training: not compared: model spending version 1 does not say what it was trained on" in first
    told = scoring("drift", "spending", "--as-of", JULY, "--report")
    assert "against previous: 200 customers of publication 2, 200 of the publication of 2024-06-30" in told
    drifted = [line.split()[1] for line in told.splitlines() if line.rstrip().endswith("drifted")]
    assert sorted(drifted) == ["spend", "spending"]
    assert f"report: {tmp_path}/reports/spending/as_of=2024-07-31/drift.html" in told
    assert "no report on performance: no outcome is known" in told
    assert "features have drifted" not in told, "training is not known"
    assert sum("visits" in line for line in scoring("drift", "spending", "--as-of", JULY, "--all").splitlines()) == 1


def test_drift_ends_with_how_many_features_have_drifted_since_training(scoring, own_registry, monkeypatch):
    monkeypatch.setenv("SCORING_MLFLOW_TRACKING_URI", own_registry.mlflow_tracking_uri.get_secret_value())
    trained = snapshot_of(own_registry, customers(200), MAY)
    register(own_registry, SPENDING, tags={TRAINED_AS_OF_TAG: MAY.isoformat(), SNAPSHOT_TAG: trained.digest})
    published_rows(own_registry, SPENDING, [customer(number, spend=900.0 + number) for number in range(200)])
    assert scoring("drift", "spending", "--as-of", JUNE).splitlines()[-1] == (
        f"1 of {len(SPENDING.features)} features have drifted since training"
    )
