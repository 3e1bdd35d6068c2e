"""The DAG files are read without errors, and every DAG and task says who owns it, what it is for and how it fails."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from forks import Forks
from waiting import PATIENCE

from scoring.catalog import load_catalog
from scoring.domain.dag_ids import all_dags
from scoring.settings import PROJECT

FILES = sorted((PROJECT / "dags").glob("*.py"))
HEAVY = ("pandas", "numpy", "pyarrow", "mlflow", "great_expectations", "sklearn", "skops", "evidently", "psycopg2")
MAX_SECONDS = 1.0
MAX_LINES = 100

# What the interpreter of a DAG processor has loaded before it comes to our file is Airflow's own; each file is read by
# a process that has read no other.
READ_FILES = f"""
import json, os, runpy, sys, time
import airflow.sdk
before = {{name for name in {HEAVY!r} if name in sys.modules}}
for file in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        began = time.process_time()
        runpy.run_path(file)
        loaded = [name for name in {HEAVY!r} if name in sys.modules and name not in before]
        print("\\nREAD " + json.dumps([file, {{"seconds": time.process_time() - began, "heavy": loaded}}]), flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, file
"""


@pytest.fixture(scope="module")
def readings(airflow: dict[str, str]) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ_FILES, *map(str, FILES)],
        env=airflow, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line[5:]) for line in done.stdout.splitlines() if line.startswith("READ "))


@pytest.fixture(params=FILES, ids=[file.stem for file in FILES])
def read_file(request: pytest.FixtureRequest, readings: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return readings[str(request.param)]


def test_a_dag_file_takes_less_than_a_second_beyond_importing_airflow(read_file: dict[str, Any]) -> None:
    assert read_file["seconds"] < MAX_SECONDS


def test_reading_a_dag_file_loads_no_heavy_library(read_file: dict[str, Any]) -> None:
    assert read_file["heavy"] == []


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_dag_file_is_short(file: Path) -> None:
    assert len(file.read_text().splitlines()) < MAX_LINES


def test_all_dag_files_are_read_without_errors(report: dict[str, Any]) -> None:
    assert report["import_errors"] == {}


def test_there_is_a_dag_for_each_definition_and_no_other(report: dict[str, Any]) -> None:
    catalog = load_catalog()
    of_data_sets = {f"{verb}_{name}" for name in catalog.data_sets for verb in ("ingest", "collect_outcomes")}
    verbs = ("score", "monitor", "retrain", "evaluate_experiment")
    of_scores = {f"{verb}_{name}" for name in catalog.scores for verb in verbs}
    of_scores |= {f"retrain_{name}_by_schedule" for name, score in catalog.scores.items() if score.learning.schedule}
    expected = of_data_sets | of_scores | {"correct_outcomes_credit_cards", "ingest_stream_credit_cards"}
    assert set(report["dags"]) == expected | {
        "notify_crm",
        "sweep_crm",
        "reconcile",
        "maintain",
        "tell_people",
        "confirm_publication",
        "roll_back_model",
        "change_experiment",
    }
    assert set(report["dags"]) == all_dags(catalog.data_sets, catalog.scores, catalog.streams)


def test_every_dag_has_a_title_a_description_tags_and_a_document_that_says_how_to_recover(
    report: dict[str, Any],
) -> None:
    for dag_id, dag in report["dags"].items():
        assert dag["title"] != dag_id
        assert dag["description"]
        assert dag["tags"]
        for part in ("**Why.**", "**When.**", "**Needs.**", "**By hand.**", "**Recover.**"):
            assert part in dag["doc"], (dag_id, part)


def test_every_task_has_an_owner_a_timeout_and_reports_its_failure(report: dict[str, Any]) -> None:
    for dag in report["dags"].values():
        for task in dag["tasks"].values():
            assert task["owner"] not in ("", "airflow")
            assert task["timeout"] > 0
            assert task["callbacks"] == ["report_failure"]


def test_permanent_errors_fail_at_once_and_transient_ones_are_tried_again(report: dict[str, Any]) -> None:
    for dag in report["dags"].values():
        for task in dag["tasks"].values():
            assert task["retries"] > 0
            assert [(rule["exception"], rule["action"]) for rule in task["rules"]] == [
                ("scoring.errors.PermanentError", "fail"),
                ("scoring.errors.TransientError", "retry"),
            ]


def test_one_dag_wakes_the_next_by_partitions_of_assets(report: dict[str, Any]) -> None:
    dags = report["dags"]
    assert dags["ingest_credit_cards"]["timetable"] == "CronPartitionTimetable"
    assert dags["ingest_credit_cards"]["tasks"]["ingest"]["outlets"] == ["credit_cards"]
    assert dags["score_next_payment"]["timetable"] == "PartitionedAssetTimetable"
    assert dags["score_next_payment"]["tasks"]["publish"]["outlets"] == ["next_payment"]
    assert dags["monitor_next_payment"]["timetable"] == "PartitionedAssetTimetable"
    assert dags["notify_crm"]["timetable"] == "PartitionedAssetTimetable"
    assert dags["sweep_crm"]["timetable"] == "CronTriggerTimetable"


def test_a_snapshot_lets_the_outcomes_of_each_score_be_collected_which_wakes_who_looks_at_them(
    report: dict[str, Any],
) -> None:
    collect, correct = (report["dags"][f"{verb}_outcomes_credit_cards"] for verb in ("collect", "correct"))
    assert collect["timetable"] == "PartitionedAssetTimetable"
    for score in load_catalog().scores:
        assert collect["tasks"][f"collect_{score}"]["outlets"] == [f"outcomes_{score}"]
        assert collect["tasks"][f"collect_{score}"]["upstream"] == [f"due_{score}"]
        assert correct["tasks"][f"correct_{score}"]["outlets"] == [f"outcomes_{score}"]
    assert correct["timetable"] == "NullTimetable"
    assert correct["params"]["score"]["enum"] == list(load_catalog().scores)


def test_a_bounded_schedule_ends_with_its_last_day_and_is_not_caught_up(report: dict[str, Any]) -> None:
    dag = report["dags"]["ingest_credit_cards"]
    assert (dag["start"][:10], dag["end"][:19], dag["catchup"]) == ("2005-05-31", "2005-09-30 23:59:59", False)


def test_publishing_waits_for_all_shards_and_needs_none(report: dict[str, Any]) -> None:
    task = report["dags"]["score_next_payment"]["tasks"]["publish"]
    assert (task["trigger_rule"], task["upstream"]) == ("none_failed", ["plan", "score_shard"])


def test_every_field_of_a_form_has_a_title_and_is_explained(report: dict[str, Any]) -> None:
    for dag in report["dags"].values():
        for _, field in dag["shown"]["form"]:
            assert field["schema"]["title"]
            assert field["description"]


ASKING = ("ingest_credit_cards", "score_delinquency_risk", "ingest_shop", "score_spending")


@pytest.mark.parametrize("dag_id", ASKING)
def test_a_form_begins_with_as_of_and_requires_it(
    report: dict[str, Any], shop_report: dict[str, Any], dag_id: str
) -> None:
    shown = (report["dags"] | shop_report["dags"])[dag_id]["shown"]
    name, field = shown["form"][0]
    assert name == "as_of"
    assert "section" not in field["schema"]  # the form opens with the fields of none
    # By these the form asks for a date and cannot be sent without one; see partitions.py.
    assert (field["schema"]["type"], field["schema"]["format"], field["value"]) == ("string", "date", None)
    assert not shown["logical_date"]


@pytest.mark.parametrize("dag_id", ASKING)
def test_a_run_may_have_a_partition_key_in_place_of_as_of_but_no_as_of_that_is_no_date(
    report: dict[str, Any], shop_report: dict[str, Any], dag_id: str
) -> None:
    refused = (report["dags"] | shop_report["dags"])[dag_id]["shown"]["refused"]
    assert [as_of for as_of, why in refused.items() if why] == ["2005-06-31", "x"]


def test_the_ui_says_that_a_data_set_without_a_schedule_is_taken_in_by_hand(shop_report: dict[str, Any]) -> None:
    shown = shop_report["dags"]["ingest_shop"]["shown"]
    assert (shown["schedule"], shown["explained"]) == ("By hand", "Started by hand or by another system")


def test_the_ui_shows_the_schedule_of_a_data_set_that_has_one(report: dict[str, Any]) -> None:
    assert report["dags"]["ingest_credit_cards"]["shown"]["schedule"] == "0 6 L * *"


def test_the_forms_ask_for_a_date_and_explain_each_field(report: dict[str, Any]) -> None:
    for dag_id, date in (
        ("ingest_credit_cards", "as_of"),
        ("score_delinquency_risk", "as_of"),
        ("confirm_publication", "as_of"),
        ("monitor_next_payment", "as_of"),
        ("collect_outcomes_credit_cards", "cohort"),
        ("correct_outcomes_credit_cards", "as_of"),
    ):
        params = report["dags"][dag_id]["params"]
        assert params[date]["format"] == "date"
        for param in params.values():
            assert param["title"]
            assert param["description"]


GOOD = """
from scoring.domain.dataset import *
from scoring.domain.score import *
def data_set(name): return DataSet(name=name, title=name.title(), key="id", source=CsvSource(path="x.csv"),
    columns=(Column(name="id", type="text"), Column(name="spend", type="number")))
def score(name, data_set): return Score(name=name, title=name.title(), data_set=data_set, kind="regression",
    features=("spend",), target=Target(column="spend"), estimator=object, change=ChangeRule(absolute=1))
CLUB = data_set("club")
"""
DEFINITIONS = {
    "one score of two is wrong": (
        GOOD + 'RISK = score("risk", "club")\nVALUE = score("value", data_set="club", horizon=2)\n',
        {"ingest_club", "score_risk"},
        "TypeError: score() got an unexpected keyword argument 'horizon'",
    ),
    "the data set of all scores is wrong": (
        GOOD.replace('"number"', '"numbr"') + 'RISK = score("risk", "club")\n',
        set(),
        "line 5: Column 'spend': type: Input should be",
    ),
    "nothing can be read": ("def broken(:", set(), "line 1: SyntaxError: invalid syntax"),
}


@pytest.mark.parametrize("mistake", DEFINITIONS)
def test_a_mistake_in_a_definition_is_one_import_error_and_all_other_dags_stay(
    airflow: dict[str, str], forks: Forks, tmp_path: Path, mistake: str
) -> None:
    text, dags, said = DEFINITIONS[mistake]
    (tmp_path / "wrong_definitions.py").write_text(text)
    environment = airflow | {
        "SCORING_DEFINITIONS": "wrong_definitions",
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{airflow['PYTHONPATH']}",
    }
    script = str(Path(__file__).with_name("inspect_dags.py"))
    done = forks.run([script], environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert {dag_id for dag_id in found["dags"] if dag_id.startswith(("ingest_", "score_"))} == dags
    assert {"notify_crm", "sweep_crm"} <= found["dags"].keys()
    ((file, error),) = found["import_errors"].items()
    assert Path(file).name == "definitions.py"
    assert said in error
    assert "wrong_definitions.py" in error


def test_reconcile_can_wake_each_data_set_and_score_by_itself_and_reports_last(report: dict[str, Any]) -> None:
    catalog, tasks = load_catalog(), report["dags"]["reconcile"]["tasks"]
    wakes = {name: task["outlets"] for name, task in tasks.items() if name.startswith("wake_")}
    assert wakes == {f"wake_{name}": [name] for name in [*catalog.data_sets, *catalog.scores]}
    assert tasks["find"]["outlets"] == tasks["report"]["outlets"] == []
    assert set(tasks["report"]["upstream"]) == {"find", *wakes}
    assert tasks["report"]["trigger_rule"] == "none_failed"
