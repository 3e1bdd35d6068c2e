"""Writes the dashboards: `python deploy/grafana/make.py`. A test says that the files are what this makes.

A panel is a title, a unit and queries; ``$score`` and the like are the variables of its dashboard.
"""

from pathlib import Path

from building import chart, dashboard, number, table

FOLDER = Path(__file__).parent / "dashboards"
RED_FROM_ONE = ((None, "green"), (1, "red"))
ORANGE_FROM_ONE = ((None, "green"), (1, "orange"))
RED_BELOW_ONE = ((None, "red"), (1, "green"))
OF_SCORE, OF_DATA_SET, OF_ENDPOINT = 'score=~"$score"', 'data_set=~"$data_set"', 'endpoint=~"$endpoint"'
OF_ROUTE = 'route=~"$route", score=~"$score"'

OVERVIEW = [
    number("Overdue scores", "none", 'sum(scoring_publication_state{state="overdue"})', limits=RED_FROM_ONE),
    number("Models that need an update", "none", "sum(scoring_update_needed)", limits=ORANGE_FROM_ONE),
    number("Publications held", "none", "sum(scoring_held_publications)", limits=ORANGE_FROM_ONE),
    number(
        "Findings for a person", "none", 'sum(scoring_findings{needs_person="true"})', limits=RED_FROM_ONE,
        says="What `scoring reconcile` shows with an exclamation mark.",
    ),
    number("Dead requests", "none", "sum(scoring_deliveries_dead)", limits=RED_FROM_ONE),
    number("Alerts firing", "none", 'count(ALERTS{alertstate="firing"}) or vector(0)', limits=ORANGE_FROM_ONE),
    chart(
        "Age of the newest date", "s", (f"score:scoring_publication_age:seconds{{{OF_SCORE}}}", "{{score}}"), min=0,
        says="Time since the newest published as_of.",
    ),
    table("State by the schedule", "none", f"scoring_publication_state{{{OF_SCORE}}} == 1"),
    chart("Customers scored", "short", (f"scoring_publication_rows{{{OF_SCORE}}}", "{{score}}"), min=0),
    chart(
        "Update rate", "percentunit", (f"scoring_publication_changed_ratio{{{OF_SCORE}}}", "{{score}}"), min=0,
        says="Share of the customers whose change is told to the CRM.",
    ),
    chart(
        "Rows of the newest snapshot", "short",
        (f"scoring_snapshot_rows{{{OF_DATA_SET}}}", "{{data_set}} {{disposition}}"), stacked=True, min=0,
        says="received = accepted + quarantined + duplicate",
    ),
    chart(
        "Quarantined share", "percentunit", (f"scoring_snapshot_quarantined_ratio{{{OF_DATA_SET}}}", "{{data_set}}"),
        (f"scoring_snapshot_quarantine_limit_ratio{{{OF_DATA_SET}}}", "{{data_set}}: the most"), min=0,
    ),
]  # fmt: skip

