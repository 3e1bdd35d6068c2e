"""Commands of who brings data, and of who wants to see what there is."""

import pytest
from factories import JUNE, customers, deliver, published_rows
from shop_definitions import SPENDING
from typer.testing import CliRunner

from scoring import cli

SHOWN = ("home", "database_url", "inbox", "mlflow_tracking_uri", "mlflow_artifacts", "expectations_dir", "definitions")


@pytest.fixture
def scoring(shop, monkeypatch):
    """Runs the command line in this process with the shop's settings; returns the exit code and what it says."""
    for name in SHOWN:
        setting = getattr(shop, name)
        plain = setting.get_secret_value() if "Secret" in type(setting).__name__ else str(setting)
        monkeypatch.setenv(f"SCORING_{name.upper()}", plain)

    def run(*arguments):
        result = CliRunner().invoke(cli.app, [str(argument) for argument in arguments], catch_exceptions=False)
        return result.exit_code, result.output

    return run


def test_check_ends_with_1_if_something_is_wrong(scoring, shop):
    deliver(shop, customers(5))
    code, said = scoring("check", "shop")
    assert (code, said.splitlines()[-1]) == (0, "0 errors, 0 warnings.")
    code, said = scoring("check", "shop", "--as-of", "2020-01-01")
    assert (code, said.splitlines()[-1]) == (1, "1 error, 0 warnings.")
    assert "ERROR   source of shop: " in said


def test_init_writes_a_definition_and_a_suite_and_reads_the_file_by_them(scoring, tmp_path, monkeypatch):
    (tmp_path / "begun_here").mkdir()
    (tmp_path / "begun_here" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("SCORING_DEFINITIONS", "begun_here")
    file = tmp_path / "people.csv"
    file.write_text("id;age;amount\n" + "".join(f"p{n};{n};{n},5\n" for n in range(30)))
    code, said = scoring("init", "people", file, "--target", "amount")
    assert code == 0
    assert "30 rows of 3 columns were looked at." in said
    assert "Unsure: A comma is taken for the decimal mark." in said
    assert "ok      source of people: " in said
    assert (tmp_path / "begun_here" / "people.py").exists()


def test_init_reads_a_file_that_is_named_from_where_one_stands(scoring, tmp_path, monkeypatch):
    (tmp_path / "begun_there").mkdir()
    (tmp_path / "begun_there" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("SCORING_DEFINITIONS", "begun_there")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text("id,age\n" + "".join(f"p{n},{n}\n" for n in range(30)))
    _, said = scoring("init", "people", "people.csv")
    assert "ok      source of people: " in said


def test_init_says_that_there_is_no_key_and_where_it_is_told_what_to_do(scoring, tmp_path, monkeypatch):
    (tmp_path / "begun_keyless").mkdir()
    (tmp_path / "begun_keyless" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("SCORING_DEFINITIONS", "begun_keyless")
    (tmp_path / "plans.csv").write_text("plan,age\n" + "free,1\npaid,2\n" * 20)
    _, said = scoring("init", "plans", tmp_path / "plans.csv")
    assert "Unsure: Neither a column nor a pair of columns has another value in each row" in said
    assert "docs/strange-data.md#a-table-without-a-key" in said


def test_lists_and_single_things_are_shown(scoring, shop):
    publication = published_rows(shop, SPENDING, customers(12)).publication_id
    _, said = scoring("list")
    assert "csv: shop_{as_of}.csv" in said
    assert [line.split()[:2] for line in said.splitlines() if "2024-06-30" in line] == [
        ["shop", "csv:"],
        ["spending", "shop"],
    ]
    _, said = scoring("list", "snapshots", "shop")
    (row,) = [line.split() for line in said.splitlines() if "2024-06-30" in line]
    assert row[1:8] == ["shop", "2024-06-30", "current", "12", "12", "0", "0"]
    assert "12" in scoring("show", "snapshot", row[0])[1]
    _, said = scoring("list", "publications", "spending", "--most", 1)
    (row,) = [line.split() for line in said.splitlines() if "2024-06-30" in line]
    assert row[:5] == [str(publication), "spending", str(JUNE), "published", "12"]
    assert "spending version 1" in scoring("show", "publication", publication)[1]
    assert "version 1" not in scoring("list", "models")[1]
    _, said = scoring("show", "score", "spending")
    assert "in charge            version 1" in said
    assert "target               spend, 1 month later\n" in said
    assert "customer_id   text" in scoring("show", "data-set", "shop")[1]


@pytest.mark.parametrize("what", [("snapshot", 99), ("publication", 99), ("score", "nobody"), ("data-set", "nobody")])
def test_what_there_is_not_is_said(what, scoring):
    with pytest.raises(Exception, match="There is no"):
        scoring("show", *what)
