"""A copy of the project in which a page can be followed to the letter."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from factories_pages import Export, Run, Shell, WriteFile, steps
from forks import Forks

from scoring.settings import PROJECT

PARTS = ("scoring/definitions", "great_expectations", "sample_data", "examples", "docs")
SECRETS = ("AIRFLOW", "SCORING_", "MLFLOW_", "PG")

# A fork has imported the project's own modules; what a page writes must be found before theirs.
AS_IN_A_COPY = """
import runpy, sys, scoring
scoring.__path__.insert(0, sys.argv.pop(1))
sys.modules.pop("scoring.definitions", None)
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def follow(tmp_path: Path, forks: Forks) -> Callable[..., list[tuple[str, str]]]:
    """Follows a page in a copy of the project; gives each command of ours with what it said."""
    copy = tmp_path / "project"
    for part in PARTS:
        shutil.copytree(PROJECT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", "uncommitted"))
    (copy / ".venv").symlink_to(PROJECT / ".venv")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(SECRETS)}
    variables |= {"PYTHONPATH": "", "NO_COLOR": "1", "GX_ANALYTICS_ENABLED": "false"}
    variables |= {
        "SCORING_HOME": str(tmp_path / "var"),  # these are what the defaults would be in the copy
        "SCORING_INBOX": str(copy / "sample_data"),
        "SCORING_EXPECTATIONS_DIR": str(copy / "great_expectations"),
    }

    def run(
        page: str, *, replace: dict[str, str] | None = None, installed: Path | None = None
    ) -> list[tuple[str, str]]:
        if installed is not None:
            variables["PYTHONPATH"] = str(installed)
        said = []
        for step in steps(copy / page):
            match step:
                case WriteFile(name, text):
                    (copy / name).parent.mkdir(parents=True, exist_ok=True)
                    (copy / name).write_text(text)
                case Export(given):
                    variables.update({name: _replaced(value, replace) for name, value in given.items()})
                case Run(arguments):
                    arguments = [_replaced(one, replace) for one in arguments]
                    command = ["-c", AS_IN_A_COPY, str(copy / "scoring"), *arguments[1:]]
                    done = forks.run(command, variables, directory=copy)
                    assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}{done.stderr}"
                    said.append((" ".join(arguments[1:]), done.stdout))
                case Shell(text):
                    text = _replaced(text, replace)
                    done = subprocess.run(
                        ["bash", "-euc", text], env=variables, cwd=copy, capture_output=True, text=True, check=False
                    )
                    assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        return said

    return run


def _replaced(text: str, given: dict[str, str] | None) -> str:
    for old, new in (given or {}).items():
        text = text.replace(old, new)
    return text