HEADLINE = f'{OF_SCORE}, headline="true"'
QUALITY = [
    number("Update needed", "none", f"max(scoring_update_needed{{{OF_SCORE}}})", limits=ORANGE_FROM_ONE),
    number("Drifted features", "none", f"max(scoring_drifted_features{{{OF_SCORE}}})", limits=ORANGE_FROM_ONE),
    number("Estimates trusted", "none", f"min(scoring_estimator_trusted{{{OF_SCORE}}})", limits=RED_BELOW_ONE),
    number("In charge for", "s", f"max(scoring_model_age_seconds{{{OF_SCORE}}})"),
    number("Open requests to retrain", "none", f"sum(scoring_retrain_requests_open{{{OF_SCORE}}})"),
    number("Experiments", "none", f"sum(scoring_experiment_running{{{OF_SCORE}}})"),
    chart(
        "Headline metric, newest mature cohort", "none",
        (f"scoring_realised_metric{{{HEADLINE}}}", "{{score}} {{metric}}"),
        (f"scoring_realised_metric_low{{{HEADLINE}}}", "{{score}} low"),
        (f"scoring_realised_metric_high{{{HEADLINE}}}", "{{score}} high"),
        (f"scoring_promised_metric{{{OF_SCORE}}}", "{{score}} promised"),
        says="Realised with its 95 % interval, and what training promised. Choose one score.",
    ),
    chart(
        "Headline metric, estimated for the newest date", "none",
        (f"scoring_estimated_metric{{{HEADLINE}}}", "{{score}} {{metric}}"),
        (f"scoring_estimated_metric_low{{{HEADLINE}}}", "{{score}} low"),
        (f"scoring_estimated_metric_high{{{HEADLINE}}}", "{{score}} high"),
        says="Before outcomes are known. Choose one score.",
    ),
    table("All metrics of the newest mature cohort", "none", f"scoring_realised_metric{{{OF_SCORE}}}"),
    table("Model in charge", "none", f"scoring_model_version{{{OF_SCORE}}}"),
    chart(
        "Drift of features since training", "none",
        (f'topk(10, scoring_feature_drift_distance{{{OF_SCORE}, of="values"}})', "{{score}} {{feature}}"), min=0,
        says="Jensen-Shannon distance of the ten that moved most.",
    ),
    chart(
        "Drift of the score itself", "none", (f"scoring_score_drift_distance{{{OF_SCORE}}}", "{{score}}"), min=0
    ),
    chart("Updates that were needed", "none", (f"scoring_updates_needed{{{OF_SCORE}}}", "{{score}} in {{window}}")),
    chart(
        "Share of the challenger", "percentunit",
        (f"scoring_experiment_challenger_ratio{{{OF_SCORE}}}", "{{score}}"), min=0, max=1,
    ),
]  # fmt: skip

API = [
    number("Requests per second", "reqps", 'sum(rate(scoring_api_requests_total{route=~"/v1/.*"}[5m]))'),
    number("In flight", "none", "sum(scoring_api_in_flight_requests)"),
    number(
        "Errors in an hour", "percentunit", "scoring_api:errors:ratio_rate1h",
        limits=((None, "green"), (0.001, "orange"), (0.0144, "red")), says="0.1 % is promised.",
    ),
    number(
        "Slow answers in an hour", "percentunit", "scoring_api:slow:ratio_rate1h",
        limits=((None, "green"), (0.01, "orange"), (0.144, "red")), says="Slower than 0.25 s; 1 % is promised.",
    ),
    number("Records scored per second", "short", "sum(rate(scoring_api_records_scored_total[5m]))"),
    number("Instances", "none", 'sum(up{job="scoring-api"})', limits=RED_BELOW_ONE),
    chart(
        "Requests", "reqps", (f"route_score:scoring_api_requests:rate5m{{{OF_ROUTE}}}", "{{route}} {{score}}"), min=0
    ),
    chart(
        "Answers by status", "reqps",
        ('sum by (status) (rate(scoring_api_requests_total{route=~"$route"}[$__rate_interval]))', "{{status}}"),
        stacked=True, min=0,
    ),
    *(
        chart(
            f"Latency p{share}", "s",
            (f"route_score:scoring_api_request_duration_seconds:p{share}_5m{{{OF_ROUTE}}}", "{{route}} {{score}}"),
            wide=8, min=0, limits=((None, "green"), (0.25, "red")),
        )
        for share in (50, 95, 99)
    ),
    chart(
        "Error budget: how fast it is spent", "none",
        *((f"scoring_api:errors:ratio_rate{window} / 0.001", window) for window in ("5m", "1h", "6h")),
        min=0, limits=((None, "green"), (14.4, "red")), says="1: exactly the budget of 30 days. Alerts: 14.4 in 1 h.",
    ),
    chart(
        "Latency budget: how fast it is spent", "none",
        *((f"scoring_api:slow:ratio_rate{window} / 0.01", window) for window in ("5m", "1h", "6h")),
        min=0, limits=((None, "green"), (14.4, "red")),
    ),
    chart(
        "Version that answers, and version in charge", "none",
        (f"scoring_api_model_version{{{OF_SCORE}}}", "{{score}} {{arm}}"),
        (f"scoring_model_version{{{OF_SCORE}}}", "{{score}} in charge"),
    ),
    chart(
        "Models loaded", "short",
        (f"sum by (score, result) (scoring_api_model_reloads_total{{{OF_SCORE}}})", "{{score}} {{result}}"),
    ),
]  # fmt: skip

