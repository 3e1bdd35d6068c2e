"""What is exported is what the tables say; PostgreSQL's absence is said, not hidden, and nobody waits for it long."""

import datetime as dt
import subprocess
import threading
from pathlib import Path

import pytest
from factories_exporter import Samples, catalog, samples
from prometheus_client import CollectorRegistry, generate_latest

from scoring.database import connect, execute, value
from scoring.errors import TransientError
from scoring.exporter.collector import Truth, reader
from scoring.exporter.families import Families, fill
from scoring.exporter.names import METRICS
from scoring.exporter.observed import observe
from scoring.page.reading import reading

TODAY = dt.datetime.now(dt.UTC).date()


def exported(truth: Truth) -> Samples:
    registry = CollectorRegistry()
    registry.register(truth)
    return samples(generate_latest(registry).decode())


def truth_of(url: str, **how: float) -> Truth:
    return Truth(reader(url, catalog()), catalog(), **{"cache_seconds": 0.0, **how})


@pytest.fixture(scope="module")
def found(filled: str) -> Samples:
    return exported(truth_of(filled))


def midnight(date: dt.date) -> float:
    return dt.datetime.combine(date, dt.time(), dt.UTC).timestamp()


@pytest.mark.parametrize(
    ("name", "labels", "said"),
    [
        ("scoring_up", (), 1),
        ("scoring_definition_mistakes", (), 0),
        ("scoring_score_info", ("people", "mae", "regression", "spend"), 1),
        ("scoring_publication_as_of_timestamp_seconds", ("churn",), midnight(TODAY)),
        ("scoring_publication_rows", ("churn",), 30_070),
        ("scoring_held_publications", ("fraud",), 1),
        ("scoring_held_publications", ("churn",), 0),
        ("scoring_snapshot_received_rows", ("people",), 30_070 + 12 + 1),
        ("scoring_snapshot_rows", ("people", "accepted"), 30_070),
        ("scoring_snapshot_rows", ("people", "quarantined"), 12),
        ("scoring_snapshot_quarantine_limit_ratio", ("people",), 0.05),
        ("scoring_snapshot_stopped", ("people",), 0),
        ("scoring_realised_as_of_timestamp_seconds", ("churn",), midnight(TODAY - dt.timedelta(days=30))),
        ("scoring_promised_metric", ("roc_auc", "churn"), 0.881),
        ("scoring_update_needed", ("churn",), 1),
        ("scoring_update_needed", ("spend",), 0),
        ("scoring_drifted_features", ("churn",), 3),
        ("scoring_feature_drifted", ("feature_02", "values", "churn"), 1),
        ("scoring_feature_drifted", ("feature_01", "values", "churn"), 0),
        ("scoring_estimator_trusted", ("churn",), 1),
        ("scoring_model_version", ("churn",), 1),
        ("scoring_model_promotions_total", ("first", "churn"), 1),
        ("scoring_model_promotions_total", ("rollback", "churn"), 0),
        ("scoring_retrain_requests_open", ("churn",), 1),
        ("scoring_retrain_requests_open", ("spend",), 0),
        ("scoring_experiment_running", ("split", "churn"), 1),
        ("scoring_experiment_running", ("shadow", "churn"), 0),
        ("scoring_experiment_challenger_ratio", ("churn",), 0.5),
        ("scoring_endpoint_enabled", ("crm_webhook",), 1),
        ("scoring_events_waiting", ("crm_webhook",), 180),
        ("scoring_deliveries_pending", ("crm_webhook",), 4),
        ("scoring_deliveries_dead", ("crm_webhook",), 2),
        ("scoring_delivery_recent_attempts", ("2xx", "crm_webhook"), 2),
        ("scoring_delivery_recent_attempts", ("5xx", "crm_webhook"), 1),
        ("scoring_delivery_recent_attempts", ("none", "crm_webhook"), 1),
        ("scoring_delivery_recent_attempts", ("4xx", "crm_webhook"), 0),  # two hours ago
        ("scoring_alerts_dead", (), 0),
        ("scoring_findings", ("dead deliveries", "true"), 1),
        ("scoring_stream_info", ("people", "worker", "people.updates"), 1),
        ("scoring_stream_messages_total", ("people", "accepted"), 1920),
        ("scoring_stream_messages_total", ("people", "quarantined"), 40),
        ("scoring_stream_messages_total", ("people", "outdated"), 40),
        ("scoring_stream_lost_offsets_total", ("people",), 7),
        ("scoring_stream_lag_messages", ("people",), 5),
        ("scoring_stream_dead_letters_waiting", ("people",), 2),
        ("scoring_streamed_scores", ("churn",), 300),
        ("scoring_streamed_scores", ("spend",), 0),
        ("scoring_findings", ("dead letters not sent", "true"), 1),
        ("scoring_findings", ("stream not read", "true"), 0),
    ],
)
def test_a_metric_says_what_the_tables_say(found: Samples, name: str, labels: tuple[str, ...], said: float) -> None:
    assert found[name, labels] == pytest.approx(said)


