"""Runs every query of every dashboard against a Prometheus; each must give figures.

`python deploy/check_dashboards.py --prometheus http://127.0.0.1:9090`: exit code 1 names the panels without figures.
Choices ("$score") are all; a query gives figures if it has a sample that is a number.
"""

import argparse
import json
import math
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "grafana" / "dashboards"
STARTING = 503  # the answer of a Prometheus that reads its store, in plain text
VARIABLE = re.compile(r"\$(?!__)\w+")


class Query(NamedTuple):
    """An expression of a dashboard; ``needed``: without figures, something is wrong (an annotation may have none)."""

    dashboard: str
    title: str
    expression: str
    needed: bool = True


def queries(rate_interval: str) -> Iterator[Query]:
    """The queries of all panels, choices and annotations, as Grafana sends them when everything is chosen."""
    for file in sorted(FOLDER.glob("*.json")):
        dashboard = json.loads(file.read_text())
        for panel in dashboard["panels"]:
            for target in panel["targets"]:
                yield Query(file.stem, panel["title"], _filled(target["expr"], rate_interval))
        for choice in dashboard["templating"]["list"]:
            metric, _, label = choice["definition"].removeprefix("label_values(").removesuffix(")").partition(", ")
            yield Query(file.stem, f"${choice['name']}", f"count by ({label}) ({metric})")
        for mark in dashboard["annotations"]["list"]:
            yield Query(file.stem, mark["name"], _filled(mark["expr"], rate_interval), needed=False)


def figures(prometheus: str, expression: str) -> int:
    """How many numbers a query gives now; :class:`ValueError` with Prometheus' own words if it refuses the query."""
    body = urllib.parse.urlencode({"query": expression}).encode()
    try:
        with urllib.request.urlopen(f"{prometheus}/api/v1/query", body, timeout=30) as answer:
            found = json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        if error.code == STARTING:
            raise
        raise ValueError(json.load(error).get("error", str(error))) from None
    return sum(not math.isnan(float(one["value"][1])) for one in found["result"])


def without_figures(prometheus: str, rate_interval: str, wait: float) -> list[Query]:
    """The needed queries without figures, asked again until all have some or ``wait`` seconds are over."""
    left, until = list(queries(rate_interval)), time.monotonic() + wait
    while True:
        late = time.monotonic() >= until
        try:
            left = [one for one in left if figures(prometheus, one.expression) == 0 and one.needed]
        except urllib.error.URLError:  # it is only starting, perhaps
            if late:
                raise
        if late or not left:
            return left
        time.sleep(0.5)


def main() -> int:
    """Ask, and say what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090", help="its address")
    parser.add_argument("--rate-interval", default="1m", help="for $__rate_interval: four times the scrape interval")
    parser.add_argument("--wait", type=float, default=0.0, help="ask again for so many seconds")
    options = parser.parse_args()
    asked = list(queries(options.rate_interval))
    try:
        missing = without_figures(options.prometheus.rstrip("/"), options.rate_interval, options.wait)
    except urllib.error.URLError as error:
        print(f"Prometheus cannot be reached at {options.prometheus}: {error.reason}")
        return 2
    for one in missing:
        print(f"no figures: {one.dashboard}: {one.title}: {one.expression}")
    print(f"{len(asked) - len(missing)} of {len(asked)} queries have figures.")
    return 1 if missing else 0


def _filled(expression: str, rate_interval: str) -> str:
    return VARIABLE.sub(".*", expression.replace("$__rate_interval", rate_interval))


if __name__ == "__main__":
    sys.exit(main())