DELIVERY = [
    number("Endpoint enabled", "none", f"min(scoring_endpoint_enabled{{{OF_ENDPOINT}}})", limits=RED_BELOW_ONE),
    number("Asked us to wait for", "s", f"max(scoring_endpoint_held_seconds{{{OF_ENDPOINT}}})"),
    number("Dead requests", "none", f"sum(scoring_deliveries_dead{{{OF_ENDPOINT}}})", limits=RED_FROM_ONE),
    number("Held publications", "none", "sum(scoring_held_publications)", limits=ORANGE_FROM_ONE),
    number("Alerts on their way", "none", "scoring_alerts_waiting"),
    number("Dead alerts", "none", "scoring_alerts_dead", limits=RED_FROM_ONE),
    chart(
        "Oldest undelivered event", "s",
        (f"scoring_delivery_oldest_undelivered_age_seconds{{{OF_ENDPOINT}}}", "{{endpoint}}"),
        min=0, limits=((None, "green"), (3600, "orange"), (21600, "red")),
    ),
    chart(
        "Backlog", "short", (f"scoring_events_waiting{{{OF_ENDPOINT}}}", "{{endpoint}}: events"),
        (f"scoring_deliveries_pending{{{OF_ENDPOINT}}}", "{{endpoint}}: requests"), min=0,
    ),
    chart(
        "Tries of the last hour by answer", "short",
        (f"scoring_delivery_recent_attempts{{{OF_ENDPOINT}}}", "{{endpoint}} {{answer}}"), stacked=True, min=0,
    ),
    chart("Changed customers", "short", ("scoring_publication_changed_rows", "{{score}}"), min=0),
    chart("Oldest alert on its way", "s", ("scoring_alerts_oldest_waiting_age_seconds", "age"), min=0),
    table("Findings", "none", "sum by (kind) (scoring_findings)"),
]  # fmt: skip

STREAMS = [
    number(
        "Looked at", "s", f"max(time() - scoring_stream_looked_timestamp_seconds{{{OF_DATA_SET}}})",
        limits=((None, "green"), (60, "orange"), (600, "red")),
        says="For how long no worker has looked at a partition.",
    ),
    number("Messages that wait", "short", f"sum(scoring_stream_lag_messages{{{OF_DATA_SET}}})"),
    number(
        "Oldest waits for", "s", f"max(scoring_stream_oldest_waiting_seconds{{{OF_DATA_SET}}})",
        limits=((None, "green"), (60, "orange"), (300, "red")),
    ),
    number(
        "Dead letters to be sent", "none", f"sum(scoring_stream_dead_letters_waiting{{{OF_DATA_SET}}})",
        limits=ORANGE_FROM_ONE,
    ),
    number("Lost offsets", "none", f"sum(scoring_stream_lost_offsets_total{{{OF_DATA_SET}}})", limits=RED_FROM_ONE),
    number("Customers with a score by an update", "short", "max(scoring_streamed_scores)"),
    chart(
        "Messages by result", "ops",
        (f"data_set_result:scoring_stream_messages:rate5m{{{OF_DATA_SET}}}", "{{data_set}} {{result}}"),
        stacked=True, min=0, says="A second: accepted, quarantined, outdated.",
    ),
    chart("Lag", "short", (f"scoring_stream_lag_messages{{{OF_DATA_SET}}}", "{{data_set}}"), min=0),
    chart(
        "Oldest message that waits", "s", (f"scoring_stream_oldest_waiting_seconds{{{OF_DATA_SET}}}", "{{data_set}}"),
        min=0, limits=((None, "green"), (300, "red")),
    ),
    chart(
        "Behind the newest event time", "s",
        (f"time() - scoring_stream_event_timestamp_seconds{{{OF_DATA_SET}}}", "{{data_set}}"), min=0,
        says="Grows also while nothing happens.",
    ),
    chart(
        "Refused share", "percentunit",
        (f"data_set:scoring_stream_quarantined:ratio_rate15m{{{OF_DATA_SET}}}", "{{data_set}}"),
        (f"scoring_snapshot_quarantine_limit_ratio{{{OF_DATA_SET}}}", "{{data_set}}: the most"), min=0,
    ),
    chart(
        "Dead letters", "short",
        (f"scoring_stream_dead_letters_waiting{{{OF_DATA_SET}}}", "{{data_set}}: to be sent"), min=0,
    ),
    chart(
        "Oldest dead letter", "s", (f"scoring_stream_dead_letters_oldest_age_seconds{{{OF_DATA_SET}}}", "{{data_set}}"),
        min=0, limits=((None, "green"), (3600, "red")),
    ),
    table("Streams", "none", f"scoring_stream_info{{{OF_DATA_SET}}}"),
]  # fmt: skip

