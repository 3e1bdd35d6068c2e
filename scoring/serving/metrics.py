"""The API's Prometheus metrics: names as docs/metrics.md lists them, and no label that a caller could choose."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

SECONDS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OTHER = "other"  # the route of a path that does not exist


class Metrics:
    """The metrics of one API, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.seconds = Histogram(
            "scoring_api_request_duration_seconds",
            "Time from the first byte of a request's head to its whole answer.",
            ("route", "method", "score"),
            buckets=SECONDS,
            registry=registry,
        )
        self.requests = Counter(
            "scoring_api_requests", "Answered requests.", ("route", "method", "status"), registry=registry
        )
        self.in_flight = Gauge("scoring_api_in_flight_requests", "Requests that are being answered.", registry=registry)
        self.records = Counter("scoring_api_records_scored", "Records that got a score.", ("score",), registry=registry)
        self.refused = Counter(
            "scoring_api_records_refused", "Records that got a problem in place of a score.", ("score",),
            registry=registry,
        )  # fmt: skip
        self.version = Gauge(
            "scoring_api_model_version", "Version of the model that answers.", ("score", "arm"), registry=registry
        )
        self.reloads = Counter(
            "scoring_api_model_reloads", "Tries to load what the ledger says, by result.", ("score", "result"),
            registry=registry,
        )  # fmt: skip

    def exposed(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry)
