"""docs/bring-a-model.md does what it says, command by command, in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from scoring.settings import PROJECT

PAGE = PROJECT / "docs" / "bring-a-model.md"
BLOCK = re.compile(r"```(sh|python)\n(.*?)```", re.DOTALL)
FILE = re.compile(r"`([\w/]+\.py)`:\n\n$")


@pytest.fixture
def project(tmp_path, settings):
    """What the page needs of the project, and the environment of a shell in it."""
    folder = tmp_path / "project"
    for name in ("scoring", "great_expectations"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "uncommitted"))
    shutil.copytree(PROJECT / "sample_data" / "credit_cards", folder / "sample_data" / "credit_cards")
    (folder / ".venv").symlink_to(sys.prefix)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SCORING_")} | {
        "PYTHONPATH": str(folder),
        "SCORING_HOME": str(settings.home),
        "SCORING_DATABASE_URL": settings.database_url.get_secret_value(),
        "SCORING_MLFLOW_TRACKING_URI": settings.mlflow_tracking_uri.get_secret_value(),
        "SCORING_MLFLOW_ARTIFACTS": settings.mlflow_artifacts,
    }
    return folder, environment


def test_the_page_does_what_it_says(project):
    folder, environment = project
    text, said = PAGE.read_text(), []
    for block in BLOCK.finditer(text):
        kind, content = block.groups()
        if kind == "python":
            (file,) = FILE.findall(text[: block.start()])
            (folder / file).write_text(content)
            continue
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", content], cwd=folder, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, (content, done.stdout, done.stderr)
        said.append(done.stdout)
    _, registered, scored = said
    (shown,) = re.findall(r"It says:\n\n((?:    .*\n)+)", text)
    lines = [re.sub(r"<\w+>", r"[\\w.-]+", re.escape(line.strip())) for line in shown.splitlines()]
    assert re.search("\n".join(lines), registered), (lines, registered)
    assert "lightgbm" in scored
    assert "(equal within 1e-09)" in scored
