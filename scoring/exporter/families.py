"""What was observed, as metric families: names and labels of scoring.exporter.names. Reads no clock, writes nothing."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from scoring.catalog import Catalog
from scoring.exporter.names import METRICS, Metric
from scoring.exporter.observed import Moved, Observed
from scoring.exporter.streams import streams
from scoring.models.experiments import Mode
from scoring.models.ledger import How
from scoring.page.freshness import Word
from scoring.page.newest import Figure, Snapshot
from scoring.page.overview import ScoreLine
from scoring.reconcile.findings import EndpointSeen, Kind

Value = float | bool | dt.datetime | dt.date | dt.timedelta | None
Family = GaugeMetricFamily | CounterMetricFamily

STATES: tuple[Word, ...] = get_args(Word)
ANSWERS = ("2xx", "3xx", "4xx", "5xx", "none")
WAYS: tuple[How, ...] = get_args(How)
MODES: tuple[Mode, ...] = get_args(Mode)
ELSEWHERE: set[Kind] = {"partial file", "abandoned directory", "alias moved", "alias not checked"}
KINDS: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind not in ELSEWHERE)


class Families:
    """Collects samples by metric; a value that is None is no sample."""

    def __init__(self) -> None:
        self._found = {name: _family(name, metric) for name, metric in METRICS.items()}

    def set(self, name: str, value: Value, *labels: str) -> None:
        """Give a metric a value; dates count from 1970 in seconds, times likewise, durations are seconds."""
        if value is not None:
            self._found[name].add_metric(labels, _number(value))

    def all(self) -> list[Family]:
        """Every family, also those without a sample: their help says that they exist."""
        return list(self._found.values())


def fill(families: Families, observed: Observed, catalog: Catalog) -> None:
    """Add all that was observed."""
    now = observed.overview.now
    families.set("scoring_definition_mistakes", observed.overview.mistakes)
    for line in observed.overview.scores:
        score = catalog.score(line.score)
        families.set("scoring_score_info", 1, score.name, score.data_set, score.kind, score.headline)
        _publication(families, line, now)
        _verdict(families, line)
        _model(families, line, now)
    for data_set in catalog.data_sets.values():
        families.set("scoring_snapshot_quarantine_limit_ratio", data_set.quarantine_limit, data_set.name)
    for snapshot in observed.snapshots:
        _snapshot(families, snapshot)
    _figures(families, "realised", observed.realised, catalog)
    _figures(families, "estimated", observed.estimated, catalog)
    _drift(families, observed.moved, catalog)
    _ledger(families, observed, catalog)
    _experiments(families, observed)
    _delivery(families, observed, now)
    _people(families, observed, now)
    for name, value, *labels in streams(observed, catalog):
        families.set(name, value, *labels)


def _publication(families: Families, line: ScoreLine, now: dt.datetime) -> None:
    score, fresh, published = line.score, line.freshness, line.published
    for state in STATES:
        families.set("scoring_publication_state", fresh.word == state, score, state)
    families.set("scoring_publication_expected_timestamp_seconds", fresh.expected, score)
    families.set("scoring_publication_deadline_timestamp_seconds", fresh.deadline, score)
    families.set("scoring_held_publications", len(line.held), score)
    since = min((held.held_at for held in line.held), default=now)
    families.set("scoring_held_publication_oldest_age_seconds", now - since, score)
    if published is None:
        return
    families.set("scoring_publication_as_of_timestamp_seconds", published.as_of, score)
    families.set("scoring_publication_timestamp_seconds", published.published_at, score)
    families.set("scoring_publication_rows", published.customers, score)
    families.set("scoring_publication_changed_rows", published.changed, score)
    families.set("scoring_publication_changed_ratio", _share(published.changed, published.customers), score)


def _verdict(families: Families, line: ScoreLine) -> None:
    verdict, score = line.verdict, line.score
    if verdict is None:
        return
    families.set("scoring_update_needed", verdict.update_needed, score)
    families.set("scoring_verdict_as_of_timestamp_seconds", verdict.as_of, score)
    families.set("scoring_drifted_features", verdict.drifted_columns, score)
    families.set("scoring_estimator_trusted", verdict.estimator_trusted, score)
    families.set("scoring_promised_metric", verdict.promised, score, verdict.headline)


def _model(families: Families, line: ScoreLine, now: dt.datetime) -> None:
    if line.in_charge is not None:
        families.set("scoring_model_version", line.in_charge.model_version, line.score)
        families.set("scoring_model_promotion_timestamp_seconds", line.in_charge.since, line.score)
        families.set("scoring_model_age_seconds", now - line.in_charge.since, line.score)
    for rate in line.rates:
        families.set("scoring_updates_needed", rate.needed, line.score, f"{rate.days}d")


def _snapshot(families: Families, snapshot: Snapshot) -> None:
    name = snapshot.data_set
    families.set("scoring_snapshot_as_of_timestamp_seconds", snapshot.as_of, name)
    families.set("scoring_snapshot_received_rows", snapshot.received, name)
    families.set("scoring_snapshot_rows", snapshot.accepted, name, "accepted")
    families.set("scoring_snapshot_rows", snapshot.quarantined, name, "quarantined")
    families.set("scoring_snapshot_rows", snapshot.duplicates, name, "duplicate")
    families.set("scoring_snapshot_quarantined_ratio", _share(snapshot.quarantined, snapshot.received), name)
    families.set("scoring_snapshot_stopped", snapshot.stopped_because is not None, name)


def _figures(families: Families, kind: str, figures: Iterable[Figure], catalog: Catalog) -> None:
    for one in figures:
        labels = (one.score, one.metric, str(one.metric == catalog.score(one.score).headline).lower())
        families.set(f"scoring_{kind}_metric", one.value, *labels)
        families.set(f"scoring_{kind}_metric_low", one.low, *labels)
        families.set(f"scoring_{kind}_metric_high", one.high, *labels)
        if kind == "realised" and labels[-1] == "true":
            families.set("scoring_realised_as_of_timestamp_seconds", one.as_of, one.score)


def _drift(families: Families, moved: Iterable[Moved], catalog: Catalog) -> None:
    for one in moved:
        score = catalog.score(one.score)
        if one.kind == "score":
            families.set("scoring_score_drift_distance", one.distance, one.score)
        elif one.column_name in score.features:  # the definition bounds the label
            labels = (one.score, one.column_name, "missing" if one.kind == "missing" else "values")
            families.set("scoring_feature_drifted", one.drifted, *labels)
            families.set("scoring_feature_drift_distance", one.distance, *labels)


def _ledger(families: Families, observed: Observed, catalog: Catalog) -> None:
    counts = {(one.model_name, one.how): one.count for one in observed.promoted}
    requests = {one.score: one for one in observed.requests}
    for score in catalog.scores.values():
        for how in WAYS:
            families.set("scoring_model_promotions_total", counts.get((score.model_name, how), 0), score.name, how)
        asked = requests.get(score.name)
        families.set("scoring_retrain_requests_open", asked.open if asked else 0, score.name)
        families.set("scoring_retrain_request_timestamp_seconds", asked.newest if asked else 0, score.name)


def _experiments(families: Families, observed: Observed) -> None:
    for score, one in observed.experiments.items():
        for mode in MODES:
            families.set("scoring_experiment_running", one is not None and one.mode == mode, score, mode)
        families.set("scoring_experiment_challenger_ratio", (one.share if one else None) or 0, score)


def _delivery(families: Families, observed: Observed, now: dt.datetime) -> None:
    seen: dict[str, EndpointSeen] = {one.endpoint: one for one in observed.undone.endpoints}
    tries = {(one.endpoint, one.answer): one.count for one in observed.attempts}
    for line in observed.overview.endpoints:
        name, one = line.endpoint, seen[line.endpoint]
        since = min((when for when in (one.waiting_since, one.pending_since) if when), default=now)
        families.set("scoring_endpoint_enabled", line.state == "enabled", name)
        families.set("scoring_endpoint_held_seconds", (line.held_until or now) - now, name)
        families.set("scoring_events_waiting", line.waiting_events, name)
        families.set("scoring_deliveries_pending", line.pending_deliveries, name)
        families.set("scoring_deliveries_dead", line.dead_deliveries, name)
        families.set("scoring_delivery_oldest_undelivered_age_seconds", max(now - since, dt.timedelta()), name)
        for answer in ANSWERS:
            families.set("scoring_delivery_recent_attempts", tries.get((name, answer), 0), name, answer)


def _people(families: Families, observed: Observed, now: dt.datetime) -> None:
    since = observed.undone.alerts.waiting_since or now
    families.set("scoring_alerts_waiting", observed.alerts_waiting)
    families.set("scoring_alerts_dead", observed.overview.dead_alerts)
    families.set("scoring_alerts_oldest_waiting_age_seconds", max(now - since, dt.timedelta()))
    counts = Counter((finding.kind, finding.needs_person) for finding in observed.findings)
    for kind in KINDS:
        for needs_person in (False, True):
            families.set("scoring_findings", counts[kind, needs_person], kind, str(needs_person).lower())


def _family(name: str, metric: Metric) -> Family:
    make = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    return make(name, metric.meaning, labels=metric.labels)


def _number(value: float | bool | dt.datetime | dt.date | dt.timedelta) -> float:
    match value:
        case dt.timedelta():
            return value.total_seconds()
        case dt.datetime():
            return value.timestamp()
        case dt.date():
            return dt.datetime.combine(value, dt.time(), dt.UTC).timestamp()
        case _:
            return float(value)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
