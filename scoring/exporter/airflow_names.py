"""Airflow's metrics by name, and what Airflow calls the facts that they are made from."""

from typing import Literal, NamedTuple

SECONDS = (0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)  # of tasks and runs
LOOP_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
COMPONENTS = {"scheduler_heartbeat": "scheduler", "dag_processor_heartbeat": "dag_processor",
              "triggerer_heartbeat": "triggerer"}  # fmt: skip


class Sent(NamedTuple):
    """What Airflow calls a fact, what it is here, and the state that its name says."""

    metric: str
    state: str = ""


class Metric(NamedTuple):
    """A metric of Airflow."""

    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str
    buckets: tuple[float, ...] = ()


METRICS = {
    "airflow_heartbeat_timestamp_seconds": Metric(
        "gauge", ("component",), "The last heartbeat; before the first one, since when this exporter listens."
    ),
    "airflow_heartbeats_total": Metric("counter", ("component",), "Heartbeats heard."),
    "airflow_dags": Metric("gauge", (), "DAGs that the DAG processor has read."),
    "airflow_dag_import_errors": Metric("gauge", (), "DAG files that cannot be imported."),
    "airflow_dag_parse_duration_seconds": Metric("gauge", (), "How long reading all DAG files took."),
    "airflow_scheduler_loop_duration_seconds": Metric(
        "histogram", (), "How long a round of the scheduler takes.", LOOP_SECONDS
    ),
    "airflow_dag_runs_running": Metric("gauge", (), "DAG runs that are running."),
    "airflow_tasks_executable": Metric("gauge", (), "Tasks that the scheduler found ready in its last round."),
    "airflow_tasks_starving": Metric("gauge", (), "Tasks that found no slot in their pool."),
    "airflow_executor_slots_open": Metric("gauge", (), "Tasks that the executor could still take."),
    "airflow_executor_tasks_queued": Metric("gauge", (), "Tasks that wait in the executor."),
    "airflow_executor_tasks_running": Metric("gauge", (), "Tasks that run in the executor."),
    "airflow_pool_slots": Metric(
        "gauge", ("pool", "state"), "Slots of a pool: open, running, queued, scheduled, deferred."
    ),
    "airflow_dag_run_duration_seconds": Metric(
        "histogram", ("dag_id", "state"), "How long DAG runs took: success, failed.", SECONDS
    ),
    "airflow_task_duration_seconds": Metric("histogram", ("dag_id",), "How long tries of tasks took.", SECONDS),
    "airflow_task_successes_total": Metric("counter", ("dag_id",), "Tries of tasks that succeeded."),
    "airflow_task_failures_total": Metric("counter", ("dag_id",), "Tries of tasks that failed."),
    "airflow_statsd_lines_total": Metric(
        "counter", ("result",), "Lines received: used, ignored (another fact) or malformed."
    ),
}

SENT = {
    "dagbag_size": Sent("airflow_dags"),
    "dag_processing.import_errors": Sent("airflow_dag_import_errors"),
    "dag_processing.total_parse_time": Sent("airflow_dag_parse_duration_seconds"),
    "scheduler.scheduler_loop_duration": Sent("airflow_scheduler_loop_duration_seconds"),
    "scheduler.dagruns.running": Sent("airflow_dag_runs_running"),
    "scheduler.tasks.executable": Sent("airflow_tasks_executable"),
    "scheduler.tasks.starving": Sent("airflow_tasks_starving"),
    "executor.open_slots": Sent("airflow_executor_slots_open"),
    "executor.queued_tasks": Sent("airflow_executor_tasks_queued"),
    "executor.running_tasks": Sent("airflow_executor_tasks_running"),
    **{
        f"pool.{state}_slots": Sent("airflow_pool_slots", state)
        for state in ("open", "running", "queued", "scheduled", "deferred")
    },
    "dagrun.duration.success": Sent("airflow_dag_run_duration_seconds", "success"),
    "dagrun.duration.failed": Sent("airflow_dag_run_duration_seconds", "failed"),
    "task.duration": Sent("airflow_task_duration_seconds"),
    "ti_successes": Sent("airflow_task_successes_total"),
    "ti_failures": Sent("airflow_task_failures_total"),
}
