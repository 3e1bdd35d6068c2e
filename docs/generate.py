"""Writes docs/dags.md from the docstrings of the DAG files: `make docs`. A test fails if the page is outdated."""  # noqa: INP001 - a script

import ast
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "dags.md"

HEAD = """<!-- Written by `make docs` from the DAG files; edit those. -->
# DAGs

The same text is shown in Airflow's UI (*Docs* of each DAG).
"""

# In the order in which data passes through them.
FILES = {
    "ingest": "`ingest_<data set>`, one for each data set",
    "ingest_stream": "`ingest_stream_<data set>`, one for each data set with a stream",
    "score": "`score_<score>`, one for each score",
    "collect_outcomes": "`collect_outcomes_<data set>`, one for each data set with scores",
    "correct_outcomes": "`correct_outcomes_<data set>`, one for each data set with scores",
    "monitor": "`monitor_<score>`, one for each score",
    "reconcile": "`reconcile`",
    "maintain": "`maintain`",
    "notify": "`notify_crm` and `sweep_crm`",
    "confirm": "`confirm_publication`",
    "retrain": "`retrain_<score>`, one for each score",
    "retrain_schedule": "`retrain_<score>_by_schedule`, one for each score with a `learning.schedule`",
    "roll_back": "`roll_back_model`",
    "change_experiment": "`change_experiment`",
    "evaluate_experiment": "`evaluate_experiment_<score>`, one for each score",
    "tell": "`tell_people`",
    "definitions": "Mistakes in the definitions: an import error, no DAG",
}


def page() -> str:
    """The text of docs/dags.md."""
    parts = [HEAD]
    for name, title in FILES.items():
        text = ast.get_docstring(ast.parse((PROJECT / "dags" / f"{name}.py").read_text())) or ""
        parts.append(f"## {title}\n\n{text}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
