"""What is written about the project is what it is."""

import re
import runpy

import pytest
import typer
import yaml
from pydantic_settings import BaseSettings

from scoring.cli import app
from scoring.settings import PROJECT, KeepSettings

SETTINGS = {
    f"{kind.model_config['env_prefix']}{name.upper()}"
    for kind in BaseSettings.__subclasses__()
    if kind.__module__ == "scoring.settings"
    for name in kind.model_fields
}

DAGS = PROJECT / "docs" / "operations.md"
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), PROJECT / "sample_data" / "README.md"])


def test_the_catalogue_of_dags_is_current_and_names_every_file():
    generate = runpy.run_path(str(PROJECT / "docs" / "generate.py"))
    assert (PROJECT / "docs" / "dags.md").read_text() == generate["page"](), "run `make docs`"
    assert set(generate["FILES"]) == {file.stem for file in (PROJECT / "dags").glob("*.py")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


SPANISH = [PROJECT / "README.es.md", PROJECT / "docs" / "es" / "operaciones.md"]


def commands_in(page):
    """Our commands in the code blocks of a page, without remarks and values."""
    lines = re.findall(r"^ {4}(?:\.venv/bin/)?scoring ([^#\n]+)", page.read_text(), re.MULTILINE)
    return [line.split() for line in lines]


@pytest.mark.parametrize("page", [*SPANISH, PROJECT / "docs" / "operations.md"], ids=lambda page: page.name)
def test_the_commands_of_a_page_exist_with_their_options(page):
    for words in commands_in(page):
        found, rest = typer.main.get_command(app), words
        while hasattr(found, "commands"):
            assert rest[0] in found.commands, (page.name, words)
            found, rest = found.commands[rest[0]], rest[1:]
        options = {option for parameter in found.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("--")} <= options, (page.name, words)


def test_the_readme_in_spanish_starts_with_the_same_commands():
    english, spanish = (re.findall(r"^ {4}(make [a-z]+)", (PROJECT / name).read_text(), re.MULTILINE)
                        for name in ("README.md", "README.es.md"))  # fmt: skip
    assert english == spanish


def test_operations_in_spanish_names_the_dags_that_exist():
    known = {re.sub(r"<[^>]+>", "<>", name) for name in re.findall(r"`([a-z_]+(?:_<[^>]+>)?)`", DAGS.read_text())}
    table = SPANISH[1].read_text().split("## Cuando algo falla")[0]
    named = {re.sub(r"<[^>]+>", "<>", name) for name in re.findall(r"`([a-z]+_[a-z_]*(?:<[^>]+>)?)`", table)}
    assert named <= known


def test_operations_names_every_setting_that_exists_and_no_other():
    named = set(re.findall(r"SCORING_[A-Z_]+", (PROJECT / "docs" / "operations.md").read_text()))
    assert named == SETTINGS


def test_the_page_on_retention_gives_each_default():
    table = dict(
        re.findall(r"\| `SCORING_KEEP_([A-Z_]+)` \|.*\| (\d+) \|", (PROJECT / "docs/retention.md").read_text())
    )
    assert table == {name.upper(): str(field.default) for name, field in KeepSettings.model_fields.items()}


def test_the_compose_file_starts_commands_that_exist_with_settings_that_exist():
    compose = yaml.safe_load((PROJECT / "docker-compose.yaml").read_text())
    for service in compose["services"].values():
        if "build" not in service:
            continue
        assert service["command"].split()[0] in {"mlflow", "airflow", "sh", "python"}
        named = {name for name in service.get("environment", {}) if name.startswith("SCORING_")}
        assert named <= SETTINGS
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