def test_ages_and_times_of_streams_are_those_of_the_oldest(found: Samples) -> None:
    now = found["scoring_read_timestamp_seconds", ()]
    assert found["scoring_stream_oldest_waiting_seconds", ("people",)] == pytest.approx(90, abs=60)
    assert now - found["scoring_stream_looked_timestamp_seconds", ("people",)] == pytest.approx(6, abs=60)
    assert found["scoring_stream_dead_letters_oldest_age_seconds", ("people",)] == pytest.approx(61 * 120, abs=60)
    noon = midnight(TODAY) + 12 * 3600
    assert found["scoring_stream_event_timestamp_seconds", ("people",)] == noon + 59 * 60


def test_what_only_grows_counts_all_topics_and_what_waits_is_of_the_one_that_is_read(filled: str) -> None:
    families = Families()
    with connect(filled) as connection:  # which is rolled back
        execute(
            connection,
            "UPDATE scoring.stream_offset SET topic = 'the.old.one', looked_at = '2020-01-01', end_offset = 1100, "
            "oldest_at = '2020-01-01' WHERE partition_id = 0; "
            "UPDATE scoring.stream_offset SET oldest_at = now() + interval '1 hour' WHERE partition_id = 1",
        )
        fill(families, observe(connection, catalog(), dt.datetime.now(dt.UTC)), catalog())
    said = {
        sample.name: sample.value
        for family in families.all()
        for sample in family.samples
        if sample.labels.get("result", "accepted") == "accepted" and family.name.startswith("scoring_stream_")
    }
    assert said["scoring_stream_messages_total"] == 1920
    assert said["scoring_stream_lost_offsets_total"] == 7
    assert (said["scoring_stream_lag_messages"], said["scoring_stream_oldest_waiting_seconds"]) == (
        5,
        0,
    )  # clocks differ
    assert said["scoring_stream_looked_timestamp_seconds"] > midnight(TODAY) - 3600


def test_a_stream_that_was_never_read_has_counts_and_no_lag(database_url: str) -> None:
    found = exported(truth_of(database_url))
    assert found["scoring_stream_messages_total", ("people", "accepted")] == 0
    assert found["scoring_stream_dead_letters_oldest_age_seconds", ("people",)] == 0
    assert ("scoring_stream_lag_messages", ("people",)) not in found
    assert found["scoring_snapshot_quarantine_limit_ratio", ("people",)] == 0.05


def test_every_metric_is_there_on_a_living_installation(found: Samples) -> None:
    assert {name for name, _ in found} == set(METRICS)


def test_one_state_of_a_publication_holds_at_a_time(found: Samples) -> None:
    states = [
        value for (name, labels), value in found.items() if name == "scoring_publication_state" and "churn" in labels
    ]
    assert sorted(states) == [0, 0, 0, 0, 0, 1]


