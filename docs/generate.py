"""Writes docs/dags.md from the DAG files' own documentation: `make docs`. A test fails when it is not current."""  # noqa: INP001 - a script

import ast
from pathlib import Path

from scoring.catalog import load_catalog
from scoring.domain.dataset import DataSet
from scoring.domain.score import Score

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "dags.md"

HEAD = """<!-- Written by `make docs` from the DAG files; edit those. -->
# DAGs

The same text is shown in Airflow's UI (*Docs* of each DAG).
"""


def page() -> str:
    """The whole page."""
    catalog = load_catalog()
    made: dict[str, list[str]] = {
        "ingest": [_row(f"ingest_{one.name}", one, one.schedule or "by hand") for one in catalog.data_sets.values()],
        "score": [_row(f"score_{one.name}", one, f"a snapshot of `{one.data_set}`") for one in catalog.scores.values()],
        "notify": ["| `notify_crm` | scoring | a publication |", "| `sweep_crm` | scoring | every 5 minutes |"],
    }
    parts = [HEAD]
    for name, rows in made.items():
        text = ast.get_docstring(ast.parse((PROJECT / "dags" / f"{name}.py").read_text())) or ""
        parts.append(
            "\n".join([f"## dags/{name}.py", "", "| DAG | owner | wakes on |", "|---|---|---|", *rows, "", text, ""])
        )
    return "\n".join(parts)


def _row(dag_id: str, definition: DataSet | Score, wakes: str) -> str:
    return f"| `{dag_id}` | {definition.owner} | {wakes} |"


if __name__ == "__main__":
    PAGE.write_text(page())
