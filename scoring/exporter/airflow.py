"""Airflow's own metrics: which of the facts it sends are exported, under which names, with bounded labels."""

import math
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import accumulate
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from scoring.exporter.airflow_names import COMPONENTS, METRICS, SENT, Sent
from scoring.exporter.statsd import Line, parse

PREFIX = "airflow."
OTHER = "other"
MOST_POOLS = 20
GAUGE_SECONDS = 600.0  # a gauge that is not sent for so long is not exported: its sender is dead or has changed

ALWAYS_THERE = ("scheduler", "dag_processor")
OF_TASKS = ("airflow_task_successes_total", "airflow_task_failures_total")
KINDS = {"c": "counter", "g": "gauge", "ms": "histogram"}
FAMILIES: dict[str, Any] = {
    "counter": CounterMetricFamily,
    "gauge": GaugeMetricFamily,
    "histogram": HistogramMetricFamily,
}
HEARTBEAT, LINES = "airflow_heartbeat_timestamp_seconds", "airflow_statsd_lines_total"

Series = tuple[str, tuple[str, ...]]
CollectedFamily = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


class Airflow(Collector):
    """Takes lines; gives the metrics of what was heard. Gauges that are no longer sent are left out.

    Parameters
    ----------
    dag_ids
        The DAGs that have a label of their own; all others are ``other``.
    clock
        The time in seconds since 1970.
    """

    def __init__(self, dag_ids: Collection[str], clock: Callable[[], float]) -> None:
        self._dag_ids, self._clock = frozenset(dag_ids), clock
        self._pools: set[str] = set()
        self._lock = threading.Lock()
        grow = [(LINES, (result,)) for result in ("used", "ignored", "malformed")]
        grow += [("airflow_heartbeats_total", (component,)) for component in ALWAYS_THERE]
        grow += [(name, (dag_id,)) for name in OF_TASKS for dag_id in dag_ids]  # a first failure is then growth
        self._values: dict[Series, float] = dict.fromkeys(grow, 0.0)
        self._set_at: dict[Series, float] = {}
        self._heard: dict[str, float] = dict.fromkeys(ALWAYS_THERE, clock())
        self._times: dict[Series, _Times] = {}

    def take(self, packet: str) -> None:
        """Take the lines of a packet; what cannot be read is counted and does no harm."""
        for text in packet.splitlines():
            line = parse(text)
            with self._lock:
                result = "malformed" if line is None else "used" if self._use(line) else "ignored"
                self._values[LINES, (result,)] += 1

    def collect(self) -> Iterator[CollectedFamily]:
        """All families; those of which nothing was heard have no sample."""
        with self._lock:
            for series in [one for one, when in self._set_at.items() if when < self._clock() - GAUGE_SECONDS]:
                del self._set_at[series], self._values[series]
            families = {name: FAMILIES[one.kind](name, one.meaning, labels=one.labels) for name, one in METRICS.items()}
            for (name, labels), value in self._values.items():
                families[name].add_metric(labels, value)
            for component, when in self._heard.items():
                families[HEARTBEAT].add_metric((component,), when)
            for (name, labels), times in self._times.items():
                families[name].add_metric(labels, *times.buckets(METRICS[name].buckets))
        yield from families.values()

    def _use(self, line: Line) -> bool:
        name = line.name.removeprefix(PREFIX)
        if name in COMPONENTS:
            self._grow(("airflow_heartbeats_total", (COMPONENTS[name],)), 1)
            self._heard[COMPONENTS[name]] = self._clock()
            return True
        sent = SENT.get(name)
        if sent is None or KINDS[line.kind] != METRICS[sent.metric].kind or line.relative or line.value < 0:
            return False
        series = (sent.metric, tuple(self._label(label, line, sent) for label in METRICS[sent.metric].labels))
        if line.kind == "c":
            self._grow(series, line.value)
        elif line.kind == "g":
            self._values[series], self._set_at[series] = line.value, self._clock()
        else:
            self._times.setdefault(series, _Times()).add(line.value / 1000, METRICS[sent.metric].buckets)
        return True

    def _grow(self, series: Series, by: float) -> None:
        self._values[series] = self._values.get(series, 0.0) + by

    def _label(self, label: str, line: Line, sent: Sent) -> str:
        if label == "dag_id":
            dag_id = line.tags.get("dag_id", "")
            return dag_id if dag_id in self._dag_ids else OTHER
        if label == "pool":
            return self._pool(line.tags.get("pool_name", OTHER))
        return sent.state

    def _pool(self, pool: str) -> str:
        if pool not in self._pools and len(self._pools) == MOST_POOLS:
            return OTHER
        self._pools.add(pool)
        return pool


class _Times:
    """How many times were in which bucket, and their sum."""

    def __init__(self) -> None:
        self.counts: Counter[float] = Counter()
        self.total = 0.0

    def add(self, seconds: float, ends: Sequence[float]) -> None:
        self.counts[next((end for end in ends if seconds <= end), math.inf)] += 1
        self.total += seconds

    def buckets(self, ends: Sequence[float]) -> tuple[list[tuple[str, float]], float]:
        growing = accumulate(self.counts[end] for end in (*ends, math.inf))
        return [
            ("+Inf" if end == math.inf else f"{end:g}", count)
            for end, count in zip((*ends, math.inf), growing, strict=True)
        ], self.total