def test_figures_stand_within_their_intervals(found: Samples) -> None:
    realised = {labels: figure for (name, labels), figure in found.items() if name == "scoring_realised_metric"}
    assert {metric for _, metric, _ in realised} >= {"precision", "recall", "roc_auc", "mae", "rmse"}
    assert {metric for headline, metric, _ in realised if headline == "true"} == {"roc_auc", "mae"}
    for labels, figure in realised.items():
        assert found["scoring_realised_metric_low", labels] < figure < found["scoring_realised_metric_high", labels]


def test_a_feature_that_is_no_longer_defined_makes_no_series(filled: str) -> None:
    families = Families()
    with connect(filled) as connection:  # which is rolled back
        execute(connection, "UPDATE scoring.drift SET column_name = 'gone' WHERE column_name = 'feature_03'")
        fill(families, observe(connection, catalog(), dt.datetime.now(dt.UTC)), catalog())
    (drifted,) = (family for family in families.all() if family.name == "scoring_feature_drifted")
    features = {sample.labels["feature"] for sample in drifted.samples}
    assert "feature_02" in features
    assert not features & {"gone", "feature_03"}


def test_an_empty_installation_has_metrics_and_no_figures(database_url: str) -> None:
    found = exported(truth_of(database_url))
    assert found["scoring_up", ()] == 1
    assert (
        found["scoring_publication_state", ("churn", "due")] + found["scoring_publication_state", ("churn", "overdue")]
    )
    assert ("scoring_publication_rows", ("churn",)) not in found


def test_without_postgresql_there_is_an_answer_and_it_says_so(tmp_path: Path) -> None:
    found = exported(truth_of(f"postgresql://postgres@/scoring?host={tmp_path}"))
    assert found["scoring_up", ()] == 0
    assert {name for name, _ in found} == {
        "scoring_up",
        "scoring_read_duration_seconds",
        "scoring_read_timestamp_seconds",
    }


def test_a_schema_that_is_not_ours_counts_as_unreadable(server: str) -> None:
    assert exported(truth_of(server))["scoring_up", ()] == 0


def test_after_a_failure_the_next_reading_succeeds(filled: str) -> None:
    good, answers = reader(filled, catalog()), []

    def read():
        answers.append(1)
        if len(answers) == 1:
            raise TransientError("away")
        return good()

    truth = Truth(read, catalog(), cache_seconds=0)
    assert [exported(truth)["scoring_up", ()] for _ in range(2)] == [0, 1]


def test_one_reading_goes_on_at_a_time_and_nobody_waits_long_for_it(filled: str) -> None:
    observed = reader(filled, catalog())()
    calls, may_go_on = [], threading.Event()

    def read():
        calls.append(1)
        may_go_on.wait(60)
        return observed

    truth = Truth(read, catalog(), cache_seconds=0, patience=0.01)
    assert [exported(truth)["scoring_up", ()] for _ in range(3)] == [0, 0, 0]
    assert len(calls) == 1
    may_go_on.set()
    assert truth._newest.done.wait(60)
    exported(truth)
    assert len(calls) == 2


def test_a_reading_serves_for_a_while(filled: str) -> None:
    observed, calls = reader(filled, catalog())(), []

    def read():
        calls.append(1)
        return observed

    truth = Truth(read, catalog(), cache_seconds=3600)
    assert [exported(truth)["scoring_up", ()] for _ in range(3)] == [1, 1, 1]
    assert len(calls) == 1


def test_drift_is_what_was_measured_against_training(filled: str, found: Samples) -> None:
    with connect(filled) as connection:
        measured = value(
            connection,
            "SELECT distance FROM scoring.current_drift WHERE score = 'churn' AND as_of = %s AND against = 'training' "
            "AND segment = '' AND column_name = 'feature_02' AND kind = 'feature'",
            (TODAY,),
        )
    assert found["scoring_feature_drift_distance", ("feature_02", "values", "churn")] == measured


def test_nothing_is_written_and_all_is_of_one_moment(filled: str) -> None:
    with reading(filled) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("repeatable read",)
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("on",)


def test_promtool_finds_nothing_to_say(filled: str, promtool: str) -> None:
    registry = CollectorRegistry()
    registry.register(truth_of(filled))
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=generate_latest(registry), capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
