"""The metrics that are read from PostgreSQL: name, type, labels and meaning; docs/metrics.md lists them.

Names follow Prometheus: base units, ``_seconds``, ``_ratio``, ``_timestamp_seconds``, ``_total`` for what only grows.
The values of each label are bounded by the definitions, or by a list in the code.
"""

from typing import Literal, NamedTuple


class Metric(NamedTuple):
    """A metric: its type, the names of its labels, and one sentence."""

    kind: Literal["gauge", "counter"]
    labels: tuple[str, ...]
    meaning: str


def _gauge(meaning: str, *labels: str) -> Metric:
    return Metric("gauge", labels, meaning)


ITSELF = {
    "scoring_up": _gauge("1 if PostgreSQL was read; 0: all other metrics read from it are missing."),
    "scoring_read_duration_seconds": _gauge("How long the last reading of PostgreSQL took."),
    "scoring_read_timestamp_seconds": _gauge("When PostgreSQL was read last with success; 0: never."),
}

DEFINITIONS = {
    "scoring_definition_mistakes": _gauge("Mistakes in the definition files; what they define is missing."),
    "scoring_score_info": _gauge("1 for each score.", "score", "data_set", "kind", "headline"),
}

PUBLICATIONS = {
    "scoring_publication_as_of_timestamp_seconds": _gauge("The newest published date of a score.", "score"),
    "scoring_publication_timestamp_seconds": _gauge("When the newest date of a score was published.", "score"),
    "scoring_publication_rows": _gauge("Customers of the newest publication.", "score"),
    "scoring_publication_changed_rows": _gauge("Of these, those whose change is told to the CRM.", "score"),
    "scoring_publication_changed_ratio": _gauge("Update rate: changed customers by all customers.", "score"),
    "scoring_publication_expected_timestamp_seconds": _gauge("The newest date of the schedule by now.", "score"),
    "scoring_publication_deadline_timestamp_seconds": _gauge("When that date must be published.", "score"),
    "scoring_publication_state": _gauge(
        "1 for the state that holds: up to date, due, overdue, by hand, not published or not started.", "score", "state"
    ),
    "scoring_held_publications": _gauge("Publications of which the CRM is not told until a person decides.", "score"),
    "scoring_held_publication_oldest_age_seconds": _gauge("For how long the oldest of them waits; 0: none.", "score"),
}

SNAPSHOTS = {
    "scoring_snapshot_as_of_timestamp_seconds": _gauge("Date of the newest snapshot.", "data_set"),
    "scoring_snapshot_received_rows": _gauge("Rows that were received for it.", "data_set"),
    "scoring_snapshot_rows": _gauge(
        "What became of them: accepted, quarantined or duplicate; the sum was received.", "data_set", "disposition"
    ),
    "scoring_snapshot_quarantined_ratio": _gauge("Quarantined rows by received rows.", "data_set"),
    "scoring_snapshot_quarantine_limit_ratio": _gauge(
        "From this share on validation stops it (the definition's).", "data_set"
    ),
    "scoring_snapshot_stopped": _gauge("1 if validation stopped it: nothing is scored from it.", "data_set"),
}

QUALITY = {
    "scoring_realised_metric": _gauge(
        "A metric of the newest mature cohort; headline: true for the one that the score is judged by.",
        "score", "metric", "headline",
    ),
    "scoring_realised_metric_low": _gauge("Lower end of its 95 % interval.", "score", "metric", "headline"),
    "scoring_realised_metric_high": _gauge("Upper end of its 95 % interval.", "score", "metric", "headline"),
    "scoring_realised_as_of_timestamp_seconds": _gauge("Date of the newest mature cohort.", "score"),
    "scoring_estimated_metric": _gauge(
        "The same metric of the newest publication, estimated before outcomes are known.", "score", "metric", "headline"
    ),
    "scoring_estimated_metric_low": _gauge("Lower end of its 95 % interval.", "score", "metric", "headline"),
    "scoring_estimated_metric_high": _gauge("Upper end of its 95 % interval.", "score", "metric", "headline"),
    "scoring_promised_metric": _gauge("The headline metric at training, of the model last judged.", "score", "metric"),
    "scoring_estimator_trusted": _gauge("1 if the record of the estimates allows to trust them, 0 if not.", "score"),
    "scoring_update_needed": _gauge("The pipeline's newest verdict: 1 if the model needs an update.", "score"),
    "scoring_verdict_as_of_timestamp_seconds": _gauge("Date of the publication that was judged last.", "score"),
    "scoring_drifted_features": _gauge("Features that have drifted since training, by that verdict.", "score"),
    "scoring_feature_drifted": _gauge(
        "1 if a feature has drifted; of: its values, or missing (who has none).", "score", "feature", "of"
    ),
    "scoring_feature_drift_distance": _gauge(
        "How far it moved since training: Jensen-Shannon distance, 0 to 1.", "score", "feature", "of"
    ),
    "scoring_score_drift_distance": _gauge("How far the score's own values moved since training.", "score"),
}  # fmt: skip

