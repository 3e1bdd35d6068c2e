"""DAG ids are spelled in one module; all others ask it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from shop_definitions import LEAVING

from scoring.domain import dag_ids
from scoring.domain.learning import Learning
from scoring.settings import PROJECT

PLACES = ("dags", "plugins", "scoring")
SPELLED = re.compile(rf"{dag_ids.NOTIFY}|{dag_ids.SWEEP}|^{dag_ids.ingest_dag('')}$|^{dag_ids.score_dag('')}$")
OTHERS = {
    ("publications.py", "score_"): "a publication's table begins like that, too",
    ("erasing.py", "score_"): "the same tables",
}


def texts(tree: ast.AST) -> Iterator[str]:
    """Literals, and the constant parts of f-strings; no documentation."""
    documentation = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documentation:
            yield node.value


def spelled(file: Path) -> set[tuple[str, str]]:
    return {(file.name, text) for text in texts(ast.parse(file.read_text())) if SPELLED.search(text)}


def test_no_other_module_spells_a_dag_id() -> None:
    files = [file for place in PLACES for file in (PROJECT / place).rglob("*.py") if file.name != "dag_ids.py"]
    assert len(files) > 100
    assert set().union(*map(spelled, files)) == set(OTHERS)


def test_dag_ids_are_spelled_where_they_belong() -> None:
    found = {text for _, text in spelled(PROJECT / "scoring" / "domain" / "dag_ids.py")}
    assert found >= {"notify_crm", "sweep_crm", "ingest_", "score_"}


def test_every_dag_of_an_installation_is_known() -> None:
    assert dag_ids.all_dags(["shop"], {"leaving": LEAVING}) == {
        "ingest_shop", "score_leaving", "monitor_leaving", "collect_outcomes_shop", "correct_outcomes_shop",
        "notify_crm", "sweep_crm", "reconcile", "tell_people", "confirm_publication", "roll_back_model",
        "retrain_leaving", "evaluate_experiment_leaving", "change_experiment", "maintain",
    }  # fmt: skip
    clocked = LEAVING.model_copy(update={"learning": Learning(schedule="0 6 1 * *")})
    assert "retrain_leaving_by_schedule" in dag_ids.all_dags(["shop"], {"leaving": clocked})


def test_a_stream_has_a_dag_of_its_own():
    streamed = dag_ids.all_dags(["shop"], {"leaving": LEAVING}, ["shop"])
    assert streamed - dag_ids.all_dags(["shop"], {"leaving": LEAVING}) == {"ingest_stream_shop"}
