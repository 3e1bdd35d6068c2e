"""What is written about the project is what it is."""

import re
import runpy

import pytest
import yaml

from scoring.settings import PROJECT, ChannelSettings, CrmSettings, KeepSettings, Settings

SETTINGS = {
    f"{kind.model_config['env_prefix']}{name.upper()}"
    for kind in (Settings, CrmSettings, ChannelSettings, KeepSettings)
    for name in kind.model_fields
}

PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md"), PROJECT / "sample_data" / "README.md"])


def test_the_catalogue_of_dags_is_current_and_names_every_file():
    generate = runpy.run_path(str(PROJECT / "docs" / "generate.py"))
    assert (PROJECT / "docs" / "dags.md").read_text() == generate["page"](), "run `make docs`"
    assert set(generate["FILES"]) == {file.stem for file in (PROJECT / "dags").glob("*.py")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


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
        assert service["command"].split()[0] in {"mlflow", "airflow", "sh"}
        named = {name for name in service.get("environment", {}) if name.startswith("SCORING_")}
        assert named <= SETTINGS
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