MODELS = {
    "scoring_model_version": _gauge("The version in charge, by the ledger.", "score"),
    "scoring_model_promotion_timestamp_seconds": _gauge("Since when it is in charge.", "score"),
    "scoring_model_age_seconds": _gauge("For how long it has been in charge.", "score"),
    "scoring_model_promotions_total": Metric("counter", ("score", "how"), "Versions that were put in charge."),
    "scoring_updates_needed": _gauge(
        "Model versions that needed an update in a time: 30d, 90d, 365d.", "score", "window"
    ),
    "scoring_retrain_requests_open": _gauge("Requests to retrain that nobody has answered.", "score"),
    "scoring_retrain_request_timestamp_seconds": _gauge("When a retraining was requested last.", "score"),
    "scoring_experiment_running": _gauge(
        "1 while an experiment compares two versions; mode: split, shadow.", "score", "mode"
    ),
    "scoring_experiment_challenger_ratio": _gauge(
        "Share of the customers that the challenger scores; 0 without.", "score"
    ),
}

DELIVERY = {
    "scoring_endpoint_enabled": _gauge("1 if requests may go to the endpoint, 0 after a 410.", "endpoint"),
    "scoring_endpoint_held_seconds": _gauge("For how long it asked not to be called; 0: it did not.", "endpoint"),
    "scoring_events_waiting": _gauge("Events not packed yet (at most 100,001 are counted).", "endpoint"),
    "scoring_deliveries_pending": _gauge("Requests that are sent or tried again (at most 100,001).", "endpoint"),
    "scoring_deliveries_dead": _gauge("Requests that were given up (at most 100,001).", "endpoint"),
    "scoring_delivery_oldest_undelivered_age_seconds": _gauge(
        "For how long the oldest event waits; 0: none.", "endpoint"
    ),
    "scoring_delivery_recent_attempts": _gauge(
        "Tries of the last hour by answer: 2xx, 3xx, 4xx, 5xx, none (at most 100,000).", "endpoint", "answer"
    ),
    "scoring_alerts_waiting": _gauge("Alerts on their way to people (at most 100,001)."),
    "scoring_alerts_dead": _gauge("Alerts of which people could not be told (at most 100,001)."),
    "scoring_alerts_oldest_waiting_age_seconds": _gauge("For how long the oldest of them waits; 0: none."),
    "scoring_findings": _gauge(
        "What was left undone, as `scoring reconcile` finds it in the database.", "kind", "needs_person"
    ),
}

STREAMS = {
    "scoring_stream_info": _gauge(
        "1 for each stream; read_by: worker, or schedule (its DAG drains the topic).", "data_set", "topic", "read_by"
    ),
    "scoring_stream_messages_total": Metric(
        "counter", ("data_set", "result"), "Messages that were read: accepted, quarantined or outdated."
    ),
    "scoring_stream_lost_offsets_total": Metric(
        "counter", ("data_set",), "Offsets that the broker had no more when they were to be read."
    ),
    "scoring_stream_lag_messages": _gauge("Messages that wait, as a worker last saw it.", "data_set"),
    "scoring_stream_oldest_waiting_seconds": _gauge(
        "For how long the oldest of them waits, at most; 0: none.", "data_set"
    ),
    "scoring_stream_looked_timestamp_seconds": _gauge(
        "When a worker last looked, at the partition at which none has for longest.", "data_set"
    ),
    "scoring_stream_event_timestamp_seconds": _gauge("The newest event time among all updates.", "data_set"),
    "scoring_stream_dead_letters_waiting": _gauge("Dead letters that have to be sent (at most 100,001).", "data_set"),
    "scoring_stream_dead_letters_oldest_age_seconds": _gauge(
        "For how long the oldest of them waits; 0: none.", "data_set"
    ),
    "scoring_streamed_scores": _gauge("Customers with a score by an update (at most 100,001 are counted).", "score"),
}

METRICS = ITSELF | DEFINITIONS | PUBLICATIONS | SNAPSHOTS | QUALITY | MODELS | DELIVERY | STREAMS
