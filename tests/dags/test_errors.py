"""Errors in tasks: what can pass is tried again, all else fails once, and each says what to do in Airflow."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from factories import JUNE, MAY, customers, snapshot_of
from forks import Forks
from shop_definitions import SHOP, SPENDING

from scoring.database import connect
from scoring.errors import PermanentError
from scoring.intake.expectations import load_suite
from scoring.models.encoding import Encoding
from scoring.models.registry import Registry
from scoring.publishing.plan import plan
from scoring.settings import Settings

AS_OF = {"as_of": JUNE.isoformat()}
RunDags = Callable[..., list[dict[str, Any]]]

# Raised in a task, and what becomes of it: fails at once or is tried again, as which class, saying what.
CASES = {
    "a user's code": ("KeyError('spend')", "fail", "UnexpectedError", "KeyError in <string>, line 1: 'spend'"),
    "wrong data": ("ValueError('no number')", "fail", "UnexpectedError", "If it leads through a definition"),
    "a missing package": (
        "ModuleNotFoundError('No module', name='xgboost')", "fail", "UnexpectedError",
        "'xgboost' is not installed where this task ran. Remedy: Install it into the Python environment of all Airflow",
    ),
    "a missing file": ("FileNotFoundError(2, 'No such file', 'x.csv')", "fail", "UnexpectedError", "x.csv"),
    "no right to a file": ("PermissionError(13, 'Permission denied')", "fail", "UnexpectedError", "PermissionError"),
    "one of ours for Airflow": (
        "PermanentError('No way.', remedy='set it', in_airflow='add it in Admin > Connections')",
        "fail", "PermanentError", "No way. Remedy: add it in Admin > Connections",
    ),
    "one of ours that may pass": ("TransientError('Not yet.')", "retry", "TransientError", "Not yet."),
    "the network": ("ConnectionResetError(104, 'reset')", "default", "ConnectionResetError", "reset"),
    "a full disk": ("OSError(28, 'No space left on device')", "default", "OSError", "No space left"),
    "a full memory": ("MemoryError()", "default", "MemoryError", ""),
    "Airflow's own": ("AirflowException('no server')", "default", "AirflowException", "no server"),
}  # fmt: skip

SCRIPT = """
import json, sys
from airflow.sdk.exceptions import AirflowException
from scoring.errors import PermanentError, TransientError
from scoring_airflow.defaults import RETRY_POLICY
from scoring_airflow.faults import task_body

def outcome(raised):
    def body():
        exec("raise " + raised)
    try:
        task_body(body)()
    except Exception as error:
        decision = RETRY_POLICY.evaluate(error, 1, 3)
        return [decision.action.value, type(error).__name__, str(error)]

print("\\n" + json.dumps([outcome(raised) for raised in json.loads(sys.argv[1])]))
"""


@pytest.fixture(scope="module")
def outcomes(airflow: dict[str, str], forks: Forks) -> dict[str, list[str]]:
    raised = json.dumps([case[0] for case in CASES.values()])
    done = forks.run(["-W", "ignore", "-c", SCRIPT, raised], airflow)
    assert done.returncode == 0, done.stderr
    return dict(zip(CASES, json.loads(done.stdout.splitlines()[-1]), strict=True))


@pytest.mark.parametrize("kind", CASES)
def test_what_may_pass_is_tried_again_and_all_else_fails_once_with_a_remedy(
    outcomes: dict[str, list[str]], kind: str
) -> None:
    _, action, name, said = CASES[kind]
    assert outcomes[kind][:2] == [action, name]
    assert said in outcomes[kind][2]
    assert action != "fail" or "Remedy: " in outcomes[kind][2]


WAREHOUSE = """
from shop_definitions import LEAVING, SPENDING
import shop_definitions
from scoring.domain.dataset import PostgresSource
SHOP = shop_definitions.SHOP.model_copy(
    update={"source": PostgresSource(connection="crm", query="SELECT * FROM customers")})
