"""Which failures of a task are one fact, and what happens when a failure cannot be noted."""

import json

from forks import Forks

SCRIPT = """
import datetime as dt, json, logging, types
from airflow import settings
settings.initialize()  # it sets logging up, as before any task
from scoring.errors import PartitionStopped, PermanentError
from scoring_airflow.failures import occurrence_of, report_failure
logging.getLogger("scoring").addHandler(logging.StreamHandler())
today = dt.date(2024, 7, 1)
task = types.SimpleNamespace(dag_id="sweep_crm", task_id="notify", map_index=-1)
run = types.SimpleNamespace(partition_key=None, run_id="scheduled__1")
report_failure({"dag_run": run, "task_instance": task, "params": {}, "exception": PermanentError("it broke")})
report_failure({"dag_run": run, "task_instance": task, "params": {}, "exception": PartitionStopped("stopped")})
print("\\n" + json.dumps([
    occurrence_of("scheduled__1", "none", "NothingDelivered", today),
    occurrence_of("scheduled__2", "none", "NothingDelivered", today),
    occurrence_of("scheduled__2", "none", "TransientError", today),
    occurrence_of("manual__1", "none", "NothingDelivered", today),
    occurrence_of("scheduled__1", "2024-06-30", "NothingDelivered", today),
    occurrence_of("scheduled__1", "none", "TransientError", today, "stream"),
    occurrence_of("manual__1", "none", "TransientError", today, "stream"),
]))
"""


def test_a_failure_is_one_fact_a_run_and_one_a_day_for_what_comes_every_few_minutes(
    airflow: dict[str, str], forks: Forks
) -> None:
    environment = airflow | {"SCORING_DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/d"}
    done = forks.run(["-W", "ignore", "-c", SCRIPT], environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [
        "2024-07-01 NothingDelivered",
        "2024-07-01 NothingDelivered",
        "2024-07-01 TransientError",
        "manual__1",
        "scheduled__1",
        "2024-07-01 TransientError stream",
        "manual__1 stream",
    ]
    assert "FAILED dag=sweep_crm task=notify as_of=none run=scheduled__1 error=PermanentError: it broke" in done.stderr
    said = "Nobody is told of this failure: it could not be noted (TransientError)"
    assert done.stderr.count(said) == 1, "the second is a fact that was noted before"
    assert "hunter2" not in done.stderr
