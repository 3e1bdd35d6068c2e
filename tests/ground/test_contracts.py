"""The import contracts: each breaks when a line breaks it, and each room says in the house's plan what it does."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE

ROOT = Path(__file__).parents[2]
LAYERS = "Entry points -> rooms -> ground -> domain; rooms form layers without a circle"
CIRCLE = "No circle within a room"
CATALOG = "Only the catalog knows the definitions"
DEFINITIONS = "Definitions know only the domain"
AIRFLOW = "Nothing under scoring imports Airflow"
RULES = "Rules are pure: no clock, no environment, no I/O"
ROOMS = sorted(path.parent for path in (ROOT / "scoring").glob("*/__init__.py"))


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("snapshots/lake.py", "import scoring.publishing.plan", LAYERS),
        ("intake/ingest.py", "import scoring.delivery.outbox", LAYERS),
        ("delivery/outbox.py", "import scoring.publishing.publish", LAYERS),
        ("domain/score.py", "import scoring.settings", LAYERS),
        ("models/registry.py", "import scoring.snapshots.lake", LAYERS),
        ("publishing/plan.py", "import scoring.local.run", LAYERS),
        ("reconcile/reconcile.py", "import scoring.page.overview", LAYERS),
        ("page/overview.py", "import scoring.cli", LAYERS),
        ("page/overview.py", "import scoring.exporter.collector", LAYERS),
        ("delivery/retry.py", "import scoring.delivery.workers", CIRCLE),
        ("publishing/plan.py", "import scoring.definitions.credit_cards", CATALOG),
        ("page/overview.py", "import scoring.definitions.credit_cards", CATALOG),
        ("definitions/credit_cards.py", "import scoring.database", DEFINITIONS),
        ("definitions/credit_cards.py", "import scoring.page.freshness", DEFINITIONS),
        ("publishing/plan.py", "import airflow.sdk", AIRFLOW),
        ("page/overview.py", "import airflow.sdk", AIRFLOW),
        ("domain/calendar.py", "import time", RULES),
        ("delivery/retry.py", "import random", RULES),
        ("publishing/change.py", "import psycopg2", RULES),
        ("page/freshness.py", "import time", RULES),
    ],
)
def test_a_contract_breaks_when_a_line_breaks_it(module: str, line: str, contract: str, tmp_path: Path) -> None:
    house = tmp_path / "scoring"
    shutil.copytree(ROOT / "scoring", house, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (house / module).open("a") as file:
        file.write(f"\n{line}\n")

    assert f"{contract} BROKEN" in _contracts(tmp_path)


def _contracts(folder: Path) -> str:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    told = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert told.returncode == 1, told.stdout + told.stderr
    return " ".join(told.stdout.split())


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_says_what_it_does_and_stands_in_the_plan(room: Path) -> None:
    said = ast.get_docstring(ast.parse((room / "__init__.py").read_text()))

    assert said, f"{room.name} has no docstring"
    assert f"scoring/{room.name}/" in (ROOT / "docs" / "architecture.md").read_text()
