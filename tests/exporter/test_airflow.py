"""What Airflow sends is counted under bounded names; what anybody else sends does no harm; silence is noticed."""

import importlib.metadata
from pathlib import Path

import pytest
import yaml
from factories_exporter import Samples, samples
from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from scoring.exporter.airflow import GAUGE_SECONDS, Airflow
from scoring.exporter.airflow_names import COMPONENTS, METRICS, SENT
from scoring.exporter.statsd import Line, parse

DAGS = ("score_churn", "ingest_people")


class World:
    """Airflow's metrics, and a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.airflow = Airflow(DAGS, lambda: self.now)

    def send(self, *lines: str) -> Samples:
        self.airflow.take("\n".join(lines))
        registry = CollectorRegistry()
        registry.register(self.airflow)
        return samples(generate_latest(registry).decode())


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("airflow.scheduler_heartbeat:1|c", Line("airflow.scheduler_heartbeat", 1, "c")),
        ("a,dag_id=x,run_type=manual:12.5|ms", Line("a", 12.5, "ms", {"dag_id": "x", "run_type": "manual"})),
        ("a:3|g", Line("a", 3, "g")),
        ("a:-3|g", Line("a", -3, "g", relative=True)),
        ("a:1|c|@0.1", Line("a", 10, "c")),
        ("a,b=c:d:1|c", Line("a", 1, "c", {"b": "c:d"})),
        ("a:1|c|@0", None),
        ("a:1|c|@2", None),
        ("a:nan|g", None),
        ("a:1e999|c", None),
        ("a:|c", None),
        (":1|c", None),
        ("a:1|s", None),
        ("a:1", None),
        ("a", None),
        ("", None),
        ("a" * 1001 + ":1|c", None),
    ],
)
def test_a_line_is_read_or_refused(text: str, line: Line | None) -> None:
    assert parse(text) == line


def test_the_last_heartbeat_stays_where_it_was_when_the_scheduler_is_dead(world: World) -> None:
    assert world.send()["airflow_heartbeat_timestamp_seconds", ("scheduler",)] == 1000  # not heard since it listens
    world.now = 1010
    assert world.send("airflow.scheduler_heartbeat:1|c")["airflow_heartbeat_timestamp_seconds", ("scheduler",)] == 1010
    world.now = 9999
    found = world.send()
    assert found["airflow_heartbeat_timestamp_seconds", ("scheduler",)] == 1010
    assert found["airflow_heartbeats_total", ("scheduler",)] == 1
    assert ("airflow_heartbeat_timestamp_seconds", ("triggerer",)) not in found  # not every installation has one


def test_facts_of_airflow_become_metrics_with_base_units(world: World) -> None:
    found = world.send(
        "airflow.pool.open_slots,pool_name=default_pool:128|g",
        "airflow.dagrun.duration.success,dag_id=score_churn,run_type=manual:7000|ms",
        "airflow.dagrun.duration.success,dag_id=score_churn,run_type=manual:0.1|ms",
        "airflow.dagrun.duration.success,dag_id=score_churn,run_type=manual:5000|ms",
        "airflow.ti_failures,dag_id=score_churn,task_id=plan:1|c",
        "airflow.dag_processing.import_errors:2|g",
    )
    assert found["airflow_pool_slots", ("default_pool", "open")] == 128
    assert found["airflow_dag_run_duration_seconds_sum", ("score_churn", "success")] == pytest.approx(12.0001)
    assert found["airflow_dag_run_duration_seconds_bucket", ("score_churn", "5", "success")] == 2
    assert found["airflow_dag_run_duration_seconds_bucket", ("score_churn", "10", "success")] == 3
    assert found["airflow_dag_run_duration_seconds_bucket", ("score_churn", "+Inf", "success")] == 3
    assert found["airflow_task_failures_total", ("score_churn",)] == 1
    assert found["airflow_task_failures_total", ("ingest_people",)] == 0
    assert found["airflow_dag_import_errors", ()] == 2


def test_labels_are_bounded_by_the_definitions_and_a_number_of_pools(world: World) -> None:
    found = world.send(
        *(f"airflow.pool.open_slots,pool_name=p{number}:1|g" for number in range(100)),
        *(f"airflow.ti_failures,dag_id=d{number}:1|c" for number in range(100)),
        *(f"airflow.made.up.{number}:1|c" for number in range(100)),
    )
    assert len({labels for name, labels in found if name == "airflow_pool_slots"}) == 21
    assert found["airflow_task_failures_total", ("other",)] == 100
    assert found["airflow_statsd_lines_total", ("ignored",)] == 100


def test_what_is_no_longer_sent_is_no_longer_exported(world: World) -> None:
    world.send("airflow.executor.open_slots:4|g")
    world.now += GAUGE_SECONDS
    assert world.send()["airflow_executor_slots_open", ()] == 4
    world.now += 1
    assert ("airflow_executor_slots_open", ()) not in world.send()


@given(st.binary(max_size=200).map(lambda data: data.decode("utf-8", "replace")))
@example("airflow.executor.open_slots:1|c\nairflow.executor.open_slots:+1|g\nairflow.ti_failures:-1|c")
def test_no_packet_raises_or_makes_a_page_that_cannot_be_read(packet: str) -> None:
    found = World().send(packet)
    assert {name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name, _ in found} <= set(
        METRICS
    )
    assert found["airflow_statsd_lines_total", ("used",)] == 0


def test_the_names_are_those_that_this_airflow_sends() -> None:
    (file,) = (
        file for file in importlib.metadata.files("apache-airflow-core") or () if file.name == "metrics_template.yaml"
    )
    known = {one["name"] for one in yaml.safe_load(Path(file.locate()).read_text())["metrics"]}
    patterns = {name.replace("{state}", state) for name in known for state in ("success", "failed")}
    assert {*SENT, *COMPONENTS} <= patterns
