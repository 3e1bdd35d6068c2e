"""Every alert fires, clears and leads to a runbook; Prometheus accepts all that it is given."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer.main
import yaml

from scoring.cli import app
from scoring.page.streams import BEHIND
from scoring.reconcile.findings import GRACE, PATIENCE
from scoring.settings import PROJECT

FOLDER = PROJECT / "deploy" / "prometheus"
RUNBOOKS = (PROJECT / "docs" / "runbooks.md").read_text()
ALERTS = {
    rule["alert"]: rule
    for group in yaml.safe_load((FOLDER / "rules" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
}
TESTS = sorted((FOLDER / "tests").glob("*.yml"))


def run(promtool: str, *arguments: str | Path) -> str:
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_configuration_and_the_rules_are_accepted(promtool: str, tmp_path: Path) -> None:
    here = shutil.copytree(FOLDER, tmp_path / "prometheus")
    configuration = (here / "prometheus.yml").read_text()
    tokens = re.findall(r"/run/secrets/\w+", configuration)
    assert len(tokens) == 2
    for token in tokens:  # on this machine there are none
        (tmp_path / Path(token).name).write_text("token")
        configuration = configuration.replace(token, str(tmp_path / Path(token).name))
    (here / "prometheus.yml").write_text(configuration)
    assert "SUCCESS" in run(promtool, "check", "config", here / "prometheus.yml")
    run(promtool, "check", "rules", "--lint=all", "--lint-fatal", *sorted((here / "rules").glob("*.yml")))


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_the_alerts_fire_and_clear_as_their_tests_say(promtool: str, file: Path) -> None:
    run(promtool, "test", "rules", file)


def test_every_alert_is_tested_before_it_fires_while_it_fires_and_after_it() -> None:
    groups = [group for file in TESTS for group in yaml.safe_load(file.read_text())["tests"]]
    tested = set()
    for group in groups:
        names = {one["alertname"] for one in group["alert_rule_test"]}
        assert len(names) == 1
        assert [bool(one["exp_alerts"]) for one in group["alert_rule_test"]] == [False, True, False]
        tested |= names
    assert tested == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_is_the_case_how_bad_it_is_and_where_help_stands(name: str) -> None:
    alert = ALERTS[name]
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}
    assert alert["annotations"]["runbook_url"] == f"docs/runbooks.md#{name.lower()}"
    section = re.search(rf"^### {name}\n(.*?)(?=^##|\Z)", RUNBOOKS, re.MULTILINE | re.DOTALL)
    assert section, f"docs/runbooks.md has no heading {name}"
    for part in ("**Meaning.**", "**Look.**", "**Do.**"):
        assert part in section[1]


def test_there_is_no_runbook_without_an_alert() -> None:
    assert re.findall(r"^### (\w+)$", RUNBOOKS, re.MULTILINE) == list(ALERTS)


def test_the_commands_of_the_runbooks_exist() -> None:
    named = re.findall(r"`scoring ([a-z -]+?)(?: [<\[A-Z0-9].*?)?`", RUNBOOKS)
    assert len(named) > 15
    for command in named:
        found = typer.main.get_command(app)
        for word in command.split(" --")[0].split():
            assert word in found.commands, command
            found = found.commands[word]
        options = {option for parameter in found.params for option in parameter.opts}
        assert {f"--{option.split()[0]}" for option in command.split(" --")[1:]} <= options, command


def test_what_waits_for_too_long_is_the_same_as_in_reconcile() -> None:
    assert f"> {GRACE.total_seconds():.0f}" in ALERTS["EventsUndelivered"]["expr"]
    assert f"> {GRACE.total_seconds():.0f}" in ALERTS["PublicationHeld"]["expr"]
    assert f"> {GRACE.total_seconds():.0f}" in ALERTS["DeadLettersNotSent"]["expr"]
    assert f"> {BEHIND.total_seconds():.0f}" in ALERTS["StreamBehind"]["expr"]
    assert f"> {PATIENCE.total_seconds():.0f}" in ALERTS["EventsUndeliveredForLong"]["expr"]
