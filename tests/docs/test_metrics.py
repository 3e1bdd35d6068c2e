"""docs/metrics.md lists the metrics that there are, with their type, labels and meaning."""

import re

from scoring.exporter import names
from scoring.exporter.airflow_names import METRICS as OF_AIRFLOW
from scoring.settings import PROJECT

PAGE = (PROJECT / "docs" / "metrics.md").read_text()
ROW = re.compile(r"^\| `(\w+)` \| (gauge|counter|histogram) \| ([\w, ]*) \| (.+) \|$", re.MULTILINE)


def test_the_page_lists_every_metric_as_it_is_exported() -> None:
    listed = {name: (kind, labels.strip(), meaning) for name, kind, labels, meaning in ROW.findall(PAGE)}
    exported = {
        name: (metric.kind, ", ".join(metric.labels), metric.meaning)
        for name, metric in {**names.METRICS, **OF_AIRFLOW}.items()
    }
    assert {name: what for name, what in listed.items() if not name.startswith("scoring_api_")} == exported


def test_names_follow_prometheus() -> None:
    for name, metric in {**names.METRICS, **OF_AIRFLOW}.items():
        assert name.endswith("_total") == (metric.kind == "counter"), name
        assert not re.search(r"(_ms|_percent|_days|_minutes|_hours)$", name)
        assert metric.meaning.endswith("."), name
        assert len(set(metric.labels)) == len(metric.labels)