RUNS = "sum by (dag_id, state) (increase(airflow_dag_run_duration_seconds_{}[1h]))"
SYSTEM = [
    number("PostgreSQL readable", "none", "min(scoring_up)", limits=RED_BELOW_ONE),
    number(
        "Scheduler's heartbeat", "s", 'component:airflow_heartbeat_age:seconds{component="scheduler"}',
        limits=((None, "green"), (30, "orange"), (60, "red")),
    ),
    number(
        "DAG processor's heartbeat", "s", 'component:airflow_heartbeat_age:seconds{component="dag_processor"}',
        limits=((None, "green"), (60, "orange"), (120, "red")),
    ),
    number("DAGs", "none", "airflow_dags"),
    number("DAG import errors", "none", "airflow_dag_import_errors", limits=RED_FROM_ONE),
    number(
        "PostgreSQL connections", "percentunit", "max(instance:pg_connections:ratio)",
        limits=((None, "green"), (0.6, "orange"), (0.8, "red")),
    ),
    chart("Targets", "none", ("up", "{{job}} {{instance}}"), min=0, max=1),
    chart(
        "Round of the scheduler", "s",
        ("histogram_quantile(0.95, sum by (le) (rate(airflow_scheduler_loop_duration_seconds_bucket[5m])))", "p95"),
        min=0,
    ),
    chart("Pools", "short", ("airflow_pool_slots", "{{pool}} {{state}}"), min=0),
    chart(
        "Executor", "short", ("airflow_executor_tasks_running", "running"), ("airflow_executor_tasks_queued", "queued"),
        ("airflow_executor_slots_open", "open slots"), ("airflow_tasks_starving", "without a slot"), min=0,
    ),
    chart(
        "Mean duration of DAG runs", "s",
        (f"{RUNS.format('sum')} / {RUNS.format('count')}", "{{dag_id}} {{state}}"), min=0,
    ),
    chart(
        "Failed tries of tasks in an hour", "short",
        ("sum by (dag_id) (increase(airflow_task_failures_total[1h]))", "{{dag_id}}"), min=0,
    ),
    chart("PostgreSQL connections by state", "short", ("sum by (state) (pg_stat_activity_count)", "{{state}}"), min=0),
    chart("Size of the databases", "bytes", ("pg_database_size_bytes", "{{datname}}"), min=0),
    chart(
        "PostgreSQL transactions", "ops",
        ("sum by (datname) (rate(pg_stat_database_xact_commit[5m]))", "{{datname}} committed"),
        ("sum by (datname) (rate(pg_stat_database_xact_rollback[5m]))", "{{datname}} rolled back"), min=0,
    ),
    chart("Reading for this page", "s", ("scoring_read_duration_seconds", "exporter"), min=0),
]  # fmt: skip

DASHBOARDS = {
    "overview": ("Overview", ("score", "data_set"), OVERVIEW),
    "quality": ("Model quality", ("score",), QUALITY),
    "api": ("API", ("route", "score"), API),
    "delivery": ("Delivery", ("endpoint",), DELIVERY),
    "streams": ("Streams", ("data_set",), STREAMS),
    "system": ("System", (), SYSTEM),
}


def made() -> dict[str, str]:
    """The JSON of each dashboard by the name of its file."""
    return {f"{name}.json": dashboard(name, *what) for name, what in DASHBOARDS.items()}


if __name__ == "__main__":
    for file, text in made().items():
        (FOLDER / file).write_text(text)