"""


def failed_once(run: dict[str, Any]) -> str:
    """What the log of the one task that failed ends with."""
    assert run["state"] == "failed"
    assert set(run["tries"].values()) <= {0, 1}, run["failures"]
    (failure,) = run["failures"]
    assert failure.startswith("FAILED dag=")
    assert "What to do: do what the error says" in failure
    return str(failure)


def test_a_missing_connection_of_a_source_fails_once_and_says_which_to_add(
    run_dags: RunDags, airflow: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "warehouse_definitions.py").write_text(WAREHOUSE)
    (run,) = run_dags(
        ("ingest_shop", AS_OF),
        SCORING_DEFINITIONS="warehouse_definitions",
        PYTHONPATH=f"{tmp_path}{os.pathsep}{airflow['PYTHONPATH']}",
    )
    assert "Remedy: Add the connection `crm` (type Postgres) in Admin > Connections." in failed_once(run)


def test_a_missing_connection_of_the_database_fails_once_and_says_which_to_add(run_dags: RunDags) -> None:
    (run,) = run_dags(("score_spending", AS_OF), AIRFLOW_CONN_SCORING_DB="")
    assert "Remedy: Add the connection `scoring_db` (type Postgres) in Admin > Connections." in failed_once(run)


def no_snapshot(shop: Settings) -> None:
    plan(shop, SPENDING, JUNE, run_id="a run")


def no_mlflow(_: Settings) -> None:
    Registry("")


def no_suites(_: Settings) -> None:
    load_suite(Path("/nowhere"), SHOP)


def no_such_database(shop: Settings) -> None:
    migrated = re.sub("/[a-z_0-9]*[?]", "/elsewhere?", shop.database())
    with connect(migrated):
        pass


def no_readable_address(_: Settings) -> None:
    with connect("postgresql://u@db/x?sslmood=x"):
        pass


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (no_snapshot, "Trigger the DAG ingest_shop for that date."),
        (no_mlflow, "Set SCORING_MLFLOW_TRACKING_URI in the environment of all Airflow workers."),
        (no_suites, "Set SCORING_EXPECTATIONS_DIR of the workers to the directory that has it."),
        (no_such_database, "Correct the connection `scoring_db` in Admin > Connections, or the user's rights."),
        (no_readable_address, "Correct host, port, schema and extras of the connection `scoring_db` in Admin >"),
    ],
)
def test_the_remedy_for_what_is_missing_differs_in_a_shell_and_in_airflow(
    shop: Settings, missing: Callable[[Settings], None], said: str
) -> None:
    with pytest.raises(PermanentError) as caught:
        missing(shop)
    in_a_shell, caught.value.read_in_airflow = str(caught.value), True
    assert f"Remedy: {said}" in str(caught.value)
    assert said not in in_a_shell
    assert "Remedy: " in in_a_shell


def test_an_estimator_that_fails_fails_its_task_once_and_names_score_and_version(
    shop: Settings, own_registry: Settings, run_dags: RunDags
) -> None:
    """It knows the amounts it was trained on and refuses all others."""
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    from scoring.learning.promotion import promote
    from scoring.models.ledger import Decision

    example = pd.DataFrame({name: [0.0, 1.0, 2.0] for name in SPENDING.features})
    registry = Registry(own_registry.mlflow_tracking_uri.get_secret_value(), own_registry.mlflow_artifacts)
    ref = registry.register(
        SPENDING.model_name, make_pipeline(OrdinalEncoder(), LinearRegression()).fit(example, [0.0, 1.0, 2.0]), example,
        encoding=Encoding.of(SPENDING, SHOP), trusted_types=(), tags={}, metrics={}, as_of=MAY,
    )  # fmt: skip
    promote(own_registry, SPENDING, ref, Decision("person", "a test", "for tests"))
    snapshot_of(shop, customers(5))
    (run,) = run_dags(
        ("score_spending", AS_OF),
        SCORING_MLFLOW_TRACKING_URI=own_registry.mlflow_tracking_uri.get_secret_value(),
    )
    failure = failed_once(run)
    assert f"Model spending version {ref.version} fails: ValueError: Found unknown categories" in failure
    assert "Remedy: Nothing is published. Promote another version" in failure
